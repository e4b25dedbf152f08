"""Two heads on one results folder: the second says who is at work there and does nothing; a killed one is in nobody's
way."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from suite_copy import SuiteCopy

from lnl.errors import UserError
from lnl.files import locks
from lnl.run import alone

HOLD = """
import sys, time
from lnl.run.alone import alone
alone(sys.argv[1:])
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "_held", {})
    monkeypatch.setattr(locks, "_said", False)


@pytest.fixture
def head(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """Starts a process that holds results as a head does; it ends with the test."""

    def start(folder: Path, *scales: str) -> subprocess.Popen[str]:
        holder = subprocess.Popen([sys.executable, "-c", HOLD, *scales], cwd=folder, stdout=subprocess.PIPE, text=True)
        request.addfinalizer(lambda: (holder.kill(), holder.communicate()))
        assert holder.stdout and holder.stdout.readline() == "held\n"
        return holder

    return start


def test_the_second_head_names_the_first_and_starts_no_job(suite: SuiteCopy, head) -> None:  # type: ignore[no-untyped-def]
    holder = head(suite.root, "demo")
    (suite.root / "tables/small.yaml").write_text(
        (suite.root / "tables/small.yaml").read_text().replace("seeds: 2", "seeds: 3")
    )
    before = suite.times()
    refused = suite.snakemake()
    assert refused.returncode != 0
    [line] = [line for line in refused.stderr.splitlines() if "another Snakemake" in line]
    assert line.startswith(f"lnl: results/demo: another Snakemake is at work there (process {holder.pid} on ")
    assert " since 20" in line and "Traceback" not in refused.stderr
    assert suite.times() == before
    assert suite.jobs()["train"] == 2  # a dry run is no head
    assert suite.snakemake("--unlock").returncode == 0
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert suite.snakemake().returncode == 0
    assert len(suite.records()) == 6


def test_a_head_of_a_shared_scale_is_refused_and_one_of_another_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    head(tmp_path, "transfer", "lite")
    with pytest.raises(UserError, match=r"results/lite: another Snakemake"):
        alone.alone(["lite"])
    alone.alone(["demo", "paper"])
    alone.alone(["demo"])  # its own is in nobody's way


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_locks_in_a_file_system_a_line_says_so_once_and_the_work_goes_on(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(file: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", none)
    monkeypatch.chdir(tmp_path)
    alone.alone(["demo", "lite"])
    with locks.Lock("run").acquire(timeout=0):
        pass
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and "has no locks" in said
    assert not locks.free(Path("run"))  # what cannot be told counts as held


def test_a_lock_file_of_another_user_is_one_line_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lock"
    file.touch()

    def denied(path: object, *_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", denied)
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(UserError, match=r"lock: cannot be opened \(Permission denied, it belongs to user \w+\); have"):
        locks.Lock(file).acquire(timeout=0)


def test_a_lock_is_held_in_its_block_however_it_was_taken(tmp_path: Path) -> None:
    for take in (lambda lock: lock, lambda lock: lock.acquire(timeout=0)):
        with take(locks.Lock(tmp_path / "lock")):
            assert not locks.free(tmp_path / "lock")
            with pytest.raises(locks.Busy):
                locks.Lock(tmp_path / "lock").acquire(timeout=0)
        assert locks.free(tmp_path / "lock")


def test_a_note_that_is_no_note_names_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    head(tmp_path, "demo")
    Path("results/demo/head.json").write_text("[")
    with pytest.raises(UserError, match="it has left no name"):
        alone.alone(["demo"])
