"""`lnl …`: everything that a rule does can be done by hand. A user's error is one line, without a traceback."""

from __future__ import annotations

import os
import signal
import sys
from io import TextIOWrapper


def main() -> None:
    """Entry point of the command `lnl`: in the warm worker of this DAG if there is one, else here."""
    from lnl.run.worker.client import delegate

    try:
        status = delegate(sys.argv[1:])
    except KeyboardInterrupt:  # before its copy had started
        sys.exit(130)
    sys.exit(run() if status is None else status)


def run() -> int:
    """Run the command of sys.argv in this process; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a letter gets its number
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _command()
        if sys.stdout is not None:  # it may have been closed
            sys.stdout.flush()
    except BrokenPipeError:  # `| head -1` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    return status


def _command() -> int:
    from lnl.cli.app import app
    from lnl.errors import UserError

    try:
        app(prog_name="lnl")
    except UserError as error:
        print(f"lnl: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lnl: interrupted; what was finished is kept", file=sys.stderr)
        return 130
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
