"""Numbers that environment variables hold, in range or a line. Standard library only."""

from __future__ import annotations

import math
import os

from lnl.errors import UserError, close

#: Numbers that people set: what holds where they do not, the least and the most.
KNOWN: dict[str, tuple[int, int, int] | tuple[float, float, float]] = {
    "LNL_LOADER_WORKERS": (2, 1, 256),  # threads that read images from files
    "LNL_SLOTS_PER_GPU": (1, 1, 64),  # runs that may share a GPU
    "LNL_CHECKPOINT_SECONDS": (60.0, 0.0, 1e6),
}

#: Words that people set.
WORDS = ("LNL_DATA_ROOT", "LNL_CACHE_ROOT", "LNL_OVERLAY", "LNL_CONFIG")
ALIKE = 0.85  # of two names, of which one is a slip; a name that is like none of them is somebody else's


def check() -> None:
    """UserError for a number that is none, or out of range, and for a variable whose name is all but one of these,
    which would go unheard: a head says so before any job starts, and so does a command by hand."""
    for name in KNOWN:
        known(name)
    ours = [*KNOWN, *WORDS]
    for name in sorted(os.environ):
        if name.startswith("LNL_") and name not in ours and (near := close(name, ours, 1, ALIKE)):
            raise UserError(f"{name}: is no variable of the suite; did you mean {near[0]}? correct it, or unset it")


def known(name: str) -> float:
    """One of these numbers; a whole one where its default is."""
    found = number(name, *KNOWN[name])
    return _whole(name, found) if isinstance(KNOWN[name][0], int) else found


def number(name: str, default: float, least: float, most: float) -> float:
    """The number in a variable, `default` where it is not set or empty; UserError for anything else."""
    said = os.environ.get(name, "").strip()
    if not said:
        return default
    try:
        found = float(said)
    except ValueError:
        found = math.nan
    if not least <= found <= most:
        raise UserError(f"{name}: '{said[:50]}' is no number from {least:g} to {most:g}; correct it, or unset it")
    return found


def whole(name: str, default: int, least: int, most: int) -> int:
    """The whole number in a variable, `default` where it is not set or empty; UserError for anything else."""
    return _whole(name, number(name, default, least, most))


def _whole(name: str, found: float) -> int:
    if found != int(found):
        raise UserError(f"{name}: {found:g} is no whole number; correct it, or unset it")
    return int(found)
