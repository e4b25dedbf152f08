"""From records to the numbers that tests take: all repeats of one place, one value, or one curve, per repeat."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lnl.declared import dependencies
from lnl.declared.claims import Place
from lnl.declared.lengths import said
from lnl.results import studies
from lnl.results.claims import run_values, search_values
from lnl.results.records import Locate, state_of, unmixed

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


@dataclass(frozen=True)
class Repeats:
    """All repeats of one place: what counts, by seed, and a remark for each repeat that does not."""

    place: Place
    name: str  # how labels call it
    source: Hashable  # the cell, search or arm behind it; equal sources are the same numbers
    absent: str  # why there is nothing behind it
    wanted: int
    results: dict[int, dict[str, Any]] = field(repr=False)
    remarks: tuple[str, ...] = ()
    bed: str = ""  # target and budget of a synthetic arm: only arms of one bed compare
    diverged: frozenset[int] = frozenset()  # seeds of runs that have no number because they diverged

    @property
    def where(self) -> dict[str, str]:
        """What two places must have in common to be compared, by name."""
        at = self.place.at
        return {k: at[k] for k in ("noise", "dataset", "method") if k in at} | {"bed": self.bed}

    def shares_data_with(self, other: Repeats) -> bool:
        """The same repeat of both has the same given labels and the same data, so that repeats are pairs."""
        if {self.place.kind, other.place.kind} != {"runs"}:
            return False
        seeds = self.results.keys() & other.results.keys()
        return len(seeds) > 0 and all(_data_of(self.results[seed]) == _data_of(other.results[seed]) for seed in seeds)

    @property
    def fixed_vector(self) -> bool:
        """All repeats were trained on one and the same noise vector."""
        return any(
            (r["labels"].get("vector") == "fixed" or r["labels"].get("generator") == "file")
            and r["labels"].get("realised_rate", 0) > 0
            for r in self.results.values()
            if "labels" in r
        )

    @property
    def stand_in(self) -> bool:
        """Some other data set stands in for the paper's."""
        return any(r.get("stand_in_for") for r in self.results.values())

    def scale(self) -> str:
        """Data set, network and epochs, and what stood in for what; '' without records or networks."""
        found = next((r for r in self.results.values() if "spec" in r), None)
        if found is None:
            return ""
        spec, meant = found["spec"], self.place.at.get("dataset")  # one stand-in may stand for several data sets
        data = f"{found['dataset']} for {meant}" if meant not in (None, found["dataset"]) else str(found["dataset"])
        return f"{data}, {spec['network']['name']}, {said(spec)}"


def _data_of(result: dict[str, Any]) -> tuple[Any, Any]:
    return result["labels"].get("digest"), result.get("data_digest")


def gather(suite: Suite, place: Place, source: str, locate: Locate | None = None) -> Repeats:
    """Read every repeat that a claim names; diverged, stale, failed and missing ones are remarks, never numbers."""
    if place.kind == "search":
        return _of_search(suite, place, source)
    if place.kind == "synthetic":
        return _of_arm(suite, place)
    cell, absent = suite.cell_of(place.parts, source)
    seeds = suite.seeds(place.seeds)
    name = _name(place, cell.method if cell else place.method)
    if cell is None:
        return Repeats(place, name, None, absent or "no such cell", len(seeds), {})
    states = unmixed(tuple(state_of(suite, cell, seed, locate) for seed in seeds))
    results = {run.seed: run.record["result"] for run in states if run.state == "ok" and run.record is not None}
    remarks = [
        f"{cell.noise} {cell.method} seed {r.seed} {r.state}" for r in states if r.state not in ("ok", "missing")
    ]
    gone = frozenset(run.seed for run in states if run.state == "diverged")
    return Repeats(place, name, cell, "", len(seeds), results, tuple(remarks), diverged=gone)


def _name(place: Place, method: str) -> str:
    """`coteaching at pair-45`; with the data set where the claim itself names one."""
    own = next((part["dataset"] for part in place.parts[2:] if "dataset" in part), None)
    return f"{method} at {place.at['noise']}" + (f", {own}" if own else "")


def _of_search(suite: Suite, place: Place, source: str) -> Repeats:
    at, called = place.search
    found: dict[int, dict[str, Any]] = {}
    remarks = []
    seeds = suite.seeds(place.seeds)
    searches = [suite.search_at(at, called, seed, source) for seed in seeds]
    for search in searches:
        result, state = search_values.searched(suite.searching, search)
        if result is not None:
            found[search.seed] = result
        elif state == "stale":
            remarks.append(f"{search.noise} search {search.name} seed {search.seed} stale")
    name = _name(place, f"search {called}")
    return Repeats(place, name, replace(searches[0], seed=0), "", len(seeds), found, tuple(remarks))


def _of_arm(suite: Suite, place: Place) -> Repeats:
    study, arm = place.at["study"], place.at["arm"]
    errors, state = studies.found(suite, study, arm)
    found = {repeat: {"errors": curve} for repeat, curve in enumerate(errors)}
    chosen = suite.synthetic["studies"][study]
    title, bed = chosen["arms"][arm]["title"], f"{chosen['target']}, {chosen['budget']}"
    remarks = (f"{study}, {arm} stale",) if state == "stale" else ()
    name = f"{title} (target {chosen['target']})"
    return Repeats(place, name, (study, arm), "", dependencies.arm_repeats(suite, study, arm), found, remarks, bed)


def value(result: dict[str, Any], of: str, at: str, minus: str | None = None) -> float:
    """One number of one repeat, of a run or a search; nan where it has none."""
    if "curves" in result:
        return run_values.value(result, of, at, minus)
    if "errors" in result:
        return float(result["errors"][-1]) if of == "error" else math.nan
    return search_values.value(result, of, minus)


def values(
    repeats: Repeats, of: str = "test_accuracy", at: str = "last10", minus: str | None = None
) -> dict[int, float]:
    """`value` of every repeat that has it, by seed."""
    found = {seed: value(result, of, at, minus) for seed, result in repeats.results.items()}
    return {seed: number for seed, number in found.items() if not math.isnan(number)}
