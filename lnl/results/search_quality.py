"""Searches for a declared R(t), without networks, as they are kept in docs/reproduction/search_quality/quality.json.gz.

`python -m benchmarks.search_quality` makes them, and the page beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnl.files import sealed

KEPT = Path("docs", "reproduction", "search_quality", "quality.json.gz")
RESAMPLES = 4000
SURE = 0.01  # a two-sided p below which an algorithm is counted as better, or as worse
Place = tuple[str, str, str, str]  # space, target, budget, algorithm


def effect(ours: Sequence[float], others: Sequence[float]) -> dict[str, float]:
    """Difference of medians in % of the others' median, its 95% bootstrap interval, two-sided Mann-Whitney p."""
    low, high = interval(ours, others)
    return {"percent": percent(ours, others), "low": low, "high": high, "p": difference_p(ours, others)}


def percent(ours: Sequence[float], others: Sequence[float]) -> float:
    """Difference of medians in % of the others' median."""
    return 100.0 * float(np.median(np.array(ours)) / np.median(np.array(others)) - 1.0)


def interval(ours: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """95% bootstrap interval of `percent`."""
    a, b = np.array(ours), np.array(others)
    rng = np.random.default_rng(0)
    medians_a = np.median(rng.choice(a, (RESAMPLES, len(a))), 1)
    medians_b = np.median(rng.choice(b, (RESAMPLES, len(b))), 1)
    low, high = np.percentile(100.0 * (medians_a / medians_b - 1.0), [2.5, 97.5])
    return float(low), float(high)


def difference_p(ours: Sequence[float], others: Sequence[float]) -> float:
    """Two-sided p that two sets of searches end alike (Mann-Whitney)."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(np.array(ours), np.array(others)).pvalue)


@dataclass(frozen=True)
class Counts:
    """In how many pairs of space and target an algorithm is better, and worse, than another, of those with both."""

    better: int
    worse: int
    of: int


class Quality:
    """Final RMSE of every set of searches, by its place; those that tuned an option are left out."""

    def __init__(self, entries: Iterable[Mapping[str, Any]]) -> None:
        self.final: dict[Place, list[float]] = {
            (e["space"], e["target"], e["budget"], e["algorithm"]): e["final"] for e in entries if not e["options"]
        }

    @classmethod
    def read(cls, root: Path) -> Quality:
        """What a checkout keeps; nothing where it keeps none."""
        path = root / KEPT
        return cls(sealed.read(path)["searches"] if path.is_file() else ())

    def counts(self, budget: str, algorithm: str, against: str, targets: Iterable[str]) -> Counts:
        """Over every space and these targets."""
        wanted = set(targets)
        pairs = [
            (final, self.final[space, target, budget, against])
            for (space, target, cost, name), final in self.final.items()
            if (cost, name) == (budget, algorithm)
            and target in wanted
            and (space, target, budget, against) in self.final
        ]
        sure = [float(np.median(a) - np.median(b)) for a, b in pairs if difference_p(a, b) < SURE]
        return Counts(sum(gap < 0 for gap in sure), sum(gap > 0 for gap in sure), len(pairs))
