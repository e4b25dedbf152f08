"""A job's side of the warm worker. Standard library only: this is all that a job imports when there is a worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

VARIABLE = "LNL_WORKER"  # the socket of this DAG's worker, in the environment of its jobs
HEAD = "LNL_HEAD"  # process number of the head
LIBRARY = str(Path(__file__).resolve().parents[2])
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
ANSWER = 60.0  # seconds to wait for a worker to take a call: it may be importing, on a machine that is busy
REPORT = 5.0  # seconds to wait for the worker to say how a copy has ended that is gone
FAREWELL = 20.0  # seconds that a worker and its copies have to end once their head is gone; see server.GRACE
LOOK = 0.3  # seconds between two looks at head and copy
STOPPED = 143  # exit status of a job that was told to stop, or whose head is gone


class HeadGone(Exception):
    """The head of this DAG has ended, and with it the reason for this job."""


def delegate(arguments: list[str]) -> int | None:
    """Exit status of `lnl ARGUMENTS` as the worker ran it; None if there is none to tell it, and no copy runs: there is
    no worker, it declined, is gone, or does not answer.

    The copy gets this process's three standard files, folder and environment. Signals that this process gets are handed
    on; if this process dies, its copy is told to stop, and so it is when the worker dies. Once the head is gone and the
    worker does not see to it, this process ends its copy and itself.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        return None
    call = {
        "arguments": arguments,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "installation": installation(),
    }
    content = json.dumps(call).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, suppress(OSError):
        connection.settimeout(ANSWER)
        try:
            connection.connect(address)
            socket.send_fds(connection, [len(content).to_bytes(8, "big")], [0, 1, 2])
            connection.sendall(content)
            started = _heard(connection, 8, ANSWER)
        except TimeoutError:
            # It is stopped, or in trouble: nobody else shall wait for it. It looks whether its caller is still there
            # before it starts anything.
            Path(address).unlink(missing_ok=True)
            print("lnl: the warm worker does not answer; going on without it", file=sys.stderr)
            return None
        except HeadGone:
            return STOPPED
        if len(started) < 8:  # declined
            return None
        return _outcome(connection, int.from_bytes(started, "big"))
    return None


def installation() -> list[str]:
    """What a worker and a job must have in common: the library and the packages beside it."""
    return [LIBRARY, sys.prefix]


def alive(pid: int) -> bool:
    """Whether a process is there; a zombie, a killed one that nobody has waited for, is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def _head() -> int | None:
    """Process number of the head; None for a command that has none."""
    text = os.environ.get(HEAD, "")
    return int(text) if text.isdecimal() and 1 < int(text) < 2**31 else None


def _heard(connection: socket.socket, size: int, seconds: float, copy: int | None = None) -> bytes:
    """What the worker says, at most `size` bytes; fewer if it hangs up.

    TimeoutError after so many seconds: from now, or, where a copy is at work, since that has ended. HeadGone as soon as
    the head has ended.
    """
    head, heard, limit = _head(), b"", None if copy else time.monotonic() + seconds
    connection.settimeout(LOOK)
    while len(heard) < size:
        try:
            piece = connection.recv(size - len(heard))
        except TimeoutError:
            if head is not None and not alive(head):
                raise HeadGone from None
            if copy and limit is None and not alive(copy):
                limit = time.monotonic() + seconds
            if limit is not None and time.monotonic() > limit:
                raise
            continue
        if not piece:
            break
        heard += piece
    return heard


def _outcome(connection: socket.socket, copy: int) -> int | None:
    """Wait for the copy's end, and hand on what signals this process gets meanwhile.

    Told to end, it ends with its worker, as when all that belongs to a DAG is told to.
    """
    told: list[int] = []

    def forward(number: int, frame: FrameType | None) -> None:
        told.append(number)
        with suppress(ProcessLookupError):
            os.kill(copy, number)

    before = {number: signal.getsignal(number) for number in FORWARDED}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, forward)
    try:
        status = _heard(connection, 1, REPORT, copy)
    except TimeoutError:  # of a worker that is stopped; its copy has ended, nobody knows how
        return None
    except HeadGone:
        return _farewell(connection, copy)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if not status:
        return 128 + told[0] if told else None
    return status[0]


def _farewell(connection: socket.socket, copy: int) -> int:
    """The head is gone: its worker ends the copy, and reports it; else this process does."""
    connection.settimeout(FAREWELL)
    with suppress(OSError):
        if status := connection.recv(1):
            return status[0]
    with suppress(ProcessLookupError):
        os.kill(copy, signal.SIGKILL)
    return STOPPED
