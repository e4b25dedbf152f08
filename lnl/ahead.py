"""Useful work of a young job: further runs and searches of the same DAG, trained into the store.

The start of a process costs as much as a small run. A scale's `ahead_seconds` says how long a job is young. It is
scheduling only: every run keeps its own lock, record and failure, and its own job then finds it finished. Runs that
failed before, or wait for a hand-over or a search, are left to their own jobs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from filelock import Timeout

from lnl import needs, paths
from lnl.engine.loop import Stopped
from lnl.matrix import Run, Search, Suite
from lnl.places import Places
from lnl.search.files import searched
from lnl.store import Store
from lnl.train import Progress, train


class Ahead:
    """What a job may do beside its own: the runs and searches that the DAG's head wrote down; nothing on a cluster."""

    def __init__(self, suite: Suite, places: Places, device: torch.device, stop: Callable[[], bool]) -> None:
        self.suite, self.places, self.device, self.stop = suite, places, device, stop
        self._started = time.monotonic()
        self._limit = float(suite.scales[suite.scale].get("ahead_seconds", 0))
        self.runs, self.searches = self._queue()

    def late(self) -> bool:
        """Whether the job is young no longer."""
        return time.monotonic() - self._started > self._limit

    def work(self) -> None:
        """Train what there is until the job is no longer young."""
        for search in self.searches:
            self.search(search)
        self.any_run(self.late)

    def search(self, search: Search) -> None:
        """Train the candidates of a search that has no result yet."""
        there = self.suite.searching
        best = Path(paths.best(there.scale, search.id, search.seed))
        if self.stop() or self.late() or not self._queued or best.exists():
            return
        from lnl.search.candidates import ahead

        try:
            ahead(there, search, self.places, self.device, self.stop, self.late)
        except Stopped:
            raise
        except Exception:
            return  # its own job will report it

    def any_run(self, enough: Callable[[], bool]) -> bool:
        """Train queued runs until `enough`; True if something was trained."""
        done = False
        for run in self.runs:
            if self.stop() or enough():
                break
            done |= self._run(run)
        return done

    def _run(self, run: Run) -> bool:
        """Train a neighbour; its failure is left for its own job to report. True if something was trained."""
        if not searched(self.suite, run.cell):
            return False
        store = Store(self.suite, run)
        points = needs.handover_points(self.suite, run.cell)
        if store.finished(points) or (not points and store.adopt()) or (store.folder / "failure.json").exists():
            return False
        try:
            return attempt(self.suite, run, self.places, self.device, self.stop, lambda done, total: None, None)
        except Stopped:
            raise
        except Exception:
            return False

    def _queue(self) -> tuple[list[Run], list[Search]]:
        """What the head of this DAG wrote down; nothing by hand, on a cluster, or without `ahead_seconds`."""
        self._queued = False
        head = os.environ.get("LNL_HEAD")
        if not head or not self._limit:
            return [], []
        try:
            queue = json.loads(Path(paths.queue(self.suite.scale)).read_text())
        except (OSError, ValueError):
            return [], []
        if str(queue.get("head")) != head:
            return [], []
        self._queued = True
        runs = [Run(self.suite.parse(cell), seed) for cell, seed in queue["runs"]]
        found = [self.suite.searching.parse_search(text, seed) for text, seed in queue["searches"]]
        return [run for run in runs if not needs.handovers(self.suite, run)], found


def attempt(
    suite: Suite,
    run: Run,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
    log: str | None,
) -> bool:
    """Train a run if no other process does; True if it is finished now. A failure leaves its note."""
    store = Store(suite, run)
    try:
        with store.lock().acquire(timeout=0):
            if not store.finished(needs.handover_points(suite, run.cell)):
                try:
                    train(suite, run, places, device, stop, progress)
                except Stopped:
                    raise
                except Exception as error:
                    store.fail(error, log)
                    raise
            return True
    except Timeout:
        return False
