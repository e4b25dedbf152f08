"""The warm worker itself: waits for commands, forks, and reports how the copies ended.

    python -m lnl.cli.worker LISTENER LIFELINE COMMAND

The first two are open files of the head (`head`): the socket on which jobs call, and a pipe that closes when the head
is gone. COMMAND is the one that is sure to come, or nothing.

What a command imports is imported here, and the declarations are read, once, before the first copy that needs them is
made. Nothing else happens here: no tensor, no thread, no device, since none of these survives a fork. Whatever goes
wrong with a call, the worker declines it and the job runs by itself; so it does if the sources have changed since the
worker started.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lnl.run.worker import derivatives
from lnl.run.worker.client import LIBRARY, installation

LEARNING = ("lnl.run.job", "lnl.run.searching.candidates", "safetensors.torch")
PROPOSING = ("lnl.search.algorithms", "lnl.search.spaces", "scipy.special")
RENDERING = ("lnl.render.table", "lnl.results.claims", "pandas", "scipy.stats", "jsonschema")
DRAWING = ("lnl.render.figure", "matplotlib.pyplot")
#: What the copies of a command will import.
NEEDS = {
    "train": LEARNING,
    "repeats": LEARNING,
    "search": (*LEARNING, *PROPOSING),
    "synthetic": PROPOSING,
    "prepare": ("lnl.data.prepare", "lnl.noise.manifest"),
    "table": RENDERING,
    "claims": RENDERING,
    "figure": (*RENDERING, *DRAWING),
}
VALIDATED = ("table", "claims", "figure")  # of these: what checks the declarations itself, since it is run by hand too
Command = Callable[[], int]  # runs sys.argv; its exit status
PATIENCE = 5.0  # seconds for a call to arrive: jobs send it at once
GRACE = 15.0  # seconds that copies have to write their checkpoints once the head is gone
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Copy:
    """A job under way."""

    pid: int
    ended: int  # a file that becomes readable when it ends
    client: socket.socket


class Server:
    """The loop of a worker. What is registered with the selector is what to do when something is heard there."""

    def __init__(self, listener: int, lifeline: int, command: Command) -> None:
        """listener, lifeline: open files of the head; command: runs sys.argv in a copy."""
        self.command = command
        self.listener = socket.socket(fileno=listener)
        self.address = Path(self.listener.getsockname())
        self.stamp = newest()
        self.loaded: set[str] = set()  # modules
        self.copies: dict[int, Copy] = {}
        self.serving = True
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, self._call)
        self.selector.register(lifeline, selectors.EVENT_READ, self._head_gone)

    def run(self, command: str = "") -> None:
        """Get ready for a command, serve until the head is gone, then stop what still runs. SIGTERM ends it at once,
        and so its copies."""
        signal.signal(signal.SIGTERM, partial(self._told, os.getpid()))
        _prctl(signal.SIGCONT)  # a worker that somebody has stopped wakes up when its head ends, and ends as well
        if command:
            self._ready({"arguments": [command], "folder": os.getcwd(), "environment": dict(os.environ)})
        while self.serving:
            for key, _ in self.selector.select():
                with suppress(OSError):
                    key.data()

    def _told(self, pid: int, *_: object) -> None:
        if os.getpid() == pid:  # not a copy that has not come to be itself yet
            shutil.rmtree(self.address.parent, ignore_errors=True)
        os._exit(128 + signal.SIGTERM)

    def _call(self) -> None:
        """Start what a job asks for, or decline by hanging up."""
        client, _ = self.listener.accept()
        files: list[int] = []
        try:
            client.settimeout(PATIENCE)
            call = receive(client, files)
            client.settimeout(None)
            same = newest() == self.stamp and call["installation"] == installation()
            if same and self._ready(call) and _waits(client):
                self._start(client, call, files)
            else:
                client.close()
        except Exception as error:
            client.close()
            if not isinstance(error, ConnectionError):  # of a caller that has gone
                with suppress(OSError):
                    why = f"{type(error).__name__}: {error}"
                    print(f"lnl: the warm worker cannot take a call ({why}); it is done without it", file=sys.stderr)
        finally:
            for file in files:
                os.close(file)

    def _ready(self, call: dict[str, Any]) -> bool:
        """Load what the command needs; False if that fails, and the job itself will show why."""
        arguments, folder, before = call["arguments"], call["folder"], len(self.loaded)
        try:
            for name in NEEDS.get(arguments[0] if arguments else "", ()):
                if name not in self.loaded:
                    importlib.import_module(name)
                    self.loaded.add(name)
        except Exception:
            return False
        if _warm_up(folder, arguments, call["environment"]) or len(self.loaded) > before:
            gc.freeze()  # a collection in a copy would touch, and so duplicate, all of this
        return True

    def _start(self, client: socket.socket, call: dict[str, Any], files: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            become(call, files, self.command)
        try:
            copy = Copy(pid, os.pidfd_open(pid), client)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        self.copies[pid] = copy
        self.selector.register(copy.ended, selectors.EVENT_READ, partial(self._ended, copy))
        self.selector.register(client, selectors.EVENT_READ, partial(self._client_gone, copy))
        with suppress(OSError):
            client.sendall(pid.to_bytes(8, "big"))

    def _client_gone(self, copy: Copy) -> None:
        """Nothing is ever heard from a client but that it has died: its copy ends as well."""
        if copy.pid in self.copies:  # it may have ended a moment ago
            self.selector.unregister(copy.client)
            os.kill(copy.pid, signal.SIGTERM)

    def _ended(self, copy: Copy) -> None:
        self._report(copy, os.waitpid(copy.pid, 0)[1])
        self.selector.unregister(copy.ended)
        os.close(copy.ended)
        with suppress(KeyError):
            self.selector.unregister(copy.client)
        copy.client.close()

    def _report(self, copy: Copy, waited: int) -> None:
        """Tell a client how its copy has ended."""
        del self.copies[copy.pid]
        status = os.waitstatus_to_exitcode(waited)
        with suppress(OSError):
            copy.client.sendall(bytes([status if status >= 0 else 128 - status]))

    def _head_gone(self) -> None:
        """Tell every copy to stop; who has not come to an end in time is ended."""
        self.serving = False
        self.listener.close()
        shutil.rmtree(self.address.parent, ignore_errors=True)
        limit = time.monotonic() + GRACE
        for pid in self.copies:
            os.kill(pid, signal.SIGTERM)
        while self.copies and time.monotonic() < limit:
            for copy in list(self.copies.values()):
                pid, waited = os.waitpid(copy.pid, os.WNOHANG)
                if pid:
                    self._report(copy, waited)
            time.sleep(0.05)
        for pid in self.copies:
            os.kill(pid, signal.SIGKILL)


def _waits(client: socket.socket) -> bool:
    """Whether a caller is still there: it has gone on by itself if this process was stopped for long."""
    try:
        return bool(client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return True


def _prctl(number: signal.Signals) -> None:
    """Get a signal when the parent of this process ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def _warm_up(folder: str, arguments: list[str], environment: Mapping[str, str]) -> bool:
    """Keep what every command begins with: the declarations of its checkout, resolved as its head has configured them,
    and what typer reads its arguments with. True if something was read."""
    from lnl.declared import configuration, kept_suites

    with suppress(ImportError):
        importlib.import_module("typer._adapters")
    with suppress(Exception), chdir(folder):  # the job itself will say what is wrong with them
        asked = configuration.of_environment(environment)
        if "--scale" in arguments:
            asked["scale"] = arguments[arguments.index("--scale") + 1]
        read = kept_suites.keep(asked, validate=arguments[0] in VALIDATED)
        methods = kept_suites.suite(asked, validate=arguments[0] in VALIDATED).methods
        return derivatives.load(arguments, methods) or read
    return False


def receive(client: socket.socket, files: list[int]) -> dict[str, Any]:
    """A call; the caller's standard files join `files`. OSError or ValueError for one that does not arrive whole."""
    head, given, _, _ = socket.recv_fds(client, 8, 3)
    files += given
    if not head:  # of one who has only looked whether somebody listens here
        raise ConnectionError
    content = b""
    while len(content) < int.from_bytes(head, "big"):
        piece = client.recv(1 << 20)
        if not piece:
            raise ConnectionError
        content += piece
    call: dict[str, Any] = json.loads(content)
    return call


def become(call: dict[str, Any], files: list[int], command: Command) -> None:
    """In the copy: be the process that the client stands for, and never return."""
    status = 1
    try:
        _prctl(signal.SIGTERM)  # without its worker a copy stops, with a checkpoint
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for standard, given in enumerate(files):
            os.dup2(given, standard)
        # Python's own know what the worker's files can do: seek, or say whether they are a terminal.
        sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding=sys.stderr.encoding, closefd=False)
        os.closerange(3, max(map(int, os.listdir("/proc/self/fd"))) + 1)  # sockets of the worker and of other jobs
        os.chdir(call["folder"])
        os.environ.clear()
        os.environ.update(call["environment"])
        sys.argv = ["lnl", *call["arguments"]]
        status = command()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        status = status or 120  # as Python itself ends when its output cannot be written
    finally:
        os._exit(status)


def newest() -> int:
    """When the library's sources were last changed."""
    times = []
    for file in Path(LIBRARY).rglob("*.py"):
        with suppress(OSError):  # an editor's temporary file
            times.append(file.stat().st_mtime_ns)
    return max(times)
