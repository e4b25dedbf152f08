"""Which cells a claims file names. Standard library only: the DAG reads this.

A file gives defaults (`protocol`, `dataset`, `seeds`) and `settings`, each a network or data set on which claims are
tested; a claim may give its own. `cells` maps names to coordinates; where a coordinate is a list, all combinations are
meant. `vary` lists axes of named variants (as a table's rows and columns do); all combinations of these, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

COORDINATES = ("protocol", "dataset", "noise", "method")


@dataclass(frozen=True)
class Place:
    """One cell that a claim names, before the suite resolves it."""

    claim: str
    setting: int  # which entry of `settings`
    name: str  # the claim's name for it: a, b, grid …
    parts: list[dict[str, Any]]  # for Suite.cell_of: later parts win
    seeds: int | list[int] | None
    levels: tuple[str, ...] = ()  # variant on each axis of `vary`

    @property
    def at(self) -> dict[str, str]:
        """Merged coordinates as declared (a scale's stand-ins not applied)."""
        return {k: part[k] for part in self.parts for k in COORDINATES if k in part}


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
            for parts, levels in _combinations(entry):
                place = Place(claim["key"], index, name, [defaults, _plain(setting), *parts], seeds, levels)
                if only is None or place.at.get("method") in only:
                    found[name].append(place)
    return found


def _plain(setting: Mapping[str, Any]) -> dict[str, Any]:
    return {k: setting[k] for k in COORDINATES if k in setting}


def _combinations(entry: Mapping[str, Any]) -> Iterator[tuple[list[dict[str, Any]], tuple[str, ...]]]:
    """Parts for Suite.cell_of for every combination of an entry's lists, first coordinate slowest."""
    listed = {k: entry[k] if isinstance(entry[k], list) else [entry[k]] for k in COORDINATES if k in entry}
    own = {k: entry[k] for k in ("variant", "set") if k in entry}
    for values in itertools.product(*listed.values()):
        base = dict(zip(listed, values, strict=True)) | own
        for axes in itertools.product(*entry.get("vary", [])):
            yield [base, *(dict(axis) for axis in axes)], tuple(axis["variant"] for axis in axes)


def demanded(declaration: Mapping[str, Any]) -> Iterator[Place]:
    """Every cell that a claims file names, in declared order; the same cell may come several times."""
    for claim in declaration["claims"]:
        for index in range(len(settings(declaration, claim))):
            for listed in places(declaration, claim, index).values():
                yield from listed
