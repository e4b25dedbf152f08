"""Files that are left out since they are wrong: whose fault it is, which of them a name means, and what a start says of
them. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lnl.declared.text_files import text
from lnl.errors import Unknown, UserError

LISTED = 8  # files that one line names
ARTEFACTS = ("tables", "figures", "claims", "protocols")  # a paper is often called as its protocol is
#: Folders of what messages call so.
FOLDERS = {
    "method": ("methods",),
    "protocol": ("protocols",),
    "data set": ("datasets",),
    "noise": ("noises",),
    "kind of noise": ("noises",),
    "scale": ("scales",),
    "search": ("searches",),
    "search space": ("spaces",),
    **dict.fromkeys(("artefact", "table", "figure", "claims page"), ARTEFACTS),
}


@dataclass(frozen=True)
class Fault:
    """Why a file is left out."""

    lines: tuple[str, ...]  # what is wrong, that of its cause as well
    cause: str | None = None  # the file that it needs and that was left out before it; None where it is at fault itself


class LeftOut(UserError):
    """A name whose declaration was left out: a line for everything that is wrong there.

    files: those whose faults it tells, the one that was meant first.
    """

    def __init__(self, *lines: str, files: Sequence[str]) -> None:
        super().__init__(*lines)
        self.files = tuple(files)


Faults = Mapping[str, Fault]  # by file


# ---- which file a name means ---------------------------------------------------------------------------------------


def named(faults: Faults, places: Sequence[str], key: str) -> LeftOut | None:
    """The error about what was left out under a key, by the folders in which it may lie; None where nothing was."""
    files = [file for place in places for file in faults if _is_called(file, Path(place).name, key)]
    if not files:
        return None
    lines = [line for file in files for line in (_first(file, faults[file]), *faults[file].lines[1:])]
    return LeftOut(*lines, files=files)


def behind(error: Unknown, faults: Faults) -> LeftOut | None:
    """The error about the declaration that an unknown name is of, if that was left out."""
    kind = re.split(r" of (?!noise)| or | \(|,", error.what)[0]
    return named(faults, FOLDERS.get(kind, ()), error.word)


def with_cause(error: UserError, faults: Faults) -> UserError:
    """The error to note for a file: this one or, for an `Unknown` name whose own declaration was left out, a line that
    says so and those about what is wrong there."""
    cause = behind(error, faults) if isinstance(error, Unknown) else None
    if not isinstance(error, Unknown) or cause is None:
        return error
    source = f"{error.source}: " if error.source else ""
    return LeftOut(f"{source}{error.what} '{error.word}' is wrong itself", *cause.lines, files=cause.files)


def _is_called(file: str, folder: str, key: str) -> bool:
    """Whether a file that may be broken in any way lies in such a folder, and declares what has this key."""
    stem = Path(file).stem
    if Path(file).parent.name != folder:
        return False
    if stem in (key, key.removesuffix("_claims") if folder == "claims" else key):
        return True
    if folder != "methods":
        return False
    written = rf"""["']key["']\s*:\s*["']{re.escape(key)}["']"""
    with suppress(UserError):
        return stem == key.replace("-", "_") or re.search(written, text(Path(file))) is not None
    return False


# ---- what a start says ---------------------------------------------------------------------------------------------


def remarks(faults: Faults, forgiven: Mapping[str, str], told: Sequence[str] = ()) -> list[str]:
    """A line for each file that is at fault, altogether or in some places, and one for those that are left out with it.

    forgiven: files whose use has failed in one place, and why; told: files whose faults an error tells.
    """
    known = {each for file in told if file in faults for each in _causes(file, faults)}
    fallen: dict[str, list[str]] = {}
    for file, fault in faults.items():
        if fault.cause is not None and file not in known:
            *_, first = _causes(file, faults)
            fallen.setdefault(first, []).append(file)
    out = []
    for file, fault in faults.items():
        if fault.cause is not None:
            continue
        more = len(fault.lines) - 1
        if file not in known:
            out.append(f"{_first(file, fault)}{f' (and {more} more)' if more else ''}; left out")
        if file in fallen:
            out.append(f"{file}: left out with it: {_listed(fallen[file])}")
    out += [f"{file}: {line}; left out there" for file, line in forgiven.items()]
    return [UserError(line).lines[0] for line in out]  # without what moves a cursor


def _causes(file: str, faults: Faults) -> Iterator[str]:
    """A file, the one because of which it is left out, and so on to the one that is at fault itself."""
    cause: str | None = file
    while cause is not None:
        yield cause
        cause = faults[cause].cause


def _first(file: str, fault: Fault) -> str:
    """The first line about a file, which names it."""
    return fault.lines[0] if file in fault.lines[0] else f"{file}: {fault.lines[0]}"


def _listed(files: list[str]) -> str:
    """Files by folder and name: the line begins with a whole path already."""
    names = ["/".join(Path(file).parts[-2:]) for file in files]
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
