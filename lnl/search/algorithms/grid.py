"""Grid search over one number: K · rounds points in the middles of equal intervals, each round over the whole range."""

from __future__ import annotations

import numpy as np

from lnl.errors import UserError
from lnl.search.algorithms.base import candidates
from lnl.search.history import Candidate, History


class Grid:
    """Round r takes one point of every group of `rounds` neighbours; the groups' middles come first."""

    def __init__(self, dimension: int, rounds: int, samples: int) -> None:
        if dimension != 1:
            raise UserError(f"search algorithm 'grid' is for spaces of one number; this one has {dimension}")
        self.rounds, self.samples = rounds, samples

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """The K points of round len(history); the seed plays no part."""
        if len(history) >= self.rounds:
            raise UserError(f"search algorithm 'grid' has {self.rounds} rounds; round {len(history) + 1} was asked for")
        from_the_middle = sorted(range(self.rounds), key=lambda place: (abs(2 * place + 1 - self.rounds), place))
        index = np.arange(self.samples) * self.rounds + from_the_middle[len(history)]
        return candidates((index[:, None] + 0.5) / (self.rounds * self.samples))

    def distribution(self, history: History, seed: int) -> None:
        """None: a grid has no distribution."""
        return None
