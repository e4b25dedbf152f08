"""The resolved specification of a search: space or list, algorithm, budget, objective. Standard library only."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from lnl.declared.catalogue import Catalogue
from lnl.declared.cells import DeclaredSearch
from lnl.declared.search_file import SHARED, budget_of, check_budget
from lnl.declared.search_options import resolved
from lnl.declared.specification import NOISY_HOLD_OUT, digest
from lnl.errors import UserError, choose

#: Bumped by hand when the walk of a search changes what it finds.
VERSION = 1

WITHOUT_DISTRIBUTION = ("random", "grid", "hyperband", "bayesian")


def declare(catalogue: Catalogue, at: Mapping[str, str], base: dict[str, Any], name: str, where: str) -> DeclaredSearch:
    """The search `name` of a cell whose specification, but for what is searched, is `base`. UserError if it cannot be
    run."""
    declared = copy.deepcopy(catalogue.searches[name])
    if "handovers" in base["method"]:
        raise UserError(f"{where}: {at['method']} begins with another run's networks, which candidates do not have")
    scored_on = declared.get("scored_on") or catalogue.protocols[at["protocol"]].get("search", {}).get(
        "scored_on", "validation"
    )
    if scored_on == "validation" and base["split"] == "none":
        having = ", ".join(k for k, p in catalogue.protocols.items() if p["split"] != "none")
        raise UserError(
            f"{where}: protocol {at['protocol']} has no validation images on which search '{name}' could score its "
            f"candidates; protocols that have some: {having}; or give the search scored_on: {NOISY_HOLD_OUT}"
        )
    if scored_on == NOISY_HOLD_OUT:
        base = {**base, "split": NOISY_HOLD_OUT, "hold_out": {"share": declared["hold_out"]}}
    statistic = declared.get("statistic", "final")
    spec = {
        "version": VERSION,
        **(_listed(declared) if "values" in declared else _over_a_space(catalogue, base["dataset"], name, declared)),
        "candidates": declared["candidates"],
        "scored_on": scored_on,
        **({"statistic": statistic} if statistic != "final" else {}),
        "candidate": digest(base),
    }
    return DeclaredSearch(spec, base, at["dataset"], where)


def _listed(declared: dict[str, Any]) -> dict[str, Any]:
    """One round of all declared values: no scale cuts a list that a paper prints."""
    values = declared["values"]
    algorithm = {"name": "grid", "values": values}
    return {"parameter": declared["parameter"], "algorithm": algorithm, "rounds": 1, "samples": len(values)}


def _over_a_space(catalogue: Catalogue, dataset: str, name: str, declared: dict[str, Any]) -> dict[str, Any]:
    """Space, algorithm and budget of a search of R on a data set, at the catalogue's scale.

    What is tuned on a paper's data set holds for that one, and not for what stands in for it: one stand-in may stand
    for two of them.
    """
    budget: dict[str, Any] = budget_of(declared) | declared.get("datasets", {}).get(dataset, {})
    algorithm = declared["algorithm"] | budget.pop("algorithm", {})
    reduced = dict(catalogue.scales[catalogue.scale].get("search", {}))
    brackets = reduced.pop("brackets", None)
    budget |= reduced
    if algorithm["name"] == "hyperband" and brackets is not None:
        algorithm = algorithm | {"brackets": brackets}
    if reduced:
        check_budget(
            resolved(algorithm), budget["rounds"], budget["samples"], f"config/scales/{catalogue.scale}.yaml: search"
        )
    space = choose(declared["space"], catalogue.spaces, "search space", f"config/searches/{name}.yaml")
    if declared["final"] != "best" and algorithm["name"] in WITHOUT_DISTRIBUTION:
        raise UserError(
            f"config/searches/{name}.yaml: {algorithm['name']} keeps no distribution from which to take its "
            f"{declared['final']}; final: best"
        )
    if declared["candidates"] in SHARED and algorithm["name"] == "hyperband":
        raise UserError(
            f"config/searches/{name}.yaml: hyperband trains candidates in parts, which shared ones cannot be"
        )
    found = {"formula": space["formula"], "clip": space["clip"], "ranges": ranges(space)}
    return {"space": found, "algorithm": algorithm, **budget}


def ranges(space: Mapping[str, Any]) -> list[list[float]]:
    """(low, high, how many alike) of the coordinates of a declared space, in order."""
    return [[*c["range"], c.get("count", 1)] for c in space["coordinates"]]
