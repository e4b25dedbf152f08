"""What a training job does: bring one run's record to its declared path, then useful work while it is young."""

from __future__ import annotations

import time
from collections.abc import Callable

from lnl import needs
from lnl.ahead import Ahead, attempt
from lnl.engine.loop import Stopped
from lnl.matrix import Run, Suite
from lnl.places import Places
from lnl.store import Store
from lnl.train import Progress


def job(
    suite: Suite, run: Run, places: Places, device: str, stop: Callable[[], bool], progress: Progress, log: str | None
) -> None:
    """Publish a run's record if it is stored, else train it; then train ahead. Stopped if it was told to stop."""
    from lnl.hardware import torch_device

    target = torch_device(device, bool(suite.config.get("deterministic")))
    points = needs.handover_points(suite, run.cell)
    store = Store(suite, run)
    others = Ahead(suite, places, target, stop)
    while not store.finished(points):
        if attempt(suite, run, places, target, stop, progress, log):
            break
        # another process trains this very run: be useful meanwhile, one run at a time
        if not others.any_run(lambda: store.finished(points)):
            time.sleep(0.1)
        if stop():
            raise Stopped
    store.publish()
    others.work()
