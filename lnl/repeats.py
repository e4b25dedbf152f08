"""Which repeats of a cell are trained together, as one stack of runs. Standard library only.

A device that is faster at small steps than the host at asking for them trains five repeats in little more than the time
of one. Only linear networks are put together: on a CPU their numbers do not depend on their neighbours.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lnl import needs
from lnl.cells import Cell, Run
from lnl.declarations import SINGLE_ONLY, members
from lnl.networks.registry import NETWORKS

if TYPE_CHECKING:
    from lnl.matrix import Suite


def together(suite: Suite, run: Run) -> tuple[int, ...]:
    """Seeds of the runs that are trained as one stack with this one, itself included; () where it is trained alone.

    They are what the declarations demand of the cell, never only what today's targets do.
    """
    seeds = _demanded(suite).get(run.cell, ())
    return seeds if run.seed in seeds and len(seeds) > 1 and _stackable(suite, run.cell) else ()


def text(seeds: tuple[int, ...]) -> str:
    """Seeds as paths and commands have them: 1,2,3."""
    return ",".join(map(str, seeds))


@cache
def _demanded(suite: Suite) -> dict[Cell, tuple[int, ...]]:
    found: dict[Cell, set[int]] = {}
    for key in suite.artefacts:
        for run in suite.demand(key):
            found.setdefault(run.cell, set()).add(run.seed)
    return {cell: tuple(sorted(seeds)) for cell, seeds in found.items()}


@cache
def _stackable(suite: Suite, cell: Cell) -> bool:
    if suite.mode(cell.protocol) != "stacked":
        return False
    spec = suite.spec(cell)
    method = suite.methods[spec["method"]["key"]]
    file = suite.methods[method.get("extends", method["key"])]["file"]
    return (
        NETWORKS[spec["network"]["name"]].linear
        and not members(Path(file)) & set(SINGLE_ONLY)
        and not method.get("handovers")
        and not needs.handover_points(suite, cell)
    )
