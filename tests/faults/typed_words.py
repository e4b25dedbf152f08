"""What people type, and where they type it: every `lnl` command with one thing wrong, and what it makes of that.

    python -m tests.faults.typed_words [--count 200] [--seed 0]

Each call is a copy of one warm process, in a checkout with one small table. A call whose fault is in a word is to be
refused in a line, one whose fault is in the surroundings (variables, terminal, standard files) to work or be refused in
a line. One line of counts; exit status 1 unless all of them are 0.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.faults.typed_faults import FAULTS, Call

from .counted import counted_command

SECONDS = 30  # of a machine that does other things as well; a call takes one
USED = (
    "lnl.cli.app",
    "lnl.run.price.model",
    "lnl.render.table",
    "lnl.run.job",
    "lnl.render.decisions.page",
    "jsonschema",
)


@dataclass
class Counts:
    """How many calls ended badly, by how, and what they were."""

    tracebacks: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)  # silently: a faulty word, and status 0
    wordless: list[str] = field(default_factory=list)  # refused, and nothing said
    long: list[str] = field(default_factory=list)  # refused in more than a screen

    def line(self, calls: int) -> str:
        return f"{calls} calls: " + ", ".join(f"{len(found)} {name}" for name, found in vars(self).items())

    def sound(self) -> bool:
        return not any(vars(self).values())


def copy(call: Call, out: int) -> None:
    """In the copy: become the process that a shell would start for this call, and never return."""
    status = 1
    try:
        if call.folder:
            os.chdir(call.folder)
        for standard in (1, 2):
            os.dup2(out, standard)
        if call.reader_gone:
            reading, writing = os.pipe()
            os.dup2(writing, 1)
            os.close(reading)
        for name, value in call.environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        for closed in call.closed:
            os.close(closed)
        sys.stdin = None if 0 in call.closed else _opened(0, call.encoding, mode="r")  # type: ignore[assignment]
        sys.stdout = None if 1 in call.closed else _opened(1, call.encoding)  # type: ignore[assignment]
        sys.stderr = _opened(2, call.encoding, "backslashreplace")
        sys.argv = ["lnl", *call.words]
        from lnl.cli import run

        status = run()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    for standard in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError):  # Python itself would say so, and end with 120
            standard.flush()
    os._exit(status)


def _opened(file: int, encoding: str, errors: str = "strict", mode: Literal["r", "w"] = "w") -> io.TextIOWrapper:
    return open(file, mode, encoding=encoding, errors=errors, closefd=False)


def called(call: Call) -> tuple[int | None, str]:
    """Exit status of a call (None: it did not end in time; negative: a signal ended it), and what it said."""
    with tempfile.TemporaryFile() as out:
        pid = os.fork()
        if pid == 0:
            copy(call, out.fileno())
        until = time.monotonic() + SECONDS
        ended, waited = os.waitpid(pid, os.WNOHANG)
        while not ended and time.monotonic() < until:
            time.sleep(0.01)
            ended, waited = os.waitpid(pid, os.WNOHANG)
        if not ended:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        out.seek(0)
        return os.waitstatus_to_exitcode(waited) if ended else None, out.read().decode(errors="replace")


def judge(call: Call, status: int | None, said: str, counts: Counts) -> None:
    """Count what went wrong with a call."""
    name = f"{call.fault}: lnl {' '.join(map(repr, call.words))} {call.environment or ''}"[:400]
    if status is None:
        counts.hangs.append(name)
    elif "Traceback" in said or status < 0 or re.search(r"^\w*(Error|Exception)\b", said, re.MULTILINE):
        counts.tracebacks.append(f"{name}: {said[-300:]}")
    elif status == 0 and call.refused:
        counts.accepted.append(f"{name}: {said[-200:]}")
    elif status and not said.strip() and not call.reader_gone:
        counts.wordless.append(name)
    elif status and len(said) > 4000 + 2 * sum(map(len, call.words)):
        counts.long.append(f"{name}: {said[:300]}")


def run(count: int, seed: int) -> Counts:
    """Make `count` calls, every kind of fault in turn; the same ones for the same seed."""
    from suite_copy import SCALE, SuiteCopy  # tests/, which pytest and `main` have in their path

    for name in USED:
        importlib.import_module(name)
    counts, before = Counts(), os.getcwd()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lnl-typed-", dir=memory) as folder:
        os.chdir(SuiteCopy.make(Path(folder, "checkout")).root)
        Path("config/scales/demo.yaml").write_text(json.dumps(SCALE | {"mode": {"cpu": "stacked"}}))
        try:
            for number in range(count):
                call = FAULTS[number % len(FAULTS)](random.Random(f"{seed} {number}"))
                judge(call, *called(call), counts)
        finally:
            os.chdir(before)
    return counts


def main() -> int:
    return counted_command(__doc__, run, count=200)


if __name__ == "__main__":
    sys.exit(main())
