"""What a scale replaces, in words for headings: data and networks, epochs, batch, learning rate, repeats, searches."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from lnl.declared import dependencies, lengths, searches
from lnl.declared.cells import Cell, Declared, Search
from lnl.declared.nested import merge, set_dotted
from lnl.declared.specification import PROTOCOL, of_protocol
from lnl.declared.stand_ins import stands_for
from lnl.declared.suite import Suite
from lnl.declared.wording import listed

WHOLE = "nothing reduced"


def comparable(suite: Suite, key: str, cell: Cell | None = None) -> str | None:
    """None at paper scale; else a short text that says at what scale the numbers were made.

    At paper scale a data set may have a stand-in all the same. The text then says so, of the artefact, or of one
    of its cells: of the others nothing is replaced.
    """
    if suite.scale == "paper":
        stand_ins = replaced(suite, key, cell)
        return f"paper, but {' and '.join(stand_ins)}" if stand_ins else None
    return _said(suite, changes(suite, key))


def heading(suite: Suite, key: str) -> str:
    """One line for captions: the scale, and whatever it replaced of what the artefact's cells declare."""
    changed = comparable(suite, key)
    said = f"scale {changed or f'paper: {WHOLE}'}"
    # at paper scale fewer where the configuration asks for fewer; else they are among what changed
    return ", ".join([said, *_repeats(suite, key)]) if suite.scale == "paper" else said


def cell_heading(suite: Suite, cell: Cell) -> str:
    """One line for captions about one cell by itself, as `heading` has it for an artefact. The cell may stand for
    several of its protocol's data sets."""
    declared, search = suite.declared(cell), searches.search_of(suite, cell)
    found = [] if search is None else [searched(suite.searching, search)]
    if suite.scale != "paper":
        papers, named = stands_for(suite, cell) or [declared.paper_dataset], suite.declarations_of(cell)
        told = {each.paper_dataset for each in named}
        alike = [each for each in named if each.paper_dataset in papers]
        alike += [replace(declared, paper_dataset=printed) for printed in papers if printed not in told]
        own = _replacements(suite, alike)
        begun = _begun(suite, [(cell, each) for each in alike], own)
        return f"scale {_said(suite, gathered([*own, *begun, *_labelled(suite, [cell], own), *found]))}"
    printed, used = declared.paper_dataset, declared.spec["dataset"]
    return f"scale paper: {WHOLE}" if printed == used else f"scale paper, but {used} stands for {printed}"


def _said(suite: Suite, made: list[str]) -> str:
    return f"{suite.scale}: {', '.join(made)}" if made else suite.scale


def replaced(suite: Suite, key: str, cell: Cell | None = None) -> list[str]:
    """`news2-lsa stands for news2`, …: data sets of an artefact, or of one cell of it, that take another's place."""
    cells = [run.cell for run in suite.demand(key)] if cell is None else [cell]
    pairs = [(c.dataset, suite.declared(c).paper_dataset) for c in cells]
    if cell is None:
        found = dependencies.searches(suite, key)
        pairs += [(s.dataset, suite.searching.declared_search(s).paper_dataset) for s in found]
    return [f"{used} stands for {printed}" for used, printed in dict.fromkeys(pairs) if used != printed]


def changes(suite: Suite, key: str) -> list[str]:
    """`digits for mnist`, `100 of 200 epochs`, `batches of 64 for 128`, …: each once, in the order of the artefact's
    cells."""
    asked = list(dict.fromkeys(run.cell for run in suite.demand(key)))
    named = [(cell, each) for cell in asked for each in suite.named(key, cell)]
    cells = [each for _, each in named]
    found = dependencies.searches(suite, key)
    if suite.searching is suite:  # candidates of another scale's searches are told by their budget alone
        cells += [each for search in found for each in _candidates(suite, key, search, named)]
    budgets = [searched(suite.searching, search) for search in found]
    own = _replacements(suite, cells)
    behind = [*_begun(suite, named, own), *_labelled(suite, asked, own)]
    return gathered([*own, *behind, *_repeats(suite, key), *budgets])


def gathered(words: list[str]) -> list[str]:
    """`digits for mnist and cifar10` of `digits for mnist` and `digits for cifar10`, where the first of them stands."""
    found: dict[str, list[str]] = {}
    for said in words:
        used, _, printed = said.partition(" for ")
        found[used] = list(dict.fromkeys([*found.get(used, []), *([printed] if printed else [])]))
    return [f"{used} for {listed(printed)}" if printed else used for used, printed in found.items()]


def _candidates(suite: Suite, key: str, search: Search, named: list[tuple[Cell, Declared]]) -> list[Declared]:
    """A search's candidate as it was declared: once for each of the `named` cells that train with the search's choice
    or, where there are none, once for each of the artefact's own declarations of the search."""
    candidate = suite.declared_search(search).candidate
    told = [each for cell, each in named if searches.search_of(suite, cell) == search]
    drawn = [Declared(candidate, each.paper_dataset, each.source, each.changes) for each in suite.sought(key, search)]
    return [replace(each, spec=candidate) for each in told] or drawn


def _replacements(suite: Suite, cells: list[Declared]) -> list[str]:
    """What the scale replaced of these cells, kind by kind, each once."""
    kinds = (_data, _network, _arithmetic, _length, _batch, _rate, _steps, _images)
    found = [words for kind in kinds for declared in cells if (words := kind(suite, declared))]
    return list(dict.fromkeys([*found, *(words for declared in cells for words in _sets(suite, declared))]))


def _labelled(suite: Suite, cells: list[Cell], told: list[str]) -> list[str]:
    """`labeller (60 of 120 epochs)`: what the scale replaced of the networks that these cells have their labels from,
    beside what is `told` of the cells themselves."""
    found = [suite.labeller(cell.noise, cell.dataset) for cell in cells]
    by = [suite.declared(cell) for cell in dict.fromkeys(found) if cell is not None]
    words = [said for said in _replacements(suite, by) if said not in told]
    return [f"labeller ({', '.join(gathered(words))})"] if words else []


def _begun(suite: Suite, cells: list[tuple[Cell, Declared]], told: list[str]) -> list[str]:
    """`base networks (3,750 of 60,000 steps)`: the same of the trainings that these cells go on from, which an
    artefact need not show."""
    found = [replace(each, spec=suite.spec(base)) for cell, each in cells for base in _bases(suite, cell)]
    words = [said for said in _replacements(suite, found) if said not in told]
    return [f"base networks ({', '.join(gathered(words))})"] if words else []


def _bases(suite: Suite, cell: Cell) -> Iterator[Cell]:
    for base, _ in suite.begins_with(cell).values():
        yield base
        yield from _bases(suite, base)


def _protocol(suite: Suite, declared: Declared) -> dict[str, Any]:
    """What the protocol says of the paper's data set of a cell."""
    protocol = suite.protocols[declared.spec["protocol"]]
    return merge(protocol, protocol["datasets"][declared.paper_dataset])


def _printed(suite: Suite, declared: Declared) -> dict[str, Any]:
    """The protocol of a cell's data set, with the values that the cell's variant has in their place."""
    own = of_protocol(declared.changes)
    printed = _protocol(suite, declared)
    if not own:
        return printed  # of most cells: what they share is not copied
    printed = copy.deepcopy(printed)
    for key, value in own.items():
        set_dotted(printed, key.removeprefix(PROTOCOL), value, declared.source)
    return printed


def in_print(suite: Suite, declared: Declared) -> tuple[Any, ...]:
    """What tells two places of one training apart where no scale replaces anything: data set, protocol with the
    variant's changes, and what finds a parameter."""
    found = [value for value in declared.changes.values() if isinstance(value, dict) and "search" in value]
    return declared.paper_dataset, _printed(suite, declared), found


def _data(suite: Suite, declared: Declared) -> str:
    used = declared.spec["dataset"]
    return f"{used} for {declared.paper_dataset}" if used != declared.paper_dataset else ""


def _network(suite: Suite, declared: Declared) -> str:
    """`digits_mlp for mlp` where a stand-in takes the place of the network that a cell declares."""
    used, printed = declared.spec["network"]["name"], _printed(suite, declared)["network"]
    return f"{used} for {printed}" if used != printed else ""


def _arithmetic(suite: Suite, declared: Declared) -> str:
    asked, printed = (
        suite.scales[suite.scale].get("arithmetic"),
        _printed(suite, declared).get("arithmetic", "faithful"),
    )
    replaced_by = asked == declared.spec.get("arithmetic", "faithful") != printed
    return "" if not replaced_by else "convolutions in bfloat16" if asked == "fast" else "single precision"


def _length(suite: Suite, declared: Declared) -> str:
    return said if " of " in (said := lengths.said(declared.spec)) else ""


def _batch(suite: Suite, declared: Declared) -> str:
    """Of a scale that names a size, which is then every variant's, but of a data set that is too small for it."""
    size, printed = declared.spec["batch"]["size"], _printed(suite, declared)["batch"]["size"]
    return f"batches of {size} for {printed}" if "batch_size" in suite.scales[suite.scale] and size != printed else ""


def _rate(suite: Suite, declared: Declared) -> str:
    """`learning rate 0.01 for 0.001`: of a scale that names one for the protocol's; variants keep their share of it."""
    rate, printed = suite.scales[suite.scale].get("learning_rate"), _protocol(suite, declared)["optimiser"]
    used = declared.spec["optimiser"]
    if rate is None or used["name"] != printed["name"]:
        return ""
    own = f"{used['lr'] * printed['lr'] / rate:g}"
    return f"learning rate {used['lr']:g} for {own}" if f"{used['lr']:g}" != own else ""


def _steps(suite: Suite, declared: Declared) -> str:
    steps = declared.spec["limits"].get("steps_per_epoch")
    return f"{steps} step{'' if steps == 1 else 's'} an epoch" if steps else ""


def _sets(suite: Suite, declared: Declared) -> Iterator[str]:
    """`498 of 5,000 hyper-validation examples`: sets that a stand-in has fewer examples for."""
    printed = _printed(suite, declared).get("sets", {})
    for name, used in declared.spec.get("sets", {}).items():
        wanted = printed.get(name, {}).get("count", used["count"])
        if used["count"] < wanted and declared.spec["dataset"] != declared.paper_dataset:
            yield f"{used['count']:,} of {wanted:,} {name} examples"


def _images(suite: Suite, declared: Declared) -> str:
    images = declared.spec["limits"].get("test_images")
    return f"{images} test image{'' if images == 1 else 's'}" if images else ""


def _repeats(suite: Suite, key: str) -> list[str]:
    """`3 of 5 repeats`, where the scale, or the configuration, takes fewer than an artefact declares."""
    counts = [
        (len(suite.seeds(seeds)), seeds if isinstance(seeds, int) else len(seeds)) for seeds in _asked(suite, key)
    ]
    counts += [
        (dependencies.arm_repeats(suite, *arm), dependencies.declared_arm_repeats(suite, *arm))
        for arm in dependencies.studies(suite, key)
    ]
    return [f"{made} of {declared} repeats" for made, declared in dict.fromkeys(counts) if made < declared]


def _asked(suite: Suite, key: str) -> Iterator[int | list[int]]:
    """What an artefact that needs runs or searches declares as its `seeds`."""
    if suite.artefacts[key] == "claims":
        from lnl.declared.claims import demanded

        declaration = suite.declaration(key)
        places: Iterable[Any] = (place for kind in ("runs", "search") for place in demanded(declaration, kind))
        yield from (place.seeds for place in places if place.seeds is not None)
    elif suite.demand(key) or dependencies.searches(suite, key):
        yield suite.declaration(key).get("seeds") or 1


def searched(suite: Suite, search: Search) -> str:
    """A search's budget in words: `searches of 40 candidates, 60 epochs each`."""
    declared = suite.declared_search(search)
    count = sum(map(len, searches.rounds(suite, search)))
    parts = declared.spec["algorithm"]["name"] == "hyperband"
    length = declared.candidate["epochs"]
    return f"searches of {count} candidates, {'up to ' if parts else ''}{length} epochs each"
