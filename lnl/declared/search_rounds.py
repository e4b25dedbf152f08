"""How many candidates each round of a search has, and how long they train: known before anything runs.

Standard library only: the DAG is a static chain of rounds, so every cluster job asks this. Hyperband's promotions are
data inside files; its rungs have fixed sizes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

#: Algorithms whose proposals depend on no score: all their rounds may run at once.
NON_ADAPTIVE = ("random", "grid")


@dataclass(frozen=True)
class Length:
    """A full training: its epochs, and whether the first of them only evaluates untrained networks."""

    epochs: int
    untrained: bool

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Of a run's resolved specification."""
        return cls(spec["epochs"], spec["untrained_epoch"])


def plan(algorithm: Mapping[str, Any], rounds: int, samples: int) -> list[list[float]]:
    """For each round the share of the full training that each of its candidates reaches.

    Every algorithm trains `samples` candidates fully in each of `rounds` rounds, but for Hyperband, whose rung j of all
    brackets is round j (Li et al., 2017, algorithm 1, with as many brackets as declared).
    """
    if algorithm["name"] != "hyperband":
        return [[1.0] * samples for _ in range(rounds)]
    eta = algorithm["eta"]
    return [
        [eta ** float(j - bracket) for bracket, indices in places(algorithm, j) for _ in indices]
        for j in range(algorithm["brackets"])
    ]


def rung_sizes(algorithm: Mapping[str, Any], bracket: int) -> list[int]:
    """Candidates of each rung of bracket s of Hyperband, which starts n = ceil(brackets / (s+1) eta^s) at share eta^-s.

    As published, floor(n / eta^j) of them reach rung j. As released, floor(floor(n / eta^(j-1)) / eta) of them: two
    roundings, which can lose one more; where they leave none, the code's slice from -0 on keeps everyone.
    """
    eta = algorithm["eta"]
    first = math.ceil(round(algorithm["brackets"] / (bracket + 1) * eta**bracket, 9))
    left = [math.floor(round(first / eta**rung, 9)) for rung in range(bracket + 1)]
    if algorithm.get("rungs") != "as_released":
        return [max(1, size) for size in left]
    sizes = [first]
    for before in left[:-1]:
        sizes.append(math.floor(before / eta) or sizes[-1])
    return sizes


def continues(algorithm: Mapping[str, Any]) -> bool:
    """Whether a candidate that Hyperband promotes goes on from where it stands, rather than from scratch."""
    return bool(algorithm.get("continue", True))


def until(algorithm: Mapping[str, Any], share: float, length: Length) -> int:
    """Number of epochs after which a candidate is scored that reaches `share` of a full training.

    At least one of them is trained. The released Hyperband rounds up.
    """
    wanted = share * length.epochs
    up = algorithm.get("rungs") == "as_released"
    return max(2 if length.untrained else 1, math.ceil(round(wanted, 9)) if up else round(wanted))


def accounting(
    algorithm: Mapping[str, Any], rounds: int, samples: int, length: Length | None = None
) -> list[tuple[int, int, float]]:
    """(round, index, share of a full training that it adds) of all evaluations, in the order in which they are paid.

    Hyperband's is the published one, bracket by bracket. A promoted candidate that goes on adds what it has not been
    trained yet; one that begins from scratch adds all of its training. Released rungs count in trained epochs of a full
    training of this length, since rounding up makes short ones dearer than their share.
    """
    planned = plan(algorithm, rounds, samples)
    if algorithm["name"] != "hyperband":
        return [(r, i, share) for r, shares in enumerate(planned) for i, share in enumerate(shares)]
    eta, brackets = algorithm["eta"], algorithm["brackets"]

    def cost(share: float) -> float:
        if algorithm.get("rungs") != "as_released":
            return share
        if length is None:
            raise ValueError("released rungs are rounded up to epochs: how many has a full training?")
        evaluated = int(length.untrained)
        return (until(algorithm, share, length) - evaluated) / (length.epochs - evaluated)

    out = []
    for bracket in range(brackets - 1, -1, -1):
        for rung in range(bracket + 1):
            share = eta ** float(rung - bracket)
            paid = cost(share / eta) if rung and continues(algorithm) else 0.0
            out += [(rung, i, cost(share) - paid) for i in dict(places(algorithm, rung))[bracket]]
    return out


def places(algorithm: Mapping[str, Any], rung: int) -> list[tuple[int, range]]:
    """(bracket, its indices in round `rung`) of Hyperband, in the order in which they stand there."""
    found, first = [], 0
    for bracket in range(algorithm["brackets"] - 1, rung - 1, -1):
        size = rung_sizes(algorithm, bracket)[rung]
        found.append((bracket, range(first, first + size)))
        first += size
    return found


def trainings(algorithm: Mapping[str, Any], rounds: int, samples: int, length: Length | None = None) -> float:
    """Full trainings that a search costs."""
    return sum(share for _, _, share in accounting(algorithm, rounds, samples, length))


def adaptive(algorithm: Mapping[str, Any]) -> bool:
    """Whether a round has to wait for the scores of the rounds before it."""
    return algorithm["name"] not in NON_ADAPTIVE


def blocks(samples: int, size: int) -> list[range]:
    """Candidates of a round in blocks of at most `size`, as even as they can be: one block is one job."""
    count = math.ceil(samples / size)
    edges = [round(i * samples / count) for i in range(count + 1)]
    return [range(a, b) for a, b in itertools.pairwise(edges)]
