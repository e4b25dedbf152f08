"""Random search: uniform draws, whatever the scores (Bergstra and Bengio, 2012)."""

from __future__ import annotations

from lnl.search.algorithms.base import candidates, generator
from lnl.search.beta import EDGE, Betas
from lnl.search.history import Candidate, History


class RandomSearch:
    """K uniform points a round."""

    def __init__(self, dimension: int, samples: int) -> None:
        self.dimension, self.samples = dimension, samples

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """K uniform points."""
        points = generator(seed, len(history), "candidates").random((self.samples, self.dimension))
        return candidates(points.clip(EDGE, 1.0 - EDGE))

    def distribution(self, history: History, seed: int) -> Betas:
        """The uniform distribution, always."""
        return Betas.uniform(self.dimension)
