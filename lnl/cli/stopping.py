"""A command that trains is told to stop: it ends at a step, with a checkpoint, a line, and a status that says why."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from lnl.declared import environment
from lnl.run.worker.client import HEAD, STOPPED, alive

INTERRUPTED = 130  # exit status of a run that was stopped by Ctrl-C; by anything else it is STOPPED


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Says whether Ctrl-C was pressed in the block, which is then left to end by itself; the second one ends it.

    Elsewhere than in a process's main thread, where no signal arrives, nothing stops it.
    """
    told = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if told.is_set():
            raise KeyboardInterrupt
        told.set()

    if threading.current_thread() is not threading.main_thread():
        yield told.is_set
        return
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield told.is_set
    finally:
        signal.signal(signal.SIGINT, before)


class Stop:
    """Says whether to stop: after SIGTERM, SIGUSR1 or Ctrl-C, or when the head process that started us is gone.

    A killed head leaves its jobs alive; without this the next start would find a second writer at work. A job that does
    not come to a step's end within ten seconds of its head's death is ended hard: its last checkpoint stands. A second
    Ctrl-C ends at once.
    """

    def __init__(self) -> None:
        self.status = STOPPED  # what to exit with
        self._told = threading.Event()
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup, and a shell's `&`, leave it
                signal.signal(number, self._on_signal)
        if head := environment.whole(HEAD, 0, 1, 2**31 - 1):
            threading.Thread(target=self._follow, args=(head,), daemon=True).start()

    def __call__(self) -> bool:
        return self._told.is_set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            if self._told.is_set():
                raise KeyboardInterrupt
            self.status = INTERRUPTED
        self._told.set()

    def _follow(self, head: int) -> None:
        while alive(head):
            time.sleep(0.3)
        self._told.set()
        time.sleep(10)
        os._exit(STOPPED)
