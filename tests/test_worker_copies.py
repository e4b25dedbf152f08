"""A copy of the warm worker: what it has of its worker, its caller's world, how its end is told, and none left over."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from suite_copy import SuiteCopy, until

from lnl.cli.common import load_suite
from lnl.declared import configuration, literals, reading
from lnl.declared.demands import Demands
from lnl.run.worker import client, server

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there is no worker where forking is unsafe"
)


@pytest.mark.parametrize(("command", "validate"), [("train", False), ("table", True)])
def test_a_copy_reads_and_resolves_nothing_that_its_worker_has(
    command: str, validate: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    asked = {"scale": "smoke", "device": "cpu"}
    environment = {configuration.VARIABLE: json.dumps(asked)}
    assert server._warm_up(str(copy.root), [command], environment)
    assert not server._warm_up(str(copy.root), [command], environment), "what is kept is not read again"
    monkeypatch.chdir(copy.root)
    monkeypatch.setenv(configuration.VARIABLE, environment[configuration.VARIABLE])
    with monkeypatch.context() as patched:
        for module in (reading, literals):
            patched.setattr(module, "text", lambda path: pytest.fail(f"{path} is read again"))
        patched.setattr(Demands, "_demand", lambda suite, key: pytest.fail(f"{key} is resolved again"))
        suite = load_suite(validate=validate)
        assert suite.cells and suite.scale == "smoke"
        with pytest.raises(pytest.fail.Exception):
            _ = load_suite(validate=validate, scale="demo").cells


@pytest.mark.parametrize("change", ["touch", "add", "remove"])
def test_a_copy_reads_again_what_has_changed_since(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    environment = {configuration.VARIABLE: json.dumps({"scale": "smoke"})}
    assert server._warm_up(str(copy.root), ["train"], environment)
    small, other = copy.root / "tables/small.yaml", copy.root / "tables/other.yaml"
    if change == "touch":
        small.touch()
    elif change == "add":
        other.write_text(small.read_text())
    else:
        small.unlink()
    monkeypatch.chdir(copy.root)
    monkeypatch.setenv(configuration.VARIABLE, environment[configuration.VARIABLE])
    suite = load_suite(validate=False)
    assert set(suite.tables) == {name.stem for name in (copy.root / "tables").glob("*.yaml")}
    assert server._warm_up(str(copy.root), ["train"], environment), "and the worker for its next copy"


# ---- a worker in this process: what a copy is, and what is left of it ------------------------------------------------


class Asked:
    """A worker that takes one call, of the test's own, and runs a function in its copy."""

    def __init__(self, folder: Path, command: Callable[[], int]) -> None:
        self.out, self.err = folder / "out", folder / "err"
        place = folder / "worker"
        place.mkdir()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(place / "socket"))
        listener.listen()
        self.lifeline = os.pipe()
        self.server = server.Server(listener.detach(), self.lifeline[0], command)
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.settimeout(20)
        self.call = {
            "arguments": ["a", "b"],
            "folder": str(folder),
            "environment": {"ONLY": "this"},
            "installation": client.installation(),
        }

    def send(self, out: str = "", size: int | None = None) -> int:
        """Process number of the copy; 0 where the worker has declined."""
        content = json.dumps(self.call).encode()
        with open(os.devnull) as nothing, open(out or self.out, "w") as first, self.err.open("w") as second:
            self.connection.connect(str(self.server.address))
            files = [nothing.fileno(), first.fileno(), second.fileno()]
            socket.send_fds(self.connection, [len(content).to_bytes(8, "big")], files)
            self.connection.sendall(content[:size])
            if size is not None:
                self.connection.shutdown(socket.SHUT_WR)
            self.server._call()
        return int.from_bytes(self.connection.recv(8), "big")

    def status(self) -> int:
        """Exit status of the copy, as the worker tells it."""
        while self.server.copies:
            for key, _ in self.server.selector.select(20):
                key.data()
        [status] = self.connection.recv(1)
        assert self.connection.recv(1) == b""
        return status

    def close(self) -> None:
        self.connection.close()
        self.server.listener.close()
        self.server.selector.close()
        for file in self.lifeline:
            os.close(file)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Callable[[Callable[[], int]], Asked]]:
    made: list[Asked] = []

    def one(command: Callable[[], int]) -> Asked:
        made.append(Asked(tmp_path, command))
        return made[-1]

    yield one
    for each in made:
        each.close()


Asking = Callable[[Callable[[], int]], Asked]


def test_a_copy_has_its_callers_world_and_nothing_of_its_workers(asked: Asking, tmp_path: Path) -> None:
    def command() -> int:
        print(
            json.dumps(
                {
                    "arguments": sys.argv,
                    "folder": os.getcwd(),
                    "environment": dict(os.environ),
                    "files": sorted(map(int, os.listdir("/proc/self/fd"))),  # one of them is this folder
                    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
                    "end": signal.getsignal(signal.SIGTERM) is signal.SIG_DFL,
                }
            )
        )
        print("aside", file=sys.stderr)
        return 7

    call = asked(command)
    before = os.listdir("/proc/self/fd")
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as where a shell has started the head with &
    try:
        assert call.send() and call.status() == 7
    finally:
        signal.signal(signal.SIGINT, interrupt)
    assert json.loads(call.out.read_text()) == {
        "arguments": ["lnl", "a", "b"],
        "folder": str(tmp_path),
        "environment": {"ONLY": "this"},
        "files": [0, 1, 2, 3],
        "interrupt": True,
        "end": True,
    }
    assert call.err.read_text() == "aside\n"
    assert os.listdir("/proc/self/fd") == before, "a worker of a thousand jobs has no more files open than one of none"


@pytest.mark.parametrize(
    ("command", "out", "status"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "", 128 + signal.SIGKILL),
        (lambda: print("something") or 0, "/dev/full", 120),
        (lambda: print("something") or 3, "/dev/full", 3),
        (lambda: sys.exit("of the command's own accord"), "", 1),
    ],
    ids=["killed", "full disk", "failed on a full disk", "raised"],
)
def test_how_a_copy_has_ended_is_told_as_a_shell_would(
    command: Callable[[], int], out: str, status: int, asked: Asking
) -> None:
    call = asked(command)
    assert call.send(out) and call.status() == status


def test_a_call_that_is_cut_off_or_of_another_environment_is_declined_without_a_word(
    asked: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = asked(lambda: 0)
    assert call.send(size=9) == 0
    (tmp_path / "other").mkdir()
    other = Asked(tmp_path / "other", lambda: 0)
    monkeypatch.setattr(sys, "prefix", "/elsewhere")  # the same library, and other packages
    assert other.send() == 0
    other.close()
    assert capsys.readouterr().err == ""


def test_a_copy_that_cannot_be_watched_is_ended_before_its_caller_goes_on(
    asked: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else both would train the run."""
    copies: list[int] = []
    fork = os.fork

    def forked() -> int:
        copies.append(fork())
        return copies[-1]

    def refused(pid: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    call = asked(lambda: time.sleep(60) or 0)
    monkeypatch.setattr(server.os, "fork", forked)
    monkeypatch.setattr(server.os, "pidfd_open", refused)
    assert call.send() == 0
    with pytest.raises(ChildProcessError):
        os.waitpid(copies[0], os.WNOHANG)


def test_a_copy_that_does_not_end_with_the_head_is_killed(asked: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("here", flush=True)
        time.sleep(60)
        return 0

    monkeypatch.setattr(server, "GRACE", 0.2)
    call = asked(command)
    copy = call.send()
    until(lambda: call.out.read_text() == "here\n")
    call.server._head_gone()
    assert not call.server.serving and not call.server.address.parent.exists()
    assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == -signal.SIGKILL


def test_a_copy_that_is_told_to_end_before_it_is_itself_leaves_its_worker_alone(asked: Asking) -> None:
    call, worker = asked(lambda: 0), os.getpid()
    if (copy := os.fork()) == 0:
        call.server._told(worker)
    assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 128 + signal.SIGTERM
    assert call.server.address.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_caller_hands_its_signals_on_unless_it_is_to_ignore_them(number: signal.Signals) -> None:
    before = signal.signal(number, lambda *_: pytest.fail("the caller itself has heard it"))
    try:
        for ignored in (False, True):
            copy = subprocess.Popen(["sleep", "60"])
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            if ignored:
                signal.signal(number, signal.SIG_IGN)
            mine = signal.getsignal(number)

            def told(copy: subprocess.Popen[bytes] = copy, theirs: socket.socket = theirs) -> None:
                time.sleep(0.1)
                os.kill(os.getpid(), number)
                time.sleep(0.1)
                theirs.send(bytes([0 if copy.poll() is None else 128 - copy.returncode]))

            worker = threading.Thread(target=told)
            worker.start()
            with ours, theirs:
                assert client._outcome(ours, copy.pid) == (0 if ignored else 128 + number)
                worker.join()
            assert signal.getsignal(number) == mine, "as it was"
            copy.kill()
            copy.wait()
    finally:
        signal.signal(number, before)
