"""What a declared test compares with what: pairs and groups of places, and why a comparison cannot be made."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lnl.results.claims.evidence import Repeats
from lnl.results.claims.outcome import Outcome
from lnl.results.statistics import FEWEST

Cells = Mapping[str, list[Repeats]]


@dataclass(frozen=True)
class Part:
    """One comparison of a claim. `outcome` is None where a run is missing, and `missing` says which."""

    label: str
    outcome: Outcome | None
    missing: str = ""
    control: bool = False  # shown beside the claim, not part of it
    aside: bool = False  # shown only: one of several that another part judges together, or a number to know
    joint: bool = False  # `allow: chance`: its interval is tested together with the claim's others
    unit: str = ""  # of its effect

    @property
    def counted(self) -> bool:
        """Whether the claim's verdict rests on it."""
        return not self.control and not self.aside

    @property
    def shown(self) -> str:
        """Its label, and what it is if the verdict does not rest on it."""
        return f"control: {self.label}" if self.control else f"not counted: {self.label}" if self.aside else self.label


def absent(*groups: Repeats) -> str:
    """Why these places have no numbers: diverged, not run, or not in the suite."""
    gone = [group for group in groups if not group.results]
    return "; ".join(dict.fromkeys(f"{g.name}: {g.absent or ('diverged' if g.diverged else 'not run')}" for g in gone))


def pairs(test: Mapping[str, Any], cells: Cells) -> Iterator[tuple[Repeats, Repeats]]:
    """Each a with every b of the same noise (`match: method`: the same method); a with itself where there is no b.

    Two places of different data sets, or synthetic arms of different beds, are never compared; nor is a place with one
    that is the same cell at this scale.
    """
    if "b" not in test:
        yield from ((a, a) for a in cells[test["a"]])
        return
    shared = {test.get("match", "noise"), "dataset", "bed"}
    for a, b in itertools.product(cells[test["a"]], cells[test["b"]]):
        if all(a.where.get(k) == b.where.get(k) for k in shared) and (a.source is None or a.source != b.source):
            yield a, b


def paired(a: Repeats, b: Repeats, common: int, smaller: int) -> bool:
    """Whether repeats with the same data are compared as pairs: not where that alone would make them too few.

    `common`: repeats that both have; `smaller`: those of the place that has fewer.
    """
    return a.shares_data_with(b) and common >= min(FEWEST, max(2, smaller))


def groups(test: Mapping[str, Any], cells: Cells, match: str = "noise") -> Iterator[tuple[str, list[Repeats]]]:
    """Places of `a` by the coordinate that they have in common; `all`: every place in one group, called ''."""
    axis = test.get("match", match)
    found: dict[str, list[Repeats]] = {}
    for repeats in cells[test["a"]]:
        found.setdefault("" if axis == "all" else repeats.where.get(axis, ""), []).append(repeats)
    yield from found.items()


def quantity(test: Mapping[str, Any], side: str = "") -> dict[str, Any]:
    """Which number of a repeat a test takes, as keyword arguments of evidence.values."""
    of = test.get(f"of{side}", test.get("of", "test_accuracy"))
    return {"of": of, "at": test.get("at", "last10"), "minus": test.get("minus")}
