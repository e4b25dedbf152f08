"""`lnl train CELL --epochs N`: a quick look, in a place of its own, that no table, statistic or export ever sees.

The whole training in N epochs: learning rate, R(t) and whatever else follows the paper's clock are read as at a scale
of N epochs. It is trained anew whenever it is asked for, so that an edited method is the one that is looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from lnl.cli import prepare
from lnl.cli.train import bar, unless_stopped
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.reductions import cell_heading
from lnl.declared.searches import search_of
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.results.records import read
from lnl.run import labels_kept
from lnl.run.store import Store

LINES = 11  # epochs that are shown
FIRST = ("test_accuracy", "validation_accuracy", "loss", "schedule", "kept_fraction", "label_precision")
KNOWN = {  # curves that every run has beside these, and that a look leaves to the record
    *("epoch", "learning_rate", "loss_auc", "clean_accuracy", "flipped_accuracy_given", "flipped_accuracy_true"),
    *("train_accuracy_given", "train_accuracy_true"),
}


def shortened(suite: Suite, epochs: int) -> Suite:
    """The same declarations at the same scale, with trainings of so many epochs."""
    own = suite.at(suite.scale)
    own.scales[own.scale] = {**own.scales[own.scale], "epochs": epochs}
    return own


def command(suite: Suite, cell_id: str, seed: int, epochs: int, quiet: bool) -> None:
    """Train a run in so many epochs and print its curves. UserError for a run that waits for a search."""
    short = shortened(suite, epochs)
    run = Run(short.parse(cell_id), seed)
    if "length" in short.spec(run.cell):
        raise UserError(f"{run.cell.id}: its length is in steps, and --epochs counts epochs; leave it out")
    search = search_of(short, run.cell)
    if search is not None:
        raise UserError(
            f"{run.cell.id}: trains with what the search {search.name} finds, and --epochs searches nothing; look at a "
            "method whose parameters are given, or leave --epochs out"
        )
    place = f"{paths.looks(suite.scale)}/{epochs}-epochs"
    print(f"{run.cell.id}: {cell_heading(short, run.cell)}")
    print(f"a quick look, kept in {place}, apart from the records: no table sees it", flush=True)
    with paths.results_in(place):
        record = _trained(short, run, (), quiet)
    result = read(record)["result"]
    _print(result["curves"])
    if result["status"] != "ok":
        print(f"diverged in epoch {result['diverged']['epoch']}: {result['diverged']['reason']}")
    print(f"{run.cell.id} seed {seed}, {epochs} epochs -> {record}")


def _trained(suite: Suite, run: Run, points: tuple[str, ...], quiet: bool) -> Path:
    """Train a run anew, and before it those with whose networks it begins; its record."""
    for source, point in dependencies.sources(suite, run):
        _trained(suite, source, (point,), quiet)
    _label(suite, run)
    store = Store(suite, run)
    for file in (store.record_file, store.checkpoint_file):
        file.unlink(missing_ok=True)
    title = f"{run.cell.id} seed {run.seed}"

    def work(stop: Callable[[], bool]) -> None:
        from lnl.run.job import job

        with bar(title, quiet) as progress:
            job(suite, run, Places.of(suite.config), str(suite.config["device"]), stop, progress, None, points)

    unless_stopped(suite, title, work, "was stopped; a look begins anew")
    for point in points:
        store.publish_handover(point)
    return store.publish()


def _label(suite: Suite, run: Run) -> None:
    """Have the labels of a run predicted anew, where a network gives them."""
    noise, seed = suite.spec(run.cell)["noise"], dependencies.noise_seed(suite, run)
    by = dependencies.labeller(suite, noise["key"], run.cell.dataset, seed)
    if by is not None:
        for file in (dependencies.noise_manifest(suite, run), labels_kept.stored(suite, by, noise["key"])):
            Path(file).unlink(missing_ok=True)
        prepare.noise(suite, run.cell.dataset, noise["key"], noise["generator"], seed)


def _print(curves: Mapping[str, list[Any]]) -> None:
    """A dozen epochs of the curves that tell whether a method learns, and of the method's own."""
    names = [name for name in FIRST if name in curves]
    names += [name for name in curves if name not in (*FIRST, *KNOWN)]
    epochs = curves["epoch"]
    last = len(epochs) - 1
    shown = Table()
    for name in ("epoch", *names):
        shown.add_column(name.replace("_", " "), justify="right")
    for place in sorted({round(i * last / (LINES - 1)) for i in range(LINES)}):
        shown.add_row(str(epochs[place]), *(_number(_mean(curves[name], place)) for name in names))
    Console(width=None if sys.stdout.isatty() else 200).print(shown)


def _mean(curve: list[Any], place: int) -> float | None:
    """Of the networks, where a curve has one list for each."""
    found = [each[place] for each in curve] if isinstance(curve[0], list) else [curve[place]]
    known = [value for value in found if value is not None]
    return fmean(known) if known else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
