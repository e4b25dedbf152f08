"""Runs as one stack: for a device to which one small network is too little work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import torch

from lnl.files import replacing
from lnl.matrix import Run, Suite
from lnl.places import Places
from lnl.problem import prepare
from lnl.resolve import digest
from lnl.store import Store
from lnl.train import Progress, held, record


def train_stack(
    suite: Suite,
    runs: Sequence[Run],
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
) -> None:
    """Train those runs that are not finished yet, together, and keep a record of each in the store.

    They are candidates of one search or repeats of one cell: they differ in seed, labels and parameters only. The stack
    has one checkpoint; it is of use as long as the same runs are still to be trained.
    """
    with ExitStack() as locks:
        for run in runs:
            locks.enter_context(held(Store(suite, run), stop))
        todo = [run for run in runs if not Store(suite, run).finished()]
        if not todo:
            return
        stores = [Store(suite, run) for run in todo]
        state = stores[0].folder / f"stack-{digest({'runs': [store.key for store in stores]})}.pt"
        built, about = prepare(suite, todo, places, device, "stacked", ())
        seconds, resumed = 0.0, 0
        if state.exists():
            saved = torch.load(state, map_location=device, weights_only=True)
            built.restore(saved["training"])
            seconds, resumed = saved["seconds"], saved["resumed"] + 1
        started = time.monotonic()

        def checkpoint() -> None:
            spent = seconds + time.monotonic() - started
            with replacing(state) as temporary:
                torch.save({"training": built.snapshot(), "seconds": spent, "resumed": resumed}, temporary)

        built.run(stop, checkpoint, places.checkpoint_seconds, progress)
        share = round((seconds + time.monotonic() - started) / len(todo), 3)  # of the device's time
        extra = {"mode": "stacked", "stack": len(todo), "seconds": share, "resumed": resumed}
        extra["matmul"] = torch.get_float32_matmul_precision()
        for place, (run, store) in enumerate(zip(todo, stores, strict=True)):
            store.save(record(suite, run, built, place, about[place], device, extra))
        state.unlink(missing_ok=True)
