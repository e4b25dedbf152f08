"""What processes that were killed have left behind, and that is surely nobody's any more. Standard library only.

Files of a write that was killed lie beside what they would have replaced; folders of killed workers in the temporary
folder. A start removes them, and `lnl clean --leftovers` names them first. Another user's are never touched.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lnl.files import TEMPORARY, below

UNDER_WAY = 3600  # seconds in which a temporary file may still be what somebody is writing
BEGINNING = 10  # seconds in which a worker's folder may have a socket on which nobody hears yet
SOCKET = "worker"


def prefix() -> str:
    """How this host's workers begin the names of their folders: a temporary folder may be shared with other hosts,
    whose sockets look dead from here."""
    return f"lnl-{zlib.crc32(socket.gethostname().encode()):08x}-"


def dead_workers() -> Iterator[Path]:
    """Folders of this user's workers on this host that have ended without removing them."""
    temporary = Path(tempfile.gettempdir())
    for folder in sorted(temporary.glob(f"{prefix()}*")):
        with suppress(OSError):
            known = folder.lstat()
            ours = stat.S_ISDIR(known.st_mode) and known.st_uid == os.getuid()
            names = os.listdir(folder) if ours else None
            age = time.time() - known.st_mtime
            if (names == [SOCKET] and age > BEGINNING and _deaf(folder / SOCKET)) or (names == [] and age > UNDER_WAY):
                yield folder


def _deaf(address: Path) -> bool:
    """Whether no process is left that could hear on a socket; a stopped one could."""
    if not stat.S_ISSOCK(address.lstat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        return caller.connect_ex(str(address)) == errno.ECONNREFUSED


def killed_writes(folder: Path, deep: bool = True, name: str = "") -> Iterator[tuple[Path, os.stat_result]]:
    """This user's temporary files below a folder that nobody can be writing any more, no link followed.

    deep: also in folders inside; name: a pattern with which the name of what would have been written begins.
    """
    for entry in below(folder, deep):
        if TEMPORARY.fullmatch(entry.name) and re.match(name, entry.name[1:]):
            with suppress(OSError):
                known = entry.stat(follow_symlinks=False)
                if _abandoned(known):
                    yield Path(entry.path), known


def _abandoned(known: os.stat_result) -> bool:
    mine = known.st_uid == os.getuid() and (stat.S_ISREG(known.st_mode) or stat.S_ISLNK(known.st_mode))
    return mine and time.time() - known.st_mtime > UNDER_WAY


def remove(folders: Iterable[Path]) -> None:
    """Remove what was left behind in these folders of results, and in the temporary folder."""
    for folder in folders:
        for file, _ in killed_writes(folder):
            with suppress(OSError):
                file.unlink()
    for folder in dead_workers():
        with suppress(OSError):
            (folder / SOCKET).unlink(missing_ok=True)
            folder.rmdir()
