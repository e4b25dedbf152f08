"""Searches as the declarations ask for them: what a cell with a searched R(t) depends on. Standard library only.

A method's parameter R is null (its own ramp), {search: <name>} (found by config/searches/<name>.yaml), or a schedule
{formula, clip, x}. A candidate of a search is the same cell with a schedule: one training, one record.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lnl.cells import Cell, Declared, DeclaredSearch, Run, Search
from lnl.errors import UserError
from lnl.resolve import choose, digest, merge
from lnl.search import plan

if TYPE_CHECKING:
    from lnl.matrix import Suite

#: Bumped by hand when the walk of a search changes what it finds.
VERSION = 1

WITHOUT_DISTRIBUTION = ("random", "grid", "hyperband", "bayesian")
FINALS = ("best", "draw", "mode")

#: Candidates are trained with other seeds than the repeats of any table, so that the schedule found is judged afresh.
FIRST_SEED = 1000


def declare(suite: Suite, at: Mapping[str, str], base: dict[str, Any], name: str, where: str) -> DeclaredSearch:
    """The search `name` of a cell whose specification, but for its R, is `base`. UserError if it cannot be run."""
    declared = copy.deepcopy(choose(name, suite.searches, "search", where))
    paper_dataset = at["dataset"]
    budget = {k: declared[k] for k in ("rounds", "samples")} | declared.get("datasets", {}).get(paper_dataset, {})
    algorithm = declared["algorithm"] | budget.pop("algorithm", {})
    reduced = dict(suite.scales[suite.scale].get("search", {}))
    brackets = reduced.pop("brackets", None)
    budget |= reduced
    if algorithm["name"] == "hyperband" and brackets is not None:
        algorithm = algorithm | {"brackets": brackets}
    space = choose(declared["space"], suite.spaces, "search space", f"config/searches/{name}.yaml")
    protocol = suite.protocols[at["protocol"]]
    if declared["final"] != "best" and algorithm["name"] in WITHOUT_DISTRIBUTION:
        raise UserError(
            f"config/searches/{name}.yaml: {algorithm['name']} keeps no distribution from which to take its "
            f"{declared['final']}; final: best"
        )
    if "R" not in suite.methods[at["method"]]["parameters"]:
        having = ", ".join(k for k, m in suite.methods.items() if "R" in m["parameters"])
        raise UserError(
            f"{where}: {at['method']} has no parameter R that could be searched; methods that have: {having}"
        )
    scored_on = protocol.get("search", {}).get("scored_on", "validation")
    if scored_on == "validation" and base["split"] == "none":
        having = ", ".join(k for k, p in suite.protocols.items() if p["split"] != "none")
        raise UserError(
            f"{where}: protocol {at['protocol']} has no validation images on which search '{name}' could score its "
            f"candidates; protocols that have some: {having}"
        )
    if declared["candidates"] == "shared" and algorithm["name"] == "hyperband":
        raise UserError(
            f"config/searches/{name}.yaml: hyperband trains candidates in parts, which shared ones cannot be"
        )
    spec = {
        "version": VERSION,
        "space": {
            "formula": space["formula"],
            "clip": space["clip"],
            "ranges": ranges(space),
        },
        "algorithm": algorithm,
        **budget,
        "candidates": declared["candidates"],
        "scored_on": scored_on,
        "candidate": digest(base),
    }
    return DeclaredSearch(spec, base, paper_dataset, where)


def check_schedule(wanted: Any, where: str) -> None:
    """UserError unless a parameter R is {search, seed, final} or a schedule {formula, clip, x}."""
    if not isinstance(wanted, Mapping) or ("search" in wanted) == ("formula" in wanted):
        raise UserError(f"{where}: R is {{search: <name>}}, or a schedule {{formula, clip, x}}, not {wanted!r}")
    known = {"search": 0, "seed": 0, "final": 0} if "search" in wanted else {"formula": 0, "clip": 0, "x": 0}
    for key in wanted:
        choose(key, known, "key of R", where)
    seed, final = wanted.get("seed", 1), wanted.get("final")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UserError(f"{where}: R's seed is a whole number from 0 on, not {seed!r}")
    if final is not None:
        choose(final, dict.fromkeys(FINALS, 0), "final schedule", where)


def ranges(space: Mapping[str, Any]) -> list[list[float]]:
    """(low, high, how many alike) of the coordinates of a declared space, in order."""
    return [[*c["range"], c.get("count", 1)] for c in space["coordinates"]]


def search_of(suite: Suite, cell: Cell) -> Search | None:
    """The search whose schedule a cell trains with, or None."""
    wanted = suite.spec(cell)["method"]["parameters"].get("R")
    if not isinstance(wanted, Mapping) or "search" not in wanted:
        return None
    method = suite.spec(cell)["method"]["key"]
    return Search(cell.protocol, cell.dataset, cell.noise, method, wanted["search"], wanted["seed"])


def rounds(suite: Suite, search: Search) -> list[list[float]]:
    """For each round the share of the full training that each candidate reaches."""
    return suite.declared_search(search).rounds


def blocks(suite: Suite, search: Search, round: int) -> list[range]:
    """Candidates of a round (counted from 0) by job: as many as the configuration asks for, else the scale.

    One whole round where candidates share their networks, or where they are a stack and nobody asks for less.
    """
    samples = len(rounds(suite, search)[round])
    if suite.declared_search(search).spec["candidates"] == "shared":
        return [range(samples)]
    declared = samples if mode(suite, search) == "stacked" else suite.scales[suite.scale].get("search_block", 1)
    return plan.blocks(samples, suite.config.get("search_block") or declared)


def check_block(suite: Suite) -> None:
    """UserError if the configured block is larger than a round of some declared search."""
    asked = suite.config.get("search_block")
    for name, declared in suite.searches.items() if asked is not None else ():
        budgets = [declared, *declared.get("datasets", {}).values()]
        reduced = suite.scales[suite.scale].get("search", {})
        least = reduced.get("samples", min(b["samples"] for b in budgets if "samples" in b))
        if declared["algorithm"]["name"] != "hyperband" and asked > least:
            raise UserError(
                f"config key 'search_block': {asked} is more than the {least} candidates of a round of search "
                f"'{name}'; give at most {least}"
            )


def mode(suite: Suite, search: Search) -> str:
    """How candidates of a block are trained: one after another (`single`), or as one stack (`stacked`)."""
    spec = suite.declared_search(search).spec
    if spec["candidates"] == "shared" or spec["algorithm"]["name"] == "hyperband":
        return "single"  # these continue from states of single runs
    return suite.mode(search.protocol)


def candidate(
    suite: Suite, search: Search, round: int, index: int, schedule: Mapping[str, Any], after: str | None = None
) -> Run:
    """The run of one candidate, with its specification known to the suite. Rounds and indices count from 0.

    after: digest of the candidate whose networks a shared one continues; it stands for all that came before.
    """
    declared = suite.declared_search(search)
    ours = declared.spec["candidates"] != "own"
    number = sum(map(len, rounds(suite, search)[:round])) + index
    seed = FIRST_SEED + search.seed if ours else FIRST_SEED * (1 + search.seed) + number
    spec = merge(declared.candidate, {"method": {"parameters": {"R": dict(schedule)}}})
    if declared.spec["candidates"] == "shared":
        spec["networks_of"] = after
    if spec["noise"]["vector"] == "per_repeat":  # all candidates of a search see the labels of the repeat it stands for
        spec = merge(spec, {"noise": {"vector": "fixed", "seed": search.seed}})
    name = f"{search.method}-{search.name}-search{search.seed}-round{round + 1}-candidate{index + 1}"
    cell = Cell(search.protocol, search.dataset, search.noise, name)
    suite.admit(cell, Declared(spec, declared.paper_dataset, declared.source))
    return Run(cell, seed)
