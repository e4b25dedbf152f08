"""What a start says of the files that it left out: each fault once, and in one line what fell with that file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lnl.errors import UserError

ITSELF = "is wrong itself"  # how the first line ends of a file whose only fault is that it needs another one
LISTED = 8  # files that one line names


def remarks(left_out: Mapping[str, tuple[str, ...]], forgiven: Mapping[str, str]) -> list[str]:
    """A line for each file that is at fault, altogether or in some places, and one for those that are left out with it.

    left_out: what is wrong with each file; forgiven: with those whose use has failed in one place.
    """
    first = {file: lines[0] if file in lines[0] else f"{file}: {lines[0]}" for file, lines in left_out.items()}
    told = {line: file for file, line in first.items()}
    fallen: dict[str, list[str]] = {}
    for file in left_out:
        cause = _cause(file, left_out, told)
        if cause != file:
            fallen.setdefault(cause, []).append(file)
    out = []
    for file, line in first.items():
        if any(file in files for files in fallen.values()):
            continue
        more = len(left_out[file]) - 1
        out.append(f"{line}{f' (and {more} more)' if more else ''}; left out")
        if file in fallen:
            out.append(f"{file}: left out with it: {_listed(fallen[file])}")
    out += [f"{file}: {line}; left out there" for file, line in forgiven.items()]
    return [UserError(line).lines[0] for line in out]  # without what moves a cursor


def _cause(file: str, left_out: Mapping[str, tuple[str, ...]], told: Mapping[str, str]) -> str:
    """The file because of which this one is left out, through however many between; itself, if it is at fault."""
    seen = {file}
    while left_out[file][0].endswith(ITSELF) and len(left_out[file]) > 1:
        cause = told.get(left_out[file][1])
        if cause is None or cause in seen:
            break
        seen.add(cause)
        file = cause
    return file


def _listed(files: list[str]) -> str:
    """Files by folder and name: the line begins with a whole path already."""
    names = ["/".join(Path(file).parts[-2:]) for file in files]
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
