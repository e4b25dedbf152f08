"""A command as a copy of the tests' warm process, without a Python of its own to call it: its pid, its words, its end.

A `Call` is the client (lnl/run/worker/client.py) of a copy: while its connection is open the copy lives, and a signal
goes to the copy itself, as it would go to a command that was started afresh.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lnl.run.worker import client

BEGIN = "Traceback (most recent call last):\n"
CHAINED = re.compile(r"\n\n(?:During handling of the above|The above) exception[^\n]*:\n\n")
INTERRUPTED = ("KeyboardInterrupt", "asyncio.exceptions.CancelledError")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    status: int  # 128 + n for one that signal n has ended
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


class Call:
    """A command under way in `folder`: `snakemake …`, or whatever `lnl` is called with."""

    def __init__(self, folder: Path, words: list[str], environment: dict[str, str]) -> None:
        """environment: with the address of the warm process."""
        self._files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  # closed in `end`
        call = {"arguments": words, "folder": str(folder), "environment": environment}
        content = json.dumps(call | {"installation": client.installation()}).encode()
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.connect(environment[client.VARIABLE])
        with open(os.devnull, "rb") as nothing:
            files = [nothing.fileno(), *(file.fileno() for file in self._files)]
            socket.send_fds(self._connection, [len(content).to_bytes(8, "big")], files)
            self._connection.sendall(content)
            started = self._connection.recv(8, socket.MSG_WAITALL)
        assert len(started) == 8, "the warm process declined, or is gone: its sources have changed, or it says why"
        self.pid = int.from_bytes(started, "big")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command alone; it may have ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self, seconds: float | None = None) -> Ended:
        """Wait for its end. TimeoutError, and it is killed, if that takes longer."""
        self._connection.settimeout(seconds)
        try:
            status = self._connection.recv(1)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            raise
        finally:
            self._connection.close()
        words = []
        for file in self._files:
            file.seek(0)
            words.append(file.read().decode(errors="replace"))
            file.close()
        return Ended(status[0] if status else -1, *words)


def traceback_in(said: str) -> str:
    """A traceback, if it is not what Snakemake itself says to Ctrl-C while it starts; of several that led to each
    other, the last one says of what."""
    *led_to, last = CHAINED.split(said)
    said = "".join(each.rpartition(BEGIN)[0] for each in led_to) + last
    found = re.search(rf"^{re.escape(BEGIN)}.*?^(\w[^\n]*)", said, re.M | re.S)
    return found[0][-1500:] if found and found[1] not in INTERRUPTED else ""
