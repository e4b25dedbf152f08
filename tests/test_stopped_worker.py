"""A warm worker that is stopped: nobody waits for it without end, and nobody outlives the head because of it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from suite_copy import until

from lnl.run import leftovers
from lnl.run.worker import client, head

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there is no worker where forking is unsafe"
)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own, for workers to be found in; its path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="t-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def worker(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Process number of a worker that has answered once and is this process's."""
    monkeypatch.setattr(client, "LOOK", 0.05)
    lifeline = head.start()
    assert lifeline is not None
    monkeypatch.setenv(client.VARIABLE, os.environ.pop(client.VARIABLE))
    listing = subprocess.check_output(["pgrep", "-P", str(os.getpid()), "-f", "lnl.cli.worker"], text=True)
    pid = max(map(int, listing.split()))
    assert client.delegate(["--help"]) == 0
    yield pid
    os.kill(pid, signal.SIGCONT)
    os.close(lifeline)
    os.waitpid(pid, 0)


def test_a_call_that_is_not_answered_is_done_without_it(
    worker: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "ANSWER", 0.5)
    monkeypatch.chdir(tmp_path)
    os.kill(worker, signal.SIGSTOP)
    assert client.delegate(["--help"]) is None
    assert "going on without it" in capsys.readouterr().err
    begun = time.monotonic()
    assert client.delegate(["--help"]) is None  # the next one does not wait
    assert time.monotonic() - begun < 0.4
    os.kill(worker, signal.SIGCONT)  # it finds nobody at the other end, and starts nothing
    time.sleep(0.3)
    assert subprocess.run(["pgrep", "-P", str(worker)], check=False, stdout=subprocess.DEVNULL).returncode == 1


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def test_a_copy_that_ended_unreported_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOOK", 0.05)
    monkeypatch.setattr(client, "REPORT", 0.3)
    copy = subprocess.Popen(["sleep", "0.4"])  # which nobody waits for
    ours, theirs = _pair()
    with ours, theirs:
        assert client._outcome(ours, copy.pid) is None
    assert copy.wait() == 0


def test_a_client_whose_head_is_gone_ends_its_copy_and_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOOK", 0.05)
    monkeypatch.setattr(client, "FAREWELL", 0.3)
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setenv(client.HEAD, str(gone.pid))
    copy = subprocess.Popen(["sleep", "60"])
    ours, theirs = _pair()
    with ours, theirs:
        assert client._outcome(ours, copy.pid) == 143
    assert copy.wait() == -signal.SIGKILL


HEAD = """
import os, signal, sys, time
from lnl.run.worker import head
head.start()
print(os.environ["LNL_WORKER"], flush=True)
time.sleep(60)
"""


def test_a_stopped_worker_ends_with_its_killed_head(temporary: Path) -> None:
    place = os.environ | {"TMPDIR": str(temporary)}
    process = subprocess.Popen([sys.executable, "-c", HEAD], env=place, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    folder = Path(process.stdout.readline().strip()).parent
    monkeys = {client.VARIABLE: str(folder / "worker")}
    asked = [sys.executable, "-c", "from lnl.run.worker.client import delegate; delegate(['--help'])"]
    subprocess.run(asked, env=place | monkeys, check=True, stdout=subprocess.DEVNULL)
    [pid] = map(int, subprocess.check_output(["pgrep", "-P", str(process.pid)], text=True).split())
    os.kill(pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    until(lambda: not folder.exists() and not client.alive(pid), seconds=20)


def test_a_start_removes_folders_of_dead_workers_of_its_own_and_no_others(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folder(name: str, *, listening: bool = False, age: float = 60) -> Path:
        made = temporary / name
        made.mkdir()
        made_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made_socket.bind(str(made / "worker"))
        if listening:
            made_socket.listen(1)
            kept.append(made_socket)
        else:
            made_socket.close()
        os.utime(made, (time.time() - age,) * 2)
        return made

    kept: list[socket.socket] = []
    ours = leftovers.prefix()
    dead = folder(f"{ours}dead")
    stay = [
        folder(f"{ours}alive", listening=True),
        folder(f"{ours}young", age=0),
        folder("lnl-00000000-elsewhere"),  # of another host
        folder("lnl-of-somebody"),
    ]
    full = folder(f"{ours}full")
    (full / "something").touch()
    os.utime(full, (0, 0))
    link = temporary / f"{ours}link"
    link.symlink_to(dead)
    assert list(leftovers.dead_workers()) == [dead]
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert list(leftovers.dead_workers()) == []  # another user's
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    leftovers.remove([])
    assert not dead.exists() and all(each.exists() for each in (*stay, full)) and link.is_symlink()
    for each in kept:
        each.close()


def test_a_start_removes_old_temporary_files_of_its_own_and_no_others(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "results/demo/store/a"
    store.mkdir(parents=True)
    old, young, other = (
        store / name for name in (".record.json.0123456789ab.tmp", ".record.json.0123456789ac.tmp", "record.json")
    )
    for file in (old, young, other):
        file.touch()
    for file in (old, other):
        os.utime(file, (0, 0))
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "getuid", lambda: 4242)
        leftovers.remove([tmp_path / "results/demo"])
        assert old.exists()
    leftovers.remove([tmp_path / "results/demo"])
    assert not old.exists() and young.exists() and other.exists()


def test_without_a_temporary_folder_there_is_no_worker_and_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    monkeypatch.delenv(client.VARIABLE, raising=False)
    assert head.start() is None
    assert "no warm worker" in capsys.readouterr().err and client.VARIABLE not in os.environ
