"""Search algorithms of every form, and a search of each that is played on a reward without a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lnl.search.algorithms import build
from lnl.search.history import Candidate, Round

OPTIMUM = np.array([0.62, 0.35, 0.81])
SOUND = [{"name": name, "form": "sound"} for name in ("natural-gradient", "newton", "gradient")]
FORMS: list[dict[str, Any]] = [
    *SOUND,
    {"name": "natural-gradient", "form": "as_printed", "fisher_samples": 2000},
    {"name": "natural-gradient", "form": "as_released", "fisher_samples": 2000},
    {"name": "natural-gradient", "form": "as_released_best", "fisher_samples": 2000},
    {"name": "newton", "form": "as_printed"},
    {"name": "newton", "form": "as_released"},
    {"name": "newton", "form": "as_released", "broadcast": False},
    {"name": "gradient", "form": "as_printed"},
    {"name": "gradient", "form": "as_released"},
]
ALL = [{"name": "random"}, {"name": "hyperband", "eta": 3, "brackets": 3}, *FORMS]


def label(algorithm: Mapping[str, Any]) -> str:
    """A short name of a case."""
    return "-".join(str(value) for value in algorithm.values())


def reward(u: np.ndarray) -> float:
    """Best, 1, at the optimum."""
    return 1.0 - float(np.sqrt(((u - OPTIMUM[: len(u)]) ** 2).mean()))


def played(
    algorithm: Mapping[str, Any], rounds: int, samples: int = 6, seed: int = 1, dimension: int = 3
) -> list[Round]:
    """A history of `rounds` rounds; the second candidate of the first round diverges."""
    running, history = build(algorithm, dimension, max(rounds, 1), samples), []
    for index in range(rounds):
        proposed = tuple(running.propose(history, seed))
        scores: list[float | None] = [reward(np.array(c.u)) for c in proposed]
        if index == 0:
            scores[1] = None
        history.append(Round(proposed, tuple(scores)))
    return history


def one_round(
    samples: int = 10, dimension: int = 2, scores: list[float | None] | None = None
) -> tuple[Round, np.ndarray]:
    """A round of uniform points, and their score vectors at theta = 1."""
    points = np.random.default_rng(4).random((samples, dimension))
    values = scores or [0.5 + 0.04 * i for i in range(samples)]
    there = Round(tuple(Candidate(tuple(p)) for p in points.tolist()), tuple(values))
    u = points[:, :, None]
    return there, np.concatenate([np.log(u) + 1, np.log1p(-u) + 1], 2).reshape(samples, -1)  # psi(2) - psi(1) = 1
