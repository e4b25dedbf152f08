"""A command that trains is told to stop: it ends at a step, with a checkpoint, a line, and a status that says why."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

from lnl.declared import environment

STOPPED = 143  # exit status of a run that was stopped and has kept a checkpoint
INTERRUPTED = 130  # the same by Ctrl-C


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
        if head := environment.whole("LNL_HEAD", 0, 1, 2**31 - 1):
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


def alive(pid: int) -> bool:
    """Whether a process is there; a zombie, a killed head that nobody has waited for, is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
