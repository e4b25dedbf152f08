"""What training jobs do: bring one run's record to its declared path, or the records of a stack into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lnl.declared.data_places import Places
from lnl.declared.suite import Run, Suite
from lnl.engine.loop import Stopped
from lnl.engine.progress import Progress, unwatched
from lnl.run.hardware import torch_device
from lnl.run.stack import train_stack
from lnl.run.store import Store
from lnl.run.train import held, train


def job(
    suite: Suite,
    run: Run,
    places: Places,
    device: str,
    stop: Callable[[], bool],
    progress: Progress,
    log: str | None,
    points: tuple[str, ...],
) -> None:
    """Publish a run's record if it is stored, with its hand-overs, else train it; a failure leaves its note.

    points: of hand-overs, those of `dependencies.handover_points` if nobody wants others. Stopped if told to stop.
    """
    target = torch_device(device, bool(suite.config.get("deterministic")))
    store = Store(suite, run)
    try:
        with held(store, stop):  # another process may be training this very run
            if not store.finished(points):
                train(suite, run, places, target, stop, progress, points=points)
    except Stopped:
        raise
    except Exception as error:
        store.fail(error, log)
        raise
    store.publish()


def stack_job(
    suite: Suite, runs: Sequence[Run], places: Places, device: str, stop: Callable[[], bool], log: str | None
) -> None:
    """Train repeats of a cell as one stack; a failure leaves a note for each that is not finished."""
    target = torch_device(device, bool(suite.config.get("deterministic")))
    try:
        train_stack(suite, runs, places, target, stop, unwatched)
    except Stopped:
        raise
    except Exception as error:
        fail_unfinished(suite, runs, error, log)
        raise


def fail_unfinished(suite: Suite, runs: Sequence[Run], error: Exception, log: str | None) -> None:
    """Leave the note of a stack's failure with those of its runs that are not finished."""
    for store in (Store(suite, run) for run in runs):
        if not store.finished():
            store.fail(error, log)
