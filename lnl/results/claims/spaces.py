"""Identities about search spaces: do candidates stay in [0, 1], and which curves can a space follow?

Fits are least squares over t = 1..200, from several starts that are drawn once and for all; the targets are those of
the synthetic experiment (config/synthetic.yaml). An RMSE of 0.02, two images of a hundred, is OUR bound for "follows".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares, nnls

from lnl.learning.curves import evaluate, fixed_bases
from lnl.results.claims.printed import Comparison
from lnl.results.claims.tests import greater
from lnl.search.spaces import CHECK_DRAWS, SLACK, Space, load_space
from lnl.search.synthetic import load, target_curve

Array = np.ndarray
T = 200.0
FOLLOWS = 0.02
EXACT = 1e-3  # of a special case that a space contains: its best fit is zero but for the optimiser's tolerance
TAUS, EXPONENTS, RAMPS = (0.2, 0.45, 0.5), (0.5, 1.0, 2.0), (5.0, 10.0, 15.0)
epochs = np.arange(1.0, T + 1.0)


def best_fit(curve: Callable[[Array], Array], dimension: int, target: Array, starts: int = 4) -> float:
    """Smallest RMSE of curve(u) to a target [n] over u in the unit cube, of least-squares fits from several starts."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(starts):
        u = 0.05 + 0.9 * rng.random(dimension)
        fit = least_squares(lambda v: curve(v) - target, u, bounds=(0.0, 1.0), max_nfev=150)
        found.append(float(np.sqrt((fit.fun**2).mean())))
    return min(found)


def best_mixture(bases: Array, target: Array) -> float:
    """Smallest RMSE of a convex mixture of fixed functions [k, n] to a target [n]: a non-negative least-squares fit."""
    heavy = 1e4  # weight of the equation sum = 1
    system = np.vstack([bases.T, heavy * np.ones((1, len(bases)))])
    weights, _ = nnls(system, np.append(target, heavy))
    return float(np.sqrt(((weights @ bases - target) ** 2).mean()))


def _curve(space: Space) -> Callable[[Array], Array]:
    return lambda u: space.raw(u, epochs, T)


def _targets(root: Path) -> dict[str, Array]:
    """Every declared target that is a curve [200], tested or for tuning: shapes of several kinds."""
    declared = load(root)
    known = {name: target_curve(declared, name, epochs) for name in [*declared["targets"], *declared["tuning_targets"]]}
    return {name: curve for name, curve in known.items() if curve is not None}


def _spaces(root: Path) -> Iterator[Space]:
    for path in sorted((root / "config" / "spaces").glob("*.yaml")):
        yield load_space(root, path.stem)


def stay_in_range(root: Path) -> list[Comparison]:
    """R stays in [0, 1] at t = 0..199 and starts at 1, before any clipping. Effect: share of draws that leave [0, 1].

    Spaces that do not say that they start at one (the ablations and the unconstrained one) are shown, not counted.
    """
    t = np.arange(T)
    out = []
    for space in _spaces(root):
        rng = np.random.default_rng(0)
        outside, start = 0, 0.0
        for _ in range(40):
            r = space.raw(rng.random((CHECK_DRAWS // 40, space.dimension)), t, T)
            outside += int(((r < -SLACK) | (r > 1.0 + SLACK)).any(axis=1).sum())
            start = max(start, float(np.abs(r[:, 0] - 1.0).max()))
        share = outside / CHECK_DRAWS
        repair = " before clipping" if space.clip else ""
        label = f"{space.name}: {100 * share:.3g}% of draws leave [0, 1]{repair}; R(0) is off 1 by at most {start:.2g}"
        out.append(Comparison(label, share, share == 0 and start < SLACK, counts=space.starts_at_one))
    return out


def _singles() -> dict[str, tuple[Callable[[Array], Array], int]]:
    """The two functions that S2E's released space mixes, each alone, with the ranges of that space."""

    def decay(x: Array, first: float) -> Array:
        numbers = np.array([first, x[0], 0.5 * x[1], x[0], 0.5 * x[1]])
        return evaluate("two_decays", numbers, epochs, T)

    return {
        "exponential decay": (lambda x: decay(x, 1.0), 2),
        "hyperbolic decay": (lambda x: decay(x, 0.0), 2),
    }


def single_functions(root: Path) -> list[Comparison]:
    """No single function follows every target; a mixture comes closer. Effect: RMSE of a function's worst target."""
    targets = _targets(root)
    fits = {name: {k: best_fit(f, n, t) for k, t in targets.items()} for name, (f, n) in _singles().items()}
    mixed = load_space(root, "two-decays")
    mixture = {k: best_fit(_curve(mixed), mixed.dimension, t) for k, t in targets.items()}
    out = []
    for name, errors in fits.items():
        worst = max(errors, key=lambda k: errors[k])
        label = f"{name} alone is off by more than {FOLLOWS:g} (RMSE) at its worst target, {worst}"
        out.append(Comparison(label, errors[worst], errors[worst] > FOLLOWS))
    single = [min(errors[k] for errors in fits.values()) for k in targets]
    gain = greater(single, list(mixture.values()))
    label = f"best single function further off than the mixture of both, over {len(targets)} targets"
    fits_ = gain.p is not None and gain.p <= 0.05 and gain.inside
    out.append(Comparison(label, float(gain.effect or 0.0), fits_, outcome=gain))
    worst = max(mixture, key=lambda k: mixture[k])
    out.append(Comparison(f"the mixture at its own worst target, {worst} (RMSE)", mixture[worst], True, counts=False))
    return out


def coteaching_schedules(root: Path) -> list[Comparison]:
    """Co-teaching's schedules lie in the proposed space. Effect: the largest RMSE of a best fit over the grid."""
    grid = list(itertools.product(TAUS, EXPONENTS, RAMPS))
    curves = [evaluate("coteaching", np.array(x), epochs, T) for x in grid]
    released = load_space(root, "two-decays")
    bases = fixed_bases(epochs, T)
    spaces: Mapping[str, Callable[[Array], float]] = {
        "two decays, as released": lambda curve: best_fit(_curve(released), released.dimension, curve),
        "mixture of fixed functions, as printed (functions ours)": lambda curve: best_mixture(bases, curve),
    }
    out = []
    for name, fit in spaces.items():
        errors = [fit(curve) for curve in curves]
        tau, c, t_k = grid[int(np.argmax(errors))]
        within = sum(error < EXACT for error in errors)
        label = (
            f"{name}: {within} of {len(grid)} schedules fitted to {EXACT:g}, median error {np.median(errors):.3g}, "
            f"worst at tau {tau:g}, c {c:g}, t_k {t_k:g}"
        )
        out.append(Comparison(label, max(errors), within == len(grid)))
    return out


def start_at_one(root: Path) -> list[Comparison]:
    """Each of the four basis functions is 1 at t = 0. Effect: how far the worst of 20,000 draws is off."""
    space = load_space(root, "four-bases")
    rng = np.random.default_rng(0)
    x = space.x(rng.random((CHECK_DRAWS, space.dimension)))
    corners = {1: (1.0, 1.0, 1.0), 2: (0.0, 1.0, 1.0), 3: (0.0, 0.0, 1.0), 4: (0.0, 0.0, 0.0)}
    out = []
    for number, sticks in corners.items():  # the corner of the simplex at which R is that function alone
        x[:, :3] = sticks
        off = float(np.abs(evaluate(space.formula, x, np.array([0.0]), T) - 1.0).max())
        out.append(Comparison(f"f{number} at t = 0 is off 1 by", off, off < SLACK))
    largest = float(max(abs(np.exp(-c.high) - 1.0) for c in space.coordinates if c.name == "f1_a2"))
    height = float(max(c.high for c in space.coordinates if c.name == "f1_a3"))
    out.append(
        Comparison("an exponent of exactly 0, read as 0^0 = 1: a decay is off by up to", largest, False, counts=False)
    )
    out.append(Comparison("the same of a power rise", height, False, counts=False))
    return out


def follow_examples(root: Path) -> list[Comparison]:
    """The four basis functions follow example schedules. Effect: RMSE of the best fit."""
    space = load_space(root, "four-bases")
    declared: dict[str, Any] = load(root)
    out = []
    for name, wanted in declared["targets"].items():
        target = target_curve(declared, name, epochs)
        if target is not None:
            error = best_fit(_curve(space), space.dimension, target, starts=3)
            out.append(Comparison(f"{wanted['title']}: RMSE below {FOLLOWS:g}", error, error < FOLLOWS))
    return out
