"""The places that a block is about: rows and columns of artefacts, with the committed runs behind each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lnl.declared.cells import Slot
from lnl.declared.suite import Suite
from lnl.errors import UserError, nearest
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.results import quantities
from lnl.results.records import SlotRuns, collect

SHARED = ("scale", "seeds", "rows", "columns")  # options that every block about places has


@dataclass(frozen=True)
class Place:
    """One row and column of an artefact. `statistic`, `ddof`: what the artefact shows of its runs."""

    key: str
    slot: Slot
    runs: SlotRuns
    statistic: str
    ddof: int

    @property
    def at(self) -> tuple[str, str]:
        return self.slot.row, self.slot.column

    @property
    def done(self) -> int:
        """Runs with a number."""
        return self.runs.count("ok")

    def values(self, of: str) -> dict[int, float]:
        """A number of every run that has it, by seed."""
        results = [record["result"] for record in self.runs.records()]
        found = {result["seed"]: quantities.number(result, of, self.statistic) for result in results}
        return {seed: value for seed, value in found.items() if not math.isnan(value)}

    def remarks(self, of: str, seeds: Collection[int] | None = None) -> list[str]:
        """What has to be said of a number of its runs, or of those with these seeds, e.g. that there are fewer epochs
        than it is a mean of."""
        results = [record["result"] for record in self.runs.records()]
        chosen = [result for result in results if seeds is None or result["seed"] in seeds]
        return list(dict.fromkeys(filter(None, (quantities.remark(r, of, self.statistic) for r in chosen))))


def told(text: str, remarks: Iterable[str]) -> str:
    """The text of a number, and behind it what has to be said of it."""
    return "; ".join([text, *remarks])


def suite_of(mark: Mark, kept: Committed) -> Suite:
    """The suite at the scale that a block names (default: paper), with its number of repeats if it names one."""
    return kept.suite(mark.options.get("scale", "paper"), mark.number("seeds"))


def places(mark: Mark, kept: Committed, keys: Iterable[str] | None = None) -> list[Place]:
    """Places of the block's artefacts that the block does not leave out, each cell once, row by row.

    Rows and columns stand as declared, or as the block lists them, those without a run too. UserError for an unknown
    artefact, row or column, and where none of the artefacts' runs is committed.
    """
    suite = suite_of(mark, kept)
    keys = list(mark.words if keys is None else keys)
    found: dict[object, Place] = {}
    for key in keys:
        for place in _of(suite, key):
            found.setdefault(place.slot.cell or place.at, place)
    order = {axis: _order(list(found.values()), axis, mark.listed(f"{axis}s")) for axis in ("row", "column")}
    inside = [p for p in found.values() if p.slot.row in order["row"] and p.slot.column in order["column"]]
    chosen = sorted(inside, key=lambda p: (order["row"][p.slot.row], order["column"][p.slot.column]))
    if not any(place.done for place in chosen):
        raise UserError(
            f"no run of {' or '.join(keys)} at scale {suite.scale} is among the committed records, or all are stale; "
            "`lnl keep` puts records beside a page"
        )
    return chosen


def _of(suite: Suite, key: str) -> list[Place]:
    declared = suite.declaration(key)
    slots = _claimed(suite, key) if suite.artefacts[key] == "claims" else suite.slots(key)
    statistic, ddof = declared.get("statistic", "last10_mean"), int((declared.get("spread") or {}).get("ddof", 1))
    return [Place(key, runs.slot, runs, statistic, ddof) for runs in collect(suite, slots)]


def _claimed(suite: Suite, key: str) -> list[Slot]:
    """The cells that claims name, in rows by claim and columns by the claim's name for them."""
    from lnl.declared.claims import demanded

    slots = []
    for place in demanded(suite.declaration(key)):
        cell, absent = suite.cell_of(place.parts, f"{suite.source(key)}, claim '{place.claim}'")
        seeds = suite.seeds(place.seeds)
        slots.append(Slot(place.claim, place.claim, place.name, place.name, cell, seeds, absent=absent))
    return slots


def _order(every: list[Place], axis: str, wanted: tuple[str, ...]) -> dict[str, int]:
    """Keys of the rows (or columns) to show, with their places: as asked for, or all of them as they come."""
    known = dict.fromkeys(getattr(place.slot, axis) for place in every)
    for key in wanted:
        if key not in known:
            raise UserError(f"no {axis} '{key}'{nearest(key, known)}")
    return {key: at for at, key in enumerate(wanted or known)}
