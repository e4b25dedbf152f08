"""The text of a declared file, with one line for every way in which there is none. Standard library only."""

from __future__ import annotations

import errno
import os
import stat as stat_of
from contextlib import suppress
from pathlib import Path

from lnl.errors import UserError

Stamp = tuple[int, ...]
LARGEST = 16 << 20  # bytes of a declaration


def stamp(path: Path) -> Stamp:
    """What changes when a file does: what was read stays in memory, and a warm worker's jobs read nothing twice.

    UserError for a file that is not there, or is none.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(f"{path}: {_why(path, error)}") from None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size


def text(path: Path) -> str:
    """Content of a file in UTF-8, a byte order mark left out; UserError says why it cannot be read."""
    try:
        known = path.stat()
        if not stat_of.S_ISREG(known.st_mode) and not stat_of.S_ISDIR(known.st_mode):
            raise UserError(f"{path}: is no file, but a pipe or a device; a text is wanted")
        if known.st_size > LARGEST:
            raise UserError(f"{path}: has {known.st_size >> 20} MB; a declaration has {LARGEST >> 20} at most")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {_why(path, error)}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path} line {line}: is not UTF-8 text; save it in that encoding") from None


def _why(path: Path, error: OSError) -> str:
    with suppress(OSError):
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ELOOP):
            return f"is a link to {os.readlink(path)}, where there is no file"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder; a file is wanted"
    return f"cannot be read ({error.strerror or error})"
