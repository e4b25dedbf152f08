"""Tests of groups of cells: do they vary, differ, lie close together, and how many of them fall short?

All but `share_above` are tests on repeats: fewer than FEWEST in the smallest cell leave them without a p. A share is
one of cases, each counted once: SHARE's are candidates of searches, each trained once by nature; SIGN's are cells,
whose means need their repeats.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from lnl.results.claims.outcome import Outcome, above, on_repeats, shortage, t_location, too_few
from lnl.results.claims.tests import equal
from lnl.results.statistics import FEWEST

DRAWS = 10_000  # of the bootstrap, with a generator of its own


def more_varied(a: Sequence[float], b: Sequence[float], fewest: int = FEWEST) -> Outcome:
    """VAR: repeats of a vary more than repeats of b (Brown-Forsythe, one-sided).

    Effect and interval: mean absolute deviation from the median, a minus b; the note gives the ratio of variances.
    Fewer than `fewest` repeats of either: no p, hence undecided.
    """
    x, y = np.asarray(a, float), np.asarray(b, float)
    if min(len(x), len(y)) < 2:
        return too_few(a, b, lower=0.0)
    da, db = np.abs(x - np.median(x)), np.abs(y - np.median(y))
    na, nb = len(x), len(y)
    df = na + nb - 2
    pooled = (da.var(ddof=1) * (na - 1) + db.var(ddof=1) * (nb - 1)) / df
    effect, n = float(da.mean() - db.mean()), f"{na} + {nb}"
    ratio = float(x.var(ddof=1) / y.var(ddof=1)) if y.var(ddof=1) > 0 else math.inf
    note = f"ratio of variances {ratio:.3g}"
    if pooled <= 0:
        return Outcome(n, effect, note=f"{note}; deviations without spread", lower=0.0)
    place = t_location(effect, math.sqrt(pooled * (1 / na + 1 / nb)), df, n, [0.0], note)
    return on_repeats(above(place, 0.0), min(na, nb), fewest)


def spread_below(values: Sequence[float], limit: float) -> Outcome:
    """SPREAD: the standard deviation between repeats is below `limit` (chi-squared). Effect: that deviation."""
    x = np.asarray(values, float)
    if len(x) < 2:
        return too_few(values, upper=limit)
    df = len(x) - 1
    squares = float(x.var(ddof=1)) * df
    low, high = (math.sqrt(squares / float(stats.chi2.ppf(q, df))) for q in (0.975, 0.025))
    p = float(stats.chi2.cdf(squares / limit**2, df))
    return on_repeats(Outcome(str(len(x)), math.sqrt(squares / df), low, high, p, 1 - p, upper=limit), len(x))


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
    n = min((int(((levels == a) & (others == b)).sum()) for a, b in cells), default=0)
    if df1 < 1 or df2 < 1:
        return Outcome(f"{n} x {len(cells)} cells", note=shortage(n) if df1 >= 1 else "fewer than two levels")
    f = ((without - within) / df1) / (within / df2) if within > 0 else math.inf
    p = float(stats.f.sf(f, df1, df2))
    effect, note = max(means) - min(means), f"F({df1}, {df2}) = {f:.3g}"
    return on_repeats(Outcome(f"{n} x {len(cells)} cells", effect, p=p, note=note), n)


def _squares(values: np.ndarray) -> float:
    return float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0


def differ(groups: Sequence[Sequence[float]]) -> Outcome:
    """KW: the groups do not all come from one distribution (Kruskal and Wallis).

    Effect: largest difference between the medians of two groups. A large p is no evidence of equality, so there is no p
    of the opposite.
    """
    fewest = min(map(len, groups), default=0)
    n = f"{fewest} x {len(groups)} cells"
    if len(groups) < 2 or fewest < 2:
        return Outcome(n, note=shortage(fewest) if len(groups) >= 2 else "fewer than two groups")
    medians = [float(np.median(group)) for group in groups]
    if len({value for group in groups for value in group}) == 1:
        return on_repeats(Outcome(n, 0.0, p=1.0, note="all values equal"), fewest)
    h, p = stats.kruskal(*groups)
    outcome = Outcome(n, max(medians) - min(medians), p=float(p), note=f"H({len(groups) - 1}) = {h:.3g}")
    return on_repeats(outcome, fewest)


def range_below(groups: Sequence[Sequence[float]], limit: float, paired: bool = True) -> Outcome:
    """RANGE: the means of all groups lie within `limit` points of each other. Effect: largest minus smallest mean.

    Holds if every two groups are within the limit (two one-sided tests each); the interval is that of the widest pair.
    """
    fewest = min(map(len, groups), default=0)
    n = f"{fewest} x {len(groups)} cells"
    if len(groups) < 2 or fewest < FEWEST:
        means = [float(np.mean(group)) for group in groups if len(group)]
        effect = max(means) - min(means) if len(groups) >= 2 and fewest else None
        return Outcome(n, effect, upper=limit, note=shortage(fewest) if len(groups) >= 2 else "fewer than two groups")
    pairs = [equal(a, b, limit, paired) for a, b in itertools.combinations(groups, 2)]
    widest = max(pairs, key=lambda pair: abs(pair.effect or 0.0))
    assert widest.effect is not None
    assert widest.low is not None
    assert widest.high is not None
    low, high = (widest.low, widest.high) if widest.effect >= 0 else (-widest.high, -widest.low)
    p = max(pair.p for pair in pairs if pair.p is not None)
    against = min(1.0, len(pairs) * min(pair.p_against for pair in pairs if pair.p_against is not None))
    return Outcome(n, abs(widest.effect), low, high, p, against, None, limit)


def trend(samples: Sequence[Sequence[float]]) -> Outcome:
    """TREND: values grow from one group to the next (Kendall's tau-b over all repeats, one-sided). Effect: tau.

    The order is that of the groups; ties within a group are allowed for. No interval: p alone decides.
    """
    fewest = min(map(len, samples), default=0)
    n = f"{fewest} x {len(samples)} cells"
    order = [place for place, sample in enumerate(samples) for _ in sample]
    found = [value for sample in samples for value in sample]
    if len(samples) < 2 or fewest < 2:
        return Outcome(n, lower=0.0, note=shortage(fewest) if len(samples) >= 2 else "fewer than two groups")
    if len(set(found)) == 1:
        return on_repeats(Outcome(n, 0.0, p=1.0, p_against=1.0, lower=0.0, note="all values equal"), fewest)
    up, down = (stats.kendalltau(order, found, alternative=side) for side in ("greater", "less"))
    p, against = float(up.pvalue), float(down.pvalue)
    outcome = Outcome(n, float(up.statistic), p=p, p_against=against, lower=0.0, note="Kendall")
    return on_repeats(outcome, fewest)


def best_inside(inside: Sequence[Sequence[float]], ends: Sequence[Sequence[float]]) -> Outcome:
    """INTERIOR: the best mean of the cells `inside` is above that of the `ends` (bootstrap over repeats).

    One list per cell, entry i of each the same repeat, so that a draw takes whole repeats. p: share of draws in which
    an end is at least as good; effect: best inside minus best end; interval: quantiles of the draws. More cells inside
    than ends favour the claim: with no differences at all the best is inside as often as their share says.
    """
    x, y = np.asarray(inside, float), np.asarray(ends, float)
    n = f"{x.shape[1]} x {len(x) + len(y)} cells"
    if x.shape[1] < 2:
        return Outcome(n, lower=0.0, note=shortage(x.shape[1]))
    drawn = np.random.default_rng(0).integers(0, x.shape[1], (DRAWS, x.shape[1]))
    leads = x[:, drawn].mean(-1).max(0) - y[:, drawn].mean(-1).max(0)
    low, high = (float(q) for q in np.quantile(leads, [0.025, 0.975]))
    behind, ahead = int((leads <= 0).sum()), int((leads > 0).sum())
    effect = float(x.mean(1).max() - y.mean(1).max())
    p, against = (behind + 1) / (DRAWS + 1), (ahead + 1) / (DRAWS + 1)
    return on_repeats(Outcome(n, effect, low, high, p, against, lower=0.0, note="bootstrap"), x.shape[1])


def share_above(hits: int, of: int, threshold: float, cases: str = "candidates") -> Outcome:
    """SHARE, SIGN: more than this share of all cases (exact binomial; interval of Clopper and Pearson).

    Effect: the share. `cases`: what they are.
    """
    if of < 2:
        return Outcome(str(of), lower=threshold, note="fewer than two cases")
    found = stats.binomtest(hits, of, threshold, alternative="greater")
    interval = stats.binomtest(hits, of).proportion_ci(0.95, "exact")
    against = stats.binomtest(hits, of, threshold, alternative="less")
    return Outcome(
        f"{of} {cases}",
        hits / of,
        float(interval.low),
        float(interval.high),
        float(found.pvalue),
        float(against.pvalue),
        lower=threshold,
        note=f"{hits} of {of}",
    )
