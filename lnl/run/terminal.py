"""What a job says on the terminal of its head: its own output goes to a log, which may lie on the disk that is full.

The head opens a pipe and names it to its jobs as a file of its own (/proc/PID/fd/N), which needs no room anywhere; what
is heard there is printed, and remembered for the head's last line. Elsewhere than on Linux a job's log is all there is.
Standard library only.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress

from lnl.files.disk import full

VARIABLE = "LNL_TERMINAL"  # the file to which a job writes a line for its head's terminal
_told: list[str] = []
_folders: list[str] = []
_pipe: list[int] = []
_reader: list[threading.Thread] = []


def listen(*folders: str) -> None:
    """From now on print what jobs say, and at the end say that something could not be written, if so.

    folders: where this process and its jobs write; one whose disk is full at the end is named too.
    """
    if not sys.platform.startswith("linux") or _pipe:
        return
    reader, writer = os.pipe()
    _pipe.append(writer)
    os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{writer}"
    _reader.append(threading.Thread(target=_print, args=(reader,), daemon=True))
    _reader[0].start()
    _folders.extend(folders)
    atexit.register(conclude)


def tell(line: str) -> None:
    """Say a line on the terminal of the head that has started this job, if there is one."""
    if place := os.environ.get(VARIABLE):
        with suppress(OSError), open(place, "w", encoding="utf-8") as terminal:
            terminal.write(f"{line}\n")  # in one piece, as it is shorter than what a pipe takes at once


def _print(reader: int) -> None:
    with open(reader, encoding="utf-8", errors="replace") as heard:
        for line in heard:
            if line not in _told:
                _told.append(line)
                _say(line)


def conclude() -> None:
    """The last line of a head: what could not be written, or whose disk is full. Once."""
    if not _pipe:
        return
    os.environ.pop(VARIABLE, None)
    os.close(_pipe.pop())
    _reader.pop().join(timeout=1)  # a job that is still there may hold the pipe
    found = [line for folder in _folders if (line := full(folder))]
    if _told:
        more = f" ({len(_told) - 1} more such lines above)" if len(_told) > 1 else ""
        _say(f"lnl: not everything could be written{more}: {_told[0].removeprefix('lnl: ')}")
    elif found:
        _say(f"lnl: {found[0]}\n")


def _say(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(line)
        sys.stderr.flush()
