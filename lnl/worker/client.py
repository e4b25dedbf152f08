"""A job's side of the warm worker. Standard library only: this is all that a job imports when there is a worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from types import FrameType

VARIABLE = "LNL_WORKER"  # the socket of this DAG's worker, in the environment of its jobs
STARTED, DECLINED = b"+", b"-"
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def hand_over(arguments: list[str]) -> int | None:
    """Exit status of `lnl ARGUMENTS` as the worker ran it; None if there is no worker, or it declined.

    The copy gets this process's three standard files, folder and environment; signals that this process gets are
    handed on, and if this process dies its copy is told to stop.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        return None
    request = json.dumps({"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(address)
            socket.send_fds(connection, [len(request).to_bytes(8, "big")], [0, 1, 2])
            connection.sendall(request)
            if connection.recv(1) != STARTED:
                return None
        except OSError:
            return None

        def forward(number: int, frame: FrameType | None) -> None:
            connection.send(bytes([number]))

        for number in FORWARDED:
            signal.signal(number, forward)
        try:
            answer = connection.recv(1)
        except OSError:
            answer = b""
    if not answer:
        print("lnl: the worker of this DAG is gone; what was finished is kept, start again to go on", file=sys.stderr)
        return 1
    return answer[0]
