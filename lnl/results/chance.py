"""How likely a published mean is, if its runs were more repeats like those measured."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from lnl.results.statistics import FEWEST


@dataclass(frozen=True)
class Chance:
    """Probability that the mean of some new repeats is at least a given number.

    `resampled`: the repeats measured are all there is to draw from, with equal chances: nothing is assumed of their
    shape, and nothing known beyond their highest. `student`: repeats are normal, their mean and deviation as uncertain
    as so few leave them; a mean of k new ones differs from that of n by s sqrt(1/k + 1/n) t with n - 1 degrees of
    freedom.
    """

    resampled: float
    student: float


def chance_of_mean(values: Sequence[float], least: float, mean_of: int) -> Chance | None:
    """Chance that a mean of `mean_of` repeats reaches `least`, from measured `values`; None for fewer than three.

    Resampling is exact: every sample with replacement, weighted by the orders in which it can be drawn.
    """
    n = len(values)
    if n < FEWEST:
        return None
    reached = 0
    for sample in combinations_with_replacement(range(n), mean_of):
        if math.fsum(values[i] for i in sample) >= mean_of * least:
            reached += math.factorial(mean_of) // math.prod(map(math.factorial, Counter(sample).values()))
    return Chance(reached / n**mean_of, _student(values, least, mean_of))


def _student(values: Sequence[float], least: float, mean_of: int) -> float:
    from scipy.stats import t

    n, gap = len(values), least - statistics.fmean(values)
    width = statistics.stdev(values) * math.sqrt(1 / mean_of + 1 / n)
    if width == 0:
        return float(gap <= 0)
    return float(t.sf(gap / width, n - 1))
