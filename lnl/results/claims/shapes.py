"""Tests of learning curves: falls, holds, slopes and crossings. One curve per repeat; repeats are the unit, not epochs.

All are tests on repeats: fewer than FEWEST leave them without a p or a word.

The peak is taken on a smoothed curve (running median of five epochs), so that noise alone does not make a fall.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from lnl.results.claims.outcome import Outcome, contains, on_repeats, one, shortage, t_location
from lnl.results.claims.tests import one_sample
from lnl.results.statistics import LAST

WINDOW = 5  # epochs of the running median
SHORTEST = WINDOW + LAST  # epochs: a shorter curve has no peak apart from its end


def smooth(curve: Sequence[float]) -> np.ndarray:
    """Running median of five: element i is centred on element i + 2 of the curve; empty for a curve too short."""
    values = np.asarray(curve, float)
    if len(values) < WINDOW:
        return np.asarray([])
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(values, WINDOW), axis=-1))


def peak_minus_end(curve: Sequence[float]) -> float:
    """Best 5-epoch running median minus the mean of the last ten epochs; nan for a curve too short."""
    values = np.asarray(curve, float)
    values = values[~np.isnan(values)]
    if len(values) < SHORTEST:
        return math.nan
    return float(smooth(values).max() - values[-LAST:].mean())


def peak_epoch(epochs: Sequence[float], curve: Sequence[float]) -> float:
    """Epoch in the middle of the best 5-epoch running median (the first of equals); nan for a curve too short."""
    values = np.asarray(curve, float)
    known = ~np.isnan(values)
    if known.sum() < SHORTEST:
        return math.nan
    return float(np.asarray(epochs, float)[known][WINDOW // 2 + int(smooth(values[known]).argmax())])


def _falls(curves: Sequence[Sequence[float]]) -> list[float]:
    return [fall for fall in map(peak_minus_end, curves) if not math.isnan(fall)]


def fall(curves: Sequence[Sequence[float]], margin: float) -> Outcome:
    """FALL(x;m): a fall from the smoothed peak of more than `margin` points. One curve per repeat; effect: the fall."""
    return _enough(curves, one_sample(_falls(curves), margin, "above"))


def hold(curves: Sequence[Sequence[float]], margin: float) -> Outcome:
    """HOLD(x;m): the fall from the smoothed peak stays below `margin` points (upper limit). Effect: the fall."""
    return _enough(curves, one_sample(_falls(curves), margin, "below"))


def _enough(curves: Sequence[Sequence[float]], outcome: Outcome) -> Outcome:
    if len(curves) >= 2 and outcome.effect is None:
        return replace(outcome, n=str(len(curves)), note=f"fewer than {SHORTEST} epochs")
    return outcome


def slope(epochs: Sequence[float], curve: Sequence[float], first: float, last: float) -> float:
    """Theil-Sen slope between two epochs, per epoch; nan for fewer than two points."""
    x, y = np.asarray(epochs, float), np.asarray(curve, float)
    use = (x >= first) & (x <= last) & ~np.isnan(y)
    return float(stats.theilslopes(y[use], x[use])[0]) if use.sum() >= 2 else math.nan


def rise(
    epochs: Sequence[float],
    curves: Sequence[Sequence[float]],
    first: float | Sequence[float],
    last: float,
    direction: str = "above",
) -> Outcome:
    """RISE(x;e1,e2): the Theil-Sen slope between two epochs is above (`below`: below) 0 over repeats.

    Effect: unit of the curve per epoch. `first`: an epoch, or one for each repeat (its peak, for instance).
    """
    starts = [first] * len(curves) if isinstance(first, (int, float)) else list(first)
    slopes = [slope(epochs, curve, start, last) for curve, start in zip(curves, starts, strict=True)]
    return one_sample([s for s in slopes if not math.isnan(s)], 0.0, direction)


def crossing(epochs: Sequence[float], a: Sequence[float], b: Sequence[float]) -> float:
    """First epoch from which the smoothed curve of a stays above that of b; nan if it is not above at the end."""
    smoothed = smooth(a), smooth(b)
    centres = np.asarray(epochs, float)[WINDOW // 2 : len(epochs) - WINDOW // 2]
    behind = np.flatnonzero(~(smoothed[0] > smoothed[1]))
    if len(smoothed[0]) == 0 or (len(behind) and behind[-1] == len(centres) - 1):
        return math.nan
    return float(centres[behind[-1] + 1] if len(behind) else centres[0])


def cross(crossings: Sequence[float], contained: float, step: float = 1.0) -> Outcome:
    """CROSS(a,b): the 95% interval of the crossing epoch, one per repeat, holds `contained`. Effect: their mean.

    A repeat that never crosses has no epoch, and leaves the claim undecided. Repeats that all cross in one epoch vary
    by the rounding alone, whose variance is step^2 / 12; `step`: from one evaluated epoch to the next.
    """
    found = np.asarray([epoch for epoch in crossings if not math.isnan(epoch)])
    place = one(found, [contained], pairs=False)
    if place is None or len(found) < len(crossings):
        never = len(crossings) - len(found)
        note = f"{never} of {len(crossings)} repeats never cross" if never else shortage(len(crossings))
        return Outcome(str(len(crossings)), note=note)
    if place.low == place.high:
        place = t_location(place.effect, step / math.sqrt(12 * len(found)), len(found) - 1, place.n, [contained])
    return on_repeats(contains(place, contained), len(crossings))
