"""Arithmetic of label noise: transition matrices, and what a share of the labels means."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from lnl.errors import UserError
from lnl.noise.transition import lead, matrix, requested

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def uniform_flip_share(noise: str, classes: int) -> dict[str, str]:
    """Percent of labels that a draw over all K classes makes wrong: 100 (1 - T[0, 0]), which is 100 r (K - 1) / K."""
    return {"value": f"{100 * (1 - matrix(noise, classes)[0, 0]):g}"}


def wrong_share(suite: Suite, noise: str, datasets: Sequence[str]) -> dict[str, str]:
    """By data set the percent of labels that a noise makes wrong where all classes are as frequent: 100 (1 - tr T / K).

    UserError where nobody knows the matrix.
    """
    found = {}
    for name in datasets:
        info = suite.dataset(name)
        t = requested(noise, info.classes, suite.own_noise(noise, name), 0)
        if t is None:
            raise UserError(f"noise '{noise}' has no matrix on {name}")
        found[name] = f"{100 * (1 - np.trace(t) / len(t)):.3g}"
    return found


def pair_is_symmetric(classes: int) -> dict[str, str]:
    """Fills nothing: UserError unless pair and symmetric noise of one rate are one matrix, at every percent to 50."""
    for percent in range(1, 51):
        if not np.array_equal(matrix(f"pair-{percent}", classes), matrix(f"symmetric-{percent}", classes)):
            raise UserError(f"with {classes} classes pair-{percent} and symmetric-{percent} are two matrices")
    return {}


def transition_rows(noise: str, classes: int) -> dict[str, str]:
    """The row that all rows of T are; UserError where they differ, so that a label says something of its class."""
    rows = {tuple(map(float, row)) for row in matrix(noise, classes)}
    if len(rows) > 1:
        raise UserError(f"the rows of {noise} with {classes} classes differ")
    return {"value": "(" + ", ".join(f"{entry:g}" for entry in rows.pop()) + ")"}


def transition_lead(noises: Sequence[str], classes: int) -> dict[str, str]:
    """By noise the points by which the true class leads the likeliest wrong one, where that is least over classes."""
    return {noise: f"{100 * float(lead(matrix(noise, classes)).min()):.3g}" for noise in noises}


def jittered_inverse(rate: float, classes: int, jitter: float, draws: int, seed: int) -> dict[str, str]:
    """What inverting T + jitter U(0, 1) gives for symmetric noise of this rate (SIGUA's code, for two classes).

    value: median of the entries' sizes over the draws, to three digits; positive: percent of diagonal entries above 0.
    """
    from lnl.learning.correction import JITTER  # it imports torch

    if jitter != JITTER:
        raise UserError(f"jitter {jitter:g}: the suite's backward correction adds {JITTER:g}")
    t = matrix(f"symmetric-{_percent(rate)}", classes)
    uniform = np.random.default_rng(seed).random((draws, classes, classes))
    inverse = np.linalg.inv(t + jitter * uniform)
    size = float(np.median(np.abs(inverse)))
    digits = 2 - int(np.floor(np.log10(size)))
    share = 100 * float((np.diagonal(inverse, axis1=1, axis2=2) > 0).mean())
    return {"value": f"±{round(size, digits):,.0f}", "positive": f"{share:.0f}"}


def _percent(rate: float) -> str:
    """0.5 -> 50, as a noise key spells it."""
    return f"{float(Fraction(str(rate)) * 100):g}"


def largest_class_share(counts: Sequence[int]) -> dict[str, str]:
    """Percent of examples that always naming the largest class gets right."""
    return {"value": f"{100 * max(counts) / sum(counts):.1f}"}


def printed_band(**values: Sequence[float]) -> dict[str, str]:
    """Smallest and largest span, over noises, of the values that are printed for one setting."""
    spans = [max(listed) - min(listed) for listed in values.values()]
    return {"low": f"{min(spans):.2f}", "high": f"{max(spans):.2f}"}


def spread_ratio(runs: int) -> dict[str, str]:
    """The standard deviation with ddof 0 as a part of that with ddof 1: sqrt((n - 1) / n)."""
    return {"value": f"{((runs - 1) / runs) ** 0.5:.2f}"}
