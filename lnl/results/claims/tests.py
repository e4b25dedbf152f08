"""Tests of means behind the claims: pure functions of numbers, one value per repeat. Repeats are the unit, not epochs.

All are tests on repeats: fewer than FEWEST leave them without a p. Curves have theirs in shapes.py, whole groups of
cells in groups.py, searches in ranks.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lnl.results.claims.outcome import (
    Location,
    Outcome,
    above,
    below,
    contains,
    on_repeats,
    one,
    t_location,
    too_few,
    welch,
    within,
)
from lnl.results.statistics import UNSTATED

WIDEST = f"{UNSTATED}, the widest reading of a printed spread of unknown n"


def _difference(a: Sequence[float], b: Sequence[float], paired: bool, at: Sequence[float]) -> Location | None:
    x, y = np.asarray(a, float), np.asarray(b, float)
    return one(x - y, at, pairs=True) if paired else welch(x, y, at)


def _fewer(a: Sequence[float], b: Sequence[float]) -> int:
    return min(len(a), len(b))


def greater(a: Sequence[float], b: Sequence[float], margin: float = 0.0, paired: bool = True) -> Outcome:
    """GT(a,b;m): a is above b by more than `margin` points. Effect: mean of a minus mean of b.

    Paired: a[i] and b[i] are the same repeat (t; Wilcoxon from 8 pairs on). Otherwise Welch.
    """
    place = _difference(a, b, paired, [margin])
    return on_repeats(above(place, margin), _fewer(a, b)) if place else too_few(a, b, lower=margin)


def equal(a: Sequence[float], b: Sequence[float], margin: float, paired: bool = True) -> Outcome:
    """EQ(a,b;m): a and b are within `margin` points (two one-sided tests). Effect: mean of a minus mean of b."""
    return difference_in(a, b, -margin, margin, paired)


def difference_in(a: Sequence[float], b: Sequence[float], low: float, high: float, paired: bool = True) -> Outcome:
    """INTERVAL: a minus b lies between `low` and `high`: its 95% interval does, and two one-sided tests say so."""
    place = _difference(a, b, paired, [low, high])
    return on_repeats(within(place, low, high), _fewer(a, b)) if place else too_few(a, b, lower=low, upper=high)


def one_sample(values: Sequence[float], threshold: float, direction: str = "above") -> Outcome:
    """ONE_SAMPLE: the mean over repeats is above (or below) `threshold`. Effect: the mean."""
    place = one(np.asarray(values, float), [threshold], pairs=False)
    if place is None:
        bound = {"lower" if direction == "above" else "upper": threshold}
        return too_few(values, **bound)
    return on_repeats((above if direction == "above" else below)(place, threshold), len(values))


def larger_margin(harder: Sequence[float], easier: Sequence[float]) -> Outcome:
    """INTER: the differences a - b of one condition are above those of another (Welch). Effect: difference of means.

    One difference per repeat in each list; two conditions have other labels, so their repeats are no pairs.
    """
    place = welch(np.asarray(harder, float), np.asarray(easier, float), [0.0])
    return on_repeats(above(place, 0.0), _fewer(harder, easier)) if place else too_few(harder, easier, lower=0.0)


def reference(values: Sequence[float], mean: float, std: float | None, n: int | None) -> Outcome:
    """REF: the published mean lies in the 95% interval of ours, the published spread (a std over n runs) added.

    Effect: our mean; the interval is that of Welch's difference, shifted to our mean. Where n is not printed the spread
    enters as that of one run, the widest reading of a standard error, and as exact, since no n means no degrees of
    freedom either; the note says so.
    """
    x = np.asarray(values, float)
    if len(x) < 2:
        return too_few(values)
    ours = float(x.var(ddof=1)) / len(x)
    theirs = std**2 / (n or 1) if std is not None else 0.0
    if ours + theirs <= 1e-24:
        return Outcome(str(len(x)), float(x.mean()), note="no spread between repeats")
    uncertain = ours**2 / (len(x) - 1) + (theirs**2 / (n - 1) if n is not None and n > 1 else 0.0)
    df = (ours + theirs) ** 2 / uncertain if uncertain > 0 else math.inf
    note = WIDEST if std is not None and n is None else ""
    place = t_location(float(x.mean()), math.sqrt(ours + theirs), df, str(len(x)), [mean], note)
    return on_repeats(contains(place, mean), len(x))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p over one family; None stays None and does not count."""
    order = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    running = 0.0
    for rank, (p, i) in enumerate(order):
        running = max(running, min(1.0, p * (len(order) - rank)))
        adjusted[i] = running
    return adjusted
