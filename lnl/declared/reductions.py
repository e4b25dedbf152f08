"""What a scale changes for an artefact, in words for captions: stand-ins, epochs, the budget of searches."""

from __future__ import annotations

from dataclasses import replace

from lnl.declared import dependencies, searches
from lnl.declared.cells import Cell, Declared, Search
from lnl.declared.suite import Suite


def comparable(suite: Suite, key: str, cell: Cell | None = None) -> str | None:
    """None at paper scale; else a short text that says at what scale the numbers were made.

    At paper scale a data set may have a stand-in all the same. The text then says so, of the artefact, or of one
    of its cells: the others are the printed setting.
    """
    if suite.scale == "paper":
        stand_ins = replaced(suite, key, cell)
        return f"paper, but {' and '.join(stand_ins)}" if stand_ins else None
    made = changes(suite, key)
    return f"{suite.scale}: {', '.join(made)}" if made else suite.scale


def heading(suite: Suite, key: str) -> str:
    """One line for captions: scale, stand-ins, epochs."""
    changed = comparable(suite, key)
    return "scale paper: the printed setting" if changed is None else f"scale {changed}"


def replaced(suite: Suite, key: str, cell: Cell | None = None) -> list[str]:
    """`news2-lsa stands for news2`, …: data sets of an artefact, or of one cell of it, that take another's place."""
    cells = [run.cell for run in suite.demand(key)] if cell is None else [cell]
    pairs = [(c.dataset, suite.declared(c).paper_dataset) for c in cells]
    if cell is None:
        found = dependencies.searches(suite, key)
        pairs += [(s.dataset, suite.searching.declared_search(s).paper_dataset) for s in found]
    return [f"{used} stands for {printed}" for used, printed in dict.fromkeys(pairs) if used != printed]


def changes(suite: Suite, key: str) -> list[str]:
    """`digits for mnist`, `100 of 200 epochs`, …: each once, in the order of the artefact's cells."""
    asked = list(dict.fromkeys(run.cell for run in suite.demand(key)))
    cells = [replace(suite.declared(c), paper_dataset=printed) for c in asked for printed in suite.named(key, c)]
    out = [f"{d.spec['dataset']} for {d.paper_dataset}" for d in cells if d.spec["dataset"] != d.paper_dataset]
    out += [words for d in cells if (words := _network(suite, d))]
    out += ["convolutions in bfloat16" for d in cells if d.spec.get("arithmetic") == "fast"]
    epochs = {(d.spec["epochs"], d.spec["paper_epochs"]) for d in cells}
    out += [f"{t} of {paper} epochs" for t, paper in sorted(epochs) if t != paper]
    out += [searched(suite.searching, search) for search in dependencies.searches(suite, key)]
    return list(dict.fromkeys(out))


def _network(suite: Suite, declared: Declared) -> str:
    """`digits_mlp for mlp` where a stand-in takes the place of the protocol's network, not of a variant's."""
    used = declared.spec["network"]["name"]
    printed = suite.protocols[declared.spec["protocol"]]["datasets"][declared.paper_dataset]["network"]
    stand_in = suite.scales[suite.scale].get("stand_ins", {}).get("networks", {}).get(printed, printed)
    if isinstance(stand_in, dict):
        stand_in = stand_in.get(declared.paper_dataset, printed)
    return f"{used} for {printed}" if used == stand_in != printed else ""


def searched(suite: Suite, search: Search) -> str:
    """A search's budget in words: `searches of 40 candidates, 60 epochs each`."""
    declared = suite.declared_search(search)
    count = sum(map(len, searches.rounds(suite, search)))
    parts = declared.spec["algorithm"]["name"] == "hyperband"
    length = declared.candidate["epochs"]
    return f"searches of {count} candidates, {'up to ' if parts else ''}{length} epochs each"
