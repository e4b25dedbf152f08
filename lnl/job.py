"""What a training job does: bring one run's record to its declared path."""

from __future__ import annotations

import time
from collections.abc import Callable

from filelock import Timeout

from lnl import needs
from lnl.engine.loop import Stopped
from lnl.hardware import torch_device
from lnl.matrix import Run, Suite
from lnl.places import Places
from lnl.store import Store
from lnl.train import Progress, train


def job(
    suite: Suite, run: Run, places: Places, device: str, stop: Callable[[], bool], progress: Progress, log: str | None
) -> None:
    """Publish a run's record if it is stored, else train it; a failure leaves its note. Stopped if told to stop."""
    target = torch_device(device, bool(suite.config.get("deterministic")))
    points = needs.handover_points(suite, run.cell)
    store = Store(suite, run)
    while not store.finished(points):
        try:
            with store.lock().acquire(timeout=0):
                if not store.finished(points):
                    train(suite, run, places, target, stop, progress)
        except Timeout:  # another process trains this very run
            time.sleep(0.1)
            if stop():
                raise Stopped from None
        except Stopped:
            raise
        except Exception as error:
            store.fail(error, log)
            raise
    store.publish()
