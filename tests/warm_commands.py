"""One warm process for the commands of tests: `lnl` and `snakemake` are copies of it, and so import nothing anew.

It is the suite's own warm worker (lnl/run/worker), which here knows Snakemake's command as well and is the worker of
the jobs of every Snakemake that it runs. A copy has its caller's folder, environment and standard files and shares
nothing with the tests; where there can be no worker, or none that takes the call, a command runs by itself.

    python warm_commands.py serve LISTENER LIFELINE     the process
    python warm_commands.py snakemake ...               Snakemake as a copy of it
    python warm_commands.py head ...                    Snakemake in a process of its own, its jobs as copies

A copy can also be Snakemake with a worker of its own, as users have it, which is a copy in turn: `with-worker …`.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from lnl.run import terminal
from lnl.run.worker import client, head, server

SNAKEMAKE = "snakemake"
WITH_WORKER = "with-worker"
#: What the copies of a command will import, where lnl/run/worker/server.py does not say so.
NEEDS = {
    SNAKEMAKE: (
        "snakemake.cli",
        "snakemake.report.html_reporter",
        "snakemake.storage",
        "lnl.run.dag",
        "jsonschema",
        "smart_open",
        "yte",
    ),
    "plan": ("lnl.run.price.model",),
}
NEEDS[WITH_WORKER] = (*NEEDS[SNAKEMAKE], *server.LEARNING, *server.PROPOSING, *server.RENDERING)
_running: list[tuple[subprocess.Popen[bytes], int]] = []  # with the file whose closing ends it


@cache
def address() -> str | None:
    """The socket of this process's warm process, which is started when first asked for and ends with this one."""
    if not sys.platform.startswith("linux"):  # as lnl.run.worker.head has it
        return None
    place = Path(tempfile.mkdtemp(prefix="lnl-tests-")) / "worker"  # which the worker removes when it ends
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(place))
        listener.listen(128)
        theirs, lifeline = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, "serve", str(listener.fileno()), str(theirs)],
            pass_fds=(listener.fileno(), theirs),
            stdin=subprocess.DEVNULL,
            cwd=place.parent.parent,
            env={k: v for k, v in os.environ.items() if not k.startswith("LNL_")} | head.ONE_THREAD,
            start_new_session=True,
        )
        os.close(theirs)
    _running.append((process, lifeline))
    return str(place)


def copies() -> list[int]:
    """Processes that the warm process has made and that have not ended."""
    return [
        int(pid)
        for process, _ in _running
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ]


def end() -> None:
    """The warm process ends, if there is one."""
    while _running:
        process, lifeline = _running.pop()
        os.close(lifeline)
        process.wait()
    address.cache_clear()


def _run(place: str) -> int:
    """In a copy: the command of sys.argv; its exit status."""
    if sys.argv[1:2] == [WITH_WORKER]:
        head._launch = _launch
        status = _snakemake(sys.argv[2:], "")
        atexit._run_exitfuncs()  # as a process does that is no copy
        return status
    if sys.argv[1:2] == [SNAKEMAKE]:
        return _snakemake(sys.argv[2:], place)
    from lnl.cli import run

    return run()


def _launch(listener: int, lifeline: int, command: str) -> None:
    """The worker of a head, as a copy of this process in place of a Python that would import all anew."""
    if os.fork():
        return
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    for file in map(int, os.listdir("/proc/self/fd")):
        if file > 2 and file not in (listener, lifeline):
            with suppress(OSError):
                os.close(file)
    _serve(listener, lifeline)


def _snakemake(words: list[str], worker: str) -> int:
    """Snakemake in this process, with the jobs that it starts by the worker at this socket; "": by one of its own."""
    from snakemake.cli import main

    if worker:
        head.start = partial(os.environ.__setitem__, client.VARIABLE, worker)
    try:
        main(words)
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        terminal.conclude()  # as the process's end has it
    return 0


def _serve(listener: int, lifeline: int) -> None:
    server.NEEDS |= NEEDS
    running = server.Server(listener, lifeline, lambda: _run(str(running.address)))
    running.run()
    os._exit(0)  # no orderly end: extension modules would say what they leave behind


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve(*map(int, sys.argv[2:]))
    else:
        outcome = client.delegate(sys.argv[1:]) if sys.argv[1] == SNAKEMAKE else None
        sys.exit(_snakemake(sys.argv[2:], os.environ.get(client.VARIABLE, "")) if outcome is None else outcome)
