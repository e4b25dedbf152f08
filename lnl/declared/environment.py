"""Numbers that environment variables hold, in range or a line. Standard library only."""

from __future__ import annotations

import math
import os

from lnl.errors import UserError


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
    """The same of a whole number."""
    found = number(name, default, least, most)
    if found != int(found):
        raise UserError(f"{name}: {found:g} is no whole number from {least} to {most}; correct it, or unset it")
    return int(found)
