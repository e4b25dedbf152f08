"""How many candidates each round of a search has, and how long they train: known before anything runs.

Standard library only: the DAG is a static chain of rounds, so every cluster job asks this. Hyperband's promotions are
data inside files; its rungs have fixed sizes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

#: Algorithms whose proposals depend on no score: all their rounds may run at once.
NON_ADAPTIVE = ("random", "grid")


def plan(algorithm: Mapping[str, Any], rounds: int, samples: int) -> list[list[float]]:
    """For each round the share of the full training that each of its candidates reaches.

    Every algorithm trains `samples` candidates fully in each of `rounds` rounds, but for Hyperband, whose rung j of all
    brackets is round j (Li et al., 2017, algorithm 1, with as many brackets as declared).
    """
    if algorithm["name"] != "hyperband":
        return [[1.0] * samples for _ in range(rounds)]
    eta, brackets = algorithm["eta"], algorithm["brackets"]
    return [
        [eta ** float(j - s) for s in range(brackets - 1, j - 1, -1) for _ in range(rung_size(eta, brackets, s, j))]
        for j in range(brackets)
    ]


def rung_size(eta: float, brackets: int, bracket: int, rung: int) -> int:
    """Candidates of a rung. Bracket s starts ceil(brackets / (s+1) eta^s) candidates at a share eta^-s; one in eta
    goes on at each rung."""
    first = math.ceil(round(brackets / (bracket + 1) * eta**bracket, 9))
    return max(1, math.floor(round(first / eta**rung, 9)))


def trainings(algorithm: Mapping[str, Any], rounds: int, samples: int) -> float:
    """Full trainings that a search costs. A promoted candidate brings what it has been trained already."""
    planned = plan(algorithm, rounds, samples)
    if algorithm["name"] != "hyperband":
        return float(sum(map(sum, planned)))
    new = 1 - 1 / algorithm["eta"]  # a rung's share that is not inherited from the rung below
    return sum(planned[0]) + new * sum(map(sum, planned[1:]))


def adaptive(algorithm: Mapping[str, Any]) -> bool:
    """Whether a round has to wait for the scores of the rounds before it."""
    return algorithm["name"] not in NON_ADAPTIVE


def blocks(samples: int, size: int) -> list[range]:
    """Candidates of a round in blocks of at most `size`, as even as they can be: one block is one job."""
    count = math.ceil(samples / size)
    edges = [round(i * samples / count) for i in range(count + 1)]
    return [range(a, b) for a, b in itertools.pairwise(edges)]
