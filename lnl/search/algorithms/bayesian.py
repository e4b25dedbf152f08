"""Bayesian optimisation: optuna's Gaussian process with expected improvement, batches by asking with trials pending."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from lnl.errors import UserError
from lnl.search.algorithms.base import candidates, generator
from lnl.search.beta import EDGE
from lnl.search.history import Candidate, History, evaluated

STARTUP = 10  # scores before a Gaussian process is fitted: optuna's own number


def optuna() -> Any:
    """The module; imported here only, since it takes seconds and is an extra."""
    try:
        import optuna as module
        import optuna.samplers
    except ImportError:
        raise UserError("bayesian search needs optuna: pip install 'lnl-suite[bayes]'") from None
    module.logging.set_verbosity(module.logging.ERROR)  # near-equal points: it falls back by itself
    return module


class Bayesian:
    """K points a round. Asked one after another: those asked before are pending, and the expected improvement of the
    whole batch is what counts (optuna's qLogEI), so that a batch does not sit on one spot."""

    def __init__(self, dimension: int, samples: int) -> None:
        optuna()
        self.dimension, self.samples = dimension, samples

    def propose(self, history: History, seed: int) -> list[Candidate]:
        """K points, from a study built anew of all scores; uniform draws until there are ten."""
        scored = sum(len(r.scores) for r in history)
        rng = generator(seed, len(history), "candidates")
        if scored < STARTUP:
            return candidates(rng.random((self.samples, self.dimension)).clip(EDGE, 1.0 - EDGE))
        points, values = evaluated(history)
        finite = np.isfinite(values)
        values[~finite] = values[finite].min() if finite.any() else 0.0
        asked = self._ask(points, values, int(rng.integers(2**31)))
        return candidates(asked.clip(EDGE, 1.0 - EDGE))

    def _ask(self, points: np.ndarray, values: np.ndarray, seed: int) -> np.ndarray:
        module = optuna()
        ranges = {f"u{i}": module.distributions.FloatDistribution(0.0, 1.0) for i in range(self.dimension)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # optuna calls the sampler experimental
            sampler = module.samplers.GPSampler(seed=seed, n_startup_trials=STARTUP)
            study = module.create_study(direction="maximize", sampler=sampler)
            for point, value in zip(points, values, strict=True):
                params = {name: float(u) for name, u in zip(ranges, point, strict=True)}
                study.add_trial(module.create_trial(params=params, distributions=ranges, value=float(value)))
            asked = [study.ask(ranges) for _ in range(self.samples)]
        return np.array([[trial.params[name] for name in ranges] for trial in asked])

    def distribution(self, history: History, seed: int) -> None:
        """None: a Gaussian process is a belief about scores, not a distribution of candidates."""
        return None
