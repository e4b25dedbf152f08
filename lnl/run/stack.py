"""Runs as one stack: for a device to which one small network is too little work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import torch

from lnl.declared import origin
from lnl.declared.data_places import Places
from lnl.declared.specification import digest
from lnl.declared.suite import Run, Suite
from lnl.engine.progress import Progress
from lnl.run import checkpoints
from lnl.run.inputs import prepare
from lnl.run.store import Store
from lnl.run.train import held, kernels, record, train


def train_stack(
    suite: Suite,
    runs: Sequence[Run],
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
) -> None:
    """Train those runs that are not finished yet, together, and keep a record of each in the store.

    They are candidates of one search or repeats of one cell: they differ in seed, labels and parameters only. What was
    begun in other company, or alone, and then stopped, goes on as it was begun.
    """
    with ExitStack() as locks:
        for run in sorted(runs):  # in one order everywhere: nobody waits for somebody who waits for him
            locks.enter_context(held(Store(suite, run), stop))
        todo = [run for run in runs if not Store(suite, run).finished()]
        for run in list(todo):
            if Store(suite, run).checkpoint_file.exists():
                train(suite, run, places, device, stop, progress)
                todo.remove(run)
        for together in _begun(suite, todo):
            _train(suite, together, places, device, stop, progress)
            todo = [run for run in todo if run not in together]
        if todo:
            _train(suite, todo, places, device, stop, progress)


def _begun(suite: Suite, todo: Sequence[Run]) -> Iterator[list[Run]]:
    """Stacks that were stopped and whose runs are all among those to be trained."""
    open_ones = {tuple(checkpoints.name(suite, run)): run for run in todo}
    for file in [file for run in todo for file in sorted(Store(suite, run).folder.glob("stack-*.pt"))]:
        saved = checkpoints.load(file)
        names = [] if saved is None else list(map(tuple, saved["runs"]))
        if names and all(name in open_ones for name in names):
            yield [open_ones.pop(name) for name in names]


def _train(
    suite: Suite,
    runs: Sequence[Run],
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
) -> None:
    """All of them as one program, from their checkpoint if there is one."""
    stores = [Store(suite, run) for run in runs]
    names = [checkpoints.name(suite, run) for run in runs]
    state = stores[0].folder / f"stack-{digest({'runs': names})}.pt"
    built, about = prepare(suite, runs, places, device, "stacked", ())
    trained_on = list(map(origin.trained_on, about))
    built.watch(progress)
    saved = checkpoints.begun(state, names, trained_on, device)
    seconds, resumed = (saved["seconds"], saved["resumed"] + 1) if saved else (0.0, 0)
    started = time.monotonic()

    def spent() -> float:
        return float(seconds + time.monotonic() - started)

    def checkpoint() -> None:
        how = {"seconds": spent(), "resumed": resumed, "matmul": torch.get_float32_matmul_precision()}
        checkpoints.save(state, built.snapshot(), names, trained_on, **how)

    with kernels(saved["matmul"] if saved else None, device) as matmul:
        if saved:
            built.restore(saved["training"])
        built.run(stop, checkpoint, places.checkpoint_seconds)
    share = round(spent() / len(runs), 3)  # of the device's time
    extra = {"mode": "stacked", "stack": len(runs), "seconds": share, "resumed": resumed, "matmul": matmul}
    for place, (run, store) in enumerate(zip(runs, stores, strict=True)):
        store.save(record(suite, run, built, place, about[place], device, extra))
    state.unlink(missing_ok=True)
