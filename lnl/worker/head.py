"""Starting the warm worker from the head of a DAG. Standard library only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from lnl.worker.client import VARIABLE

#: A pool of threads does not survive a fork, and a job of this suite uses one thread.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def start() -> int | None:
    """Start a worker for the jobs of this process. None where forking is not safe.

    Returns its lifeline, a file that stays open as long as this process lives; the worker ends when it closes.
    """
    if not sys.platform.startswith("linux"):
        return None
    address = Path(tempfile.mkdtemp(prefix="lnl-")) / "worker"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(address))
        listener.listen(128)  # jobs may call at once; they are answered when the worker has imported what they need
        theirs, lifeline = os.pipe()
        subprocess.Popen(
            [sys.executable, "-P", "-m", "lnl.worker.server", str(listener.fileno()), str(theirs)],
            pass_fds=(listener.fileno(), theirs),
            stdin=subprocess.DEVNULL,
            env=os.environ | ONE_THREAD,
            start_new_session=True,  # Ctrl-C is for the jobs; the worker sees them out
        )
        os.close(theirs)
    os.environ[VARIABLE] = str(address)
    return lifeline
