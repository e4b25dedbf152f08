"""Records without their curves, for whoever wants ten thousand of them: a tenth of the time that reading all takes.

A record's curves are nine tenths of its bytes. Where a seal says that the bytes are as the suite wrote them, the curves
are cut out before the rest is parsed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lnl.declared import paths
from lnl.declared.cells import Cell
from lnl.errors import UserError
from lnl.files import leaves, read_file, sealed
from lnl.results.damaged import remedy
from lnl.results.records import shaped

BEGIN, END = b'\n  "curves": {\n', b"\n  },"  # where sealed records have them: their keys are in order, indented by one


@dataclass(frozen=True)
class Place:
    """Where the record of a run lies, or where somebody has put something else."""

    cell: Cell
    seed: int | None  # None where the name of the file has none
    path: str


def listed(scale: str) -> Iterator[Place | UserError]:
    """Every published record of a scale in the order of its path; an error for each folder that is not entered.

    UserError where there is something in place of the folder of all cells, or where it cannot be read.
    """
    top = f"{paths.results()}/{scale}/cells"
    if os.path.lexists(top) and leaves(top, paths.results()):
        raise UserError(f"{top}: leads out of {paths.results()}/ by a link; put a copy of what is meant in its place")
    yield from _below(top, ())


def _below(folder: str, names: tuple[str, ...]) -> Iterator[Place | UserError]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (len(entry.name), entry.name))
    except FileNotFoundError:
        return
    except OSError as error:
        unread = UserError(f"{folder}: cannot be read ({error.strerror}); see to its permissions")
        if not names:
            raise unread from None
        yield unread
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if len(names) == 4:
            if entry.name.startswith("seed") and entry.name.endswith(".json"):
                number = entry.name.removeprefix("seed").removesuffix(".json")
                known = number.isascii() and number.isdecimal() and str(int(number)) == number
                yield Place(Cell(*names), int(number) if known else None, path)
        elif entry.is_symlink() and leaves(path, paths.results()):
            yield UserError(f"{path}: leads out of {paths.results()}/ by a link; put a copy of it in its place")
        elif entry.is_dir():
            yield from _below(path, (*names, entry.name))


def read(path: str) -> dict[str, Any]:
    """A record as {"result", "provenance"} whose curves may be empty; UserError names a file that is none.

    path: as `listed` gives it, inside the results and behind no link.
    """
    try:
        raw = read_file(path)
        begin = raw.find(BEGIN)
        end = raw.find(END, begin)
        if min(begin, end) >= 0 and sealed.intact(raw):
            record = json.loads(raw[: begin + len(BEGIN) - 1] + b"}" + raw[end + len(END) - 1 :])
            record.pop(sealed.KEY)
        else:
            record = sealed.opened(raw)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{Path(path)}: not a readable record ({said}); {remedy(path)}") from None
    return shaped(record, path)
