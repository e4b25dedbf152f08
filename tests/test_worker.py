"""The warm worker: a job that it runs behaves as one that was started afresh, whatever happens to either side."""

from __future__ import annotations

import errno
import json
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
from lnl.cli.common import load_suite
from lnl.declared import configuration, literals, reading
from lnl.declared.demands import Demands
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
