"""Ctrl-C: a training keeps a checkpoint, a DAG renders briefly, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from suite_copy import SCALE, SuiteCopy, until

from lnl.run.worker import head

Start = Callable[[SuiteCopy, list[str]], "subprocess.Popen[str]"]
CELL = "s2e/digits/symmetric-50/standard"


@pytest.fixture
def long_suite(tmp_path: Path) -> SuiteCopy:
    """A checkout whose runs take minutes."""
    copy = SuiteCopy.make(tmp_path / "checkout")
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump({**SCALE, "epochs": 10_000}))
    return copy


@pytest.fixture
def started() -> Iterator[Callable[[SuiteCopy, list[str]], subprocess.Popen[str]]]:
    """Starts a command in a session of its own, which ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def start(suite: SuiteCopy, words: list[str]) -> subprocess.Popen[str]:
        running.append(_started(suite, words))
        return running[-1]

    yield start
    for process in running:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _started(suite: SuiteCopy, words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words,
        cwd=suite.root,
        env=suite.environment(LNL_CHECKPOINT_SECONDS="0.05"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # the tests may run where it is ignored
    )


def _once(happened: Callable[[], object], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not come to training"
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "words", [["train", CELL], ["search", "s2e/digits/pair-45/coteaching/tau-grid"]], ids=["train", "search"]
)
def test_a_training_that_is_interrupted_keeps_its_checkpoint(
    long_suite: SuiteCopy, started: Start, words: list[str], number: signal.Signals, status: int
) -> None:
    job = started(long_suite, [str(Path(sys.executable).parent / "lnl"), *words])
    _once(lambda: list(long_suite.root.glob("results/demo/store/**/checkpoint-*.pt")))
    job.send_signal(number)
    _, said = job.communicate(timeout=60)
    assert job.returncode == status
    assert len(said.splitlines()) == 1 and said.startswith("lnl: ") and "next start" in said
    assert list(long_suite.root.glob("results/demo/store/**/checkpoint-*.pt"))


def test_a_dag_that_is_interrupted_renders_what_was_asked_for_and_ends_soon(
    long_suite: SuiteCopy, started: Start
) -> None:
    other = yaml.safe_load((long_suite.root / "tables/small.yaml").read_text())
    (long_suite.root / "tables/other.yaml").write_text(yaml.safe_dump({**other, "title": "Another"}))
    head = started(long_suite, long_suite.command("small"))
    _once(lambda: list(long_suite.root.glob("results/demo/store/**/checkpoint-*.pt")))
    os.killpg(head.pid, signal.SIGINT)  # a terminal tells all of them
    begun = time.monotonic()
    _, said = head.communicate(timeout=60)
    assert head.returncode != 0
    assert time.monotonic() - begun < 30  # five seconds of it may be rendering, on a machine of any speed
    assert "Traceback" not in said
    assert not (long_suite.root / "results/demo/tables/other.md").exists()
    assert not (long_suite.root / "results/demo/report.html").exists()
    assert list(long_suite.root.glob("results/demo/store/**/checkpoint-*.pt"))


LATE = """
import atexit, os, signal, weakref
from lnl.run.worker import head

signal.signal(signal.SIGINT, signal.default_int_handler)
class Held: pass
held = Held()
{late}
head.note_interrupts()
"""


@pytest.mark.parametrize(
    "late",
    [
        "weakref.finalize(held, os.kill, os.getpid(), signal.SIGINT)",
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)",
        "atexit.register(lambda: [][0])",
    ],
    ids=["in a finaliser", "at the exit", "another error"],
)
def test_ctrl_c_in_the_last_moment_of_a_head_is_no_traceback(late: str) -> None:
    ended = subprocess.run([sys.executable, "-c", LATE.format(late=late)], capture_output=True, text=True, timeout=60)
    assert ("Traceback" in ended.stderr) == ("IndexError" in ended.stderr) == ("[][0]" in late), ended.stderr


def test_a_signal_that_comes_while_the_scheduler_holds_its_lock_is_heard_when_it_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lock, heard = threading.Lock(), []
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(head, "INTERRUPTED", threading.Event())
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGTERM, lambda number, frame: heard.append(lock.acquire(timeout=5)))
        head.note_interrupts(SimpleNamespace(_lock=lock))
        with lock:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(3 * head.MOMENT)
            assert heard == [] and head.INTERRUPTED.is_set()
        until(lambda: bool(heard), seconds=5)
        assert heard == [True]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_lock_that_is_looked_at_is_the_one_that_snakemake_takes() -> None:
    from snakemake.scheduling.job_scheduler import JobScheduler

    lock, heard = threading.Lock(), []
    waiting = SimpleNamespace(
        _lock=lock, _user_kill=None, _open_jobs=SimpleNamespace(release=lambda: heard.append(True))
    )
    with lock:
        told = threading.Thread(target=JobScheduler.exit_gracefully, args=(waiting,), daemon=True)
        told.start()
        told.join(timeout=0.2)
        assert told.is_alive() and heard == []  # so it would wait in a handler, for the code that it interrupts
    told.join(timeout=5)
    assert heard == [True]
