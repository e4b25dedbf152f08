"""p_theta: independent Beta distributions on the coordinates of the unit cube, with everything a search step needs.

theta [2d] = (x_1, y_1, x_2, y_2, ...), the order of S2E's section A.2 and code; x and y are the exponents plus one of u
and 1 - u. theta = 1 is the uniform distribution. Beta distributions are an exponential family with natural parameters
theta: log-density Hessian = -Fisher at every point.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, digamma, polygamma

EDGE = 1e-12  # samples stay this far inside (0, 1), where log densities and scores are finite


def _trigamma(z: np.ndarray) -> np.ndarray:
    return polygamma(1, z)


class Betas:
    """Product of Beta(a_j, b_j), j = 1..d. Built from theta [2d], or from a [d] and b [d]."""

    def __init__(self, theta: np.ndarray, b: np.ndarray | None = None) -> None:
        theta = np.asarray(theta, dtype=float)
        if b is not None:
            theta = np.stack([theta, np.asarray(b, dtype=float)], -1).reshape(-1)
        if theta.ndim != 1 or theta.size % 2 or not (np.isfinite(theta).all() and (theta > 0).all()):
            raise ValueError("theta is an even number of positive finite numbers")
        self.theta = theta
        self.a, self.b = theta[0::2], theta[1::2]

    @classmethod
    def uniform(cls, dimension: int) -> Betas:
        """theta = 1, where every search starts."""
        return cls(np.ones(2 * dimension))

    @property
    def dimension(self) -> int:
        return self.a.size

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """[n, d] independent draws, strictly inside the cube."""
        return np.clip(rng.beta(self.a, self.b, (n, self.dimension)), EDGE, 1.0 - EDGE)

    def log_density(self, u: np.ndarray) -> np.ndarray:
        """ln p_theta(u) [...] of points u [..., d]."""
        u = np.clip(u, EDGE, 1.0 - EDGE)
        each = (self.a - 1.0) * np.log(u) + (self.b - 1.0) * np.log1p(-u) - betaln(self.a, self.b)
        return each.sum(-1)

    def score(self, u: np.ndarray) -> np.ndarray:
        """Gradient of ln p_theta(u) in theta [n, 2d]: ln u + psi(x+y) - psi(x) and ln(1-u) + psi(x+y) - psi(y)."""
        u = np.clip(u, EDGE, 1.0 - EDGE)
        both = digamma(self.a + self.b)
        pair = [np.log(u) + both - digamma(self.a), np.log1p(-u) + both - digamma(self.b)]
        return np.stack(pair, -1).reshape(*u.shape[:-1], 2 * self.dimension)

    def blocks(self) -> np.ndarray:
        """Fisher information per coordinate [d, 2, 2]: psi1(x) - psi1(x+y), psi1(y) - psi1(x+y); -psi1(x+y) beside."""
        both = _trigamma(self.a + self.b)
        rows = [[_trigamma(self.a) - both, -both], [-both, _trigamma(self.b) - both]]
        return np.moveaxis(np.array(rows), -1, 0)

    def fisher(self) -> np.ndarray:
        """Fisher information [2d, 2d], block diagonal: E[score score^T]."""
        full = np.zeros((2 * self.dimension, 2 * self.dimension))
        for j, block in enumerate(self.blocks()):
            full[2 * j : 2 * j + 2, 2 * j : 2 * j + 2] = block
        return full

    def hessian(self) -> np.ndarray:
        """Hessian of ln p_theta(u) in theta [2d, 2d], the same at every u: minus the Fisher information."""
        return -self.fisher()

    def natural(self, gradient: np.ndarray) -> np.ndarray:
        """F^-1 g [2d] for a gradient g [2d], block by block."""
        return np.linalg.solve(self.blocks(), gradient.reshape(-1, 2, 1)).reshape(-1)

    def kl(self, other: Betas) -> float:
        """KL(self || other) in nats."""
        both = digamma(self.a + self.b)
        each = (
            betaln(other.a, other.b)
            - betaln(self.a, self.b)
            + (self.a - other.a) * (digamma(self.a) - both)
            + (self.b - other.b) * (digamma(self.b) - both)
        )
        return float(each.sum())

    def mean(self) -> np.ndarray:
        """[d] means x / (x + y)."""
        return self.a / (self.a + self.b)

    def deviation(self) -> np.ndarray:
        """[d] standard deviations; 0.289 where uniform."""
        total = self.a + self.b
        return np.sqrt(self.a * self.b / (total**2 * (total + 1.0)))

    def mode(self) -> np.ndarray:
        """[d] points of highest density; the mean where x = y = 1, which has no mode. Needs theta >= 1."""
        total = self.a + self.b - 2.0
        flat = total <= 1e-9
        return np.where(flat, self.mean(), (self.a - 1.0) / np.where(flat, 1.0, total))
