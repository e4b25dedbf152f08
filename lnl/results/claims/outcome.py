"""What a test found, and where a mean lies: the common ground of all tests behind the claims.

Every test returns an `Outcome`: an effect in a unit that the test's docstring names, its two-sided 95% interval, the p
of the claim (small: the claim is supported) and the p of its opposite (small: the claim is contradicted).

All of them but SHARE are tests on repeats: of a training, of a search, or of a synthetic arm. Fewer than FEWEST repeats
in any cell that a test uses, the same number that a verdict in a table needs, leave it with its effect and interval
for information, without p and without a word (`on_repeats`), so that no verdict can rest on them. Printed numbers and
arithmetic identities have no repeats, and need none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from lnl.declared.wording import spelled
from lnl.results.statistics import FEWEST

LEVEL = 0.05
WILCOXON_FROM = 8  # pairs: Student's t below, Wilcoxon's signed ranks from here on


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
    holds: bool | None = None  # set where a 95% interval is to contain a number (REF, CROSS), and without runs

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
class Location:
    """Where a mean (or a difference of means) lies: estimate, interval, and one-sided p on either side of a value."""

    n: str
    effect: float
    low: float
    high: float
    above: dict[float, float]  # threshold -> p of "greater than the threshold"
    below: dict[float, float]
    note: str = ""


def t_location(effect: float, error: float, df: float, n: str, at: Sequence[float], note: str = "") -> Location:
    """By Student's t: an estimate with its standard error and degrees of freedom, held against the values `at`."""
    half = float(stats.t.ppf(0.975, df)) * error
    above = {m: float(stats.t.sf((effect - m) / error, df)) for m in at}
    below = {m: float(stats.t.cdf((effect - m) / error, df)) for m in at}
    return Location(n, effect, effect - half, effect + half, above, below, note)


def one(values: np.ndarray, at: Sequence[float], pairs: bool) -> Location | None:
    """One sample, or the differences of pairs (Wilcoxon from 8 on); None for fewer than two."""
    n = len(values)
    if n < 2:
        return None
    label = f"{n} pairs" if pairs else str(n)
    effect, spread = float(values.mean()), float(values.std(ddof=1))
    if spread <= 1e-12 * max(1.0, abs(effect)):  # Student's t would be certain; the sign test is not
        above = {m: 0.5**n if effect > m else 1.0 for m in at}
        below = {m: 0.5**n if effect < m else 1.0 for m in at}
        return Location(label, effect, effect, effect, above, below, "all repeats equal: sign test")
    if pairs and n >= WILCOXON_FROM:
        low, high = _walsh_interval(values)
        above = {m: _signed_rank(values - m, "greater") for m in at}
        below = {m: _signed_rank(values - m, "less") for m in at}
        return Location(label, effect, low, high, above, below, "Wilcoxon")
    return t_location(effect, spread / math.sqrt(n), n - 1, label, at)


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


def welch(a: np.ndarray, b: np.ndarray, at: Sequence[float]) -> Location | None:
    """The difference of two independent means, variances apart; None for fewer than two of either."""
    if len(a) < 2 or len(b) < 2:
        return None
    va, vb = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    effect, n = float(a.mean() - b.mean()), f"{len(a)} + {len(b)}"
    if va + vb <= 1e-24:
        chance = 1 / math.comb(len(a) + len(b), len(a))  # one ordering of all of them
        above = {m: chance if effect > m else 1.0 for m in at}
        below = {m: chance if effect < m else 1.0 for m in at}
        return Location(n, effect, effect, effect, above, below, "all repeats equal: permutation test")
    df = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    return t_location(effect, math.sqrt(va + vb), df, n, at, "Welch")


def shortage(found: int, needed: int = FEWEST, of: str = "repeat") -> str:
    """Why there is no verdict: "two repeats, three are needed"; '' where there are enough."""
    if found >= needed:
        return ""
    plural = {"search": "searches"}.get(of, f"{of}s")
    return f"{spelled(found)} {of if found == 1 else plural}, {spelled(needed)} are needed"


def on_repeats(outcome: Outcome, found: int, needed: int = FEWEST, of: str = "repeat") -> Outcome:
    """What a test found, resting on so many repeats (of its smallest cell): too few take its p and its word away."""
    short = shortage(found, needed, of)
    if not short:
        return outcome
    note = short if outcome.holds is not None else "; ".join(filter(None, [outcome.note, short]))
    return replace(outcome, p=None, p_against=None, holds=None, note=note)


def too_few(*groups: Sequence[float], lower: float | None = None, upper: float | None = None) -> Outcome:
    """Fewer than two repeats: no effect either."""
    n = " + ".join(str(len(group)) for group in groups)
    return Outcome(n, lower=lower, upper=upper, note=shortage(min(map(len, groups))))


def above(place: Location, m: float) -> Outcome:
    """The claim that a location lies above m."""
    return Outcome(
        place.n, place.effect, place.low, place.high, place.above[m], place.below[m], lower=m, note=place.note
    )


def below(place: Location, m: float) -> Outcome:
    """The claim that a location lies below m."""
    return Outcome(
        place.n, place.effect, place.low, place.high, place.below[m], place.above[m], upper=m, note=place.note
    )


def within(place: Location, low: float, high: float) -> Outcome:
    """The claim that a location lies between two values: two one-sided tests."""
    p = max(place.above[low], place.below[high])
    against = min(1.0, 2 * min(place.below[low], place.above[high]))
    return Outcome(place.n, place.effect, place.low, place.high, p, against, low, high, place.note)


def contains(place: Location, value: float) -> Outcome:
    """For claims that an interval of ours contains a number: the p of a difference speaks against, none in favour.

    An interval of level 1 - a contains the number if that (two-sided) p is above a; `holds` says so of 95%.
    """
    found = place.low <= value <= place.high
    p = min(1.0, 2 * min(place.above[value], place.below[value]))
    words = "; ".join(filter(None, [f"interval {'contains' if found else 'misses'} {value:g}", place.note]))
    note = f"{words}; p of a difference {p:.2g}"
    return Outcome(place.n, place.effect, place.low, place.high, p_against=p, note=note, holds=found)
