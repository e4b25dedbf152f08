"""How an error of code is shown, a method's or the suite's: its frames, without those of the command line's library."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

PACKAGES = ("click", "typer")  # whose frames stand between a command and its function


def show(error: BaseException) -> None:
    """Write an error and what led to it where errors go, of a job its log, on lines of their own."""
    shown = traceback.TracebackException.from_exception(error)
    for each in _led_to(shown):
        each.stack = traceback.StackSummary.from_list([f for f in each.stack if not _of_the_command_line(f.filename)])
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError):
        print("\n" + "".join(shown.format()), end="", file=sys.stderr, flush=True)


def _led_to(shown: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    yield shown
    for other in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if other is not None:
            yield from _led_to(other)


def _of_the_command_line(file: str) -> bool:
    path = Path(file)
    if path == Path(__file__).with_name("__init__.py"):
        return True
    parts = path.parts
    return any(a == "site-packages" and b.removesuffix(".py") in PACKAGES for a, b in pairwise(parts))
