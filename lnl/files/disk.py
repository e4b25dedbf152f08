"""Why something could not be written, and what helps: no room, a limit, a disk that fails. Standard library only."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from lnl.errors import UserError

ROOM = "make room and start again; nothing that was finished is lost"
DISK = "see to the disk and start again; nothing that was finished is lost"
#: Errors that are a disk's, not a caller's, and the remedy of each.
TROUBLE = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and start again; nothing that was finished is lost",
    errno.EROFS: DISK,
    errno.EIO: DISK,
}
#: What torch and safetensors say of a file that they could not write to its end. Torch does not say why, and numpy's
#: OSError has no number.
_OF_A_LIBRARY = re.compile(r"unexpected pos|PytorchStreamWriter|iostream error|I/O error")
_ASKED = 2**20  # bytes
FULL = 2**20  # bytes: with less than this free nothing of the suite gets far


def unwritten(path: Path, error: OSError, remedy: str = "choose a folder that can be") -> UserError:
    """The line about a file that could not be written. `remedy` is for errors that are no trouble of a disk."""
    return UserError(f"{path}: cannot be written ({_why(error)}); {TROUBLE.get(error.errno or 0, remedy)}")


def of_writing(path: Path, error: Exception, partial: Path) -> UserError | None:
    """The line about a file that could not be written, for any error that came up while it was; None where the error
    has another reason.

    partial: what there is of the file. A library says neither where nor why; the system does when it is asked again.
    """
    if isinstance(error, OSError) and error.errno is not None:
        return unwritten(path, error)
    if isinstance(error, UserError) or not (isinstance(error, OSError) or _OF_A_LIBRARY.search(str(error))):
        return None
    asked = _asked_again(partial) or OSError(errno.EIO, str(error).splitlines()[0])
    error.__cause__ = asked
    return unwritten(path, asked)


def _asked_again(partial: Path) -> OSError | None:
    """What the system says to some more bytes at the end of a file."""
    try:
        with partial.open("ab") as stream:
            stream.write(bytes(_ASKED))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        return OSError(error.errno, error.strerror)  # not this one, which comes from what it shall explain
    return None


def _why(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def trouble(error: BaseException, elsewhere: str) -> str | None:
    """The line about a disk that is at the bottom of an error; None where none is.

    elsewhere: the place to name if the system has named none: where standard output goes.
    """
    chain = list(_chain(error))
    causes = [each for each in chain if isinstance(each, OSError) and each.errno in TROUBLE]
    if not causes:
        return None
    said = [each for each in chain if isinstance(each, UserError) and any(c in _chain(each) for c in causes)]
    if said:
        return str(said[-1])
    first = causes[-1]
    return f"{first.filename or elsewhere}: cannot be written ({_why(first)}); {TROUBLE[first.errno or 0]}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from, the first that happened last."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def full(folder: Path | str) -> str | None:
    """The line about a disk that has no room; None for one that has, or that cannot be asked."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    return f"{folder}: its disk is full ({free // 1024} kB are free); {ROOM}" if free < FULL else None
