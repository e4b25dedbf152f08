"""Decays and rises of which curves R(t) are made (numpy only).

t: epochs [n], t = 0 before the first; T: the paper's number of epochs; every other number broadcasts against t. A decay
is 1 at t = 0, a rise 0. 0^0 is read as its limit 0 from a > 0, so that this holds at a zero exponent too; such a curve
jumps at once, so the tests look at t = 1 as well.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def columns(x: Array) -> list[Array]:
    """The numbers of x [..., d], each [..., 1] to broadcast against t [n]."""
    return [x[..., i, None] for i in range(x.shape[-1])]


def power(t: Array, a: Array) -> Array:
    """t^a."""
    return np.where(t > 0, np.power(np.maximum(t, 1e-300), a), 0.0)


def exponential(t: Array, a: Array, b: Array) -> Array:
    """exp(-b t^a)."""
    return np.exp(-b * power(t, a))


def hyperbolic(t: Array, a: Array, b: Array) -> Array:
    """(1 + b t)^-a."""
    return (1.0 + b * t) ** -a


def logarithmic(t: Array, a: Array, b: Array) -> Array:
    """ln(1 + a) / ln(1 + a + b t); 1 wherever b t = 0, also at a = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log1p(a) / np.log1p(a + b * t)
    return np.where(b * t > 0, ratio, 1.0)


def power_rise(t: Array, a: Array, b: Array, T: float) -> Array:
    """b (t/T)^a."""
    return b * power(t / T, a)


def log_rise(t: Array, a: Array, b: Array, T: float) -> Array:
    """b ln(1 + t^a) / ln(1 + T^a)."""
    return b * np.log1p(power(t, a)) / np.log1p(T**a)
