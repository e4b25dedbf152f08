"""Arithmetic of R(T), of a share of a batch, and of the size that a loss can have."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lnl.learning.ramps import drop_rate
from lnl.learning.schedules import kept_count
from lnl.results.arithmetic.words import listed, whole

EPOCHS = range(1, 200)  # that Co-teaching's released code trains


def largest_drop(noise_rate: float, c: float, t_k: float) -> dict[str, str]:
    """Percent of a batch that the forms of R(T) drop at most in any epoch, with tau the noise rate.

    as_released: ramp and exponent as released; as_printed: both as printed; tau: what either ends with.
    """
    found = {
        form: f"{100 * max(drop_rate(t, noise_rate, t_k, c, form, form) for t in EPOCHS):.0f}"
        for form in ("as_released", "as_printed")
    }
    return {**found, "tau": f"{100 * noise_rate:.0f}"}


def epochs_to_full_drop(c: float, t_k: Sequence[float]) -> dict[str, str]:
    """Epochs after which tau min(T^c / T_k, 1) is tau: T_k^(1 / c)."""
    return {"value": listed([whole(length ** (1 / c)) for length in t_k])}


def rounding_gap(batch: int) -> dict[str, str]:
    """Examples of a batch that rounding up keeps more than truncating, at most over all shares."""
    shares = [k / (8 * batch) for k in range(8 * batch + 1)]
    return {"value": whole(max(kept_count(s, batch, "ceil") - kept_count(s, batch, "floor") for s in shares))}


def largest_loss(floor: float) -> dict[str, str]:
    """The cross-entropy of the smallest probability whose logarithm is taken."""
    return {"value": f"{-math.log(floor):.1f}"}


def double_softmax_bounds(classes: int) -> dict[str, str]:
    """Between what a cross-entropy stays whose logits are a posterior: a sure one is right, or is wrong."""
    rest = math.log(math.e + classes - 1)
    return {"low": f"{rest - 1:.2f}", "high": f"{rest:.2f}"}
