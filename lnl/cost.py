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

from lnl import paths
from lnl.matrix import Run, Suite

RECORD_KB = 80  # one record of 200 epochs and two networks


@dataclass(frozen=True)
class Cost:
    """Runs that are demanded and that are still to be trained, with device hours and disk for the latter."""

    runs: int
    todo: int
    hours: float
    disk_mb: float
    measured: bool  # every estimate rests on a record of this scale


class Estimator:
    """Seconds of a run, from records where there are any."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._measured: dict[tuple[str, str, int], list[float]] = {}
        for run in {run for key in suite.artefacts for run in suite.demand(key)}:
            file = Path(paths.record(suite.scale, run.cell.id, run.seed))
            if file.exists():
                try:
                    seconds = json.loads(file.read_text())["provenance"]["seconds"]
                except (ValueError, KeyError, TypeError):
                    continue
                self._measured.setdefault(self._kind(run), []).append(float(seconds))

    def _networks(self, run: Run) -> int:
        return int(self.suite.methods[self.suite.spec(run.cell)["method"]["key"]]["networks"])

    def _kind(self, run: Run) -> tuple[str, str, int]:
        return run.cell.protocol, run.cell.dataset, self._networks(run)

    def seconds(self, run: Run) -> tuple[float, bool]:
        """(seconds, whether they rest on a measurement)."""
        known = self._measured.get(self._kind(run))
        if known:
            return statistics.median(known), True
        declared = self.suite.declared(run.cell)
        spec, networks = declared.spec, self._networks(run)
        if spec["dataset"] != declared.paper_dataset:
            return 3.0, False  # stand-ins
        runtime = self.suite.protocols[run.cell.protocol].get("runtime", {}).get(declared.paper_dataset, {})
        on_gpu = self.suite.config["device"] == "cuda" or (self.suite.config["device"] == "auto" and _gpu())
        minutes = runtime.get("cuda_minutes" if on_gpu else "cpu_minutes", 60)
        return 60 * minutes * spec["epochs"] / spec["paper_epochs"] * networks / 2, False

    def cost(self, runs: Iterable[Run]) -> Cost:
        """Cost of a set of runs, each counted once; runs with a valid record cost nothing."""
        listed = list(dict.fromkeys(runs))
        todo = [run for run in listed if not self._done(run)]
        estimates = [self.seconds(run) for run in todo]
        return Cost(
            len(listed),
            len(todo),
            sum(s for s, _ in estimates) / 3600,
            len(todo) * RECORD_KB / 1024,
            all(measured for _, measured in estimates),
        )

    def _done(self, run: Run) -> bool:
        file = Path(paths.record(self.suite.scale, run.cell.id, run.seed))
        try:
            return bool(json.loads(file.read_text())["result"]["digest"] == self.suite.digest(run.cell))
        except (OSError, ValueError, KeyError, TypeError):
            return False


def _gpu() -> bool:
    from lnl.hardware import gpu_count

    return gpu_count() > 0


def duration(hours: float) -> str:
    """12 s, 4 min, 3.2 h, 5 d: as people say it."""
    if hours * 3600 < 90:
        return f"{hours * 3600:.0f} s"
    if hours < 1.5:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"
