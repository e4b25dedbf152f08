"""Paths as people write them, with ~ for a home."""

from __future__ import annotations

import os
from pathlib import Path

from lnl.errors import UserError


def written_out(path: str | os.PathLike[str], where: str = "") -> Path:
    """A path with ~ and ~somebody written out. UserError for a home that is nobody's; `where`: what names the path."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        begin = f"{where}: " if where else ""
        raise UserError(f"{begin}{str(path)[:200]}: {str(error).rstrip('.')}; write the path out") from None
