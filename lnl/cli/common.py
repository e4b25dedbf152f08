"""Options that several commands share, and the suite they lead to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from lnl.declared import configuration, environment, kept_suites
from lnl.declared.layers import SPARED
from lnl.declared.left_out import LeftOut
from lnl.declared.suite import Suite
from lnl.errors import UserError, nearest
from lnl.files.home import written_out
from lnl.run.worker.client import HEAD

DEVICES = ("auto", "cpu", "cuda")

Scale = Annotated[str | None, typer.Option(help="a file of config/scales; default: the one in config/config.yaml")]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda; default: config/config.yaml")]
DataRoot = Annotated[str | None, typer.Option(help="folder of the data files; default: config, LNL_DATA_ROOT, ./data")]
Seeds = Annotated[str | None, typer.Option(help="repeats: a number n for 1..n, or a list such as 1,3,5")]


def at_a_checkout() -> None:
    """UserError where the working directory is no checkout, but for example a folder of one."""
    if not Path("config/config.yaml").exists():
        above = next((folder for folder in Path.cwd().parents if (folder / "config/config.yaml").exists()), None)
        raise UserError(f"no config/config.yaml here; run `lnl` in {above or 'a checkout of the suite'}")


def a_file(text: str) -> Path:
    """What somebody has named as the file to write; UserError, before any work, for what can be no file's name."""
    place = Path(text)
    if not place.name or place.name == ".." or os.path.isdir(place):
        raise UserError(f"'{text[:200]}' is no name of a file; name one, such as {place / 'found.csv'}")
    return place


def a_folder(text: str) -> Path:
    """What somebody has named as a folder; UserError for a home that is nobody's, and for a file."""
    place = written_out(text)
    if os.path.lexists(place) and not os.path.isdir(place):
        raise UserError(f"{str(place)[:200]}: is no folder; name one")
    return place


@contextmanager
def named(place: Path) -> Iterator[None]:
    """While a command reads or writes what somebody has named; UserError for a place where that cannot be done."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{str(place)[:200]}: {error.strerror or error}; name another place") from None


def by_hand() -> bool:
    """Whether nobody has checked the declarations: a command that is a job was called by a head, which has."""
    return HEAD not in os.environ


def load_suite(
    validate: bool = True,
    sparing: bool = False,
    look_up: Callable[[Suite], object] = lambda suite: None,
    **overrides: Any,
) -> Suite:
    """The suite of the working directory. Overrides that are None are left to the configuration.

    LNL_CONFIG holds what the head process was given on its command line, so that its jobs see the same configuration.
    sparing: by hand, go on without a method file of the checkout that is being written; for commands about one cell, or
    that only look.
    look_up: the names that somebody has typed. What is left out of the suite is said when they are looked up, so that a
    file is not told twice whose faults are the answer.
    """
    at_a_checkout()
    if by_hand():
        environment.check()
    for key, value in overrides.items():
        if value == "":
            raise UserError(f"--{key.replace('_', '-')}: is empty; give it a value, or leave it out")
    if overrides.get("device") not in (None, *DEVICES):
        raise UserError(f"--device {overrides['device']}{nearest(overrides['device'], DEVICES)}")
    config = configuration.of_environment()
    config |= {key: value for key, value in overrides.items() if value is not None}
    spared = {SPARED: True} if sparing and by_hand() else {}
    try:
        suite = kept_suites.suite(config | spared, validate)
    except UserError:
        if not spared:
            raise
        suite = kept_suites.suite(config, validate)  # what is left out is named elsewhere: its own error is told
    if suite.layers.remarks():
        _say_left_out(suite, look_up)
    return suite


def _say_left_out(suite: Suite, look_up: Callable[[Suite], object]) -> None:
    """Say a line of each file that is left out, but none of those whose faults the error of a look-up tells."""
    told: tuple[str, ...] = ()
    try:
        look_up(suite)
    except LeftOut as error:
        told = error.files
        raise
    except UserError:
        pass  # which the command itself meets next, and answers in its own words
    finally:
        for line in suite.layers.remarks(told):
            print(f"lnl: {line}", file=sys.stderr)


def parse_seeds(text: str | None) -> int | list[int] | None:
    """`5` -> 5 (repeats 1..5); `1,3` -> [1, 3]; UserError for anything else, or a seed named twice."""
    if text is None:
        return None
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--seeds {text}: give a number (5 means 1..5) or a list such as 1,3,5") from None
    listed = len(numbers) > 1 or "," in text
    largest = configuration.LARGEST_SEED if listed else configuration.MOST_REPEATS
    if not all((0 if listed else 1) <= number <= largest for number in numbers):
        what = f"seeds are from 0 to {largest}" if listed else f"repeats are from 1 to {largest}"
        raise UserError(f"--seeds {text[:50]}: {what}")
    if len(set(numbers)) < len(numbers):
        raise UserError(f"--seeds {text}: a seed is named twice; name each once")
    return numbers if listed else numbers[0]
