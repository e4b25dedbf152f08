"""What a training job does: bring one run's record to its declared path, then train ahead while it is young.

The start of a process costs as much as a small run, so a young job may train further runs of the same DAG. That is
scheduling only: each run keeps its own lock, record and failure.
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
from lnl.matrix import Run, Suite
from lnl.places import Places
from lnl.search.files import searched
from lnl.store import Store
from lnl.train import Progress, train


def job(
    suite: Suite, run: Run, places: Places, device: str, stop: Callable[[], bool], progress: Progress, log: str | None
) -> None:
    """Bring one run's record to its declared path: publish it if it is stored, else train it; then train ahead."""
    from lnl.hardware import torch_device

    started = time.monotonic()
    target = torch_device(device, bool(suite.config.get("deterministic")))
    points = needs.handover_points(suite, run.cell)
    store = Store(suite, run)
    others = _queue(suite, run)
    while not store.finished(points):
        if _try(suite, run, places, target, stop, progress, log):
            break
        # another process trains this very run: be useful meanwhile
        if not any(_try_other(suite, other, places, target, stop, progress) for other in others):
            time.sleep(0.1)
        if stop():
            raise Stopped
    store.publish()
    limit = float(suite.scales[suite.scale].get("ahead_seconds", 0))
    for other in others:
        if stop() or time.monotonic() - started > limit:
            break
        _try_other(suite, other, places, target, stop, progress)


def _try(
    suite: Suite,
    run: Run,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
    log: str | None,
) -> bool:
    """Train a run if no other process does; True if it is finished now."""
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


def _try_other(
    suite: Suite, run: Run, places: Places, device: torch.device, stop: Callable[[], bool], progress: Progress
) -> bool:
    """Train a neighbour; its failure is left for its own job to report. True if something was trained."""
    if not searched(suite, run.cell):
        return False  # its R(t) is still being searched
    store = Store(suite, run)
    points = needs.handover_points(suite, run.cell)
    if store.finished(points) or (not points and store.adopt()) or (store.folder / "failure.json").exists():
        return False
    try:
        return _try(suite, run, places, device, stop, progress, None)
    except Stopped:
        raise
    except Exception:
        return False


def _queue(suite: Suite, run: Run) -> list[Run]:
    """Further runs of the DAG that is being executed, which its head wrote down; none by hand or on a cluster."""
    file = Path(paths.queue(suite.scale))
    head = os.environ.get("LNL_HEAD")
    if not head or not suite.scales[suite.scale].get("ahead_seconds"):
        return []
    try:
        queue = json.loads(file.read_text())
    except (OSError, ValueError):
        return []
    if str(queue.get("head")) != head:
        return []
    listed = [Run(suite.parse(cell), seed) for cell, seed in queue["runs"]]
    return [r for r in listed if r != run and not needs.handovers(suite, r)]
