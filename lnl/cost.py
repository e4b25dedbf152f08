"""What an artefact costs before it starts: runs, hours, disk. A first estimate, calibrated by the records that exist.

An hour is an hour of the device: one GPU, or one CPU core. Where a cell of the same protocol, data set and number of
networks has been trained on this scale, its measured seconds are used; else the protocol's declared `runtime` (for two
networks).
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lnl import paths
from lnl import searches as find
from lnl.hardware import gpu_count
from lnl.matrix import Run, Search, Suite
from lnl.records import state_of
from lnl.search import plan
from lnl.search.files import current

Kind = tuple[str, str, str, int, int]  # protocol, data set, network, epochs, number of networks: what costs alike
RECORD_KB = 80  # one record of 200 epochs and two networks


@dataclass(frozen=True)
class Cost:
    """Runs that are demanded and that are still to be trained, with device hours and disk for the latter.

    Candidates of searches are counted apart: their number, and how many of those are still to be trained.
    """

    runs: int
    todo: int
    candidates: int
    candidates_todo: int
    hours: float
    disk_mb: float
    measured: bool  # every estimate rests on a record of this scale


class Estimator:
    """Seconds of a run, from records where there are any."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._measured: dict[Kind, list[float]] = {}
        for run in {run for key in suite.artefacts for run in suite.demand(key)}:
            file = Path(paths.record(suite.scale, run.cell.id, run.seed))
            if file.exists():
                try:
                    seconds = json.loads(file.read_text())["provenance"]["seconds"]
                except (ValueError, KeyError, TypeError):
                    continue
                self._measured.setdefault(self._kind(run), []).append(float(seconds))

    def _count(self, method: str) -> int:
        return int(self.suite.methods[method]["networks"])

    def _networks(self, run: Run) -> int:
        return self._count(self.suite.spec(run.cell)["method"]["key"])

    def _kind(self, run: Run) -> Kind:
        spec = self.suite.spec(run.cell)
        return run.cell.protocol, run.cell.dataset, spec["network"]["name"], spec["epochs"], self._networks(run)

    def seconds(self, run: Run) -> tuple[float, bool]:
        """(seconds, whether they rest on a measurement)."""
        known = self._measured.get(self._kind(run))
        if known:
            return statistics.median(known), True
        declared = self.suite.declared(run.cell)
        return self._declared_seconds(
            run.cell.protocol, declared.spec, declared.paper_dataset, self._networks(run)
        ), False

    def _declared_seconds(self, protocol: str, spec: dict[str, Any], paper_dataset: str, networks: int) -> float:
        if spec["dataset"] != paper_dataset:
            return 3.0  # stand-ins
        runtime = self.suite.protocols[protocol].get("runtime", {}).get(paper_dataset, {})
        minutes = runtime.get("cuda_minutes" if on_gpu(self.suite) else "cpu_minutes", 60)
        usual = self.suite.protocols[protocol]["epochs"]  # what `runtime` is declared for; a variant may train longer
        return float(60 * minutes * spec["epochs"] / usual * networks / 2)

    def cost(self, runs: Iterable[Run], searches: Iterable[Search] = ()) -> Cost:
        """Cost of a set of runs and searches, each counted once; what has a valid record or result costs nothing."""
        listed = list(dict.fromkeys(runs))
        todo = [run for run in listed if not self._done(run)]
        estimates = [self.seconds(run) for run in todo]
        candidates = candidates_todo = 0
        for search in dict.fromkeys(searches):
            trainings, count, open_ones = self._search(search)
            candidates, candidates_todo = candidates + count, candidates_todo + open_ones
            seconds, measured = self._candidate_seconds(search)
            estimates += [(trainings * seconds, measured)] if open_ones else []
        return Cost(
            len(listed),
            len(todo),
            candidates,
            candidates_todo,
            sum(s for s, _ in estimates) / 3600,
            (len(todo) + candidates_todo) * RECORD_KB / 1024,
            all(measured for _, measured in estimates),
        )

    def _search(self, search: Search) -> tuple[float, int, int]:
        """(full trainings still to be made, candidates, candidates still to be trained) of a search."""
        suite = self.suite.searching
        rounds = find.rounds(suite, search)
        spec = suite.declared_search(search).spec
        total = plan.trainings(spec["algorithm"], spec["rounds"], spec["samples"])
        at = (suite.scale, search.id, search.seed)
        if current(suite, search, paths.best(*at)):
            return 0.0, sum(map(len, rounds)), 0
        done = [current(suite, search, paths.scores(*at, r + 1)) for r in range(len(rounds))]
        left = [len(r) for r, there in zip(rounds, done, strict=True) if not there]
        return total * sum(left) / sum(map(len, rounds)), sum(map(len, rounds)), sum(left)

    def _candidate_seconds(self, search: Search) -> tuple[float, bool]:
        """Seconds of one full training of a search's candidates."""
        suite = self.suite.searching
        declared = suite.declared_search(search)
        own = self.suite.scale == suite.scale
        spec, networks = declared.candidate, self._count(search.method)
        kind = (search.protocol, search.dataset, spec["network"]["name"], spec["epochs"], networks)
        known = self._measured.get(kind) if own else None
        if known:
            return statistics.median(known), True
        return self._declared_seconds(search.protocol, spec, declared.paper_dataset, networks), False

    def _done(self, run: Run) -> bool:
        return state_of(self.suite, run.cell, run.seed).state in ("ok", "diverged")


def on_gpu(suite: Suite) -> bool:
    """Whether runs of this configuration train on a GPU of this machine."""
    asked = suite.config["device"]
    return bool(asked == "cuda" or (asked == "auto" and gpu_count() > 0))


def duration(hours: float) -> str:
    """12 s, 4 min, 3.2 h, 5 d: as people say it."""
    if hours * 3600 < 90:
        return f"{hours * 3600:.0f} s"
    if hours < 1.5:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"
