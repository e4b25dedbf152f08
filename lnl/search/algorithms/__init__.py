"""The search algorithms by name. Each proposes candidates from a history, purely, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.errors import UserError, nearest
from lnl.search.algorithms.base import Algorithm, choose, finished, number, whole

NAMES = ("random", "grid", "natural-gradient", "newton", "gradient", "bayesian", "hyperband")
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
    if name == "hyperband":
        from lnl.search.algorithms.hyperband import Hyperband

        eta = number(options, "eta", 3, name, 1.0)
        return Hyperband(dimension, eta, whole(options, "brackets", 5, name))
    if name == "bayesian":
        from lnl.search.algorithms.bayesian import Bayesian

        return Bayesian(dimension, samples)
    return {"natural-gradient": _natural_gradient, "newton": _newton, "gradient": _gradient}[name](
        options, dimension, samples
    )


def _natural_gradient(options: dict[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.natural_gradient import AsPrinted, AsReleased, Sound

    name = "natural-gradient"
    form = choose(options, "form", ("sound", "as_printed", "as_released", "as_released_best"), name)
    if form == "sound":
        return Sound(dimension, samples, *_bounds(options, samples, name))
    # S2E's rate for its synthetic data; the scripts of the best candidate's form set 1
    step = number(options, "step", 1.0 if form == "as_released_best" else 80.0, name)
    fisher = whole(options, "fisher_samples", FISHER_SAMPLES, name)
    if form == "as_printed":
        return AsPrinted(dimension, samples, step, fisher)
    return AsReleased(dimension, samples, step, fisher, best=form == "as_released_best")


def _newton(options: dict[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.newton import AsPrinted, AsReleased, Sound

    name = "newton"
    form = choose(options, "form", ("sound", "as_printed", "as_released"), name)
    if form == "sound":
        shrink = number(options, "shrink", 0.3, name)
        if shrink > 1.0:
            raise UserError(f"search algorithm 'newton': 'shrink' is a number in (0, 1], not {shrink:g}")
        return Sound(dimension, samples, *_bounds(options, samples, name), shrink)
    step = number(options, "step", 1.0, name)
    if form == "as_printed":
        return AsPrinted(dimension, samples, step)
    return AsReleased(dimension, samples, step, broadcast=bool(options.pop("broadcast", True)))


def _gradient(options: dict[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.gradient import AsPrinted, AsReleased, Sound

    name = "gradient"
    form = choose(options, "form", ("sound", "as_printed", "as_released"), name)
    if form == "sound":
        return Sound(dimension, samples, *_bounds(options, samples, name))
    if form == "as_printed":  # no rate is printed for it: the natural gradient's
        return AsPrinted(dimension, samples, number(options, "step", 80.0, name))
    return AsReleased(dimension, samples, number(options, "step", 1.0, name))


def _bounds(options: dict[str, Any], samples: int, name: str) -> tuple[float, int]:
    """(step in nats, rounds remembered) of a sound form; both fixed on the tuning targets of config/synthetic.yaml."""
    if samples < 2:
        raise UserError(f"search algorithm '{name}' (sound) ranks the candidates of a round: it needs 2, not {samples}")
    return number(options, "step", 0.6, name), whole(options, "memory", 4, name)
