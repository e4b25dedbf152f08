"""Tests on ranks: searches against each other, and how closely two curves or scores go together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import stats

from lnl.results.claims.outcome import Outcome, on_repeats, too_few
from lnl.results.statistics import FEWEST

EXACT = 10_000  # pairs up to which the interval inverts the exact distribution of U; beyond, the normal one


def better(a: Sequence[float], b: Sequence[float], lower_is_better: bool = False, fewest: int = FEWEST) -> Outcome:
    """SEARCH(a,b): searches a end better than searches b (Mann-Whitney, one-sided). One value per search.

    Effect: by how much, the median of all pairwise differences (Hodges and Lehmann), positive where a is better; its
    interval inverts the test and is open (infinite) where so few searches allow none. The note gives the share of pairs
    in which a is the better one. Fewer than `fewest` searches of either: no p, hence undecided.
    """
    x, y = np.asarray(a, float), np.asarray(b, float)
    if min(len(x), len(y)) < 2:
        return too_few(a, b, lower=0.0)
    if lower_is_better:
        x, y = -x, -y
    differences = np.sort((x[:, None] - y[None, :]).ravel())
    skip = _pairs_outside(len(x), len(y))
    low, high = (-math.inf, math.inf) if skip < 1 else (float(differences[skip - 1]), float(differences[-skip]))
    wins = float(((differences > 0) + 0.5 * (differences == 0)).mean())
    note = f"better in {100 * wins:.0f}% of pairs"
    p = against = 1.0
    if np.any(differences):
        p = float(stats.mannwhitneyu(x, y, alternative="greater").pvalue)
        against = float(stats.mannwhitneyu(x, y, alternative="less").pvalue)
    effect = float(np.median(differences))
    outcome = Outcome(f"{len(x)} + {len(y)}", effect, low, high, p, against, lower=0.0, note=note)
    return on_repeats(outcome, min(len(x), len(y)), fewest, "search")


@cache
def _pairs_outside(n: int, m: int) -> int:
    """How many of the n m ordered pairwise differences lie below a 95% interval of the shift: P(U < it) <= 0.025."""
    if n * m > EXACT:
        middle, spread = n * m / 2, math.sqrt(n * m * (n + m + 1) / 12)
        return max(0, math.floor(middle - float(stats.norm.ppf(0.975)) * spread))
    counts = np.zeros(n * m + 1)  # exact distribution of U: how often each value occurs among all orderings
    counts[0] = 1.0
    for k in range(1, n + 1):  # the Gaussian binomial coefficient, factor by factor
        up, down = m + k, k
        counts[up:] -= counts[:-up].copy() if up <= n * m else 0.0
        for i in range(down, n * m + 1):
            counts[i] += counts[i - down]
    cumulative = np.cumsum(counts) / math.comb(n + m, n)
    return int(np.searchsorted(cumulative, 0.025, side="right"))


def correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """SPEARMAN's rho of two equally long lists, where both are defined; nan for fewer than three or a constant list."""
    x, y = np.asarray(a, float), np.asarray(b, float)
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(stats.spearmanr(x, y).statistic)
