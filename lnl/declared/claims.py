"""Which cells, searches and synthetic arms a claims file names. Standard library only: the DAG reads this.

A file gives defaults (`protocol`, `dataset`, `seeds`) and `settings`, each a network or data set on which claims are
tested; a claim may give its own. `cells` maps names to coordinates; where a coordinate is a list, all combinations are
meant. `vary` lists axes of named variants (as a table's rows and columns do); all combinations of these, too. A cell
that names a `search` (config/searches) stands for that search of its method's R(t), not for a training; one that names
a `study` and an `arm` (config/synthetic.yaml) for searches without networks. `only` restricts a cell to settings with
these coordinates.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lnl.declared.cells import COORDINATES

LISTED = (*COORDINATES, "search", "study", "arm")  # of which a cell may list several


@dataclass(frozen=True)
class Place:
    """One cell, search or synthetic arm that a claim names, before the suite resolves it."""

    claim: str
    setting: int  # which entry of `settings`
    name: str  # the claim's name for it: a, b, grid …
    parts: list[dict[str, Any]]  # for Suite.cell_of: later parts win
    seeds: int | list[int] | None
    levels: tuple[str, ...] = ()  # variant on each axis of `vary`

    @cached_property
    def at(self) -> dict[str, str]:
        """Merged coordinates as declared (a scale's stand-ins not applied)."""
        return {k: part[k] for part in self.parts for k in LISTED if k in part}

    @property
    def method(self) -> str:
        """The method with all of its variants, as declared: two variants of one method are two methods to a test."""
        return "-".join([self.at.get("method", ""), *(part["variant"] for part in self.parts if "variant" in part)])

    @property
    def kind(self) -> str:
        """What the numbers come from: runs, a search or a synthetic arm."""
        return "search" if "search" in self.at else "synthetic" if "study" in self.at else "runs"

    @property
    def search(self) -> tuple[dict[str, str], str]:
        """Coordinates and name of the search of a place of kind `search`."""
        at = self.at
        return {k: at[k] for k in COORDINATES if k in at}, at["search"]


def settings(declaration: Mapping[str, Any], claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where a claim is tested: its own `settings`, else the file's, else the file's defaults alone."""
    return list(claim.get("settings") or declaration.get("settings") or [{}])


def places(declaration: Mapping[str, Any], claim: Mapping[str, Any], index: int) -> dict[str, list[Place]]:
    """Cells of one claim in one setting, by the claim's names for them; the setting's `methods` leaves out others."""
    setting = settings(declaration, claim)[index]
    defaults = {k: declaration[k] for k in COORDINATES if k in declaration}
    seeds = claim.get("seeds", declaration.get("seeds"))
    only = setting.get("methods")
    found: dict[str, list[Place]] = {}
    for name, entries in (claim.get("cells") or {}).items():
        found[name] = []
        for entry in entries if isinstance(entries, list) else [entries]:
            if not _applies(entry, {**defaults, **setting}):
                continue
            own = entry.get("seeds", seeds)
            for parts, levels in _combinations(entry):
                place = Place(claim["key"], index, name, [defaults, _plain(setting), *parts], own, levels)
                if only is None or place.kind == "synthetic" or place.at.get("method") in only:
                    found[name].append(place)
    return found


def _applies(entry: Mapping[str, Any], setting: Mapping[str, Any]) -> bool:
    wanted = entry.get("only", {})
    return all(setting.get(k) in (v if isinstance(v, list) else [v]) for k, v in wanted.items())


def _plain(setting: Mapping[str, Any]) -> dict[str, Any]:
    return {k: setting[k] for k in COORDINATES if k in setting}


def _combinations(entry: Mapping[str, Any]) -> Iterator[tuple[list[dict[str, Any]], tuple[str, ...]]]:
    """Parts for Suite.cell_of for every combination of an entry's lists, first coordinate slowest."""
    listed = {k: entry[k] if isinstance(entry[k], list) else [entry[k]] for k in LISTED if k in entry}
    own = {k: entry[k] for k in ("variant", "set", "stage") if k in entry}
    for values in itertools.product(*listed.values()):
        base = dict(zip(listed, values, strict=True)) | own
        for axes in itertools.product(*entry.get("vary", [])):
            yield [base, *(dict(axis) for axis in axes)], tuple(axis["variant"] for axis in axes)


def demanded(declaration: Mapping[str, Any], kind: str = "runs") -> Iterator[Place]:
    """Every place of this kind that a claims file names, in declared order; the same may come several times."""
    for claim in declaration["claims"]:
        for index in range(len(settings(declaration, claim))):
            for listed in places(declaration, claim, index).values():
                yield from (place for place in listed if place.kind == kind)


def studied(declaration: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(study, arm) of every synthetic arm that a claims file names, each once."""
    return tuple(dict.fromkeys((place.at["study"], place.at["arm"]) for place in demanded(declaration, "synthetic")))
