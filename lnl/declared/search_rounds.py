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
        [eta ** float(j - bracket) for bracket, indices in places(eta, brackets, j) for _ in indices]
        for j in range(brackets)
    ]


def rung_size(eta: float, brackets: int, bracket: int, rung: int) -> int:
    """Candidates of a rung. Bracket s starts ceil(brackets / (s+1) eta^s) candidates at a share eta^-s; one in eta
    goes on at each rung."""
    first = math.ceil(round(brackets / (bracket + 1) * eta**bracket, 9))
    return max(1, math.floor(round(first / eta**rung, 9)))


def accounting(algorithm: Mapping[str, Any], rounds: int, samples: int) -> list[tuple[int, int, float]]:
    """(round, index, share of a full training that it adds) of all evaluations, in the order in which they are paid.

    Hyperband's is the published one, bracket by bracket; a promoted candidate adds what it has not been trained yet.
    """
    planned = plan(algorithm, rounds, samples)
    if algorithm["name"] != "hyperband":
        return [(r, i, share) for r, shares in enumerate(planned) for i, share in enumerate(shares)]
    eta, brackets = algorithm["eta"], algorithm["brackets"]
    out = []
    for bracket in range(brackets - 1, -1, -1):
        for rung in range(bracket + 1):
            new = 1.0 if rung == 0 else 1 - 1 / eta
            out += [(rung, i, new * planned[rung][i]) for i in dict(places(eta, brackets, rung))[bracket]]
    return out


def places(eta: float, brackets: int, rung: int) -> list[tuple[int, range]]:
    """(bracket, its indices in round `rung`) of Hyperband, in the order in which they stand there."""
    found, first = [], 0
    for bracket in range(brackets - 1, rung - 1, -1):
        size = rung_size(eta, brackets, bracket, rung)
        found.append((bracket, range(first, first + size)))
        first += size
    return found


def trainings(algorithm: Mapping[str, Any], rounds: int, samples: int) -> float:
    """Full trainings that a search costs."""
    return sum(share for _, _, share in accounting(algorithm, rounds, samples))


def adaptive(algorithm: Mapping[str, Any]) -> bool:
    """Whether a round has to wait for the scores of the rounds before it."""
    return algorithm["name"] not in NON_ADAPTIVE


def blocks(samples: int, size: int) -> list[range]:
    """Candidates of a round in blocks of at most `size`, as even as they can be: one block is one job."""
    count = math.ceil(samples / size)
    edges = [round(i * samples / count) for i in range(count + 1)]
    return [range(a, b) for a, b in itertools.pairwise(edges)]
