"""`lnl train`: one run by hand or as a job of the DAG."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from lnl.cli.stopping import Stop, interruptible
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.reductions import cell_heading
from lnl.declared.stacked_repeats import seeds_text, stackable
from lnl.declared.suite import Run, Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.files.locks import Busy
from lnl.noise.keys import warning
from lnl.results.records import read
from lnl.run.hardware import lease_gpu
from lnl.run.store import Store


def command(suite: Suite, cell_id: str, seed: int, log: str | None, quiet: bool) -> None:
    """Publish the run's record, training it first if it is not stored. Exits with 143 when it was told to stop."""
    run = Run(suite.parse(cell_id), seed)
    store, points, stored = _stored(suite, run)
    if stored:
        _say(store.publish(), "was finished already")
        return
    _trained(suite, run, points, log, quiet)


def make_ready(suite: Suite, run: Run) -> None:
    """The same as `command`, from Python: without a word, and without a change of the process that outlives it, but for
    the GPU that it has taken.

    KeyboardInterrupt by Ctrl-C, at the end of a step, with a checkpoint; a second one ends it at once.
    """
    store, points, stored = _stored(suite, run)
    if not stored:
        lease_gpu(str(suite.config["device"]))

        from lnl.engine.loop import Stopped
        from lnl.run.hardware import as_before
        from lnl.run.job import job

        with interruptible() as stop, as_before():
            try:
                device = str(suite.config["device"])
                job(suite, run, Places.of(suite.config), device, stop, unwatched, None, points)
            except Stopped:
                raise KeyboardInterrupt("its checkpoint is kept; the next call goes on from it") from None
    store.publish()


def _stored(suite: Suite, run: Run) -> tuple[Store, tuple[str, ...], bool]:
    """(store of a run, points at which it hands over, whether there is nothing to train)."""
    store, points = Store(suite, run), dependencies.handover_points(suite, run)
    return store, points, _unless_busy(store, lambda: store.finished(points) or (not points and store.adopt()))


def _unless_busy(store: Store, quick: Callable[[], bool]) -> bool:
    """Whether there is nothing to train, before anything is imported; False while another process works on the run."""
    try:
        with store.lock().acquire(timeout=0):
            return quick()
    except Busy:
        return False


def _trained(suite: Suite, run: Run, points: tuple[str, ...], log: str | None, quiet: bool) -> None:
    """Train a run, with hand-overs at `points`, and publish its record."""
    title, store = f"{run.cell.id} seed {run.seed}", Store(suite, run)
    print(f"{run.cell.id}: {cell_heading(suite, run.cell)}")
    caution = warning(run.cell.noise, suite.dataset(run.cell.dataset).classes)
    if caution:
        print(f"lnl: {caution}", file=sys.stderr)

    def work(stop: Callable[[], bool]) -> None:
        from lnl.run.job import job

        with bar(title, quiet) as progress:
            job(suite, run, Places.of(suite.config), str(suite.config["device"]), stop, progress, log, points)

    unless_stopped(suite, title, work)
    _say(store.publish(), "is trained")


def repeats(suite: Suite, cell_id: str, seeds: Sequence[int], log: str | None) -> None:
    """Train repeats of a cell as one stack, keep their records in the store, and note it.

    Exits with 143 if it was stopped, with 130 by Ctrl-C.

    UserError for a cell whose repeats are trained one by one, or without a seed.
    """
    if not seeds:
        raise UserError("--seeds 0: no repeat at all; give a number (5 means 1..5) or a list such as 1,3,5")
    runs = [Run(suite.parse(cell_id), seed) for seed in sorted(seeds)]
    if not stackable(suite, runs[0].cell):
        raise UserError(
            f"{cell_id}: its repeats are not trained as one stack on this device (docs/gpu.md says which are); "
            "`lnl train` trains them one by one"
        )
    stores = [Store(suite, run) for run in runs]
    for store in stores:
        _unless_busy(store, store.adopt)
    title = f"{cell_id} seeds {','.join(str(run.seed) for run in runs)}"

    def work(stop: Callable[[], bool]) -> None:
        from lnl.run.job import stack_job

        stack_job(suite, runs, Places.of(suite.config), str(suite.config["device"]), stop, log)

    if not all(store.finished() for store in stores):
        unless_stopped(suite, title, work)
    note = Path(paths.repeats(suite.scale, runs[0].cell.id, seeds_text(run.seed for run in runs)))
    sealed.write(note, {"seeds": [run.seed for run in runs], "digest": stores[0].digest})
    print(f"{title} are in the store -> {note}")


def unless_stopped(
    suite: Suite,
    title: str,
    work: Callable[[Callable[[], bool]], None],
    then: str = "was stopped; its checkpoint is kept and the next start resumes it",
) -> None:
    """Work on a device that is leased for it; a line, and exit with 143, or 130 by Ctrl-C, if it was told to stop."""
    lease_gpu(str(suite.config["device"]))
    stop = Stop()

    from lnl.engine.loop import Stopped

    try:
        work(stop)
    except Stopped:
        print(f"lnl: {title} {then}", file=sys.stderr)
        sys.exit(stop.status)


def _say(record: Path, what: str) -> None:
    """One line about a finished run: what became of it, its accuracy, and where the record is."""
    result = read(record)["result"]
    numbers = ", ".join(f"{name} {value:.2f}" for name, value in result["summary"].items())
    state = numbers if result["status"] == "ok" else f"diverged in epoch {result['diverged']['epoch']}"
    print(f"{result['method']} seed {result['seed']} {what}: {state} -> {record}")


def bar(title: str, quiet: bool):  # type: ignore[no-untyped-def]
    """On a terminal, a bar over the epochs of a run."""
    if quiet or not sys.stderr.isatty():
        return nullcontext(unwatched)
    from lnl.cli.progress import epochs

    return epochs(title)


def handover(suite: Suite, cell_id: str, seed: int, point: str, kept: bool) -> None:
    """Publish a hand-over, training the run for it where there is none; UserError if no method reads that point, or
    where it would have to be trained and only what is kept is asked for."""
    run = Run(suite.parse(cell_id), seed)
    points = dependencies.readable_points(suite, run.cell)
    if point not in points:
        known = ", ".join(points) or "none"
        raise UserError(f"{cell_id}: no method reads the point '{point}' of it (points that are read: {known})")
    store = Store(suite, run)
    _unless_busy(store, store.adopt)  # of a damaged record the published one takes the place: its state may be whole
    if not store.finished((point,)):
        if kept:
            raise UserError(
                f"{cell_id} seed {seed}: its state at '{point}' is gone; `lnl handover {cell_id} --seed {seed} "
                f"--point {point} --scale {suite.scale}` trains it again"
            )
        _trained(suite, run, points, None, quiet=False)
    print(store.publish_handover(point))
