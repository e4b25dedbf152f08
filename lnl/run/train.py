"""Training one run from its declaration to its record.

A candidate of a search is a run like any other; it may be trained in parts, to a given epoch at a time, and it may
begin with the networks of another one (the weight-sharing ablation).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lnl.declared import dependencies, origin
from lnl.declared.cells import COORDINATES
from lnl.declared.data_places import Places
from lnl.declared.reading import syntax_digest
from lnl.declared.suite import Run, Suite
from lnl.engine import kept_state, pieces
from lnl.engine.loop import Stopped, Training
from lnl.engine.progress import Progress
from lnl.files.locks import Busy
from lnl.results.statistics import run_statistic
from lnl.run import checkpoints, handed_over, provenance
from lnl.run.inputs import prepare
from lnl.run.store import Store, Trained
from lnl.run.used_files import used


@contextmanager
def held(store: Store, stop: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock of a run; while another process does, wait for it, unless told to stop (Stopped)."""
    lock = store.lock()
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Busy:
            if stop():
                raise Stopped from None
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def kernels(precision: str | None, device: torch.device) -> Iterator[str]:
    """Matrix products as a run was begun with (None: as this process has them), so that a resumed run keeps its own.

    Not on a GPU: what a CPU computes in single precision, whatever the setting is called, would be rounded there.
    """
    before = torch.get_float32_matmul_precision()
    chosen = precision if precision is not None and device.type == "cpu" else before
    torch.set_float32_matmul_precision(chosen)
    try:
        yield chosen
    finally:
        torch.set_float32_matmul_precision(before)


def train(
    suite: Suite,
    run: Run,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
    *,
    until: int | None = None,
    start: dict[str, Tensor] | None = None,
    with_optimiser: bool = False,
    points: tuple[str, ...] | None = None,
) -> Trained:
    """Train a run whose lock is held, from its checkpoint if there is one, and keep the record in the store.

    until: number of epochs after which to pause, with a checkpoint and no record; None for all. start: networks to
    begin with; with_optimiser: and the optimiser as it was left with them. points: hand-over points; None for those
    that the declarations ask for.
    """
    store = Store(suite, run)
    if points is None:
        points = dependencies.handover_points(suite, run)
    built, [about] = prepare(suite, [run], places, device, "single", points)
    built.watch(progress, until)
    names = [checkpoints.name(suite, run)]
    before: dict[str, Any] = {"seconds": 0.0, "resumed": 0, "matmul": None}
    started = time.monotonic()
    saved = checkpoints.begun(store.checkpoint_file, names, [origin.trained_on(about)], device)
    if saved is not None:
        resumed = saved["resumed"] + (not saved.get("paused", False))
        before = {"seconds": saved["seconds"], "resumed": resumed, "matmul": saved["matmul"]}

    def checkpoint(paused: bool = False) -> None:
        seconds = before["seconds"] + time.monotonic() - started
        checkpoints.save(
            store.checkpoint_file,
            built.snapshot(),
            names,
            [origin.trained_on(about)],
            seconds=seconds,
            resumed=before["resumed"],
            paused=paused,  # at the end of a part, not by a signal: going on is no resume
            matmul=torch.get_float32_matmul_precision(),
        )

    with kernels(before["matmul"], device) as matmul:
        if saved is not None:
            built.restore(saved["training"])
        elif start is not None:
            built.begin()
            kept_state.begin_from(built.learner, {k: v.to(device) for k, v in start.items()}, with_optimiser)
        ended = built.run(stop, checkpoint, places.checkpoint_seconds, until)
        if not ended:
            checkpoint(paused=True)
    seconds = round(before["seconds"] + time.monotonic() - started, 3)
    if not ended:
        return Trained(built.curves[0], built.diverged[0])
    for point, tensors in built.hand_overs.saved.items():
        handed_over.write(store.handover_file(point), tensors, store.about(point, origin.trained_on(about)))
    if points:
        store.note_unreached([point for point in points if point not in built.hand_overs.saved])
    extra = {"mode": "single", "seconds": seconds, "resumed": before["resumed"], "matmul": matmul}
    store.save(record(suite, run, built, 0, about, device, extra))
    return Trained(built.curves[0], built.diverged[0])


def record(
    suite: Suite,
    run: Run,
    built: Training,
    place: int,
    about: dict[str, Any],
    device: torch.device,
    extra: dict[str, Any],
) -> dict[str, Any]:
    """Record of the run at `place` of a training that has ended; `extra` joins its provenance."""
    file = Path(suite.methods[suite.spec(run.cell)["method"]["key"]]["file"])
    how = {
        "threads": torch.get_num_threads(),
        "deterministic": device.type == "cpu" or torch.are_deterministic_algorithms_enabled(),
        "steps": built.position.total,
        "replayed": built.replay is not None and built.replay.recordings > 0,
        "finished": datetime.now(UTC).date().isoformat(),
        **({"waited_seconds": round(built.data.waited, 3)} if built.data.ahead else {}),
    }
    return {
        "result": result(suite, run, built, place, about),
        "provenance": provenance.collect(
            suite.root.resolve(), device, syntax_digest(file), extra | how, used(suite, run.cell)
        ),
    }


def result(suite: Suite, run: Run, built: Training, place: int, about: dict[str, Any]) -> dict[str, Any]:
    """The part of a record that is the same for the same declaration, seed and machine."""
    declared = suite.declared(run.cell)
    diverged = built.diverged[place]
    return {
        "scale": suite.scale,
        **{k: getattr(run.cell, k) for k in COORDINATES},
        "seed": run.seed,
        "stand_in_for": declared.paper_dataset if declared.paper_dataset != run.cell.dataset else None,
        "spec": declared.spec,
        "digest": suite.digest(run.cell),
        "status": "diverged" if diverged else "ok",
        "diverged": diverged,
        "curves": built.curves[place],
        **_estimates(built, place),
        **_pieces(built, place),
        "summary": {
            name: round(run_statistic(built.curves[place], name).value, 4)
            for name in ("last10_mean", "final", "best")
            if not diverged
        },
        **about,
    }


def _estimates(built: Training, place: int) -> dict[str, Any]:
    """What the method has estimated, in four decimals; nothing where it estimates nothing, or has diverged."""
    kept = built.methods[place].estimates(built.learner)
    sound = {name: tensor.detach().double().cpu() for name, tensor in kept.items() if tensor.isfinite().all()}
    values = {name: tensor.numpy().round(4).tolist() for name, tensor in sound.items()}
    return {"estimates": values} if values else {}


def _pieces(built: Training, place: int) -> dict[str, Any]:
    """What the protocol has records keep of a trained network; nothing of one that has diverged."""
    kept = {} if built.diverged[place] else pieces.final(built, place, built.spec.get("pieces", []))
    return {"pieces": kept} if kept else {}
