"""What a search has seen: rounds of candidates and their scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A point of the unit cube. `fraction`: its share of the full training, all of it counted, with what it continues.

    `origin`: (round, index), both from 0, of the candidate that it continues; None for one that starts afresh.
    """

    u: tuple[float, ...]
    fraction: float = 1.0
    origin: tuple[int, int] | None = None


@dataclass(frozen=True)
class Round:
    """Candidates and their scores, fractions in [0, 1] to maximise; None or NaN for one that diverged."""

    candidates: tuple[Candidate, ...]
    scores: tuple[float | None, ...]

    def points(self) -> np.ndarray:
        """[K, d] points of the unit cube."""
        return np.array([candidate.u for candidate in self.candidates], dtype=float)

    def values(self, worst: float = -math.inf) -> np.ndarray:
        """[K] scores; a candidate that diverged counts as `worst`."""
        return np.array([worst if s is None or not math.isfinite(s) else s for s in self.scores], dtype=float)


History = Sequence[Round]


def evaluated(history: History) -> tuple[np.ndarray, np.ndarray]:
    """All points [N, d] and scores [N] so far, in order; a candidate that diverged scores minus infinity."""
    return np.concatenate([r.points() for r in history]), np.concatenate([r.values() for r in history])
