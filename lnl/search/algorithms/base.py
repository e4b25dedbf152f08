"""What the algorithms share: the interface, random numbers by name, and the replay of a distribution over a history."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np

from lnl.search.beta import Betas
from lnl.search.history import Candidate, History, Round


class Algorithm(Protocol):
    """A search algorithm: candidates from a history, and nothing else. Pure: same history and seed, same answer."""

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """Candidates of round len(history)."""
        ...

    def distribution(self, history: History, seed: int) -> Betas | None:
        """p_theta after the history; None where an algorithm has none."""
        ...


def generator(seed: int, index: int, purpose: str) -> np.random.Generator:
    """The stream of random numbers of one purpose in one round of one seed; never global state."""
    return np.random.default_rng([seed, index, zlib.crc32(purpose.encode())])


def candidates(points: np.ndarray) -> list[Candidate]:
    """Points [K, d] as fully trained candidates."""
    return [Candidate(tuple(float(value) for value in point)) for point in points]


class Distributional(ABC):
    """A search that moves p_theta: K draws from it, then an update from their scores, from theta = 1 on.

    The state after a history is replayed from its rounds; the last replay is kept, since the next call usually asks for
    one round more.
    """

    def __init__(self, dimension: int, samples: int) -> None:
        self.dimension, self.samples = dimension, samples
        self._last: tuple[int, tuple[Round, ...], Any] | None = None

    @abstractmethod
    def start(self) -> Any:
        """The state before any round."""

    @abstractmethod
    def update(self, state: Any, history: History, seed: int) -> Any:
        """The state after the last round of a history, from the one before it."""

    @abstractmethod
    def theta(self, state: Any) -> np.ndarray:
        """theta [2d] of a state."""

    def draw(self, betas: Betas, rng: np.random.Generator) -> np.ndarray:
        """K points [K, d] of p_theta."""
        return betas.sample(rng, self.samples)

    def state(self, history: History, seed: int) -> Any:
        """The state after a history."""
        rounds = tuple(history)
        done, state = 0, self.start()
        if self._last is not None and self._last[0] == seed and self._last[1] == rounds[: len(self._last[1])]:
            done, state = len(self._last[1]), self._last[2]
        for index in range(done, len(rounds)):
            state = self.update(state, rounds[: index + 1], seed)
        self._last = (seed, rounds, state)
        return state

    def distribution(self, history: History, seed: int) -> Betas:
        """p_theta after a history."""
        return Betas(self.theta(self.state(history, seed)))

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """K draws from p_theta."""
        rng = generator(seed, len(history), "candidates")
        return candidates(self.draw(self.distribution(history, seed), rng))
