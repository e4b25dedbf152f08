"""Numbers of a schedule R(t) that a search has found, on the paper's clock: does it rise late, is it a ramp?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import minimize

from lnl.learning.curves import clipped, evaluate

Array = np.ndarray


def kept(schedule: Mapping[str, Any], t: Array, T: float) -> Array:
    """R [n], clipped, of a schedule mapping at epochs t [n] on the paper's clock of T epochs."""
    values = evaluate(schedule["formula"], np.asarray(schedule["x"], float), t, T)
    return np.asarray(clipped(values, schedule["clip"]))


def late_rise(r: Array) -> float:
    """R in the last epoch minus the smallest R before it: 0 for a schedule that never rises again."""
    return float(r[-1] - r.min())


@cache
def _ramps(T: int) -> tuple[Array, Array]:
    """Co-teaching's min((t / t_k)^c, 1) [n, T] for t = 1..T over a grid of (c, t_k), and the grid [n, 2]."""
    t = np.arange(1.0, T + 1.0)
    c = np.concatenate([np.arange(0.05, 1.0, 0.05), np.arange(1.0, 4.01, 0.2)])
    length = np.unique(np.round(np.geomspace(1, T, 50)))
    grid = np.stack(np.meshgrid(c, length, indexing="ij"), -1).reshape(-1, 2)
    return np.minimum((t / grid[:, 1:]) ** grid[:, :1], 1.0), grid


def _valid(x: Array, T: int) -> tuple[float, float]:
    """(c, t_k) within what the family allows; an exponent of 20 is a step already."""
    return min(max(float(x[0]), 1e-3), 20.0), min(max(float(x[1]), 1.0), float(T))


def ramp_distance(r: Array) -> tuple[float, tuple[float, float, float]]:
    """RMSE of the best schedule 1 - tau min((t / t_k)^c, 1) to R [T] at t = 1..T, and its (tau, c, t_k).

    For each (c, t_k) of a grid tau is a linear fit; the best are refined. tau in [0, 1], c in (0, 20], t_k in [1, T].
    """
    drop = 1.0 - np.asarray(r, float)
    T = len(drop)
    t = np.arange(1.0, T + 1.0)
    ramps, grid = _ramps(T)
    tau = np.clip((ramps @ drop) / (ramps**2).sum(1), 0.0, 1.0)
    errors = np.sqrt(((tau[:, None] * ramps - drop) ** 2).mean(1))

    def error(x: Array) -> float:
        c, length = _valid(x, T)
        ramp = np.minimum((t / length) ** c, 1.0)
        height = min(max(float(ramp @ drop) / float((ramp**2).sum()), 0.0), 1.0)
        return float(np.sqrt(((height * ramp - drop) ** 2).mean()))

    options = {"xatol": 1e-6, "fatol": 1e-10, "maxiter": 400}
    starts = grid[np.argsort(errors)[:3]]
    found = min((minimize(error, s, method="Nelder-Mead", options=options) for s in starts), key=lambda f: f.fun)
    c, length = _valid(found.x, T)
    ramp = np.minimum((t / length) ** c, 1.0)
    return float(found.fun), (min(max(float(ramp @ drop) / float((ramp**2).sum()), 0.0), 1.0), c, length)
