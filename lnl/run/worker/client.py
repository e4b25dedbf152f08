"""A job's side of the warm worker. Standard library only: this is all that a job imports when there is a worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

VARIABLE = "LNL_WORKER"  # the socket of this DAG's worker, in the environment of its jobs
LIBRARY = str(Path(__file__).resolve().parents[2])
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def delegate(arguments: list[str]) -> int | None:
    """Exit status of `lnl ARGUMENTS` as the worker ran it; None if there is no worker, it declined, or it is gone.

    The copy gets this process's three standard files, folder and environment. Signals that this process gets are handed
    on; if this process dies, its copy is told to stop, and so it is when the worker dies.
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
        connection.connect(address)
        socket.send_fds(connection, [len(content).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(content)
        started = connection.recv(8, socket.MSG_WAITALL)
        if len(started) < 8:  # declined
            return None
        return _outcome(connection, int.from_bytes(started, "big"))
    return None


def installation() -> list[str]:
    """What a worker and a job must have in common: the library and the packages beside it."""
    return [LIBRARY, sys.prefix]


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
        status = connection.recv(1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if not status:
        return 128 + told[0] if told else None
    return status[0]
