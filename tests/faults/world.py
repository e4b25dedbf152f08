"""A tiny suite that is disturbed and commanded; after every step it is judged, AssertionError for what is wrong."""

from __future__ import annotations

import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import warm_commands

from lnl.declared.suite import Run, Suite

from . import damage, judging
from .disturbances import CELLS, Disturbances
from .tiny_suite import TinySuite
from .warm_call import Ended, traceback_in

SECONDS = 60  # of one command, which takes two
EVERYTHING = ("tiny", "selected")


class World:
    """One suite, used for one sequence after another."""

    def __init__(self, folder: Path) -> None:
        self.suite = TinySuite(folder / "checkout", folder / "kept")
        self.references = judging.References(TinySuite(folder / "undisturbed", folder / "kept"))
        done = self.suite.start()
        assert done.status == 0, done.err
        self.suite.keep("finished")
        self.steps: Counter[str] = Counter()
        self._disturbances = Disturbances(self.suite)
        for run in (loaded := self._loaded()).demand("tiny"):
            self.references.learn(self.suite, loaded, run)
        self.failures: dict[str, list[str]] = {}  # what was wrong, and the fewest steps that led there
        self.begin()

    def step(self, name: str, *arguments: object) -> None:
        """A method of this class, and what it is judged; AssertionError for what is wrong, which is also noted."""
        self._trail.append(f"{name}({', '.join(map(repr, arguments))})")
        try:
            getattr(self, name)(*arguments)
        except (AssertionError, TimeoutError) as error:
            kind = re.sub(r"[0-9a-f]{12,}|'results[^']*'", "…", str(error).splitlines()[-1])[:200] or "no end"
            if len(self.failures.get(kind, self._trail)) >= len(self._trail):
                self.failures[kind] = [*self._trail, f"-> {error}"]
            raise

    def begin(self) -> None:
        """The suite as it was when all was finished."""
        self._disturbances.put_back()
        self.suite.put_back("finished")
        self._trail: list[str] = []
        self._unsound: set[str] = set()  # digests of results that damage has made
        self._damaged = False  # whether a start may fail, since it is damage that it has to tell of
        self._finished = judging.finished(self.suite)
        self._outside = judging.outside(self.suite)
        self._table = self._stamp()

    # ---- disturbances ----------------------------------------------------------------------------------------------

    def disturb(self, how: Callable[[Disturbances], None], damaging: bool = False) -> None:
        """Something happens to the files: what it takes away is not the suite's loss, what it puts there no result."""
        how(self._disturbances)
        self._damaged |= damaging
        now = judging.finished(self.suite)
        if damaging:
            self._unsound |= now.keys() - self._finished.keys()
        self._finished = now
        self._outside = judging.outside(self.suite)
        self._table = self._stamp()
        self.steps["disturb"] += 1

    def edit(self, what: str, value: int, dated: bool) -> None:
        """A declaration, or the labels, change or change back."""
        self.disturb(lambda disturbances: disturbances.edit(what, value, dated))

    def delete(self, what: str, number: int) -> None:
        """Somebody deletes files."""
        self.disturb(lambda disturbances: disturbances.delete(what, random.Random(number)))

    def damage(self, how: str, number: int) -> None:
        """A file is damaged."""
        kind = next(kind for kind in damage.KINDS if kind.__name__ == how)
        self.disturb(lambda disturbances: disturbances.damage(kind, random.Random(number)), damaging=True)

    # ---- commands --------------------------------------------------------------------------------------------------

    def start(self, target: str) -> None:
        """A start that nothing disturbs: what it was asked for is there, or damage is named."""
        [ended] = self._judged("start", lambda: [self.suite.call("snakemake", "--cores", "2", target).end(SECONDS)])
        if ended.status == 0:
            self._damaged = False if target in EVERYTHING else self._damaged
            self._whole(target)
        else:
            assert self._damaged, f"a start fails, and nothing is damaged: {_last(ended)}"
            assert _last(ended), "a start fails and says nothing"

    def killed_start(self, after: float, number: str) -> None:
        """A start whose head is sent a signal."""

        def killed() -> list[Ended]:
            head = self.suite.call("snakemake", "--cores", "2", "tiny")
            time.sleep(after)
            head.signal(signal.Signals[number])
            ended = head.end(SECONDS)
            self._quiet()
            return [ended]

        self._judged("killed start", killed)

    def two_heads(self, apart: float) -> None:
        """Two starts at once."""

        def both() -> list[Ended]:
            first = self.suite.call("snakemake", "--cores", "1", "tiny")
            time.sleep(apart)
            second = self.suite.call("snakemake", "--cores", "1", "tiny")
            return [first.end(SECONDS), second.end(SECONDS)]

        self._judged("two heads", both)

    def failing_start(self) -> None:
        """A start in which a training raises: it is named, and its neighbours are kept."""
        seed1 = (f"{folder}/{CELLS[0]}/seed1" for folder in ("cells", "store"))
        places = [self.suite.root / "results/demo" / place for place in seed1]

        def broken(disturbances: Disturbances) -> None:
            places[0].with_suffix(".json").unlink(missing_ok=True)
            shutil.rmtree(places[1], ignore_errors=True)
            disturbances.break_method(True)

        self.disturb(broken)
        [ended] = self._judged("failing start", lambda: [self.suite.start("tiny")])
        assert ended.status != 0, "a training has failed, and the start ends well"
        assert _last(ended), "a start fails and says nothing"
        self.disturb(lambda disturbances: disturbances.break_method(False))

    def train(self, cell: str, number: int) -> None:
        """A run by hand: its record is there and right, or a line says why not."""
        [ended] = self._judged("train", lambda: [self.suite.lnl("train", cell, "--seed", str(number))])
        if ended.status == 0:
            wrong = dict(judging.unequal(self.suite, self._loaded(), self.references, [self._run(cell, number)]))
            assert not wrong, f"{cell} seed {number}: trained by hand it has another result than undisturbed"
        else:
            assert re.fullmatch(r"(lnl: [^\n]+\n)+", ended.err), f"lnl train: no line: {ended.err[-500:]}"

    def import_records(self, what: str, number: int) -> None:
        """Records of another machine come in."""
        folder, unbelievable = self._disturbances.from_elsewhere(what, random.Random(number))
        [ended] = self._judged("import", lambda: [self.suite.lnl("import", str(folder))])
        assert ended.status in (0, 2), f"lnl import: {_last(ended)}"
        assert unbelievable is None or judging.digest(unbelievable) not in self._finished, "imported: other labels"

    def clean(self, words: list[str], yes: bool) -> None:
        """`lnl clean`: what it lists may go, with --yes."""
        command = ["clean", *words, *(["--yes"] if yes else [])]
        [ended] = self._judged("clean", lambda: [self.suite.lnl(*command)], may_delete=yes)
        assert ended.status == 0 or re.fullmatch(r"lnl: [^\n]+\n", ended.err), f"lnl clean: {ended.err[-500:]}"

    # ---- judgement -------------------------------------------------------------------------------------------------

    def _judged(self, name: str, work: Callable[[], list[Ended]], may_delete: bool = False) -> list[Ended]:
        self.steps[name] += 1
        before = self._finished
        ended = work()
        for each in ended:
            found = traceback_in(each.said)
            assert not found, f"{name}: {found}"
        self._finished = judging.finished(self.suite)
        listed = set(re.findall(r"^[\d.]+ [kM]B  (.+?): ", ended[0].out, re.M)) if may_delete else set()
        for digest, files in before.items():
            gone = digest not in self._finished and digest not in self._unsound and not set(files) <= listed
            assert not gone, f"{name}: lost the result of {files}: {_last(ended[0])}"
        new = judging.outside(self.suite) - self._outside
        assert not new, f"{name}: files where none belong: {sorted(new)}"
        loaded = self._loaded()
        if self._stamp() != self._table:
            self._table = self._stamp()
            wrong = list(judging.mixed(self.suite, loaded))
            assert not wrong, f"{name}: {wrong[0]}"
        self._no_false_claim(loaded, name)
        return ended

    def _no_false_claim(self, loaded: Suite, name: str) -> None:
        for run, claims in judging.unequal(self.suite, loaded, self.references, loaded.demand("tiny")):
            result = judging.published(self.suite, loaded, run)
            known = result is not None and judging.digest(result) in self._unsound
            assert known or not claims, f"{name}: {run.cell.id} seed {run.seed} has another result than undisturbed"

    def _whole(self, target: str) -> None:
        loaded = self._loaded()
        runs = loaded.demand("tiny") if target in EVERYTHING else [self._run(CELLS[0], 1)]
        for run, _ in judging.unequal(self.suite, loaded, self.references, runs):
            raise AssertionError(f"a start ends well, but not so {run.cell.id} seed {run.seed}")
        if target in EVERYTHING:
            lacking = [row for row in judging.rows(self.suite) if row["cell"] and row["n"] != row["runs_asked"]]
            assert judging.rows(self.suite) and not lacking, f"a start ends well, and its table lacks {lacking}"

    def _run(self, cell: str, number: int) -> Run:
        return Run(self._loaded().parse(cell), number)

    def _loaded(self) -> Suite:
        return Suite.load(self.suite.root, {}, validate=False)

    def _stamp(self) -> int | None:
        table = self.suite.root / "results/demo/tables/tiny.csv"
        return table.stat().st_ctime_ns if table.is_file() else None

    def _quiet(self) -> None:
        """Wait until no job of a killed head is left."""
        until = time.monotonic() + SECONDS
        while warm_commands.copies():
            assert time.monotonic() < until, "jobs outlive their head"
            time.sleep(0.02)


def _last(ended: Ended) -> str:
    lines = re.findall(r"^(?:lnl: .*|Error in rule .*|\w*Error.*)", ended.err, re.M) or ended.err.strip().splitlines()
    return f"status {ended.status}: {lines[-1][:300]}" if lines else ""
