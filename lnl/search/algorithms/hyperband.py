"""Hyperband (Li et al., 2017): many candidates trained a little, the best of them a little more, in several brackets.

Bracket s starts rung_sizes(s)[0] candidates at the share eta^-s of the full training; of each rung, one in eta goes on,
eta times as far, from where it stands or from scratch. Rung j of all brackets is round j, so that a round waits for
scores once, not once per bracket; round j holds the brackets from the last (the most and shortest trainings) down to
bracket j.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lnl.declared.search_rounds import continues, places
from lnl.errors import UserError
from lnl.search.algorithms.base import generator
from lnl.search.beta import EDGE
from lnl.search.history import Candidate, History


class Hyperband:
    """Brackets of successive halving over uniform draws. options: as `resolved` has them."""

    def __init__(self, dimension: int, options: Mapping[str, Any]) -> None:
        self.dimension, self.options = dimension, options
        self.eta, self.brackets = options["eta"], options["brackets"]

    def places(self, rung: int) -> list[tuple[int, range]]:
        """(bracket, its indices in round `rung`)."""
        return places(self.options, rung)

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """Round 0: uniform draws. Later: of each bracket that goes on, the best by score, ties to the earlier."""
        rung = len(history)
        if rung >= self.brackets:
            raise UserError(f"search algorithm 'hyperband' has {self.brackets} rounds; round {rung + 1} was asked for")
        if rung == 0:
            first = self.places(0)
            points = generator(seed, 0, "candidates").random((first[-1][1].stop, self.dimension)).clip(EDGE, 1 - EDGE)
            shares = [self.eta**-bracket for bracket, indices in first for _ in indices]
            return [Candidate(tuple(map(float, p)), float(share)) for p, share in zip(points, shares, strict=True)]
        values = history[-1].values()
        before = dict(self.places(rung - 1))
        chosen = []
        for bracket, indices in self.places(rung):
            ranked = before[bracket].start + np.argsort(-values[before[bracket]], kind="stable")
            for index in ranked[: len(indices)]:
                point = history[-1].candidates[index].u
                origin = (rung - 1, int(index)) if continues(self.options) else None
                chosen.append(Candidate(point, float(self.eta ** (rung - bracket)), origin))
        return chosen

    def distribution(self, history: History, seed: int) -> None:
        """None: it draws uniformly and chooses among its draws."""
        return None
