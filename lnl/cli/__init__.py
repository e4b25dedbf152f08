"""`lnl …`: everything that a rule does can be done by hand. A user's error is one line, without a traceback; an
error of code has its frames, without those of the command line."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper


def main() -> None:
    """Entry point of the command `lnl`: in the warm worker of this DAG if there is one, else here."""
    from lnl.run.worker.client import delegate

    try:
        status = delegate(sys.argv[1:])
    except KeyboardInterrupt:  # before its copy had started
        sys.exit(130)
    if status is not None:
        sys.exit(status)
    status = run()
    with suppress(OSError):
        sys.stdout.close()  # what it holds was said, or could not be: nothing is left to fail at the very end
    sys.exit(status)


def run() -> int:
    """Run the command of sys.argv in this process; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a letter gets its number
            stream.reconfigure(errors="backslashreplace")
    try:
        return _flushed(_command())
    except BrokenPipeError:  # `| head -1` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE


def _command() -> int:
    from lnl.cli.app import app
    from lnl.cli.failures import show
    from lnl.errors import UserError

    try:
        app(prog_name="lnl")
    except UserError as error:
        _say("\n".join(f"lnl: {line}" for line in error.lines), error)
        return 2
    except KeyboardInterrupt:
        return _interrupted()
    except SystemExit as end:
        if end.__context__ is not None and isinstance(end.__context__.__cause__, KeyboardInterrupt):
            return _interrupted()  # which typer has heard first, and made an exit without a word
        if isinstance(end.code, str):
            _say(end.code)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except PermissionError as error:
        if not error.filename:
            show(error)
            return 1
        _say(f"lnl: {error.filename}: cannot be read or written ({error.strerror}); have its owner open it to you")
        return 2
    except Exception as error:
        if _say_of_the_disk(error):
            return 2
        show(error)
        return 1
    return 0


def _interrupted() -> int:
    _say("lnl: interrupted; what was finished is kept")
    return 130


def _flushed(status: int) -> int:
    try:
        if sys.stdout is not None:  # it may have been closed
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _say_of_the_disk(error)
        return status or 2
    return status


def _say(line: str, error: Exception | None = None) -> None:
    """Say a line where errors go, of a job its log; a user's error on the terminal of its head as well."""
    from lnl.files.disk import trouble
    from lnl.run.terminal import remark, tell

    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)
    if error is not None and trouble(error, ""):
        tell(line)
    elif error is not None:
        remark(line)


def _say_of_the_disk(error: Exception) -> bool:
    """Say what could not be written; False where that was not the reason."""
    from lnl.files.disk import trouble

    line = trouble(error, _output())
    if line is None:
        return False
    _say(f"lnl: {line}", error)
    return True


def _output() -> str:
    """Where standard output goes: of a job, its log."""
    with suppress(OSError):
        return os.readlink("/proc/self/fd/1")
    return "standard output"
