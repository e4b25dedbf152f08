"""The warm worker itself: waits for commands, forks, and reports how the copies ended.

    python -m lnl.worker.server LISTENER LIFELINE

Both are open files of the head (`head`): the socket on which jobs call, and a pipe that closes when the head is gone.
What a command imports is imported here, once, before the first copy that needs it is made. Nothing else happens here:
no tensor, no thread, no device, since none of these survives a fork. A worker whose sources have changed on disk
declines, so that no job runs yesterday's code.
"""

from __future__ import annotations

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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lnl.worker.client import DECLINED, STARTED

SOURCES = Path(__file__).resolve().parent.parent
LEARNING = ("lnl.job", "lnl.search.candidates", "safetensors.torch")
PROPOSING = ("lnl.search.algorithms", "lnl.search.spaces", "scipy.special")
RENDERING = ("lnl.render.table", "lnl.claims", "pandas", "scipy.stats")
DRAWING = ("lnl.render.figure", "matplotlib.pyplot")
#: What the copies of a command will import.
NEEDS = {
    "train": LEARNING,
    "handover": LEARNING,
    "search": (*LEARNING, *PROPOSING),
    "synthetic": PROPOSING,
    "prepare": ("lnl.data.prepare", "lnl.noise.manifest"),
    "table": RENDERING,
    "claims": RENDERING,
    "figure": (*RENDERING, *DRAWING),
}
GRACE = 15.0  # seconds that copies have to write their checkpoints once the head is gone


@dataclass
class Request:
    """A job's call, as it arrives in pieces."""

    connection: socket.socket
    files: list[int] = field(default_factory=list)
    length: int | None = None
    content: bytes = b""
    child: int | None = None

    def receive(self) -> dict[str, Any] | None:
        """The call once it is complete. ConnectionError when the client has gone away before."""
        if self.length is None:
            head, files, _, _ = socket.recv_fds(self.connection, 8, 3)
            if len(head) < 8:
                raise ConnectionError
            self.length, self.files = int.from_bytes(head, "big"), list(files)
        else:
            piece = self.connection.recv(self.length - len(self.content))
            if not piece:
                raise ConnectionError
            self.content += piece
        return json.loads(self.content) if len(self.content) == self.length else None


class Server:
    """The loop of a worker."""

    def __init__(self, listener: int, lifeline: int) -> None:
        self.listener = socket.socket(fileno=listener)
        self.address = Path(self.listener.getsockname())
        self.stamp = newest()
        self.imported: set[str] = set()
        self.children: dict[int, Request] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(lifeline, selectors.EVENT_READ, "lifeline")

    def run(self) -> None:
        """Serve until the head is gone, then stop what still runs."""
        while True:
            for key, _ in self.selector.select():
                if key.data == "lifeline":
                    self._end()
                    return
                if key.fileobj is self.listener:
                    request = Request(self.listener.accept()[0])
                    self.selector.register(request.connection, selectors.EVENT_READ, request)
                elif isinstance(key.data, Request):
                    self._hear(key.data)
                else:
                    self._ended(key.fd, key.data[0])

    def _hear(self, request: Request) -> None:
        """A piece of a call, a signal for its copy, or the end of a client, with which its copy ends as well."""
        try:
            if request.child is not None:
                told = request.connection.recv(1)
                os.kill(request.child, told[0] if told else signal.SIGTERM)
                if not told:
                    self.selector.unregister(request.connection)
                return
            call = request.receive()
            if call is not None:
                self._start(request, call)
        except ConnectionError:
            self._close(request)

    def _start(self, request: Request, call: dict[str, Any]) -> None:
        if newest() != self.stamp or not self._ready(call["arguments"]):
            _tell(request, DECLINED)
            self._close(request)
            return
        child = os.fork()
        if child == 0:
            self._become(request, call)
        request.child = child
        self.children[child] = request
        self.selector.register(os.pidfd_open(child), selectors.EVENT_READ, (child,))
        for file in request.files:
            os.close(file)
        _tell(request, STARTED)

    def _ready(self, arguments: list[str]) -> bool:
        """Import what the command needs; False if that fails, and the client will show why."""
        for name in ("lnl.cli.app", *NEEDS.get(arguments[0] if arguments else "", ())):
            if name not in self.imported:
                try:
                    importlib.import_module(name)
                except Exception:
                    return False
                self.imported.add(name)
                gc.freeze()  # a collection in a copy would touch, and so duplicate, all of this
        return True

    def _become(self, request: Request, call: dict[str, Any]) -> None:
        """In the copy: be the process that the client stands for, and never return."""
        status = 1
        try:
            for key in list(self.selector.get_map().values()):
                if key.fileobj is not request.connection:
                    os.close(key.fd)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for standard, given in enumerate(request.files):
                os.dup2(given, standard)
                os.close(given)
            request.connection.close()
            os.chdir(call["folder"])
            os.environ.clear()
            os.environ.update(call["environment"])
            sys.argv = ["lnl", *call["arguments"]]
            from lnl.cli import run

            status = run()
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(status)

    def _ended(self, descriptor: int, child: int) -> None:
        self.selector.unregister(descriptor)
        os.close(descriptor)
        request = self.children.pop(child)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        _tell(request, bytes([status if status >= 0 else 128 - status]))
        self._close(request)

    def _close(self, request: Request) -> None:
        if request.connection.fileno() in self.selector.get_map():
            self.selector.unregister(request.connection)
        request.connection.close()

    def _end(self) -> None:
        """Tell every copy to stop; who has not come to an end in time is ended."""
        self.listener.close()
        shutil.rmtree(self.address.parent, ignore_errors=True)
        limit = time.monotonic() + GRACE
        for child in self.children:
            os.kill(child, signal.SIGTERM)
        while self.children and time.monotonic() < limit:
            for child in list(self.children):
                if os.waitpid(child, os.WNOHANG)[0]:
                    del self.children[child]
            time.sleep(0.05)
        for child in self.children:
            os.kill(child, signal.SIGKILL)


def _tell(request: Request, what: bytes) -> None:
    with suppress(OSError):  # a client that has gone away
        request.connection.send(what)


def newest() -> int:
    """When the library's sources were last changed."""
    return max(file.stat().st_mtime_ns for file in SOURCES.rglob("*.py"))


if __name__ == "__main__":
    Server(int(sys.argv[1]), int(sys.argv[2])).run()
