"""Natural gradient on p_theta, four forms: S2E's as printed, two as released, and a sound one.

J(theta) = E[M(u)], u ~ p_theta; grad J = E[M(u) s(u)] with the score s = grad ln p_theta(u)      (S2E, eq. 4 and 6)
theta <- theta + rho F^-1 grad J                                                                 (S2E, eq. 5)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lnl.search.algorithms.base import Distributional, generator
from lnl.search.algorithms.trust import bounded, pooled
from lnl.search.beta import Betas
from lnl.search.history import History


def raw(history: History) -> np.ndarray:
    """Scores [K] of the last round as they are; one that diverged counts as 0, or as the worst if that is below."""
    values = history[-1].values()
    lost = ~np.isfinite(values)
    values[lost] = min(0.0, values[~lost].min()) if (~lost).any() else 0.0
    return values


def estimated_fisher(betas: Betas, scores: np.ndarray, rng: np.random.Generator, more: int) -> tuple[np.ndarray, int]:
    """Sum of s s^T over the candidates' scores [K, 2d] and over `more` further draws, and how many they are."""
    further = betas.score(betas.sample(rng, more)) if more else np.zeros((0, scores.shape[1]))
    return scores.T @ scores + further.T @ further, len(scores) + more


class AsPrinted(Distributional):
    """S2E, equations 5 and 6 and appendix A.2: accuracy as it is, F from the candidates and 10,000 further draws."""

    def __init__(self, dimension: int, samples: int, step: float, fisher_samples: int) -> None:
        super().__init__(dimension, samples)
        self.step, self.fisher_samples = step, fisher_samples

    def start(self) -> np.ndarray:
        return np.ones(2 * self.dimension)

    def theta(self, state: np.ndarray) -> np.ndarray:
        return state

    def printed_step(self, betas: Betas, history: History, seed: int) -> np.ndarray:
        """rho F^-1 g [2d] after the last round, before theta is held at 1."""
        scores = betas.score(history[-1].points())
        gradient = (raw(history)[:, None] * scores).mean(0)  # eq. 6
        rng = generator(seed, len(history), "fisher")
        total, count = estimated_fisher(betas, scores, rng, self.fisher_samples)
        found: np.ndarray = self.step * np.linalg.lstsq(total / count, gradient, rcond=None)[0]  # eq. 5
        return found

    def update(self, state: np.ndarray, history: History, seed: int) -> np.ndarray:
        return np.maximum(state + self.printed_step(Betas(state), history, seed), 1.0)


@dataclass(frozen=True)
class Leaking:
    """State of the released update: its two accumulators are never reset."""

    theta: np.ndarray
    step: np.ndarray
    inverse: np.ndarray


class AsReleased(Distributional):
    """The released update. `best`: of the preprint's and the later code, which takes the best candidate's score only.

    g = (last step + sum_k M_k s_k) / K                     (all K), or (last step + s_best) / K    (best)
    F = (last F^-1 + sum s s^T) / (K + S)
    theta <- theta + delta F^-1 g / (g^T F^-1 g)            a step whose length grows as 1 / |g|
    """

    def __init__(self, dimension: int, samples: int, step: float, fisher_samples: int, best: bool) -> None:
        super().__init__(dimension, samples)
        self.delta, self.fisher_samples, self.best = step, fisher_samples, best

    def start(self) -> Leaking:
        size = 2 * self.dimension
        return Leaking(np.ones(size), np.zeros(size), np.zeros((size, size)))

    def theta(self, state: Leaking) -> np.ndarray:
        return state.theta

    def update(self, state: Leaking, history: History, seed: int) -> Leaking:
        betas = Betas(state.theta)
        scores = betas.score(history[-1].points())
        values = raw(history)
        direction = scores[np.argmax(values)] if self.best else values @ scores
        gradient = (state.step + direction) / len(values)
        rng = generator(seed, len(history), "fisher")
        total, count = estimated_fisher(betas, scores, rng, self.fisher_samples)
        inverse = np.linalg.pinv((state.inverse + total) / count)
        natural = inverse @ gradient
        length = float(gradient @ natural)
        step = self.delta * natural / length if length > 0.0 else np.zeros_like(natural)
        return replace(state, theta=np.maximum(state.theta + step, 1.0), step=step, inverse=inverse)


@dataclass(frozen=True)
class Path:
    """State of a sound form: theta now, and theta of every round so far, which says what its candidates came from."""

    theta: np.ndarray
    before: tuple[np.ndarray, ...]


class Sound(Distributional):
    """Rank-based rewards of the last rounds, weighted by importance; the analytic F; a step of bounded KL divergence.

    g = sum_k w_k r_k s(u_k) over the candidates of the last `memory` rounds: w_k their importance weights under
        today's p_theta, r_k rewards by rank, of mean 0 (trust.py). A constant added to all scores changes nothing.
    theta <- theta + a F^-1 g, theta >= 1, with a so that KL(new || old) = `step` nats: the step's length in the space
        of distributions, which is what a natural gradient measures length in.
    """

    def __init__(self, dimension: int, samples: int, step: float, memory: int) -> None:
        super().__init__(dimension, samples)
        self.step, self.memory = step, memory

    def start(self) -> Path:
        return Path(np.ones(2 * self.dimension), ())

    def theta(self, state: Path) -> np.ndarray:
        return state.theta

    def update(self, state: Path, history: History, seed: int) -> Path:
        betas = Betas(state.theta)
        path = (*state.before, state.theta)
        points, reward = pooled(history, path, self.memory)
        gradient = reward @ betas.score(points)
        return Path(bounded(state.theta, betas.natural(gradient), self.step), path)
