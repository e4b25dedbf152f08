"""The search algorithms by name. Each proposes candidates from a history, purely, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.errors import UserError, nearest
from lnl.search.algorithms.base import Algorithm, choose, finished, number

NAMES = ("random", "grid", "natural-gradient")
FISHER_SAMPLES = 10_000  # S2E, appendix A.2

__all__ = ["NAMES", "Algorithm", "build"]


def build(algorithm: Mapping[str, Any], dimension: int, rounds: int, samples: int) -> Algorithm:
    """The algorithm {"name", "form", ...options} for points of [0, 1]^dimension; UserError for what it cannot do."""
    options = {key: value for key, value in algorithm.items() if key != "name"}
    name = algorithm.get("name")
    if name not in NAMES:
        raise UserError(f"unknown search algorithm '{name}'{nearest(name, NAMES)}")
    for what, value in (("rounds", rounds), ("samples", samples)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UserError(f"search algorithm '{name}': '{what}' is a whole number from 1 on, not {value!r}")
    made = _make(name, options, dimension, rounds, samples)
    finished(options, name, [key for key in algorithm if key not in options])
    return made


def _make(name: str, options: dict[str, Any], dimension: int, rounds: int, samples: int) -> Algorithm:
    if name == "random":
        from lnl.search.algorithms.random_search import RandomSearch

        return RandomSearch(dimension, samples)
    if name == "grid":
        from lnl.search.algorithms.grid import Grid

        return Grid(dimension, rounds, samples)
    return _natural_gradient(options, dimension, samples)


def _natural_gradient(options: dict[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.natural_gradient import AsPrinted, AsReleased, Sound

    name = "natural-gradient"
    form = choose(options, "form", ("sound", "as_printed", "as_released", "as_released_best"), name)
    if form == "sound":
        needs(samples, 2, name)  # ranks of one candidate say nothing
        step, memory = number(options, "step", 0.6, name), int(number(options, "memory", 4, name))
        return Sound(dimension, samples, step, max(memory, 1))
    # S2E's rate for its synthetic data; the later released code sets 1 for the best candidate alone
    step = number(options, "step", 1.0 if form == "as_released_best" else 80.0, name)
    fisher = int(number(options, "fisher_samples", FISHER_SAMPLES, name, -1))
    if form == "as_printed":
        return AsPrinted(dimension, samples, step, fisher)
    return AsReleased(dimension, samples, step, fisher, best=form == "as_released_best")


def needs(samples: int, least: int, name: str) -> None:
    """UserError if an algorithm gets fewer candidates a round than it can learn from."""
    if samples < least:
        raise UserError(f"search algorithm '{name}' needs at least {least} candidates a round, not {samples}")
