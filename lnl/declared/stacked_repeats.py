"""Which repeats of a cell are trained together, as one stack of runs. Standard library only.

A device that is faster at small steps than the host at asking for them trains five repeats in little more than the time
of one. Only linear networks are put together: on a CPU their numbers do not depend on their neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lnl.declared import dependencies
from lnl.declared.cells import Cell, Run
from lnl.declared.reading import SINGLE_ONLY, overridden
from lnl.networks.registry import NETWORKS

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def together(suite: Suite, run: Run) -> tuple[int, ...]:
    """Seeds of the runs that are trained as one stack with this one, itself included; () where it is trained alone.

    They are those that the same artefacts demand, whatever today's targets are: asking for one artefact trains nothing
    that only others need.
    """
    if not stackable(suite, run.cell):
        return ()
    group = next((group for group in _demanded(suite).get(run.cell, ()) if run.seed in group), ())
    return group if len(group) > 1 else ()


def seeds_text(seeds: Iterable[int]) -> str:
    """Seeds as paths have them: 1-2-3. With commas Snakemake could not say to a cluster's job which stack it is."""
    return "-".join(map(str, seeds))


@cache
def _demanded(suite: Suite) -> dict[Cell, list[tuple[int, ...]]]:
    """Seeds of every cell, grouped by the artefacts that demand them."""
    wanted: dict[Cell, dict[int, list[str]]] = {}
    for key in suite.artefacts:
        for run in suite.demand(key):
            wanted.setdefault(run.cell, {}).setdefault(run.seed, []).append(key)
    return {cell: _groups(by_seed) for cell, by_seed in wanted.items()}


def _groups(by_seed: dict[int, list[str]]) -> list[tuple[int, ...]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for seed in sorted(by_seed):
        groups.setdefault(tuple(dict.fromkeys(by_seed[seed])), []).append(seed)
    return [tuple(group) for group in groups.values()]


@cache
def stackable(suite: Suite, cell: Cell) -> bool:
    """Whether repeats of a cell are trained as one stack: as declared, where nothing speaks against it."""
    if suite.mode(cell.protocol) != "stacked":
        return False
    spec = suite.spec(cell)
    method = suite.methods[spec["method"]["key"]]
    return (
        NETWORKS[spec["network"]["name"]].linear
        and not overridden(Path(method["file"])) & set(SINGLE_ONLY)
        and not method.get("handovers")
        and "stage" not in spec  # each repeat goes on from its own network
        and "hold_out" not in spec  # each repeat leaves out its own examples
        and not any(declared.get("validates") for declared in spec.get("sets", {}).values())  # and validates on its own
        and not dependencies.hands_over(suite, cell)
        and not _told_apart(suite, cell)
    )


def _told_apart(suite: Suite, cell: Cell) -> bool:
    """Whether the noise may tell each repeat's method another matrix: a declared kind's, or that of a network's labels,
    from labels of its own."""
    own, noise = suite.own_noise(cell.noise, cell.dataset), suite.spec(cell)["noise"]
    return ((own is not None and own.kind.varies) or "labeller" in noise) and noise["vector"] != "fixed"
