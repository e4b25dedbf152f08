"""Paired differences between methods: over common repeats, with intervals, p-values and Holm's correction.

Repeats of one seed share initial weights, order and given labels whatever the method, so that they are pairs. What is
assumed: that the differences of pairs are independent and normal (Student's t). Where all repeats share one vector of
labels, as protocols mostly have it, what is found holds for that vector. As for claims, two pairs have an interval and
no p, one has neither; where all pairs differ by the same, the sign test stands in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lnl.declared import origin
from lnl.errors import UserError
from lnl.results import statistics
from lnl.results.claims.outcome import LEVEL, one, shortage
from lnl.results.claims.tests import holm
from lnl.results.records import RunState

NUMBERS = ("mean_a", "mean_b", "difference", "low", "high", "p", "p_holm")
SAME, APART, CONFOUNDED = "same data and labels", "labels of each repeat's own", "another problem"
WORDS = ("higher", "lower", "undecided", "too few", "no pairs")
COLUMNS = (
    "a", "b", "row", "protocol", "dataset", "noise", "statistic", "n", "seeds", "mean_a", "mean_b",
    "difference", "low", "high", "p", "p_holm", "verdict", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """The repeats of one method on one problem: `name` as it was asked for."""

    name: str
    cell: str  # protocol/dataset/noise/method
    runs: tuple[RunState, ...]

    @property
    def results(self) -> dict[int, Mapping[str, Any]]:
        """Results of the runs that count, by seed."""
        return {run.seed: run.record["result"] for run in self.runs if run.state == "ok" and run.record is not None}

    @property
    def left_out(self) -> str:
        """Which runs do not count, in words: "1 diverged, 2 stale"."""
        states = [run.state for run in self.runs]
        return ", ".join(f"{states.count(s)} {s}" for s in ("diverged", "failed", "stale") if s in states)


@dataclass(frozen=True)
class Pair:
    """One method beside another on one problem, before anything is computed."""

    a: Side
    b: Side
    row: str  # what the table calls the problem; '' without a table


@dataclass(frozen=True)
class Comparison:
    """What `a` has more than `b`, in points, over their common repeats."""

    pair: Pair
    statistic: str
    seeds: tuple[int, ...]
    mean_a: float | None = None  # over the common repeats, percent
    mean_b: float | None = None
    difference: float | None = None
    low: float | None = None  # 95% interval, from two pairs on
    high: float | None = None
    p: float | None = None  # two-sided, from FEWEST pairs on
    p_holm: float | None = None  # adjusted for all comparisons that were asked for together
    word: str = "no pairs"  # one of WORDS
    note: str = ""

    def row(self) -> dict[str, Any]:
        """The comparison as a mapping from COLUMNS."""
        a, b = self.pair.a, self.pair.b
        protocol, dataset, noise, _ = a.cell.split("/")
        values = (
            *(a.name, b.name, self.pair.row, protocol, dataset, noise, self.statistic),
            *(len(self.seeds), " ".join(map(str, self.seeds)), self.mean_a, self.mean_b),
            *(self.difference, self.low, self.high, self.p, self.p_holm, self.word, self.note),
        )
        return dict(zip(COLUMNS, values, strict=True))


def compare(pairs: Sequence[Pair], statistic: str) -> list[Comparison]:
    """Every pair compared by a statistic of its runs, Holm over all of them. UserError for a statistic that is none."""
    found = [_compared(pair, statistic) for pair in pairs]
    adjusted = holm([each.p for each in found])
    return [_decided(replace(each, p_holm=p)) for each, p in zip(found, adjusted, strict=True)]


def _compared(pair: Pair, statistic: str) -> Comparison:
    ours, theirs = pair.a.results, pair.b.results
    common = sorted(ours.keys() & theirs.keys())
    shared = {seed: _shared(ours[seed], theirs[seed]) for seed in common}
    seeds = [seed for seed in common if shared[seed] != CONFOUNDED]
    notes = [f"{side.name}: {side.left_out}" for side in (pair.a, pair.b) if side.left_out]
    notes += ["own labels for each repeat"] if any(shared[seed] == APART for seed in seeds) else []
    if len(seeds) < len(common):
        notes.append(f"{len(common) - len(seeds)} of {len(common)} common seeds have other labels or data: no pairs")
    elif not common:
        empty = [side.name for side, results in ((pair.a, ours), (pair.b, theirs)) if not results]
        notes.append(f"no run of {' and '.join(empty)}" if empty else "no seed in common")
    if not seeds:
        return Comparison(pair, statistic, (), note="; ".join(notes))
    a = np.array([_value(ours[seed], statistic, pair.a) for seed in seeds])
    b = np.array([_value(theirs[seed], statistic, pair.b) for seed in seeds])
    gaps = a - b
    made = Comparison(pair, statistic, tuple(seeds), float(a.mean()), float(b.mean()), float(gaps.mean()))
    place = one(gaps, [0.0], pairs=False)
    if place is not None:
        made = replace(made, low=place.low, high=place.high)
        notes += [place.note] if place.note else []
        if not shortage(len(seeds)):
            made = replace(made, p=min(1.0, 2 * min(place.above[0.0], place.below[0.0])))
    return replace(made, note="; ".join(notes))


def _shared(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """What two runs of one seed have in common, as far as their records tell.

    Two vectors of labels, each the same for all repeats, would be compared along with the methods. Where a vector is
    drawn for each repeat, its luck is part of what varies between pairs.
    """
    a, b = origin.trained_on(ours), origin.trained_on(theirs)
    other = [what for what in a if None not in (a[what], b[what]) and a[what] != b[what]]
    if not other:
        return SAME
    drawn = "per_repeat" in ((result.get("labels") or {}).get("vector") for result in (ours, theirs))
    return APART if drawn and other == ["labels"] else CONFOUNDED


def _value(result: Mapping[str, Any], statistic: str, side: Side) -> float:
    try:
        return statistics.run_statistic(result["curves"], statistic, result["spec"]["split"]).value
    except UserError as error:
        raise UserError(f"{side.cell} seed {result['seed']}: {error}") from None


def _decided(found: Comparison) -> Comparison:
    """With its word: the sign is clear where the adjusted p is at most 0.05 and the interval is clear of zero."""
    if found.difference is None:
        return found
    if found.p is None or found.p_holm is None:
        return replace(found, word="too few")
    clear = found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)
    if found.p_holm <= LEVEL and clear:
        return replace(found, word="higher" if found.difference > 0 else "lower")
    return replace(found, word="undecided")
