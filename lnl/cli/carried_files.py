"""Files that `lnl import` reads: found below a folder without following a link, and held to their seals."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lnl.cli import carried_manifests
from lnl.errors import UserError
from lnl.files import parse_json, read_file, sealed
from lnl.results.damaged import ANEW

RECORD = re.compile(r"seed.*\.json(\.gz)?", re.S)
PAGE = re.compile(r"(scores|best)\.json(\.gz)?")


def walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files below a folder that are named like records, pages or manifests, in order, and why one of them is not read.

    Links are not followed, and nothing is opened; a link in the place of a folder could hide records, so it counts.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
            kinds = [(entry, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
        except OSError as error:
            yield here, f"cannot be listed ({error.strerror})"
            continue
        for entry, mode in kinds:
            place = here / entry.name
            named = bool(RECORD.fullmatch(entry.name) or PAGE.fullmatch(entry.name) or carried_manifests.is_one(place))
            if stat.S_ISLNK(mode):
                if named or Path(entry.path).is_dir():
                    yield place, "a link, and links are not followed"
            elif named and not stat.S_ISDIR(mode):
                yield place, "" if stat.S_ISREG(mode) else "no regular file"
        # what a results folder keeps for itself, the store, is published beside it
        waiting += [here / e.name for e, mode in reversed(kinds) if stat.S_ISDIR(mode) and e.name != "store"]


def parsed(file: Path) -> Any:
    """What a file holds; UserError if it cannot be read, or is not what its seal says."""
    try:
        return sealed.opened(read_file(file), parse_json)
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: not readable ({error}); {ANEW}") from None
