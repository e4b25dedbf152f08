"""Tests of means behind the claims: pure functions of numbers, one value per repeat. Repeats are the unit, not epochs.

Curves have theirs in shapes.py, whole groups of cells in groups.py, searches in ranks.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from lnl.results.claims.outcome import (
    LEVEL,
    Location,
    Outcome,
    above,
    below,
    contains,
    one,
    t_location,
    too_few,
    welch,
    within,
)


def _difference(a: Sequence[float], b: Sequence[float], paired: bool, at: Sequence[float]) -> Location | None:
    x, y = np.asarray(a, float), np.asarray(b, float)
    return one(x - y, at, pairs=True) if paired else welch(x, y, at)


def greater(a: Sequence[float], b: Sequence[float], margin: float = 0.0, paired: bool = True) -> Outcome:
    """GT(a,b;m): a is above b by more than `margin` points. Effect: mean of a minus mean of b.

    Paired: a[i] and b[i] are the same repeat (t; Wilcoxon from 8 pairs on). Otherwise Welch.
    """
    place = _difference(a, b, paired, [margin])
    return above(place, margin) if place else too_few(a, b, lower=margin)


def equal(a: Sequence[float], b: Sequence[float], margin: float, paired: bool = True) -> Outcome:
    """EQ(a,b;m): a and b are within `margin` points (two one-sided tests). Effect: mean of a minus mean of b."""
    place = _difference(a, b, paired, [-margin, margin])
    return within(place, -margin, margin) if place else too_few(a, b, lower=-margin, upper=margin)


def difference_in(a: Sequence[float], b: Sequence[float], low: float, high: float, paired: bool = True) -> Outcome:
    """INTERVAL: a minus b lies between `low` and `high`: its 95% interval does, and two one-sided tests say so."""
    place = _difference(a, b, paired, [low, high])
    return within(place, low, high) if place else too_few(a, b, lower=low, upper=high)


def one_sample(values: Sequence[float], threshold: float, direction: str = "above") -> Outcome:
    """ONE_SAMPLE: the mean over repeats is above (or below) `threshold`. Effect: the mean."""
    place = one(np.asarray(values, float), [threshold], pairs=False)
    if place is None:
        bound = {"lower" if direction == "above" else "upper": threshold}
        return too_few(values, **bound)
    return above(place, threshold) if direction == "above" else below(place, threshold)


def larger_margin(harder: Sequence[float], easier: Sequence[float]) -> Outcome:
    """INTER: the differences a - b of one condition are above those of another (Welch). Effect: difference of means.

    One difference per repeat in each list; two conditions have other labels, so their repeats are no pairs.
    """
    place = welch(np.asarray(harder, float), np.asarray(easier, float), [0.0])
    return above(place, 0.0) if place else too_few(harder, easier, lower=0.0)


def reference(values: Sequence[float], mean: float, std: float | None, n: int | None) -> Outcome:
    """REF: the published mean lies in the 95% interval of ours, the published spread (a std over n runs) added.

    Effect: our mean; the interval is that of Welch's difference, shifted to our mean.
    """
    x = np.asarray(values, float)
    if len(x) < 2:
        return too_few(values)
    ours = float(x.var(ddof=1)) / len(x)
    theirs = std**2 / n if std is not None and n is not None and n > 1 else 0.0
    if ours + theirs <= 1e-24:
        return Outcome(str(len(x)), float(x.mean()), note="no spread between repeats")
    df = (ours + theirs) ** 2 / (ours**2 / (len(x) - 1) + (theirs**2 / (n - 1) if theirs and n else 0.0))
    return contains(t_location(float(x.mean()), math.sqrt(ours + theirs), df, str(len(x)), [mean]), mean)


def misses(outcomes: Sequence[Outcome], of: int) -> Outcome:
    """REF of several values at once: no more 95% intervals miss theirs than chance explains. Effect: how many miss.

    Were all values right, each interval would still miss its own once in twenty times. The values are contradicted
    together if so many misses, or more, have a chance of at most 0.05 (binomial over the `of` values). Intervals that
    are still to come can only add misses, so too many are too many at any time.
    """
    judged = [outcome for outcome in outcomes if outcome.holds is not None]
    missing = sum(not outcome.holds for outcome in judged)
    allowed = int(stats.binom.isf(LEVEL, of, 0.05))  # P(X > allowed) <= 0.05
    note = f"{missing} of {len(judged)} intervals miss the printed value; chance allows {allowed} of {of}"
    holds = False if missing > allowed else True if len(judged) == of else None
    return Outcome(f"{len(judged)} values", float(missing), note=note, holds=holds, upper=allowed + 1.0)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p over one family; None stays None and does not count."""
    order = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    running = 0.0
    for rank, (p, i) in enumerate(order):
        running = max(running, min(1.0, p * (len(order) - rank)))
        adjusted[i] = running
    return adjusted
