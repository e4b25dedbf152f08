"""Every formula of R(t), the kept fraction, that the sources search (numpy only).

x: the physical numbers of a point, last axis; t: epochs on the paper's clock, t = 0 before the first; T: the paper's
number of epochs. Clipping is not part of a formula. What curves are made of: lnl/learning/decays.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lnl.learning.basis_functions import fixed_bases
from lnl.learning.decays import Array, columns, exponential, hyperbolic, log_rise, logarithmic, power, power_rise
from lnl.learning.ramps import drop_rate

FREE = 200  # values of the unconstrained space, one per epoch of S2E's 200
HIDDEN = 10  # hidden units of the released network space
BUMPS = 6  # Gaussians of the released radial space that enter the sum


@dataclass(frozen=True)
class Formula:
    """A curve family: how many numbers it takes, and the function (x [..., d], t [n], T) -> R [..., n]."""

    numbers: int
    curve: Callable[[Array, Array, float], Array]


def simplex(u: Array) -> Array:
    """Weights [..., k] from sticks u in [0, 1]^(k-1), so that uniform sticks give the uniform simplex (Dirichlet(1)).

    Of the length left, stick i takes 1 - (1 - u_i)^(1 / (k - i)), i = 1, 2, ...; plain sticks (u_i itself) would favour
    the first functions.
    """
    k = u.shape[-1] + 1
    taken = 1.0 - (1.0 - u) ** (1.0 / np.arange(k - 1, 0, -1))
    left = np.cumprod(1.0 - taken, axis=-1)
    ones = np.ones((*u.shape[:-1], 1))
    return np.concatenate([ones, left], -1) * np.concatenate([taken, ones], -1)


def _simplex_basis(x: Array, t: Array, T: float) -> Array:
    return simplex(x) @ fixed_bases(t, T)


def _two_decays(x: Array, t: Array, T: float) -> Array:
    w, a1, b1, a2, b2 = columns(x)
    return w * exponential(t, a1, b1) + (1.0 - w) * hyperbolic(t, a2, b2)


def _two_decays_rise(x: Array, t: Array, T: float) -> Array:
    a3, b3 = columns(x[..., 5:])
    return _two_decays(x[..., :5], t, T) + power_rise(t, a3, b3, T)


def _four_bases(x: Array, t: Array, T: float) -> Array:
    weights = simplex(x[..., :3])
    total = np.zeros((*x.shape[:-1], len(t)))
    for i, (decay, rise) in enumerate(
        [(exponential, power_rise), (exponential, log_rise), (hyperbolic, power_rise), (hyperbolic, log_rise)]
    ):
        a1, a2, a3, a4 = columns(x[..., 3 + 4 * i : 7 + 4 * i])
        total += weights[..., i, None] * (decay(t, a1, a2) + rise(t, a4, a3, T))
    return total


def _three_decays_two_rises(x: Array, t: Array, T: float) -> Array:
    w1, a1, b1, a2, b2, a3, b3, w2, a5, b5, b4, a4 = columns(x)
    mixture = w1 * exponential(t, a1, b1)
    mixture = mixture + (1.0 - w1) * (w2 * hyperbolic(t, a2, b2) + (1.0 - w2) * logarithmic(t, a5, b5))
    return mixture + power_rise(t, a3, b3, T) + log_rise(t, a4, b4, T)


def _coteaching(x: Array, t: Array, T: float) -> Array:
    tau, c, t_k = columns(x)
    return 1.0 - tau * np.minimum(power(t / t_k, c), 1.0)


def _coteaching_tau(x: Array, t: Array, T: float) -> Array:
    ramp = np.array([drop_rate(float(e), 1.0, 10.0, 1.0, "as_released", "as_released") for e in t])
    return 1.0 - x[..., 0, None] * ramp


def _free(x: Array, t: Array, T: float) -> Array:
    """Value i holds from epoch i + 1 (of 200) up to the next; the first one before as well."""
    return x[..., np.clip(np.floor(t * FREE / T + 1e-9).astype(int) - 1, 0, FREE - 1)]


def _mlp(x: Array, t: Array, T: float) -> Array:
    """Numbers are probabilities: their normal quantiles are the weights, so a uniform draw gives N(0, 1) weights."""
    from scipy.special import expit, ndtri  # a quarter of a second, which no job that trains has to pay

    weights = ndtri(np.clip(x, 1e-12, 1.0 - 1e-12))
    inner, bias, outer = (weights[..., i * HIDDEN : (i + 1) * HIDDEN, None] for i in range(3))
    return 1.0 - expit((outer * (inner * (t / T) + bias)).sum(-2))


def _rbf(x: Array, t: Array, T: float) -> Array:
    centre, width, weight = (x[..., i * BUMPS : (i + 1) * BUMPS, None] for i in range(3))
    bumps = weight * np.exp(-((t / T - centre) ** 2) / (2.0 * np.maximum(width, 1e-6) ** 2))
    return 1.0 - np.minimum(bumps.sum(-2), 1.0)


#: As they are written: key `written` of config/spaces/*.yaml.
FORMULAS: dict[str, Formula] = {
    "simplex_basis": Formula(5, _simplex_basis),
    "two_decays": Formula(5, _two_decays),
    "two_decays_rise": Formula(7, _two_decays_rise),
    "four_bases": Formula(19, _four_bases),
    "three_decays_two_rises": Formula(12, _three_decays_two_rises),
    "coteaching": Formula(3, _coteaching),
    "coteaching_tau": Formula(1, _coteaching_tau),
    "free": Formula(FREE, _free),
    "mlp": Formula(3 * HIDDEN, _mlp),
    "rbf": Formula(3 * BUMPS, _rbf),
}


def evaluate(formula: str, x: Array, t: Array, T: float) -> Array:
    """Unclipped R [..., n] of the points x [..., d] at the epochs t [n]."""
    return FORMULAS[formula].curve(np.asarray(x, dtype=float), np.atleast_1d(np.asarray(t, dtype=float)), float(T))


def clipped(values: Array, clip: Sequence[float] | None) -> Array:
    """R after the clip rule, a pair (low, high) or None."""
    return values if clip is None else np.clip(values, clip[0], clip[1])


def kept_fraction(schedule: Mapping[str, Any], t: float, T: float) -> float:
    """R(t) of a schedule {"formula", "clip", "x"} as it stands in a cell's specification."""
    values = evaluate(schedule["formula"], np.asarray(schedule["x"], dtype=float), np.array([t]), T)
    return float(clipped(values, schedule["clip"])[0])
