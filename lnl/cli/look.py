"""`lnl train CELL --epochs N` and `--first N`: a quick look, in a place of its own, that no table, statistic or export
ever sees.

--epochs: the whole training in N epochs; learning rate, R(t) and whatever else follows the paper's clock are read as
at a scale of N epochs. --first: the beginning of the training as it is. --set: with other values of the method's
parameters or of the protocol. It is trained anew whenever it is asked for, so that an edited method is the one that is
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from lnl.cli import prepare
from lnl.cli.tables import GAP, Listing, room
from lnl.cli.train import bar, unless_stopped
from lnl.declared import dependencies, lengths, paths
from lnl.declared.data_places import Places
from lnl.declared.reductions import cell_heading
from lnl.declared.searches import search_of
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.results.records import read
from lnl.run import labels_kept
from lnl.run.store import Store

FEWEST, MOST = 2, 10_000  # epochs of a look
LINES = 11  # epochs that are shown
FIRST = ("test_accuracy", "validation_accuracy", "loss", "schedule", "kept_fraction", "label_precision")
KNOWN = {  # curves that every run has beside these, and that a look leaves to the record
    *("epoch", "learning_rate", "loss_auc", "clean_accuracy", "flipped_accuracy_given", "flipped_accuracy_true"),
    *("train_accuracy_given", "train_accuracy_true"),
}


@dataclass(frozen=True)
class Look:
    """What is looked at: the whole training in `epochs`, or the `first` epochs of it; values: `--set`'s, by name."""

    epochs: int | None = None
    first: int | None = None
    values: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def asked(cls, epochs: int | None, first: int | None, settings: Sequence[str]) -> Look | None:
        """Of the options of the command line; None for a run that counts. UserError for what is no look."""
        if epochs is None and first is None:
            if settings:
                raise UserError(
                    "--set: a look has it, with --epochs or --first; runs that count are declared, with `set` in a "
                    "table (docs/add-a-paper.md)"
                )
            return None
        if epochs is not None and first is not None:
            raise UserError("--epochs is the whole training in so many, --first its beginning; leave one of them out")
        option, asked = ("--epochs", epochs) if first is None else ("--first", first)
        if asked is not None and not FEWEST <= asked <= MOST:
            why = " (the first one may be of the untrained network)" if asked < FEWEST else ""
            raise UserError(f"{option} {asked}: a look has {FEWEST} to {MOST:,} epochs{why}")
        return cls(epochs, first, dict(_setting(words) for words in settings))

    @property
    def place(self) -> str:
        return f"first-{self.first}" if self.first else f"{self.epochs}-epochs"

    @property
    def option(self) -> str:
        return "--first" if self.first else "--epochs"


def _setting(words: str) -> tuple[str, Any]:
    name, equals, value = words.partition("=")
    if not equals or not name.strip():
        raise UserError(f"--set {words}: not NAME=VALUE, such as tau=0.3 or protocol.optimiser.lr=0.01")
    try:
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"--set {words}: '{value}' is no value; YAML reads it") from None


def shortened(suite: Suite, epochs: int) -> Suite:
    """The same declarations at the same scale, with trainings of so many epochs."""
    own = suite.at(suite.scale)
    own.scales[own.scale] = {**own.scales[own.scale], "epochs": epochs}
    return own


def command(suite: Suite, cell_id: str, seed: int, look: Look, quiet: bool) -> None:
    """Train a run as it is looked at and print its curves. UserError for a run that waits for a search."""
    short = suite.at(suite.scale) if look.epochs is None else shortened(suite, look.epochs)
    run = Run(short.parse(cell_id), seed)
    if look.epochs and "length" in short.spec(run.cell):
        raise UserError(
            f"{run.cell.id}: its length is in steps, and --epochs counts epochs; --first N has its beginning"
        )
    if look.values:
        short.set_otherwise(run.cell, look.values, "--set")
    search = search_of(short, run.cell)
    if search is not None:
        raise UserError(
            f"{run.cell.id}: trains with what the search {search.name} finds, and {look.option} searches nothing; look "
            f"at a method whose parameters are given, or leave {look.option} out"
        )
    spec = short.spec(run.cell)
    whole, unit = spec["epochs"], "periods" if "length" in spec else "epochs"
    if look.first and look.first >= whole:
        raise UserError(f"{run.cell.id}: its training is {lengths.said(spec)}; leave --first {look.first} out")
    place = f"{paths.looks(suite.scale)}/{look.place}"
    print(f"{run.cell.id}: {cell_heading(short, run.cell)}")
    for name, value in look.values.items():
        print(f"{name} = {value}{_at_this_scale(spec, name, value)}")
    print(f"a quick look, kept in {place}, apart from the records: no table sees it", flush=True)
    with paths.results_in(place):
        if look.first:
            curves, diverged = _begun(short, run, look.first, quiet)
            where = f"the first {look.first} of {whole} {unit}"
        else:
            record = _trained(short, run, (), quiet)
            result = read(record)["result"]
            curves, diverged, where = result["curves"], result["diverged"], f"{look.epochs} epochs -> {record}"
    _print(curves)
    if diverged:
        print(f"diverged in epoch {diverged['epoch']}: {diverged['reason']}")
    print(f"{run.cell.id} seed {seed}, {where}")


def _at_this_scale(spec: Mapping[str, Any], name: str, value: Any) -> str:
    """What a protocol's number has become at a scale that counts it otherwise, such as a learning rate; '' if nothing
    has."""
    found: Any = {"protocol": spec}
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return f", at this scale {found:g}" if isinstance(found, int | float) and found != value else ""


def _begun(suite: Suite, run: Run, first: int, quiet: bool) -> tuple[dict[str, list[Any]], dict[str, Any] | None]:
    """Train the beginning of a run anew, and before it those with whose networks it begins; (curves, divergence)."""
    _sources(suite, run, quiet)
    store, seen = Store(suite, run), []

    def work(stop: Callable[[], bool]) -> None:
        from lnl.run.hardware import torch_device
        from lnl.run.train import held, train

        device = torch_device(str(suite.config["device"]), bool(suite.config.get("deterministic")))
        with held(store, stop), bar(f"{run.cell.id} seed {run.seed}", quiet) as progress:
            store.checkpoint_file.unlink(missing_ok=True)
            places = Places.of(suite.config)
            seen.append(train(suite, run, places, device, stop, progress, until=first, points=()))
            store.checkpoint_file.unlink(missing_ok=True)

    unless_stopped(suite, f"{run.cell.id} seed {run.seed}", work, "was stopped; a look begins anew")
    return seen[0].curves, seen[0].diverged


def _sources(suite: Suite, run: Run, quiet: bool) -> None:
    """Train what a run begins with, and have its labels made."""
    for source, point in dependencies.sources(suite, run):
        _trained(suite, source, (point,), quiet)
    _label(suite, run)


def _trained(suite: Suite, run: Run, points: tuple[str, ...], quiet: bool) -> Path:
    """Train a run anew, and before it those with whose networks it begins; its record."""
    _sources(suite, run, quiet)
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
    """A dozen epochs of the curves that tell whether a method learns, and of the method's own; in several tables where
    the terminal is too narrow for one. A run that diverged before anything was evaluated has none."""
    if not curves:
        return
    names = [name for name in FIRST if name in curves]
    names += [name for name in curves if name not in (*FIRST, *KNOWN)]
    epochs = curves["epoch"]
    last = len(epochs) - 1
    places = sorted({round(i * last / (LINES - 1)) for i in range(LINES)})
    columns = {"epoch": [str(epochs[place]) for place in places]}
    columns |= {name: [_number(_mean(curves[name], place)) for place in places] for name in names}
    whole = _listing(columns, list(columns))
    for block in _blocks({name: whole.least(n) for n, name in enumerate(columns)}, room()):
        _listing(columns, block).show()


def _listing(columns: Mapping[str, Sequence[str]], shown: Sequence[str]) -> Listing:
    """The columns of these names."""
    listing = Listing("", [name.replace("_", " ") for name in shown])
    for cells in zip(*(columns[name] for name in shown), strict=True):
        listing.add(*cells)
    return listing


def _blocks(widths: Mapping[str, int], room: float) -> Iterator[list[str]]:
    """Columns that stand beside the first, an epoch's, in so much room, and then the next."""
    (first, margin), *others = widths.items()
    block, used = [first], margin
    for name, width in others:
        if len(block) > 1 and used + GAP + width > room:
            yield block
            block, used = [first], margin
        block.append(name)
        used += GAP + width
    yield block


def _mean(curve: list[Any], place: int) -> float | None:
    """Of the networks, where a curve has one list for each."""
    found = [each[place] for each in curve] if isinstance(curve[0], list) else [curve[place]]
    known = [value for value in found if value is not None]
    return fmean(known) if known else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
