"""What a job says on the terminal of its head: its own output goes to a log, which may lie on the disk that is full.

The head opens a pipe and names it to its jobs as a file of its own (/proc/PID/fd/N), which needs no room anywhere; what
is heard there is printed, and remembered for the head's last line. Elsewhere than on Linux, and for jobs on other
machines, a job's log is all there is. Standard library only.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress

from lnl.files.disk import full

VARIABLE = "LNL_TERMINAL"  # the pipe to which a job writes a line for its head's terminal: its name and its number
REMARK = "* "  # what a line begins with that is not about the disk
_told: list[str] = []
_folders: list[str] = []
_pipe: list[int] = []
_reader: list[threading.Thread] = []


def listen(*folders: str) -> None:
    """From now on print what jobs say, and at the end say that something could not be written, if so.

    folders: where this process and its jobs write; one whose disk is full at the end is named too.
    """
    _folders.extend(folders)
    atexit.register(conclude)
    if not sys.platform.startswith("linux") or _pipe:
        return
    reader, writer = os.pipe()
    _pipe.append(writer)
    os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{writer} {os.fstat(writer).st_ino}"
    _reader.append(threading.Thread(target=_print, args=(reader,), daemon=True))
    _reader[0].start()


def tell(line: str) -> None:
    """Say a line on the terminal of the head that has started this job, if that is there.

    A process of another machine, or of another time, may have the head's number: only its very pipe is written to.
    """
    place, _, number = os.environ.get(VARIABLE, "").rpartition(" ")
    if not place:
        return
    with suppress(OSError):
        pipe = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if os.readlink(f"/proc/self/fd/{pipe}") == f"pipe:[{number}]":
                os.write(pipe, f"{line}\n".encode(errors="replace"))  # in one piece, as a pipe takes a short line
        finally:
            os.close(pipe)


def remark(line: str) -> None:
    """Say a line on the terminal of the head that is no word about the disk."""
    tell(f"{REMARK}{line}")


def _print(reader: int) -> None:
    with open(reader, encoding="utf-8", errors="replace") as heard:
        for line in heard:
            if line.startswith(REMARK):
                _say(line.removeprefix(REMARK))
            elif line not in _told:
                _told.append(line)
                _say(line)


def conclude() -> None:
    """The last line of a head: what could not be written, or whose disk is full. Once."""
    if _pipe:
        os.environ.pop(VARIABLE, None)
        os.close(_pipe.pop())
        _reader.pop().join(timeout=1)  # a job that is still there may hold the pipe
    found = [line for folder in _folders if (line := full(folder))]
    if _told:
        more = f" ({len(_told) - 1} more such lines above)" if len(_told) > 1 else ""
        _say(f"lnl: not everything could be written{more}: {_told[0].removeprefix('lnl: ')}")
    elif found:
        _say(f"lnl: {found[0]}\n")
    _told.clear()
    _folders.clear()


def _say(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(line)
        sys.stderr.flush()
