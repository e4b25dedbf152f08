"""The search algorithms by name. Each proposes candidates from a history, purely, and does nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared.search_options import resolved
from lnl.errors import UserError
from lnl.search.algorithms.base import Algorithm

__all__ = ["Algorithm", "build"]


def build(algorithm: Mapping[str, Any], dimension: int, rounds: int, samples: int) -> Algorithm:
    """The algorithm {"name", "form", ...options} for points of [0, 1]^dimension; UserError for what it cannot do."""
    options = resolved(algorithm)
    name = options["name"]
    for what, value in (("rounds", rounds), ("samples", samples)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise UserError(f"search algorithm '{name}': '{what}' is a whole number from 1 on, not {value!r}")
    if options.get("form") == "sound" and samples < 2:
        raise UserError(f"search algorithm '{name}' (sound) ranks the candidates of a round: it needs 2, not {samples}")
    if name == "random":
        from lnl.search.algorithms.random_search import RandomSearch

        return RandomSearch(dimension, samples)
    if name == "grid":
        from lnl.search.algorithms.grid import Grid

        return Grid(dimension, rounds, samples)
    if name == "hyperband":
        from lnl.search.algorithms.hyperband import Hyperband

        return Hyperband(dimension, options)
    if name == "bayesian":
        from lnl.search.algorithms.bayesian import Bayesian

        return Bayesian(dimension, samples, options["form"])
    return {"natural-gradient": _natural_gradient, "newton": _newton, "gradient": _gradient}[name](
        options, dimension, samples
    )


def _natural_gradient(options: Mapping[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.natural_gradient import AsPrinted, AsReleased, Sound

    form, step = options["form"], options["step"]
    if form == "sound":
        return Sound(dimension, samples, step, options["memory"])
    if form == "as_printed":
        return AsPrinted(dimension, samples, step, options["fisher_samples"])
    return AsReleased(dimension, samples, step, options["fisher_samples"], best=form == "as_released_best")


def _newton(options: Mapping[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.newton import AsPrinted, AsReleased, Sound

    form, step = options["form"], options["step"]
    if form == "sound":
        return Sound(dimension, samples, step, options["memory"], options["shrink"])
    if form == "as_printed":
        return AsPrinted(dimension, samples, step)
    return AsReleased(dimension, samples, step, broadcast=options["broadcast"])


def _gradient(options: Mapping[str, Any], dimension: int, samples: int) -> Algorithm:
    from lnl.search.algorithms.gradient import AsPrinted, AsReleased, Sound

    form, step = options["form"], options["step"]
    if form == "sound":
        return Sound(dimension, samples, step, options["memory"])
    return (AsPrinted if form == "as_printed" else AsReleased)(dimension, samples, step)
