"""S2E's synthetic experiment: how near a search comes to a declared R(t), with no network (config/synthetic.yaml).

A *bed* is what is searched: a space with a target curve, scored by 1 - RMSE, or a quadratic bed, the distance to a
point of the unit cube. An *arm* is one space under one algorithm; a *study* holds the arms of one figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnl.declared.reading import read_yaml
from lnl.errors import UserError, choose, nearest
from lnl.learning.curves import FORMULAS, evaluate
from lnl.search.algorithms import build
from lnl.search.beta import Betas
from lnl.search.history import Round
from lnl.search.spaces import load_space

FILE = "config/synthetic.yaml"
UNIFORM = float(Betas.uniform(1).deviation()[0])  # standard deviation of a uniform number
PINNED = 0.25  # a coordinate whose standard deviation is below this share of a uniform number's hardly searches on


@dataclass(frozen=True)
class Bed:
    """Something to search: `error` gives the RMSE [K] of points u [K, dimension]."""

    dimension: int
    error: Callable[[np.ndarray], np.ndarray]


def load(root: Path) -> dict[str, Any]:
    """config/synthetic.yaml as it is declared (its schema is checked with all declarations)."""
    declared: dict[str, Any] = read_yaml(root / FILE)
    return declared


def target(declared: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Declaration of a target, a tested or a tuning one."""
    found: dict[str, Any] = choose(name, {**declared["targets"], **declared["tuning_targets"]}, "target", FILE)
    return found


def epochs(declared: Mapping[str, Any]) -> np.ndarray:
    """The epochs t = 1..T [T] over which an error is taken."""
    return np.arange(1.0, declared["epochs"] + 1.0)


def target_curve(declared: Mapping[str, Any], name: str, t: np.ndarray) -> np.ndarray | None:
    """R [n] of a target at epochs t [n]; None for a quadratic bed."""
    wanted = target(declared, name)
    if "optimum" in wanted:
        return None
    if "points" in wanted:
        return np.interp(t, wanted["points"]["t"], wanted["points"]["R"])
    formula, x = wanted["formula"], np.array(wanted["x"], dtype=float)
    if formula not in FORMULAS or FORMULAS[formula].numbers != len(x):
        raise UserError(
            f"{FILE}: target '{name}': no formula '{formula}' of {len(x)} numbers{nearest(formula, FORMULAS)}"
        )
    return evaluate(formula, x, t, declared["epochs"])


def bed(root: Path, declared: Mapping[str, Any], space: str, name: str) -> Bed:
    """The bed of a target in a space; a quadratic bed has no use for the space."""
    t = epochs(declared)
    curve = target_curve(declared, name, t)
    if curve is None:
        optimum = np.array(target(declared, name)["optimum"], dtype=float)
        return Bed(len(optimum), lambda u: np.sqrt(((u - optimum) ** 2).mean(-1)))
    searched = load_space(root, space)
    length = declared["epochs"]
    return Bed(searched.dimension, lambda u: np.sqrt(((searched.curve(u, t, length) - curve) ** 2).mean(-1)))


def search(where: Bed, algorithm: Mapping[str, Any], rounds: int, samples: int, repeats: int) -> dict[str, Any]:
    """`repeats` searches, seeds 0, 1, ...

    `best` [repeats, rounds * samples]: lowest RMSE after each evaluation. Of p_theta, where there is one (else NaN),
    after each round, [repeats, rounds]: `theta`, its largest entry; `spread`, the mean standard deviation of its
    coordinates as a share of a uniform number's, 1 at the start; `pinned`, the share of coordinates below PINNED.
    """
    best = np.empty((repeats, rounds * samples))
    theta, spread, pinned = np.full((3, repeats, rounds), np.nan)
    for seed in range(repeats):
        running = build(algorithm, where.dimension, rounds, samples)
        history: list[Round] = []
        for index in range(rounds):
            proposed = running.propose(history, seed)
            errors = where.error(np.array([candidate.u for candidate in proposed]))
            history.append(Round(tuple(proposed), tuple((1.0 - errors).tolist())))
            best[seed, index * samples : (index + 1) * samples] = errors
            after = running.distribution(history, seed)
            if after is not None:
                widths = after.deviation() / UNIFORM
                theta[seed, index], spread[seed, index] = after.theta.max(), widths.mean()
                pinned[seed, index] = (widths < PINNED).mean()
    return {"best": np.minimum.accumulate(best, 1), "theta": theta, "spread": spread, "pinned": pinned}


def run_arm(root: Path, study: str, arm: str, repeats: int | None = None) -> dict[str, Any]:
    """One curve of a synthetic figure: its declaration, and `best` [repeats][evaluations], the lowest RMSE so far.

    `repeats`: as declared if None; fewer are the first of them.
    """
    declared = load(root)
    chosen = choose(study, declared["studies"], "study", FILE)
    what = choose(arm, chosen["arms"], f"arm of study '{study}'", FILE)
    budget = choose(chosen["budget"], declared["budgets"], "budget", FILE)
    algorithm = choose(what["algorithm"], declared["algorithms"], "algorithm", FILE)["algorithm"]
    repeats = what.get("repeats", declared["repeats"]) if repeats is None else repeats
    where = bed(root, declared, what["space"], chosen["target"])
    found = search(where, algorithm, budget["rounds"], budget["samples"], repeats)
    return {
        "study": study,
        "arm": arm,
        "title": what["title"],
        "space": what["space"],
        "target": chosen["target"],
        "algorithm": algorithm,
        "budget": budget,
        "repeats": repeats,
        "best": np.round(found["best"], 8).tolist(),
    }
