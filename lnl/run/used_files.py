"""Which files of declarations and code a run has used: what a commit has to hold for its record to be reproduced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lnl.declared.cells import Cell
from lnl.declared.dependencies import parted
from lnl.declared.reading import read_mapping
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.noise import keys


def used(suite: Suite, cell: Cell) -> list[Path]:
    """Files that declare a cell: its method, protocol, data set, noise, scale and search, wherever they lie."""
    spec = suite.spec(cell)
    listed = {parted(suite, cell.method)[0], spec["method"]["key"]} & suite.methods.keys()
    found = [Path(suite.methods[key]["file"]) for key in sorted(listed)]
    protocol = suite.files.of("config/protocols", cell.protocol)
    found += [protocol, *_like(suite, protocol), suite.files.of("config/scales", suite.scale)]
    found += [suite.files.of("config/datasets", spec["dataset"]), suite.files.of("config/datasets", cell.dataset)]
    kind = keys.parse(cell.noise).kind
    if kind in suite.noises:
        found.append(Path(suite.noises[kind].file))
    for name in _searches(spec["method"]["parameters"]):
        found.append(suite.files.of("config/searches", name))
        if "space" in suite.searches.get(name, {}):
            found.append(suite.files.of("config/spaces", suite.searches[name]["space"]))
    return found


def _like(suite: Suite, protocol: Path) -> Iterator[Path]:
    """The protocol that another one is like."""
    try:
        base = read_mapping(protocol).get("like")
    except (OSError, UserError):  # it has changed since the run began
        return
    if isinstance(base, str):
        yield suite.files.of("config/protocols", base)


def _searches(parameters: Mapping[str, Any]) -> Iterator[str]:
    for value in parameters.values():
        if isinstance(value, Mapping) and isinstance(value.get("search"), str):
            yield value["search"]
