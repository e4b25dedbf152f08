"""The warm worker: a job that it runs behaves as one that was started afresh, whatever happens to either side."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from filelock import FileLock
from suite_copy import SCALE, SuiteCopy, until

import lnl
from lnl.run.worker import client, head, server

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="there is no worker where forking is unsafe"
)

LNL = str(Path(sys.executable).parent / "lnl")
CELL = "s2e/digits/symmetric-50/coteaching"


class Head:
    """The head of a DAG, as its worker knows it: alive until `end`."""

    def __init__(self) -> None:
        lifeline = head.start()
        assert lifeline is not None
        self._lifeline: int | None = lifeline
        self.address = os.environ.pop(client.VARIABLE)

    def end(self) -> None:
        if self._lifeline is not None:
            os.close(self._lifeline)
        self._lifeline = None


@contextmanager
def a_head() -> Iterator[Head]:
    started = Head()
    try:
        yield started
    finally:
        started.end()


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a job that has a worker, and that could not train by itself."""
    poison = tmp_path_factory.mktemp("poison")
    (poison / "sitecustomize.py").write_text("import sys; sys.modules['torch'] = None")
    with a_head() as running:
        path = os.pathsep.join(filter(None, (str(poison), os.environ.get("PYTHONPATH"))))  # which may lead to this lnl
        yield {client.VARIABLE: running.address, "PYTHONPATH": path}


@pytest.fixture
def long_suite(tmp_path: Path) -> SuiteCopy:
    """A suite whose runs do not end by themselves."""
    suite = SuiteCopy.make(tmp_path / "checkout")
    (suite.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(SCALE | {"epochs": 10_000}))
    return suite


Start = Callable[[SuiteCopy, dict[str, str], int], tuple["subprocess.Popen[str]", Path]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a training: its process and its folder in the store, once it is under way. None outlives its test."""
    jobs: list[subprocess.Popen[str]] = []

    def one(suite: SuiteCopy, environment: dict[str, str], seed: int) -> tuple[subprocess.Popen[str], Path]:
        store = suite.root / f"results/demo/store/{CELL}/seed{seed}"
        job = subprocess.Popen(
            [LNL, "train", CELL, "--seed", str(seed)],
            cwd=suite.root,
            env=suite.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        jobs.append(job)
        until(lambda: (store / "lock").exists())
        time.sleep(1)  # its first steps
        return job, store

    yield one
    for job in jobs:
        job.kill()
        job.communicate()


def test_a_run_of_the_worker_has_the_record_of_one_started_by_hand(suite: SuiteCopy, warm: dict[str, str]) -> None:
    made_by_the_dag = suite.records()
    for by_worker in (False, True):
        shutil.rmtree(suite.root / "results/demo/store")
        shutil.rmtree(suite.root / "results/demo/cells")
        done = suite.lnl("train", CELL, afresh=True, **(warm if by_worker else {}))
        assert done.returncode == 0, done.stderr
        [(path, result)] = suite.records().items()
        assert result == made_by_the_dag[path]
        assert "is trained" in done.stdout  # the caller's own output


def test_an_error_is_the_callers(suite: SuiteCopy, warm: dict[str, str]) -> None:
    fresh, copied = (
        suite.lnl("train", "s2e/digits/symmetric-50/coteching", afresh=True, **extra) for extra in ({}, warm)
    )
    assert fresh.returncode == copied.returncode == 2
    assert fresh.stderr == copied.stderr
    assert "did you mean 'coteaching'" in copied.stderr


def test_a_signal_reaches_the_run_and_others_go_on(long_suite: SuiteCopy, warm: dict[str, str], start: Start) -> None:
    first, store = start(long_suite, warm, 1)
    second, _ = start(long_suite, warm, 2)
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 143
    assert list(store.glob("checkpoint-*.pt"))
    assert second.poll() is None
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 143


def test_a_run_whose_client_was_killed_stops_with_a_checkpoint(
    long_suite: SuiteCopy, warm: dict[str, str], start: Start
) -> None:
    job, store = start(long_suite, warm, 1)
    job.kill()
    with FileLock(store / "lock").acquire(timeout=20):  # sooner than the next checkpoint in turn
        assert list(store.glob("checkpoint-*.pt"))


def test_when_the_head_is_gone_the_worker_ends_with_its_runs(long_suite: SuiteCopy, start: Start) -> None:
    with a_head() as ending:
        job, store = start(long_suite, {client.VARIABLE: ending.address}, 1)
        ending.end()
        assert job.wait(20) == 143
        assert list(store.glob("checkpoint-*.pt"))
        until(lambda: not Path(ending.address).parent.exists())
        # without a worker a command runs by itself
        assert long_suite.lnl("status", afresh=True, LNL_WORKER=ending.address).returncode == 0


def _workers() -> set[int]:
    """Workers that this process has started."""
    listing = subprocess.check_output(["ps", "-eo", "pid,ppid,args"], text=True).splitlines()
    rows = [line.split(maxsplit=2) for line in listing if "lnl.cli.worker" in line]
    return {int(pid) for pid, parent, _ in rows if int(parent) == os.getpid()}


def test_a_job_whose_worker_was_killed_runs_by_itself(long_suite: SuiteCopy, start: Start) -> None:
    others = _workers()
    with a_head() as running:
        [worker] = _workers() - others
        job, store = start(long_suite, {client.VARIABLE: running.address}, 1)
        os.kill(worker, signal.SIGKILL)
        until(lambda: bool(list(store.glob("checkpoint-*.pt"))))  # its copy has stopped
        time.sleep(1)
        assert job.poll() is None
        job.terminate()
        assert job.wait(30) == 143
    shutil.rmtree(
        Path(running.address).parent, ignore_errors=True
    )  # as the next start would, and of another test may have


def test_a_worker_of_other_sources_declines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "lnl"
    shutil.copytree(Path(lnl.__file__).parent, sources, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "from lnl.run.worker.client import delegate; print(delegate(['--help']))"

    with a_head() as running:
        environment = os.environ | {client.VARIABLE: running.address}

        def answer(**changes: str) -> str:
            return subprocess.check_output([sys.executable, "-P", "-c", code], env=environment | changes, text=True)

        assert answer().endswith("\n0\n")
        assert answer(PYTHONPATH="") == "None\n"  # the job's library is another one
        os.utime(sources / "run" / "train.py")
        assert answer() == "None\n"


SNAKEFILE = """
from lnl.run.worker import head

onstart:
    head.unlimit(workflow.scheduler)

rule all:
    input: expand("{n}.txt", n=range(6))

rule one:
    output: "{n}.txt"
    shell: "sleep 0.6; touch {output}"
"""


def test_jobs_that_finished_do_not_keep_the_head_looking(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--scheduler", "greedy", "--verbose"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    looks = (out.stdout + out.stderr).count("Ready jobs: ")
    assert 6 <= looks <= 8  # one for each job; with Snakemake's limit there are twice as many


@pytest.mark.parametrize(("jobs", "kept"), [(100, False), (90, True)])
def test_a_limit_that_somebody_names_stands(jobs: int, kept: bool) -> None:
    scheduler = SimpleNamespace(job_rate_limiter=SimpleNamespace(max_jobs=jobs, timespan=1.0))
    head.unlimit(scheduler)
    assert (scheduler.job_rate_limiter is not None) == kept


def test_a_job_that_is_told_to_end_together_with_its_worker_does_not_begin_anew(
    long_suite: SuiteCopy, start: Start
) -> None:
    with a_head() as running:
        job, _ = start(long_suite, {client.VARIABLE: running.address}, 1)
        made = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        worker = max(int(pid) for pid in made if "lnl.cli.worker" in Path(f"/proc/{pid}/cmdline").read_text())
        os.kill(worker, signal.SIGSTOP)  # it cannot say how the copy has ended
        job.terminate()
        time.sleep(0.5)
        os.kill(worker, signal.SIGKILL)
        assert job.wait(timeout=10) == 143


@pytest.mark.parametrize(
    ("remote", "there", "started"),
    [(True, None, ["train"]), (False, None, []), (True, "/of/the/process/that/started/this/one", [])],
)
def test_the_job_of_a_cluster_starts_one_worker_and_a_head_none_so_early(
    remote: bool, there: str | None, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(client.VARIABLE, raising=False)
    if there:
        monkeypatch.setenv(client.VARIABLE, there)
    asked: list[str] = []
    monkeypatch.setattr(head, "start", asked.append)
    head.accompany(SimpleNamespace(remote_exec=remote))("train")
    assert asked == started


def test_a_worker_says_nothing_of_who_only_looks_whether_it_listens(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with a_head() as running:
        for _ in range(3):  # as a start does, and `lnl clean`
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as looking:
                looking.connect(running.address)
        monkeypatch.setenv(client.VARIABLE, running.address)
        assert client.delegate(["--help"]) == 0
    assert "cannot take a call" not in capfd.readouterr().err


def test_a_worker_that_cannot_fork_says_why_and_the_caller_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(tmp_path / "worker"))
    listener.listen()
    reader, writer = os.pipe()
    running = server.Server(listener.detach(), reader, lambda: 0)
    monkeypatch.setattr(server.os, "fork", refused)
    monkeypatch.setenv(client.VARIABLE, str(tmp_path / "worker"))
    answers: list[int | None] = []
    caller = threading.Thread(target=lambda: answers.append(client.delegate(["--help"])))
    caller.start()
    running._call()
    caller.join(timeout=20)
    assert answers == [None]
    said = capsys.readouterr().err
    assert said.startswith("lnl: the warm worker cannot take a call (BlockingIOError: ") and said.count("\n") == 1
    running.listener.close(), os.close(reader), os.close(writer)
