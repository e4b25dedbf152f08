"""How a command that trains hears that it is to stop: by which signals, with which status, and when it ends at once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from suite_copy import until

from lnl.cli import stopping
from lnl.cli.stopping import Stop, interruptible

HEARD = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins with a process that nobody follows, and leaves the signals as they were."""
    monkeypatch.delenv("LNL_HEAD", raising=False)
    before = {number: signal.signal(number, signal.default_int_handler) for number in HEARD}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def told(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGUSR1, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_a_training_at_its_next_step_and_the_status_says_which(
    number: signal.Signals, status: int
) -> None:
    stop = Stop()
    assert not stop()
    told(number)
    assert stop() and stop.status == status


def test_a_second_ctrl_c_ends_at_once_and_whoever_tells_it_otherwise_again_has_to_wait() -> None:
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGTERM):
        told(number)
    assert stop() and stop.status == 143
    with pytest.raises(KeyboardInterrupt):
        told(signal.SIGINT)
    stop = Stop()
    told(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        told(signal.SIGINT)
    assert stop() and stop.status == 130


@pytest.mark.parametrize("number", HEARD)
def test_a_signal_that_was_ignored_before_is_ignored_still(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)  # as nohup leaves it, and a shell's `&`
    stop = Stop()
    told(number)
    assert not stop() and signal.getsignal(number) is signal.SIG_IGN


def test_a_job_whose_head_is_gone_stops_and_is_ended_hard_where_it_comes_to_no_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    ended: list[int] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(0.01)

    monkeypatch.setattr(stopping, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(stopping, "os", SimpleNamespace(_exit=ended.append))
    with subprocess.Popen(["sleep", "60"]) as head:
        monkeypatch.setenv("LNL_HEAD", str(head.pid))
        stop = Stop()
        until(lambda: len(waited) > 3, seconds=20)
        assert not stop() and not ended
        head.kill()
        until(lambda: bool(ended), seconds=20)
    assert stop() and stop.status == 143
    assert ended == [143] and max(waited[:-1]) < 1 and waited[-1] == 10, "ten seconds for a step and its checkpoint"


def test_a_block_that_may_be_interrupted_ends_by_itself_and_leaves_ctrl_c_as_it_was() -> None:
    def mine(number: int, frame: object) -> None:
        raise ZeroDivisionError

    signal.signal(signal.SIGINT, mine)
    with interruptible() as interrupted:
        assert not interrupted()
        told(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            told(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is mine
    with pytest.raises(ValueError, match="of the block"), interruptible() as interrupted:
        raise ValueError("of the block")
    assert signal.getsignal(signal.SIGINT) is mine
    with interruptible() as interrupted:
        assert not interrupted(), "another block has heard nothing yet"


def test_elsewhere_than_in_the_main_thread_nothing_is_heard_and_nothing_fails() -> None:
    said: list[bool] = []

    def work() -> None:
        with interruptible() as interrupted:
            said.append(interrupted())

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=20)
    assert said == [False] and signal.getsignal(signal.SIGINT) is before
