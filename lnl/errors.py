"""The one exception that a user's input can cause, and the words that help to repair it (standard library only)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

LISTED = 30  # names that a line still can hold
_NOT_OF_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class UserError(Exception):
    """Something a user can put right. One line: what is wrong, where, and the nearest valid value or remedy.

    Where several things are wrong with one file that are better said together, it has a line for each. The command line
    prints it without a traceback and exits with status 2. A line break in a name that a line repeats, or whatever else
    moves a cursor, is written as Python writes it.
    """

    def __init__(self, *lines: str) -> None:
        self.lines = tuple(_NOT_OF_A_LINE.sub(lambda found: repr(found[0])[1:-1], line) for line in lines)
        super().__init__("\n".join(self.lines))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of a traceback: IPython asks exceptions for this."""
        return [f"lnl: {self}"]


class Unknown(UserError):
    """A name of nothing that there is: `source: unknown what 'word'hint`, or `source: said` where that is given.

    source: where the name stands, empty for one that was typed; what: the kind of thing; hint: the end of the line. Of
    a name whose declaration was left out since it is wrong, `Layers` says what is wrong with that instead.
    """

    def __init__(self, source: str, what: str, word: object, hint: str, said: str = "") -> None:
        self.source, self.what, self.word = source, what, str(word)
        line = said or f"unknown {what} '{word}'{hint}"
        super().__init__(f"{source}: {line}" if source else line)


def alike(word: object, options: Iterable[object], most: int = 3) -> str:
    """The middle of an error line about an unknown word of very many: the closest valid values, if any is close.

    >>> alike("s3e", ["s2e", "tutorial"])
    " (did you mean 's2e'?)"
    """
    meant = " or ".join(f"'{near}'" for near in close(word, options, most))
    return f" (did you mean {meant}?)" if meant else ""


def nearest(word: object, options: Iterable[object]) -> str:
    """The end of an error line about an unknown word: the closest valid value, if any is close, and the valid ones.

    >>> nearest("cifar1", ["mnist", "cifar10"])
    " (did you mean 'cifar10'? valid: cifar10, mnist)"
    """
    valid = sorted(str(option) for option in options)
    hint = "".join(f"did you mean '{near}'? " for near in close(word, valid, 1))
    listed = ", ".join(valid) if len(valid) <= LISTED else f"{', '.join(valid[:LISTED])} and {len(valid) - LISTED} more"
    return f" ({hint}valid: {listed or 'none'})"


def choose(word: str, options: Mapping[str, Any], what: str, source: str) -> Any:
    """options[word], or an `Unknown` error that has the nearest valid name. what: the kind of the options, as its line
    calls it; source: where the word stands, empty for one that was typed."""
    if not isinstance(word, str) or word not in options:
        raise Unknown(source, what, word, nearest(word, options))
    return options[word]


def close(word: object, options: Iterable[object], most: int, cutoff: float = 0.5) -> list[str]:
    """Those of the options that are closest to a word, whatever its capitals: at most so many, none that is less like
    it than the cutoff says (0: anything, 1: the word itself)."""
    lower = {option.lower(): option for option in sorted(map(str, options))}
    return [lower[near] for near in difflib.get_close_matches(str(word).lower(), lower, n=most, cutoff=cutoff)]
