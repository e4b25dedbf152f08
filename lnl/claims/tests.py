"""The tests behind the claims: pure functions of numbers, one value per repeat. Repeats are the unit, never epochs.

Every test returns an `Outcome`: an effect in a unit that its docstring names, its two-sided 95% interval, the p of
the claim (small: the claim is supported) and the p of its opposite (small: the claim is contradicted). Fewer than two
repeats have neither interval nor p, so that no verdict can rest on them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

LEVEL = 0.05
WILCOXON_FROM = 8  # pairs: Student's t below, Wilcoxon's signed ranks from here on
WINDOW = 5  # epochs of the running median
LAST = 10  # epochs of the final mean
SHORTEST = WINDOW + LAST  # epochs: a shorter curve has no peak apart from its end


@dataclass(frozen=True)
class Outcome:
    """What a test found. The claim says lower < effect < upper; None means unbounded."""

    n: str  # repeats: "5", pairs as "5 pairs", two independent groups as "5 + 5"
    effect: float | None = None
    low: float | None = None  # 95% interval of the effect
    high: float | None = None
    p: float | None = None
    p_against: float | None = None
    lower: float | None = None
    upper: float | None = None
    note: str = ""
    holds: bool | None = None  # set where the test is a plain inequality without a p (REF, CROSS, PRINT, ID)

    @property
    def inside(self) -> bool:
        """The 95% interval lies wholly within the claimed region (also true where a test has no interval)."""
        return (self.lower is None or self.low is None or self.low > self.lower) and (
            self.upper is None or self.high is None or self.high < self.upper
        )

    @property
    def outside(self) -> bool:
        """The 95% interval lies wholly beyond one end of the claimed region."""
        below = self.lower is not None and self.high is not None and self.high < self.lower
        return below or (self.upper is not None and self.low is not None and self.low > self.upper)


@dataclass(frozen=True)
class _Location:
    """Where a mean (or a difference of means) lies: estimate, interval, and one-sided p on either side of a value."""

    n: str
    effect: float
    low: float
    high: float
    above: dict[float, float]  # threshold -> p of "greater than the threshold"
    below: dict[float, float]
    note: str = ""


def _t_location(effect: float, error: float, df: float, n: str, at: Sequence[float], note: str = "") -> _Location:
    half = float(stats.t.ppf(0.975, df)) * error
    above = {m: float(stats.t.sf((effect - m) / error, df)) for m in at}
    below = {m: float(stats.t.cdf((effect - m) / error, df)) for m in at}
    return _Location(n, effect, effect - half, effect + half, above, below, note)


def _one(values: np.ndarray, at: Sequence[float], pairs: bool) -> _Location | None:
    n = len(values)
    if n < 2:
        return None
    label = f"{n} pairs" if pairs else str(n)
    effect, spread = float(values.mean()), float(values.std(ddof=1))
    if spread <= 1e-12 * max(1.0, abs(effect)):  # Student's t would be certain; the sign test is not
        above = {m: 0.5**n if effect > m else 1.0 for m in at}
        below = {m: 0.5**n if effect < m else 1.0 for m in at}
        return _Location(label, effect, effect, effect, above, below, "all repeats equal: sign test")
    if pairs and n >= WILCOXON_FROM:
        low, high = _walsh_interval(values)
        above = {m: _signed_rank(values - m, "greater") for m in at}
        below = {m: _signed_rank(values - m, "less") for m in at}
        return _Location(label, effect, low, high, above, below, "Wilcoxon")
    return _t_location(effect, spread / math.sqrt(n), n - 1, label, at)


def _signed_rank(values: np.ndarray, alternative: str) -> float:
    if not np.any(values):
        return 1.0
    return float(stats.wilcoxon(values, alternative=alternative).pvalue)


def _walsh_interval(values: np.ndarray) -> tuple[float, float]:
    """The 95% interval that inverts the exact signed-rank test: order statistics of the pairwise means."""
    n = len(values)
    walsh = np.sort([(values[i] + values[j]) / 2 for i in range(n) for j in range(i, n)])
    counts = np.ones(1)  # exact distribution of the rank sum, one rank at a time
    for rank in range(1, n + 1):
        grown = np.zeros(len(counts) + rank)
        grown[: len(counts)] += counts
        grown[rank:] += counts
        counts = grown
    skip = int(np.searchsorted(np.cumsum(counts) / 2.0**n, 0.025, side="right"))  # P(W <= skip - 1) <= 0.025
    skip = max(skip, 1)
    return float(walsh[skip - 1]), float(walsh[-skip])


def _welch(a: np.ndarray, b: np.ndarray, at: Sequence[float]) -> _Location | None:
    if len(a) < 2 or len(b) < 2:
        return None
    va, vb = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    effect, n = float(a.mean() - b.mean()), f"{len(a)} + {len(b)}"
    if va + vb <= 1e-24:
        chance = 1 / math.comb(len(a) + len(b), len(a))  # one ordering of all of them
        above = {m: chance if effect > m else 1.0 for m in at}
        below = {m: chance if effect < m else 1.0 for m in at}
        return _Location(n, effect, effect, effect, above, below, "all repeats equal: permutation test")
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return _t_location(effect, math.sqrt(va + vb), df, n, at, "Welch")


def _difference(a: Sequence[float], b: Sequence[float], paired: bool, at: Sequence[float]) -> _Location | None:
    x, y = np.asarray(a, float), np.asarray(b, float)
    return _one(x - y, at, pairs=True) if paired else _welch(x, y, at)


def _too_few(*groups: Sequence[float], lower: float | None = None, upper: float | None = None) -> Outcome:
    n = " + ".join(str(len(group)) for group in groups)
    return Outcome(n, lower=lower, upper=upper, note="fewer than two repeats")


def _above(place: _Location, m: float) -> Outcome:
    return Outcome(
        place.n, place.effect, place.low, place.high, place.above[m], place.below[m], lower=m, note=place.note
    )


def _below(place: _Location, m: float) -> Outcome:
    return Outcome(
        place.n, place.effect, place.low, place.high, place.below[m], place.above[m], upper=m, note=place.note
    )


def _within(place: _Location, low: float, high: float) -> Outcome:
    p = max(place.above[low], place.below[high])  # two one-sided tests
    against = min(1.0, 2 * min(place.below[low], place.above[high]))
    return Outcome(place.n, place.effect, place.low, place.high, p, against, low, high, place.note)


def greater(a: Sequence[float], b: Sequence[float], margin: float = 0.0, paired: bool = True) -> Outcome:
    """GT(a,b;m): a is above b by more than `margin` points. Effect: mean of a minus mean of b.

    Paired: a[i] and b[i] are the same repeat (t; Wilcoxon from 8 pairs on). Otherwise Welch.
    """
    place = _difference(a, b, paired, [margin])
    return _above(place, margin) if place else _too_few(a, b, lower=margin)


def equal(a: Sequence[float], b: Sequence[float], margin: float, paired: bool = True) -> Outcome:
    """EQ(a,b;m): a and b are within `margin` points (two one-sided tests). Effect: mean of a minus mean of b."""
    place = _difference(a, b, paired, [-margin, margin])
    return _within(place, -margin, margin) if place else _too_few(a, b, lower=-margin, upper=margin)


def difference_in(a: Sequence[float], b: Sequence[float], low: float, high: float, paired: bool = True) -> Outcome:
    """INTERVAL: a minus b lies between `low` and `high`: its 95% interval does, and two one-sided tests say so."""
    place = _difference(a, b, paired, [low, high])
    return _within(place, low, high) if place else _too_few(a, b, lower=low, upper=high)


def one_sample(values: Sequence[float], threshold: float, direction: str = "above") -> Outcome:
    """ONE_SAMPLE: the mean over repeats is above (or below) `threshold`. Effect: the mean."""
    place = _one(np.asarray(values, float), [threshold], pairs=False)
    if place is None:
        bound = {"lower" if direction == "above" else "upper": threshold}
        return _too_few(values, **bound)
    return _above(place, threshold) if direction == "above" else _below(place, threshold)


def peak_minus_end(curve: Sequence[float]) -> float:
    """Best 5-epoch running median minus the mean of the last ten epochs; nan for a curve too short."""
    values = np.asarray(curve, float)
    values = values[~np.isnan(values)]
    if len(values) < SHORTEST:
        return math.nan
    medians = np.median(np.lib.stride_tricks.sliding_window_view(values, WINDOW), axis=-1)
    return float(medians.max() - values[-LAST:].mean())


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


def rise(epochs: Sequence[float], curves: Sequence[Sequence[float]], first: float, last: float) -> Outcome:
    """RISE(x;e1,e2): the Theil-Sen slope between the two epochs is above 0 over repeats. Effect: points per epoch."""
    x = np.asarray(epochs, float)
    chosen = (x >= first) & (x <= last)
    slopes = []
    for curve in curves:
        y = np.asarray(curve, float)
        use = chosen & ~np.isnan(y)
        if use.sum() >= 2:
            slopes.append(float(stats.theilslopes(y[use], x[use])[0]))
    return one_sample(slopes, 0.0, "above")


def crossing(epochs: Sequence[float], a: Sequence[float], b: Sequence[float]) -> float:
    """First epoch from which the smoothed curve of a stays above that of b; nan if it is not above at the end."""
    smooth = [
        np.median(np.lib.stride_tricks.sliding_window_view(np.asarray(curve, float), WINDOW), axis=-1)
        if len(curve) >= WINDOW
        else np.asarray([])
        for curve in (a, b)
    ]
    centres = np.asarray(epochs, float)[WINDOW // 2 : len(epochs) - WINDOW // 2]
    behind = np.flatnonzero(~(smooth[0] > smooth[1]))
    if len(smooth[0]) == 0 or (len(behind) and behind[-1] == len(centres) - 1):
        return math.nan
    return float(centres[behind[-1] + 1] if len(behind) else centres[0])


def cross(crossings: Sequence[float], contains: float) -> Outcome:
    """CROSS(a,b): the 95% interval of the crossing epoch, one per repeat, holds `contains`. Effect: their mean."""
    found = np.asarray([epoch for epoch in crossings if not math.isnan(epoch)])
    place = _one(found, [contains], pairs=False)
    if place is None or len(found) < len(crossings):
        never = len(crossings) - len(found)
        note = f"{never} of {len(crossings)} repeats never cross" if never else "fewer than two repeats"
        return Outcome(str(len(crossings)), note=note)
    return _contains(place, contains)


def _contains(place: _Location, value: float) -> Outcome:
    """For claims that an interval of ours contains a number: a plain inequality, no p."""
    inside = place.low <= value <= place.high
    note = f"interval {'contains' if inside else 'misses'} {value:g}"
    return Outcome(place.n, place.effect, place.low, place.high, note=note, holds=inside)


def more_varied(a: Sequence[float], b: Sequence[float], fewest: int = 2) -> Outcome:
    """VAR: repeats of a vary more than repeats of b (Brown-Forsythe, one-sided).

    Effect and interval: mean absolute deviation from the median, a minus b; the note gives the ratio of variances.
    Fewer than `fewest` repeats of either: no p, hence undecided.
    """
    x, y = np.asarray(a, float), np.asarray(b, float)
    if min(len(x), len(y)) < 2:
        return _too_few(a, b, lower=0.0)
    da, db = np.abs(x - np.median(x)), np.abs(y - np.median(y))
    na, nb = len(x), len(y)
    df = na + nb - 2
    pooled = (da.var(ddof=1) * (na - 1) + db.var(ddof=1) * (nb - 1)) / df
    effect, n = float(da.mean() - db.mean()), f"{na} + {nb}"
    ratio = float(x.var(ddof=1) / y.var(ddof=1)) if y.var(ddof=1) > 0 else math.inf
    note = f"ratio of variances {ratio:.3g}"
    if pooled <= 0:
        return Outcome(n, effect, note=f"{note}; deviations without spread", lower=0.0)
    place = _t_location(effect, math.sqrt(pooled * (1 / na + 1 / nb)), df, n, [0.0], note)
    outcome = _above(place, 0.0)
    if min(na, nb) < fewest:
        return replace(outcome, p=None, p_against=None, note=f"{note}; needs {fewest} repeats of each")
    return outcome


def influence(values: Sequence[float], factor: Sequence[str], other: Sequence[str]) -> Outcome:
    """ANOVA: `factor` influences the values, alone or with `other` (two-way layout, F of all terms that hold it).

    One entry per repeat in all three lists. Effect: largest difference between the means of two levels, in the
    values' unit. A large p is no evidence against an influence, so there is no p of the opposite.
    """
    y, levels, others = np.asarray(values, float), np.asarray(factor), np.asarray(other)
    means = [float(y[levels == level].mean()) for level in sorted(set(factor))]
    cells = sorted(set(zip(factor, other, strict=True)))
    within = sum(_squares(y[(levels == a) & (others == b)]) for a, b in cells)
    without = sum(_squares(y[others == b]) for b in sorted(set(other)))
    df1, df2 = len(cells) - len(set(other)), len(y) - len(cells)
    if not means or df1 < 1 or df2 < 1:
        return Outcome(str(len(y)), note="too few repeats for a two-way layout")
    f = ((without - within) / df1) / (within / df2) if within > 0 else math.inf
    p = float(stats.f.sf(f, df1, df2))
    n = min(int(((levels == a) & (others == b)).sum()) for a, b in cells)
    return Outcome(f"{n} x {len(cells)} cells", max(means) - min(means), p=p, note=f"F({df1}, {df2}) = {f:.3g}")


def _squares(values: np.ndarray) -> float:
    return float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0


def range_below(groups: Sequence[Sequence[float]], limit: float, paired: bool = True) -> Outcome:
    """RANGE: the means of all groups lie within `limit` points of each other. Effect: largest minus smallest mean.

    Holds if every two groups are within the limit (two one-sided tests each); the interval is that of the widest pair.
    """
    if any(len(group) < 2 for group in groups) or len(groups) < 2:
        return Outcome(
            str(min((len(group) for group in groups), default=0)), upper=limit, note="fewer than two repeats"
        )
    pairs = [equal(a, b, limit, paired) for a, b in itertools.combinations(groups, 2)]
    widest = max(pairs, key=lambda pair: abs(pair.effect or 0.0))
    assert widest.effect is not None
    assert widest.low is not None
    assert widest.high is not None
    low, high = (widest.low, widest.high) if widest.effect >= 0 else (-widest.high, -widest.low)
    p = max(pair.p for pair in pairs if pair.p is not None)
    against = min(1.0, len(pairs) * min(pair.p_against for pair in pairs if pair.p_against is not None))
    return Outcome(
        f"{min(map(len, groups))} x {len(groups)} cells", abs(widest.effect), low, high, p, against, None, limit
    )


def reference(values: Sequence[float], mean: float, std: float | None, n: int | None) -> Outcome:
    """REF: the published mean lies in the 95% interval of ours, the published spread (a std over n runs) added.

    Effect: our mean; the interval is that of Welch's difference, shifted to our mean.
    """
    x = np.asarray(values, float)
    if len(x) < 2:
        return _too_few(values)
    ours = float(x.var(ddof=1)) / len(x)
    theirs = std**2 / n if std is not None and n is not None and n > 1 else 0.0
    if ours + theirs <= 1e-24:
        return Outcome(str(len(x)), float(x.mean()), note="no spread between repeats")
    df = (ours + theirs) ** 2 / (ours**2 / (len(x) - 1) + (theirs**2 / (n - 1) if theirs and n else 0.0))
    return _contains(_t_location(float(x.mean()), math.sqrt(ours + theirs), df, str(len(x)), [mean]), mean)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's adjusted p over one family; None stays None and does not count."""
    order = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    running = 0.0
    for rank, (p, i) in enumerate(order):
        running = max(running, min(1.0, p * (len(order) - rank)))
        adjusted[i] = running
    return adjusted
