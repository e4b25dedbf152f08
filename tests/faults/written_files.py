"""Every kind of file that the suite writes and reads again: where it lies, in what state, and what has it read.

A file that nobody reads may be damaged without anybody's harm; so of each kind something is deleted that is made from
it, and whoever makes that again has to read it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .damage import remove
from .tiny_suite import TinySuite

DRAWN, BROUGHT = "s2e/digits/symmetric-50", "s2e/digits/file-mine"
SEARCH = f"searches/{BROUGHT}/coteaching/tau-grid/seed1"
SCORED = (f"{SEARCH}/round1/[bs]*", f"{SEARCH}/best.json")


@dataclass(frozen=True)
class Kind:
    """Files of one kind: a pattern below results/demo or .cache/lnl, the state that has them, what is deleted too."""

    name: str
    pattern: str
    without: tuple[str, ...] = ()  # patterns below results/demo
    state: str = "finished"

    def files(self, suite: TinySuite) -> list[Path]:
        base = suite.root / (
            ".cache/lnl" if self.pattern.startswith(("data/digits/", "noise/digits/")) else "results/demo"
        )
        return sorted(file for file in base.glob(self.pattern) if file.is_file())

    def have_it_read(self, suite: TinySuite, file: Path) -> None:
        """Delete what is made from the file."""
        for pattern in self.without:
            seed = next((part for part in file.parts if part.startswith("seed") and part[4:].isdigit()), file.stem)
            for found in (suite.root / "results/demo").glob(pattern.format(seed=seed.split("-")[0])):
                if found != file:
                    remove(found)


def _run(cell: str, seed: str = "seed*") -> tuple[str, ...]:
    return f"cells/{cell}/{seed}.json", f"store/{cell}/{seed}"


KINDS = (
    Kind("record", "cells/**/seed*.json"),
    Kind("kept record", f"store/{DRAWN}/*/*/record-*.json", (f"cells/{DRAWN}/*/{{seed}}.json",)),
    Kind("kept record of a candidate", f"store/{BROUGHT}/*-candidate*/*/record-*.json", SCORED),
    Kind("kept hand-over", f"store/{DRAWN}/standard/*/handover-*", ("handovers", *_run(f"{DRAWN}/f-correction-end"))),
    Kind("hand-over", f"handovers/{DRAWN}/standard/*", _run(f"{DRAWN}/f-correction-end")),
    Kind("data manifest", "data/*.json", _run(f"{DRAWN}/f-correction-end")),
    Kind("label manifest", "noise/**/*.json", (*_run(f"{DRAWN}/f-correction-end"), *_run(f"{BROUGHT}/standard"))),
    Kind("prepared array", "data/digits/*.npy", _run(f"{DRAWN}/f-correction-end", "seed1")),
    Kind("note of prepared arrays", "data/digits/meta.json", _run(f"{DRAWN}/f-correction-end", "seed1")),
    Kind("drawn labels", "noise/digits/symmetric-50/*.npy", _run(f"{DRAWN}/f-correction-end", "seed1")),
    Kind("note of drawn labels", "noise/digits/symmetric-50/*.json", _run(f"{DRAWN}/f-correction-end", "seed1")),
    Kind("proposals", f"{SEARCH}/round1/proposals.json", SCORED),
    Kind("block of scores", f"{SEARCH}/round1/block1.json", (f"{SEARCH}/round1/scores.json", f"{SEARCH}/best.json")),
    Kind("scores", f"{SEARCH}/round1/scores.json", (f"{SEARCH}/best.json",)),
    Kind("result of a search", f"{SEARCH}/best.json", _run(f"{BROUGHT}/coteaching-tau")),
    Kind("note of an artefact", "rendered/*.json"),
    Kind("artefact", "tables/*"),
    Kind("lock", f"store/{DRAWN}/standard/*/lock", (f"cells/{DRAWN}/standard/{{seed}}.json",)),
    Kind("checkpoint", f"store/{DRAWN}/standard/*/checkpoint-*", state="stopped"),
    Kind("checkpoint of a stack", "store/**/stack-*", state="stopped"),
    Kind("failure note", "store/**/failure.json", state="failed"),
)  # fmt: skip


def keep_states(suite: TinySuite) -> None:
    """Make the states: all finished, two trainings stopped after a step, and one run failed."""
    done = suite.start()
    assert done.status == 0, done.err
    suite.keep("finished")
    _forget(suite, f"{DRAWN}/standard", f"{DRAWN}/coteaching")
    _stop_trainings(suite)
    suite.keep("stopped")
    suite.put_back("finished")
    _forget(suite, f"{BROUGHT}/standard")
    _fail(suite)
    suite.keep("failed")


def _forget(suite: TinySuite, *cells: str) -> None:
    for cell in cells:
        for folder in ("cells", "store"):
            remove(suite.root / "results/demo" / folder / cell)


def _in_the_suite(suite: TinySuite, work: Callable[[], None]) -> None:
    here = Path.cwd()
    os.chdir(suite.root)
    try:
        work()
    finally:
        os.chdir(here)


def _stop_trainings(suite: TinySuite) -> None:
    from lnl.declared.data_places import Places
    from lnl.declared.dependencies import handover_points
    from lnl.declared.suite import Run, Suite
    from lnl.engine.loop import Stopped
    from lnl.engine.progress import unwatched
    from lnl.run.job import job, stack_job

    def work() -> None:
        loaded = Suite.load(Path(), {})
        places = Places.of(loaded.config)

        def at_once() -> bool:  # after the first step
            return True

        one, both = (loaded.parse(f"{DRAWN}/{method}") for method in ("standard", "coteaching"))
        for seed in (1, 2):
            try:
                points = handover_points(loaded, Run(one, seed))
                job(loaded, Run(one, seed), places, "cpu", at_once, unwatched, None, points)
            except Stopped:
                continue
            raise AssertionError("it was not stopped")
        try:
            stack_job(loaded, [Run(both, seed) for seed in (1, 2)], places, "cpu", at_once, None)
        except Stopped:
            return
        raise AssertionError("it was not stopped")

    _in_the_suite(suite, work)


def _fail(suite: TinySuite) -> None:
    from lnl.declared.suite import Run, Suite
    from lnl.run.store import Store

    def work() -> None:
        loaded = Suite.load(Path(), {})
        for seed in (1, 2):
            Store(loaded, Run(loaded.parse(f"{BROUGHT}/standard"), seed)).fail(RuntimeError("no luck"), None)

    _in_the_suite(suite, work)
