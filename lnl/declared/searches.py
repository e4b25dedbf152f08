"""Searches as the declarations ask for them: what a cell with a searched parameter depends on. Standard library only.

A method's parameter R is null (its own ramp), {search: <name>} (found by config/searches/<name>.yaml), or a schedule
{formula, clip, x}; any other parameter is a value, or {search: <name>}, found among a declared list of values. A
candidate of a search is the same cell with a schedule, or a value: one training, one record.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lnl.declared import search_rounds
from lnl.declared.cells import Cell, Declared, Run, Search
from lnl.declared.nested import merge
from lnl.declared.reading import SINGLE_ONLY, overridden, reads_in_schedule_only
from lnl.declared.search_file import SHARED, parameter_of
from lnl.declared.searched import searched_parameter
from lnl.declared.suite import Suite
from lnl.errors import UserError

#: Candidates are trained with other seeds than the repeats of any table, so that the schedule found is judged afresh.
FIRST_SEED = 1000


def parameter_searched(suite: Suite, cell: Cell) -> str | None:
    """The parameter of a cell whose value a search finds, or None."""
    return searched_parameter(suite.spec(cell)["method"]["parameters"], cell.id)


def search_of(suite: Suite, cell: Cell) -> Search | None:
    """The search whose schedule, or value, a cell trains with, or None."""
    name = parameter_searched(suite, cell)
    if name is None:
        return None
    wanted = suite.spec(cell)["method"]["parameters"][name]
    method = wanted.get("method", suite.spec(cell)["method"]["key"])
    return Search(cell.protocol, cell.dataset, cell.noise, method, wanted["search"], wanted["seed"])


def rounds(suite: Suite, search: Search) -> list[list[float]]:
    """For each round the share of the full training that each candidate reaches."""
    return suite.declared_search(search).rounds


def blocks(suite: Suite, search: Search, round: int) -> list[range]:
    """Candidates of a round (counted from 0) by job: as many as the configuration asks for, else the scale.

    One whole round where candidates share their networks, or where they are a stack and nobody asks for less.
    """
    samples = len(rounds(suite, search)[round])
    if suite.declared_search(search).spec["candidates"] in SHARED:
        return [range(samples)]
    declared = samples if mode(suite, search) == "stacked" else suite.scales[suite.scale].get("search_block", 1)
    return search_rounds.blocks(samples, suite.config.get("search_block") or declared)


def check_block(suite: Suite) -> None:
    """UserError if the configured block is larger than a round of any declared search: a shorter round is one block."""
    asked = suite.config.get("search_block")
    if asked is None:
        return
    reduced = suite.scales[suite.scale].get("search", {})
    sizes = [
        reduced.get("samples", budget["samples"])
        for declared in suite.searches.values()
        if "values" not in declared and declared["candidates"] not in SHARED
        for budget in (declared, *declared.get("datasets", {}).values())
        if "samples" in budget
    ]
    if sizes and asked > max(sizes):
        raise UserError(
            f"config key 'search_block': {asked} is more than the candidates of a round of any search, {max(sizes)} at "
            f"most; give at most {max(sizes)}"
        )


def mode(suite: Suite, search: Search) -> str:
    """How candidates of a block are trained: one after another (`single`), or as one stack (`stacked`)."""
    spec = suite.declared_search(search).spec
    if spec["candidates"] in SHARED or spec["algorithm"]["name"] == "hyperband":
        return "single"  # these continue from states of single runs
    file = Path(suite.methods[suite.methods[search.method].get("extends", search.method)]["file"])
    if overridden(file) & set(SINGLE_ONLY) or ("parameter" in spec and not reads_in_schedule_only(file)):
        return "single"  # a stack shares one loss: what differs between its runs must come from `schedule`
    return suite.mode(search.protocol)


def candidate(suite: Suite, search: Search, round: int, index: int, value: Any, after: str | None = None) -> Run:
    """The run of one candidate, with its specification known to the suite. Rounds and indices count from 0.

    value: the schedule, or value of the searched parameter, that it is about;
    after: digest of the candidate whose networks a shared one continues; it stands for all that came before.
    """
    declared = suite.declared_search(search)
    ours = declared.spec["candidates"] != "own"
    number = sum(map(len, rounds(suite, search)[:round])) + index
    seed = FIRST_SEED + search.seed if ours else FIRST_SEED * (1 + search.seed) + number
    spec = merge(declared.candidate, {"method": {"parameters": {parameter_of(declared.spec): value}}})
    if declared.spec["candidates"] in SHARED:
        spec[SHARED[declared.spec["candidates"]]] = after
    if "hold_out" in spec:  # drawn anew for each repeat of the search, and one for all of its candidates
        spec = merge(spec, {"hold_out": {"seed": search.seed}})
    if spec["noise"]["vector"] == "per_repeat":  # all candidates of a search see the labels of the repeat it stands for
        spec = merge(spec, {"noise": {"vector": "fixed", "seed": search.seed}})
    name = f"{search.method}-{search.name}-search{search.seed}-round{round + 1}-candidate{index + 1}"
    cell = Cell(search.protocol, search.dataset, search.noise, name)
    suite.admit(cell, Declared(spec, declared.paper_dataset, declared.source, declared.changes))
    return Run(cell, seed)
