"""What a training job does: bring one run's record to its declared path."""

from __future__ import annotations

from collections.abc import Callable

from lnl import needs
from lnl.engine.loop import Stopped
from lnl.hardware import torch_device
from lnl.matrix import Run, Suite
from lnl.places import Places
from lnl.store import Store
from lnl.train import Progress, held, train


def job(
    suite: Suite, run: Run, places: Places, device: str, stop: Callable[[], bool], progress: Progress, log: str | None
) -> None:
    """Publish a run's record if it is stored, else train it; a failure leaves its note. Stopped if told to stop."""
    target = torch_device(device, bool(suite.config.get("deterministic")))
    points = needs.handover_points(suite, run.cell)
    store = Store(suite, run)
    try:
        with held(store, stop):  # another process may be training this very run
            if not store.finished(points):
                train(suite, run, places, target, stop, progress)
    except Stopped:
        raise
    except Exception as error:
        store.fail(error, log)
        raise
    store.publish()
