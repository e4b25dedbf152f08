"""Identity: does a natural-gradient search depend on the numbers that describe its distribution?

A Beta distribution by its exponents (x, y), by their logarithms, or by mean and concentration. An infinitesimal step is
the same in all three; a step of finite length is a straight line in one of them and a curve in the others. What counts
is S2E's own: a small step of its equation 5, and whole searches with the printed one. The sound form's are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lnl.results.claims.printed import Comparison
from lnl.results.claims.tests import equal
from lnl.search.algorithms import build
from lnl.search.algorithms.base import Distributional
from lnl.search.algorithms.natural_gradient import AsPrinted, Sound
from lnl.search.algorithms.natural_gradient import Path as Walk
from lnl.search.algorithms.trust import CEILING, farthest, pooled
from lnl.search.beta import Betas
from lnl.search.history import History, Round
from lnl.search.synthetic import bed, load

Array = np.ndarray
RATE = 1e-6  # a step this small is the same to first order
SAME = 1e-4  # relative difference of two such steps
CLOSE = 0.005  # RMSE: OUR bound for "hardly depends"
REPEATS = {"as_printed": 60, "sound": 200}  # searches in each set of numbers; fewer sound ones leave CLOSE open
ROUNDS, SAMPLES = 10, 10
ALGORITHMS = {"as_printed": "natural-gradient-printed", "sound": "natural-gradient"}  # of config/synthetic.yaml


@dataclass(frozen=True)
class Numbers:
    """Another set of numbers phi for theta = (x, y) per coordinate: both ways, and d theta / d phi [d, 2, 2]."""

    of: Callable[[Array, Array], Array]
    theta: Callable[[Array], Array]
    jacobian: Callable[[Array, Array], Array]


def _pairs(first: Array, second: Array) -> Array:
    return np.stack([first, second], -1)


def _blocks(rows: list[list[Array]]) -> Array:
    return np.moveaxis(np.array(rows), -1, 0)


def _mean_theta(phi: Array) -> Array:
    mean, concentration = np.clip(phi[:, 0], 1e-9, 1 - 1e-9), np.maximum(phi[:, 1], 1e-9)
    return _pairs(mean * concentration, (1 - mean) * concentration)


def _mean_jacobian(x: Array, y: Array) -> Array:
    total, mean = x + y, x / (x + y)
    return _blocks([[total, mean], [-total, 1 - mean]])


NUMBERS = {
    "exponents": Numbers(_pairs, lambda phi: phi, lambda x, y: _blocks([[1 + 0 * x, 0 * x], [0 * x, 1 + 0 * x]])),
    "logarithms": Numbers(
        lambda x, y: _pairs(np.log(x), np.log(y)), np.exp, lambda x, y: _blocks([[x, 0 * x], [0 * x, y]])
    ),
    "mean and concentration": Numbers(lambda x, y: _pairs(x / (x + y), x + y), _mean_theta, _mean_jacobian),
}


def direction(numbers: Numbers, betas: Betas, gradient: Array) -> Array:
    """The natural direction [d, 2] in phi: (J^T F J)^-1 J^T g, computed as someone would who knows only phi."""
    jacobian = numbers.jacobian(betas.a, betas.b)
    turned = np.swapaxes(jacobian, 1, 2)
    fisher = turned @ betas.blocks() @ jacobian
    return np.linalg.solve(fisher, turned @ gradient.reshape(-1, 2, 1))[..., 0]


def moved(numbers: Numbers, betas: Betas, step: Array) -> Array:
    """theta [2d] after a straight step [d, 2] in phi."""
    return numbers.theta(numbers.of(betas.a, betas.b) + step).reshape(-1)


class PrintedElsewhere(AsPrinted):
    """S2E's equation 5, its step a straight line in other numbers.

    With phi's Fisher information J^T F J and gradient J^T g, J = d theta / d phi, the step is J^-1 rho F^-1 g. It ends
    where the numbers do (a mean within 0 and 1), at theta >= 1 as S2E has it, and where a Beta is a point.
    """

    def __init__(self, dimension: int, like: AsPrinted, numbers: Numbers) -> None:
        super().__init__(dimension, like.samples, like.step, like.fisher_samples)
        self.numbers = numbers

    def update(self, state: Array, history: History, seed: int) -> Array:
        """theta [2d] after the last round."""
        betas = Betas(state)
        step = self.printed_step(betas, history, seed).reshape(-1, 2, 1)
        straight = np.linalg.solve(self.numbers.jacobian(betas.a, betas.b), step)[..., 0]
        with np.errstate(over="ignore"):  # a long step in logarithms
            return np.clip(moved(self.numbers, betas, straight), 1.0, CEILING)


class Elsewhere(Sound):
    """The suite's sound natural gradient, its step a straight line in other numbers; as long, in nats."""

    def __init__(self, dimension: int, like: Sound, numbers: Numbers) -> None:
        super().__init__(dimension, like.samples, like.step, like.memory)
        self.numbers = numbers

    def update(self, state: Walk, history: History, seed: int) -> Walk:
        """The state after the last round: as far along the line as `step` nats allow, theta >= 1."""
        betas = Betas(state.theta)
        path = (*state.before, state.theta)
        points, reward = pooled(history, path, self.memory)
        step = direction(self.numbers, betas, reward @ betas.score(points))
        length = float(np.abs(step).max())
        if not np.isfinite(length) or length == 0.0:
            return Walk(state.theta, path)

        def at(a: float) -> Array:
            return np.clip(moved(self.numbers, betas, a * step / length), 1.0, CEILING)

        return Walk(farthest(at, betas, self.step), path)


def invariance(root: Path) -> list[Comparison]:
    """Steps at a small rate agree in all numbers; searches with whole steps end as near to their target.

    Effects: largest relative difference of the steps; difference of mean final RMSE (searches of 10 rounds of 10 for
    the target `inside` of config/synthetic.yaml, as S2E's synthetic experiment).
    """
    rng = np.random.default_rng(0)
    betas = Betas(1.0 + 4.0 * rng.random(10))
    gradient = (betas.score(betas.sample(rng, SAMPLES)) * rng.random((SAMPLES, 1))).mean(0)
    steps = {
        name: (moved(n, betas, RATE * direction(n, betas, gradient)) - betas.theta) / RATE
        for name, n in NUMBERS.items()
    }
    reference = steps["exponents"]
    out = []
    for name, step in steps.items():
        if name != "exponents":
            apart = float(np.abs(step - reference).max() / np.abs(reference).max())
            label = f"one small step of equation 5 in {name} against exponents: relative difference"
            out.append(Comparison(label, apart, apart < SAME))
    return out + _whole(root, "as_printed", "as printed", True) + _whole(root, "sound", "sound form (ours)", False)


def _whole(root: Path, form: str, said: str, counts: bool) -> list[Comparison]:
    """Whole searches of one form in all numbers, against exponents."""
    ends = {name: _ends(root, numbers, form) for name, numbers in NUMBERS.items()}
    out = []
    for name, errors in ends.items():
        if name != "exponents":
            found = equal(ends["exponents"], errors, CLOSE, paired=False)
            fits = found.p is not None and found.p <= 0.05 and found.inside
            label = f"{said}: final RMSE of searches in exponents within {CLOSE:g} of those in {name}"
            out.append(Comparison(label, float(found.effect or 0.0), fits, counts, outcome=found))
    return out


def _ends(root: Path, numbers: Numbers, form: str) -> list[float]:
    """Final RMSE of each search with steps that are straight in these numbers."""
    declared = load(root)
    where = bed(root, declared, "two-decays", "inside")
    like = build(declared["algorithms"][ALGORITHMS[form]]["algorithm"], where.dimension, ROUNDS, SAMPLES)
    out = []
    for seed in range(REPEATS[form]):
        running = elsewhere(like, where.dimension, numbers)
        history: list[Round] = []
        errors: list[Array] = []
        for _ in range(ROUNDS):
            proposed = running.propose(history, seed)
            errors.append(where.error(np.array([candidate.u for candidate in proposed])))
            history.append(Round(tuple(proposed), tuple((1.0 - errors[-1]).tolist())))
        out.append(float(np.min(errors)))
    return out


def elsewhere(like: object, dimension: int, numbers: Numbers) -> Distributional:
    """The same search with steps that are straight in other numbers."""
    if isinstance(like, AsPrinted):
        return PrintedElsewhere(dimension, like, numbers)
    assert isinstance(like, Sound)
    return Elsewhere(dimension, like, numbers)
