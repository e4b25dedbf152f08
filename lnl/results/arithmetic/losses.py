"""Arithmetic of R(T), of a share of a batch, and of the size that a loss can have."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lnl.declared.wording import listed, whole
from lnl.learning.ramps import drop_rate
from lnl.learning.schedules import kept_count

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


def scaled_logits_bounds(classes: int) -> dict[str, str]:
    """What logits of K classes whose squares have mean 1 in every row can say at most (IEG's released scaling).

    The surest row is sqrt(K - 1) for one class and -1 / sqrt(K - 1) for the others, K / sqrt(K - 1) apart. surest: its
    posterior, sharpened as pseudo labels are; loss: the cross-entropy of its posterior with that class.
    """
    from lnl.learning.pseudo_labels import TEMPERATURE  # it imports torch

    apart, others = classes / math.sqrt(classes - 1), classes - 1
    return {
        "surest": f"{1 / (1 + others * math.exp(-apart / TEMPERATURE)):.3f}",
        "loss": f"{math.log1p(others * math.exp(-apart)):.2f}",
    }


def mixing_shares() -> dict[str, str]:
    """Mean share of the first of two mixed images by form of MixUp's ratio: of 1 - u^2 / 2, u uniform, and of the
    larger part of a Beta(1/2, 1/2), 1/2 + 1/pi."""
    return {"as_released": f"{1 - 1 / 6:.3f}", "beta": f"{0.5 + 1 / math.pi:.3f}"}
