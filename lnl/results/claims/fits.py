"""How near the curves of a family come to a target: least-squares fits over t = 1..200, for identities about spaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares, nnls

from lnl.learning.basis_functions import CANDIDATES
from lnl.learning.curves import simplex

Array = np.ndarray
T = 200.0
POOL, TRIED = 2000, 2  # curves of a candidate function that are drawn, and how many of them are improved for a target
epochs = np.arange(1.0, T + 1.0)


@dataclass(frozen=True)
class Fit:
    """The nearest curve [n] that was found, and its RMSE."""

    error: float
    curve: Array


def best_fit(curve: Callable[[Array], Array], dimension: int, target: Array, starts: int = 4) -> float:
    """Smallest RMSE of curve(u) to a target [n] over u in the unit cube, of least-squares fits from several starts.

    The starts are drawn once and for all.
    """
    rng = np.random.default_rng(0)
    return min(_improved(curve, 0.05 + 0.9 * rng.random(dimension), target).error for _ in range(starts))


def _improved(curve: Callable[[Array], Array], start: Array, target: Array, evaluations: int = 150) -> Fit:
    fit = least_squares(lambda u: curve(u) - target, start, bounds=(0.0, 1.0), max_nfev=evaluations)
    return Fit(float(np.sqrt((fit.fun**2).mean())), fit.fun + target)


def best_mixture(bases: Array, target: Array) -> float:
    """Smallest RMSE of a convex mixture of fixed functions [k, n] to a target [n]: a non-negative least-squares fit."""
    heavy = 1e4  # weight of the equation sum = 1
    system = np.vstack([bases.T, heavy * np.ones((1, len(bases)))])
    weights, _ = nnls(system, np.append(target, heavy))
    return float(np.sqrt(((weights @ bases - target) ** 2).mean()))


def candidate_fits(targets: Mapping[str, Array]) -> dict[str, dict[str, Fit]]:
    """Of each function of S2E's figure 2, alone and with its own numbers free: the best fit to each target [200].

    The same draws of a function serve all targets; the nearest of them are where the fits begin.
    """
    return {name: _fits_of(name, targets) for name in CANDIDATES}


def _fits_of(name: str, targets: Mapping[str, Array]) -> dict[str, Fit]:
    candidate = CANDIDATES[name]

    def curve(u: Array) -> Array:
        return candidate.curve(candidate.x(u), epochs, T)

    drawn = np.random.default_rng(0).random((POOL, len(candidate.ranges)))
    pool = curve(drawn)
    found = {}
    for key, target in targets.items():
        nearest = np.argsort(((pool - target) ** 2).mean(-1))[:TRIED]
        tried = [_improved(curve, drawn[i], target) for i in nearest]
        found[key] = min(tried, key=lambda fit: fit.error)
    return found


def free_mixture(target: Array) -> float:
    """RMSE of a mixture of all six functions, weights and own numbers free (22 numbers), to a target [200].

    One fit, stopped early: what it finds, the best may undercut.
    """
    dimensions = [len(candidate.ranges) for candidate in CANDIDATES.values()]
    own = np.cumsum([len(CANDIDATES) - 1, *dimensions])

    def curve(u: Array) -> Array:
        points = np.split(u, own[:-1])
        functions = [c.curve(c.x(v), epochs, T) for c, v in zip(CANDIDATES.values(), points[1:], strict=True)]
        return simplex(points[0]) @ np.stack(functions)

    start = 0.05 + 0.9 * np.random.default_rng(0).random(int(own[-1]))
    return _improved(curve, start, target, evaluations=40).error
