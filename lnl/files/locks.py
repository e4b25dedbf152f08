"""Locks on files, held by one process at a time. They are the system's, and end with their process however it ends."""

from __future__ import annotations

import errno
import fcntl
import inspect
import os
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from lnl.errors import UserError
from lnl.files.disk import unwritten

#: What a file system says that has no locks: some mounts of NFS, Lustre, FUSE.
NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
#: Newer versions of filelock would take a file's being there for a lock on such a file system: it outlives its process.
_NO_SOFT_LOCK: dict[str, Any] = (
    {"fallback_to_soft": False} if "fallback_to_soft" in inspect.signature(FileLock.__init__).parameters else {}
)
_said = False  # that there are none; once in a process is enough


class Busy(Exception):
    """Another process holds the lock."""


class Lock:
    """A lock on a file that is made when it is first taken, and stays.

    Where a file system has no locks, a line says so and the work goes on: whatever is written is written to a name of
    its own and renamed, so that two that do the same thing at the same time both end with the same files.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._lock = FileLock(self.path, **_NO_SOFT_LOCK)
        self._taken = False  # in the end, be it that there are no locks

    def acquire(self, timeout: float = -1) -> Lock:
        """Take it, or wait for it as many seconds (-1: for ever) and raise Busy. UserError where that cannot be."""
        try:
            self._lock.acquire(timeout=timeout)
        except Timeout:
            raise Busy(self.path) from None
        except NotImplementedError:  # how filelock says it where it has no other means
            _none(self.path)
        except OSError as error:
            if error.errno in NO_LOCKS:
                _none(self.path)
            else:
                raise _denied(self.path, error) from error
        self._taken = True
        return self

    def release(self) -> None:
        self._taken = False
        self._lock.release()

    def __enter__(self) -> Lock:
        return self if self._taken else self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def free(path: Path) -> bool:
    """Whether nobody holds the lock on a file that is there; what cannot be told counts as held."""
    try:
        with FileLock(path, **_NO_SOFT_LOCK).acquire(timeout=0):
            return True
    except (Timeout, OSError, NotImplementedError):  # held, or a file system that cannot tell
        return False


def lockable(folder: Path) -> bool:
    """Whether the file system of a folder has locks. OSError where no file can be made in it."""
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return False
    return True


def _none(path: Path) -> None:
    global _said
    if not _said:
        _said = True
        print(
            f"lnl: {path.parent}: its file system has no locks; going on without: start one Snakemake at a time there",
            file=sys.stderr,
        )


def _denied(path: Path, error: OSError) -> UserError:
    if error.errno not in (errno.EACCES, errno.EPERM):
        return unwritten(path, error)
    try:
        owner = path.stat().st_uid
    except OSError:
        owner = os.getuid()
    whose = "" if owner == os.getuid() else f", it belongs to user {_name(owner)}"
    return UserError(
        f"{path}: cannot be opened ({error.strerror}{whose}); have its owner make it writable for you, or work in a "
        "folder of your own"
    )


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
