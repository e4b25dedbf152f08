"""Plain score-function gradient on p_theta: the natural gradient's baseline, with the identity in place of F."""

from __future__ import annotations

import numpy as np

from lnl.search.algorithms.base import Distributional
from lnl.search.algorithms.natural_gradient import Path, raw
from lnl.search.algorithms.trust import bounded, pooled
from lnl.search.beta import Betas
from lnl.search.history import History


class AsPrinted(Distributional):
    """theta <- theta + rho mean_k(M_k s_k), theta >= 1: S2E's equation 6 without the Fisher information of its 5."""

    def __init__(self, dimension: int, samples: int, step: float) -> None:
        super().__init__(dimension, samples)
        self.step = step

    def start(self) -> np.ndarray:
        return np.ones(2 * self.dimension)

    def theta(self, state: np.ndarray) -> np.ndarray:
        return state

    def update(self, state: np.ndarray, history: History, seed: int) -> np.ndarray:
        scores = Betas(state).score(history[-1].points())
        return np.maximum(state + self.step * (raw(history)[:, None] * scores).mean(0), 1.0)


class AsReleased(Distributional):
    """The released baseline: a matrix of ones stands where the identity was meant.

    g = (last step + s_best) / K; theta <- theta + delta 1 g / (g^T 1 g), 1 all ones: the same number delta / sum(g)
    in every coordinate, so that p_theta only ever narrows or widens about its middle.
    """

    def __init__(self, dimension: int, samples: int, step: float) -> None:
        super().__init__(dimension, samples)
        self.delta = step

    def start(self) -> tuple[np.ndarray, float]:
        return np.ones(2 * self.dimension), 0.0

    def theta(self, state: tuple[np.ndarray, float]) -> np.ndarray:
        return state[0]

    def update(self, state: tuple[np.ndarray, float], history: History, seed: int) -> tuple[np.ndarray, float]:
        theta, last = state
        values = raw(history)
        best = Betas(theta).score(history[-1].points())[np.argmax(values)]
        total = float((last + best).sum()) / len(values)
        step = self.delta / total if total != 0.0 else 0.0
        return np.maximum(theta + step, 1.0), step


class Sound(Distributional):
    """The sound natural gradient (natural_gradient.py) without F^-1: same rewards, same bound on the step."""

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
        return Path(bounded(state.theta, reward @ betas.score(points), self.step), path)
