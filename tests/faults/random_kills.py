"""Starts that are killed at any moment, and started again.

    python -m tests.faults.random_kills [--count 200] [--seed 0] [--case 17]

What is under way: single runs, a stack of repeats, a search, hand-overs, tables. Whom a signal reaches: the head, its
worker, one job, or all of them; once or twice. The next start has to end well, with the results of a suite that
nothing has happened to; what was finished is not trained again; no process, temporary file or folder is left. One line
of counts; exit status 1 unless all of them are 0.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import warm_commands
import yaml

from lnl.files import TEMPORARY

from . import damage
from .tiny_suite import SCALE, TinySuite, tiny_suite
from .warm_call import Call, traceback_in

LONGER = SCALE | {"epochs": 8, "steps_per_epoch": 20}  # a training takes as long as a job's start
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
WHOM = ("head", "job", "everything", "head", "job", "everything", "worker")  # without a worker jobs start slowly
SECONDS = 90  # of one start, which takes three
FAULTS = {
    "stuck": "the next start fails, or something never ends",
    "other": "other results than undisturbed",
    "lost": "a finished run was lost, or trained again",
    "traceback": "a traceback on the terminal",
    "process": "a process is left",
    "file": "a temporary file is left",
    "folder": "a temporary folder is left",
}
#: What is deleted from a finished suite, and so is under way: patterns below results/demo.
UNDER_WAY = {
    "single runs": ("cells/*/*/symmetric-50/standard", "store/*/*/symmetric-50/standard", "handovers"),
    "a stack": ("cells/*/*/symmetric-50/coteaching", "store/*/*/symmetric-50/coteaching"),
    "a search": ("searches", "store/*/*/file-mine/coteaching*", "cells/*/*/file-mine/coteaching*"),
    "hand-overs": ("handovers", "cells/*/*/symmetric-50/f-*", "store/*/*/symmetric-50/f-*"),
    "tables": ("tables", "rendered", "report.html"),
    "everything": ("*", "../../.cache"),
}


def descendants(pid: int) -> list[int]:
    """Processes that a process has made, and those that they have made."""
    with suppress(OSError):
        made = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [*made, *(each for child in made for each in descendants(child))]
    return []


def living(root: Path) -> list[int]:
    """Processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(str(root)):
                found.append(int(entry.name))
    return found


class Trials:
    """A tiny suite, finished, of which something is made again and again."""

    def __init__(self, suite: TinySuite) -> None:
        self.suite = suite
        self.temporary = suite.kept / "tmp"
        self.temporary.mkdir()
        (suite.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(LONGER))
        done = self._head()
        assert (ended := done.end(SECONDS)).status == 0, ended.err
        suite.keep("finished")
        self.reference = suite.results()
        self.seconds = {name: self._takes(name) for name in UNDER_WAY}
        self.hit: Counter[str] = Counter()

    def _head(self) -> Call:
        words = (warm_commands.WITH_WORKER, "--cores", "2")
        return self.suite.call(*words, TMPDIR=str(self.temporary), LNL_CHECKPOINT_SECONDS="0.02")

    def _begin(self, name: str) -> None:
        self.suite.put_back("finished")
        for pattern in UNDER_WAY[name]:
            for path in (self.suite.root / "results/demo").glob(pattern):
                damage.remove(path)

    def _takes(self, name: str) -> float:
        self._begin(name)
        begun = time.monotonic()
        assert (ended := self._head().end(SECONDS)).status == 0, ended.err
        return time.monotonic() - begun

    def one(self, rng: random.Random) -> tuple[str, list[str]]:
        """One case: what was done, and which of FAULTS it has, with their words."""
        name = rng.choice(list(UNDER_WAY))
        self._begin(name)
        kills = [(rng.choice(WHOM), rng.choice(SIGNALS), rng.random()) for _ in range(rng.choice([1, 1, 2]))]
        said = ", then ".join(f"{number.name} to {whom} at {share:.2f}" for whom, number, share in kills)
        words = f"{name}: {said}"
        return words, list(self._wrong(name, kills, rng))

    def _wrong(self, name: str, kills: list[tuple[str, signal.Signals, float]], rng: random.Random) -> Iterator[str]:
        for whom, number, share in kills:
            head = self._head()
            time.sleep(share * self.seconds[name])
            reached = self._kill(head, whom, number, rng)
            self.hit[f"{whom}{'' if reached else ' (too late)'}"] += 1
            try:
                ended = head.end(SECONDS)
            except TimeoutError:
                yield f"stuck: {number.name} to {whom}, and the head does not end"
                return
            if found := traceback_in(ended.said):
                yield f"traceback: {found}"
            yield from self._left(whom, number)
        if signal.SIGKILL in (number for _, number, _ in kills):  # the next start removes them, once they are old
            for file in self._half_written():
                os.utime(file, (0, 0))
        kept = self._records()
        ended = self._head().end(SECONDS)
        if ended.status != 0:
            said = re.findall(r"^lnl: .*", ended.err + self.suite.logs(), re.M) or [ended.err[-300:]]
            yield f"stuck: {said[-1]}"
            return
        now = self._records()
        if gone := [str(file) for file, stamp in kept.items() if now.get(file) != stamp]:
            yield f"lost: {gone[0]}"
        results = self.suite.results()
        if wrong := [file for file, content in self.reference.items() if results.get(file) != content]:
            yield f"other: {wrong[0]}"
        if files := self._half_written():
            yield f"file: {files[0].name}"
        yield from (f"folder: after the next start: {path.name}" for path in self.temporary.glob("lnl-*"))

    def _kill(self, head: Call, whom: str, number: signal.Signals, rng: random.Random) -> bool:
        """Send a signal; False if there was nobody to get it any more, or not yet."""
        all_of_them = [head.pid, *descendants(head.pid)]
        worker = next((pid for pid in all_of_them[1:] if _session(pid) == pid), None)
        jobs = descendants(worker) if worker else []
        chosen = {
            "head": [head.pid],
            "worker": [worker] if worker else [],
            "job": [rng.choice(jobs)] if jobs else [],
            # a terminal reaches its own session
            "everything": [pid for pid in all_of_them if number != signal.SIGINT or pid != worker],
        }[whom]
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return bool(chosen)

    def _left(self, whom: str, number: signal.Signals) -> Iterator[str]:
        """What is left of a head that is gone: its jobs have twenty seconds to end."""
        words, until = f"{number.name} to {whom}", time.monotonic() + 20
        while (left := living(self.suite.root)) and time.monotonic() < until:
            time.sleep(0.05)
        for pid in left:
            yield f"process: {words}: {Path(f'/proc/{pid}/cmdline').read_text()[:100]}"
            os.kill(pid, signal.SIGKILL)
        for path in self.temporary.glob("lnl-*"):  # Snakemake leaves its own
            if (whom, number) == (
                "everything",
                signal.SIGKILL,
            ):  # removed once it is ten seconds old
                os.utime(path, (0, 0))
            else:
                yield f"folder: {words}: {path.name}"
                damage.remove(path)

    def _half_written(self) -> list[Path]:
        """Temporary files of writes among the results; those of caches are removed by `lnl clean --leftovers`."""
        return [file for file in (self.suite.root / "results").rglob(".*") if TEMPORARY.fullmatch(file.name)]

    def _records(self) -> dict[Path, int]:
        """Records that are kept, and when each was written."""
        found = (self.suite.root / "results/demo/store").rglob("record-*.json")
        return {file: file.stat().st_mtime_ns for file in found}


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="this one alone")
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    begun = time.monotonic()
    with tiny_suite() as suite:
        try:
            trials = Trials(suite)
            for number in range(asked.count):
                if asked.case not in (None, number):
                    continue
                words, wrong = trials.one(random.Random(f"{asked.seed} {number}"))
                counts.update(fault.split(":")[0] for fault in wrong)
                if wrong:
                    print(f"{number} {words}", *(f"    {fault}" for fault in wrong), sep="\n", flush=True)
        finally:
            warm_commands.end()
    print(f"killed: {dict(sorted(trials.hit.items()))}, {time.monotonic() - begun:.0f} s")
    print(f"{asked.count} starts: " + ", ".join(f"{counts[fault]} {fault}" for fault in FAULTS))
    return int(any(counts.values()))


if __name__ == "__main__":
    sys.exit(main())
