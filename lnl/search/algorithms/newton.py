"""Newton's method on p_theta with the score-function Hessian (the tutorial's S2E), three forms.

grad J = E[f s], Hess J = E[f (Hess ln p + s s^T)], s = grad ln p_theta(u)                       (tutorial, "Derive a
Search Algorithm"; f is the objective of the fully trained network); its equation 8 is not in the document, and
theta <- theta - H^-1 grad J is the natural reading.
"""

from __future__ import annotations

import numpy as np

from lnl.search.algorithms.base import Distributional
from lnl.search.algorithms.natural_gradient import Path, raw
from lnl.search.algorithms.trust import bounded, pooled
from lnl.search.beta import Betas
from lnl.search.history import History


class AsPrinted(Distributional):
    """The tutorial's text: means over the K candidates, f = 1 - score to be minimised, a plain Newton step.

    At theta = 1 E[Hess ln p + s s^T] = 0 for any constant f: with f not centred, H is mostly noise.
    """

    def __init__(self, dimension: int, samples: int, step: float) -> None:
        super().__init__(dimension, samples)
        self.step = step

    def start(self) -> np.ndarray:
        return np.ones(2 * self.dimension)

    def theta(self, state: np.ndarray) -> np.ndarray:
        return state

    def update(self, state: np.ndarray, history: History, seed: int) -> np.ndarray:
        betas = Betas(state)
        scores, loss = betas.score(history[-1].points()), 1.0 - raw(history)
        gradient = (loss[:, None] * scores).mean(0)
        hessian = loss.mean() * betas.hessian() + (scores.T * loss) @ scores / len(loss)
        return np.maximum(state - self.step * (np.linalg.pinv(hessian) @ gradient), 1.0)


class AsReleased(AsPrinted):
    """The released update: the best candidate alone, whose score then plays no part.

    g = s_best / K, H = (s_best s_best^T + Hess ln p) / K; the singular values of H are raised to 1e-5, which leaves
    negative curvature negative, and the result is inverted. The step is not H^-1 g: the column g is multiplied into
    H^-1 element by element, and the first column of that is taken. `broadcast=False` repairs this last point only.
    """

    def __init__(self, dimension: int, samples: int, step: float, broadcast: bool) -> None:
        super().__init__(dimension, samples, step)
        self.broadcast = broadcast

    def update(self, state: np.ndarray, history: History, seed: int) -> np.ndarray:
        betas = Betas(state)
        points, values = history[-1].points(), raw(history)
        best = betas.score(points)[np.argmax(values)]
        left, singular, right = np.linalg.svd((np.outer(best, best) + betas.hessian()) / len(values))
        inverse = np.linalg.inv(left @ np.diag(np.maximum(singular, 1e-5)) @ right)
        gradient = best / len(values)
        step = inverse[:, 0] * gradient if self.broadcast else inverse @ gradient
        return np.maximum(state + self.step * step, 1.0)


class Sound(Distributional):
    """Curvature from centred rewards, held against the Fisher information; a step of bounded KL divergence.

    With rewards of mean 0, Hess ln p, which is the same at every u, drops out: H = sum_k w_k r_k s_k s_k^T, symmetric,
    of rank K at most. In coordinates in which F is the identity (F = L L^T) its eigenvalues h_i are lifted to
    h -> max(-h, 0) / max_i |h_i|, since a step up wants negative curvature, and mixed with the Fisher information:
    theta <- theta + a L^-T (shrink + (1 - shrink) h)^-1 L^-1 g, a and theta >= 1 as for the natural gradient, which is
    the case shrink = 1.
    """

    def __init__(self, dimension: int, samples: int, step: float, memory: int, shrink: float) -> None:
        super().__init__(dimension, samples)
        self.step, self.memory, self.shrink = step, memory, shrink

    def start(self) -> Path:
        return Path(np.ones(2 * self.dimension), ())

    def theta(self, state: Path) -> np.ndarray:
        return state.theta

    def update(self, state: Path, history: History, seed: int) -> Path:
        betas = Betas(state.theta)
        path = (*state.before, state.theta)
        points, reward = pooled(history, path, self.memory)
        root = np.linalg.inv(np.linalg.cholesky(betas.fisher()))  # L^-1
        white = betas.score(points) @ root.T
        values, vectors = np.linalg.eigh((white.T * reward) @ white)
        lifted = np.maximum(-values, 0.0) / max(float(np.abs(values).max()), 1e-300)
        curvature = self.shrink + (1.0 - self.shrink) * lifted
        direction = root.T @ (vectors @ ((vectors.T @ (reward @ white)) / curvature))
        return Path(bounded(state.theta, direction, self.step), path)
