"""From records to the numbers that tests take: one value, or one curve, per repeat (networks averaged first)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.claims.declarations import Place
from lnl.records import Locate, RunState, state_of
from lnl.stats import run_statistic

if TYPE_CHECKING:
    from lnl.matrix import Cell, Suite

LAST = 10
POINTS = {  # how a test says which epochs it means -> words
    "last10": "mean of the last ten epochs",
    "first": "first trained epoch",
    "final": "last epoch",
    "lowest": "lowest trained epoch",
}
CLEAN_RATE = "clean_rate"


@dataclass(frozen=True)
class Repeats:
    """All repeats of one place: the records that count, by seed, and a remark for each run that does not."""

    place: Place
    cell: Cell | None
    absent: str  # why there is no cell
    wanted: int
    results: dict[int, dict[str, Any]] = field(repr=False)
    remarks: tuple[str, ...] = ()

    def shares_data_with(self, other: Repeats) -> bool:
        """The same repeat of both has the same given labels and the same data, so that repeats are pairs."""
        seeds = self.results.keys() & other.results.keys()
        return len(seeds) > 0 and all(_data_of(self.results[seed]) == _data_of(other.results[seed]) for seed in seeds)

    @property
    def fixed_vector(self) -> bool:
        """All repeats were trained on one and the same noise vector."""
        return any(
            r["labels"].get("vector") == "fixed" and r["labels"].get("realised_rate", 0) > 0
            for r in self.results.values()
        )

    def scale(self) -> str:
        """Data set, network and epochs, and what stood in for what; '' without records."""
        if not self.results:
            return ""
        result = next(iter(self.results.values()))
        spec, source = result["spec"], result.get("stand_in_for")
        data = f"{result['dataset']} for {source}" if source else str(result["dataset"])
        epochs, printed = spec["epochs"], spec.get("paper_epochs", spec["epochs"])
        budget = f"{epochs} epochs" if epochs == printed else f"{epochs} of {printed} epochs"
        return f"{data}, {spec['network']['name']}, {budget}"


def _data_of(result: dict[str, Any]) -> tuple[Any, Any]:
    return result["labels"].get("digest"), result.get("data_digest")


def gather(suite: Suite, place: Place, source: str, locate: Locate | None = None) -> Repeats:
    """Read every repeat that a claim names; diverged, stale, failed and missing runs are remarks, never numbers."""
    cell, absent = suite.cell_of(place.parts, source)
    seeds = suite.seeds(place.seeds)
    if cell is None:
        return Repeats(place, None, absent or "no such cell", len(seeds), {})
    states: list[RunState] = [state_of(suite, cell, seed, locate) for seed in seeds]
    results = {run.seed: run.record["result"] for run in states if run.state == "ok" and run.record is not None}
    remarks = [
        f"{cell.noise} {cell.method} seed {r.seed} {r.state}" for r in states if r.state not in ("ok", "missing")
    ]
    return Repeats(place, cell, "", len(seeds), results, tuple(remarks))


def curve(result: dict[str, Any], name: str) -> np.ndarray | None:
    """A record's curve as (epochs,), mean of networks, nan where it is not defined; None where the record has none."""
    listed = result["curves"].get(name)
    if not listed:
        return None
    networks = np.asarray(listed, dtype=float)  # null becomes nan
    return networks if networks.ndim == 1 else networks.mean(axis=0)


def trained_curve(result: dict[str, Any], name: str) -> np.ndarray | None:
    """As `curve`, without the evaluation of the untrained networks."""
    values = curve(result, name)
    return None if values is None else values[_trained(result["curves"])]


def epochs(result: dict[str, Any]) -> np.ndarray:
    """Epoch numbers of the trained epochs, the x of `trained_curve`."""
    return np.asarray(result["curves"]["epoch"], float)[_trained(result["curves"])]


def _trained(curves: dict[str, Any]) -> list[int]:
    loss = curves.get("loss")
    kept = [i for i in range(len(curves["epoch"])) if not loss or any(net[i] is not None for net in loss)]
    return kept or list(range(len(curves["epoch"])))


def value(result: dict[str, Any], of: str, at: str, minus: str | None = None) -> float:
    """One number of one run: curve `of` at the epochs `at`; nan where the record does not have it.

    `minus: clean_rate` subtracts the share of right labels in the training set (percent), as realised.
    """
    if of == "test_accuracy" and at == "last10":
        number = run_statistic(result["curves"], "last10_mean").value
    else:
        curve_ = trained_curve(result, of)
        defined = np.asarray([]) if curve_ is None else curve_[~np.isnan(curve_)]
        if not len(defined):
            return math.nan
        number = float(
            {"last10": defined[-LAST:].mean(), "first": defined[0], "final": defined[-1], "lowest": defined.min()}[at]
        )
    if minus == CLEAN_RATE:
        number -= 100 * (1 - float(result["labels"]["realised_rate"]))
    return number


def values(
    repeats: Repeats, of: str = "test_accuracy", at: str = "last10", minus: str | None = None
) -> dict[int, float]:
    """`value` of every repeat that has it, by seed."""
    found = {seed: value(result, of, at, minus) for seed, result in repeats.results.items()}
    return {seed: number for seed, number in found.items() if not math.isnan(number)}
