"""What keeps the sound forms sound: rank-based rewards, earlier rounds by importance weight, steps bounded in KL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import brentq

from lnl.search.beta import Betas
from lnl.search.history import History, evaluated

STEEPEST = 1e6  # the longest multiple of a step that is tried
CEILING = 1e7  # theta beyond it is a point to twelve digits, where trigamma differences lose theirs


def weights(points: np.ndarray, current: Betas, drawn_from: Sequence[Betas]) -> np.ndarray:
    """Importance weights [N], summing to one, of points [N, d] that were drawn in equal shares from `drawn_from`.

    p(u) / mean_i p_i(u): the mixture in the denominator bounds every weight by the number of its parts, as long as the
    current distribution is one of them.
    """
    logs = np.stack([betas.log_density(points) for betas in drawn_from])
    top = logs.max(0)
    mixture = top + np.log(np.exp(logs - top).mean(0))
    weight = np.exp(np.minimum(current.log_density(points) - mixture, np.log(len(drawn_from)) + 1e-9))
    return weight / weight.sum()


def utilities(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rewards [N] from ranks, of weighted mean 0: -ln(2 q) in the better half, 0 in the worse, before centring.

    q in (0, 1): the weighted share of candidates better than this one, half of its own (and of its equals) counted.
    Only the order of the scores matters, so neither their scale nor a candidate that diverged can throw a step.
    """
    levels, place = np.unique(-values, return_inverse=True)
    if len(levels) == 1:
        return np.zeros(len(values))  # nothing to learn, and no rounding error to take a step from
    share = np.bincount(place, weight)
    q = (np.cumsum(share) - share / 2)[place]
    reward = np.maximum(0.0, -np.log(np.maximum(2.0 * q, 1e-9)))
    return reward - weight @ reward


def pooled(history: History, path: Sequence[np.ndarray], memory: int) -> tuple[np.ndarray, np.ndarray]:
    """Points [N, d] of the last `memory` rounds, and importance weight times reward [N] of each, adding up to 0.

    path: theta of every round so far; the last one is today's.
    """
    points, values = evaluated(history[-memory:])
    weight = weights(points, Betas(path[-1]), [Betas(theta) for theta in path[-memory:]])
    return points, weight * utilities(values, weight)


def bounded(theta: np.ndarray, direction: np.ndarray, nats: float) -> np.ndarray:
    """theta + a direction with theta >= 1 and the largest a for which KL(new || old) <= nats.

    A direction that theta >= 1 blocks altogether leaves theta where it is.
    """
    length = float(np.abs(direction).max())
    if not np.isfinite(length) or length == 0.0:
        return theta
    direction = direction / length
    return farthest(lambda a: np.clip(theta + a * direction, 1.0, CEILING), Betas(theta), nats)


def farthest(moved: Callable[[float], np.ndarray], old: Betas, nats: float) -> np.ndarray:
    """The last theta, moved(a), on a line or curve from `old` on which KL(new || old) <= nats, to rounding."""

    def beyond(a: float) -> float:
        return Betas(moved(a)).kl(old) - nats

    low, high = 0.0, 1.0
    while (past := beyond(high)) < 0 and high < STEEPEST:
        low, high = high, 2.0 * high
    return moved(high if past <= 0 else brentq(beyond, low, high, xtol=1e-12 * high))
