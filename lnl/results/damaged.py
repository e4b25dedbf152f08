"""What to do about a record that cannot be read. Standard library only."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from lnl.declared import paths

ANEW = "take it anew from where it was made"
_OF_A_RUN = re.compile(r"([^/]+)/(?:cells|store)/([^/]+/[^/]+/[^/]+/[^/]+)/seed([0-9]+)(?:\.json|/record-[^/]+\.json)")


def remedy(file: Path | str) -> str:
    """What makes the record of this path again: for one of the results the command that does.

    Nothing has to be deleted for it. The record comes from the store, if that has it, and from there it would come also
    where it was deleted: only what the store has not is trained anew.
    """
    folder = Path(paths.results())
    inside = Path(file).relative_to(folder).as_posix() if Path(file).is_relative_to(folder) else ""
    found = _OF_A_RUN.fullmatch(inside)
    if found is None or folder.name != "results":  # committed ones are laid out elsewhere, and trained by nobody
        return ANEW
    scale, cell, seed = found.groups()
    again = shlex.join(["lnl", "train", cell, "--seed", seed, "--scale", scale])
    return f"`{again}` makes it again: from the store if it is there, else by training this run alone"


def reason(error: Exception | str, file: Path | str) -> str:
    """What is wrong with a record, cut out of the line of an error about it: without the file's name in front and
    without the remedy at the end."""
    return str(error).removeprefix(f"{file}: ").removesuffix(f"; {remedy(file)}")
