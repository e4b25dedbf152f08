"""What a file's own path says that it is: it has to be what the file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lnl.declared.cells import COORDINATES
from lnl.declared.suite import Suite
from lnl.errors import UserError

SEED = re.compile(r"seed(\d+)(\.json(\.gz)?)?")
ROUND = re.compile(r"round(\d+)")


def scale_of(file: Path, suite: Suite) -> str | None:
    """The declared scale that stands in the path of a record or a page, or None."""
    return _said(file, suite).get("scale")


def check(file: Path, content: Mapping[str, Any], suite: Suite) -> None:
    """UserError if a file lies where one of another run, or another page, belongs.

    content: `result` of a record, or a page of a search, that is well formed.
    """
    for name, there in _said(file, suite).items():
        here = content.get(name, there if name == "scale" else None)  # pages do not say their scale
        if name == "cell":
            here = "/".join(str(content[part]) for part in COORDINATES)
        if name in ("seed", "round"):
            here = None if here is None else str(here)
        if here != there:
            raise UserError(
                f"{file}: its path says {name} {there}, and its content {here}; put it where it belongs, or take it "
                "anew from where it was made"
            )


def _said(file: Path, suite: Suite) -> dict[str, str]:
    """Seed, and cell or search, round and scale as far as the path names them."""
    folders = file.absolute().parent.parts
    found: dict[str, str] = {}
    if file.name.startswith("seed"):
        number = SEED.fullmatch(file.name)
        found["seed"] = number[1] if number else file.name
        cell, above = folders[-4:], folders[:-4]
        if len(above) > 1 and (above[-1] == "cells" or cell[0] in suite.protocols):
            found["cell"] = "/".join(cell)
            found |= _scale(above[:-1] if above[-1] == "cells" else above, suite)
        return found
    if file.name.startswith("scores") and (number := ROUND.fullmatch(folders[-1])):
        found["round"] = number[1]
        folders = folders[:-1]
    if number := SEED.fullmatch(folders[-1]):
        found["seed"] = number[1]
        search, above = folders[-6:-1], folders[:-6]
        if above and above[-1] == "searches":
            found["search"] = "/".join(search)
            found |= _scale(above[:-1], suite)
    return found


def _scale(above: tuple[str, ...], suite: Suite) -> dict[str, str]:
    return {"scale": above[-1]} if above and above[-1] in suite.scales else {}
