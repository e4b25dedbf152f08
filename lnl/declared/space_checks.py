"""Spaces of curves and the synthetic experiment, beyond their schemas: formulas, bounds, names, sizes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from lnl.declared import formulas
from lnl.declared.search_file import check_budget
from lnl.declared.search_options import resolved
from lnl.errors import UserError, choose

SYNTHETIC = "config/synthetic.yaml"

Tree = Mapping[str, Any]


def check_space(key: str, space: Tree) -> None:
    """UserError for an unknown formula, a wrong count of coordinates, bounds the wrong way round, a name twice."""
    where = f"config/spaces/{key}.yaml"
    wanted = choose(space["formula"], dict(formulas.NUMBERS), "formula", f"{where}: 'formula'")
    if dimension(space) != wanted:
        raise UserError(
            f"{where}: 'coordinates': {space['formula']} takes {wanted} numbers, {dimension(space)} declared"
        )
    formulas.check_clip(space["clip"], where)
    names: set[str] = set()
    for coordinate in space["coordinates"]:
        low, high = coordinate["range"]
        if not low < high:
            raise UserError(f"{where}: '{coordinate['name']}': the range starts at {low} and ends at {high}")
        if coordinate["name"] in names:
            raise UserError(f"{where}: two coordinates are called '{coordinate['name']}'; rename one of them")
        names.add(coordinate["name"])


def dimension(space: Tree) -> int:
    """How many numbers a point of a space has."""
    return sum(coordinate.get("count", 1) for coordinate in space["coordinates"])


def check_synthetic(declared: Tree, spaces: Tree) -> None:
    """UserError for a target that is no curve, and for a study that names what is not there."""
    targets = {**declared["targets"], **declared["tuning_targets"]}
    twice = sorted(set(declared["targets"]) & set(declared["tuning_targets"]))
    if twice:
        raise UserError(
            f"{SYNTHETIC}: '{twice[0]}' is a target and a tuning target; a form is not tested where it was tuned"
        )
    for name, target in targets.items():
        _check_target(target, declared["epochs"], f"{SYNTHETIC}: targets, {name}")
    for name, algorithm in declared["algorithms"].items():
        resolved(algorithm["algorithm"], f"{SYNTHETIC}: algorithms, {name}")
        if algorithm["algorithm"]["name"] == "hyperband":
            raise UserError(f"{SYNTHETIC}: algorithms, {name}: hyperband stops trainings, and nothing is trained here")
    for name, budget in declared["budgets"].items():
        check_budget({"name": "random"}, budget["rounds"], budget["samples"], f"{SYNTHETIC}: budgets, {name}")
    for name, study in declared["studies"].items():
        where = f"{SYNTHETIC}: studies, {name}"
        target = choose(study["target"], dict(declared["targets"]), "target", where)
        choose(study["budget"], dict(declared["budgets"]), "budget", where)
        for arm, what in study["arms"].items():
            space = choose(what["space"], dict(spaces), "search space", f"{where}, {arm}")
            choose(what["algorithm"], dict(declared["algorithms"]), "algorithm", f"{where}, {arm}")
            if "optimum" in target and dimension(space) != len(target["optimum"]):
                raise UserError(
                    f"{where}, {arm}: the target '{study['target']}' has {len(target['optimum'])} numbers, "
                    f"a point of space '{what['space']}' has {dimension(space)}"
                )


def _check_target(target: Tree, epochs: int, where: str) -> None:
    if "formula" in target:
        formulas.check_numbers(target["formula"], target["x"], where)
    if "points" in target:
        t, values = target["points"]["t"], target["points"]["R"]
        if len(t) != len(values):
            raise UserError(f"{where}: 'points' has {len(t)} epochs t and {len(values)} values R; each t needs its R")
        if any(a >= b for a, b in pairwise(t)):
            raise UserError(f"{where}: 'points': the epochs t = {t} do not follow each other; write them in order")
        if t[0] > 1 or t[-1] < epochs:
            raise UserError(f"{where}: 'points': t reaches from {t[0]} to {t[-1]}, and the epochs from 1 to {epochs}")
