"""Bayesian optimisation by optuna's samplers, in batches of a round.

Its Gaussian process with expected improvement is the default. Forms `tpe` and `as_released` are the tree-structured
Parzen estimator (Bergstra et al., 2011), which S2E's later release calls from hyperopt and hands accuracies to a
function that minimises: `as_released` looks for the worst R(t), `tpe` for the best. Optuna's estimator stands in for
hyperopt's (ours), with hyperopt's settings where optuna has others: 20 draws first, ceil(sqrt(n) / 4) good ones of n.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from lnl.errors import UserError
from lnl.search.algorithms.base import candidates, generator
from lnl.search.beta import EDGE
from lnl.search.history import Candidate, History, evaluated

STARTUP = {"gaussian_process": 10, "tpe": 20, "as_released": 20}  # uniform draws: optuna's own number, and hyperopt's
MOST_GOOD = 25  # of hyperopt
TRIED = 24  # draws of a coordinate from the good ones' density, of which one is taken: hyperopt's number


def optuna() -> Any:
    """The module; imported here only, since it takes seconds."""
    try:
        import optuna as module
        import optuna.samplers
    except ImportError:
        raise UserError("bayesian search needs optuna: pip install optuna") from None
    module.logging.set_verbosity(module.logging.ERROR)  # near-equal points: it falls back by itself
    return module


def good(count: int) -> int:
    """How many of `count` evaluations the Parzen estimator counts as good."""
    return min(math.ceil(math.sqrt(count) / 4), MOST_GOOD)


class Bayesian:
    """K points a round. A Gaussian process is asked for one after another: those asked before are pending, and the
    expected improvement of the whole batch is what counts (optuna's qLogEI), so that a batch does not sit on one spot.
    A Parzen estimator draws each from the same two densities, as hyperopt does for trials in parallel.
    """

    def __init__(self, dimension: int, samples: int, form: str) -> None:
        optuna()
        self.dimension, self.samples, self.form = dimension, samples, form

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """K points, from a study built anew of all scores; uniform draws until there are enough of them."""
        scored = sum(len(r.scores) for r in history)
        rng = generator(seed, len(history), "candidates")
        if scored < STARTUP[self.form]:
            return candidates(rng.random((self.samples, self.dimension)).clip(EDGE, 1.0 - EDGE))
        points, values = evaluated(history)
        finite = np.isfinite(values)
        values[~finite] = values[finite].min() if finite.any() else 0.0  # released networks of NaN guess one class
        asked = self._ask(points, values, int(rng.integers(2**31)))
        return candidates(asked.clip(EDGE, 1.0 - EDGE))

    def _ask(self, points: np.ndarray, values: np.ndarray, seed: int) -> np.ndarray:
        module = optuna()
        ranges = {f"u{i}": module.distributions.FloatDistribution(0.0, 1.0) for i in range(self.dimension)}
        direction = "minimize" if self.form == "as_released" else "maximize"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # optuna calls a sampler and some settings experimental
            study = module.create_study(direction=direction, sampler=self._sampler(module.samplers, seed))
            for point, value in zip(points, values, strict=True):
                params = {name: float(u) for name, u in zip(ranges, point, strict=True)}
                study.add_trial(module.create_trial(params=params, distributions=ranges, value=float(value)))
            asked = [study.ask(ranges) for _ in range(self.samples)]
        return np.array([[trial.params[name] for name in ranges] for trial in asked])

    def _sampler(self, samplers: Any, seed: int) -> Any:
        if self.form == "gaussian_process":
            return samplers.GPSampler(seed=seed, n_startup_trials=STARTUP[self.form])
        return samplers.TPESampler(
            seed=seed,
            n_startup_trials=STARTUP[self.form],
            n_ei_candidates=TRIED,
            gamma=good,
            multivariate=False,  # one coordinate at a time, as hyperopt
            constant_liar=False,
        )

    def distribution(self, history: History, seed: int) -> None:
        """None: what it learns is a belief about scores, not a distribution of candidates."""
        return None
