"""Lists and numbers as people write them in a sentence. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def listed(words: Sequence[str]) -> str:
    """`a, b and c` of three words."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def spelled(count: int) -> str:
    """A count as a word, up to twelve: `no`, `one`; above as digits."""
    return _COUNTS[count] if count < len(_COUNTS) else str(count)


def whole(value: float) -> str:
    """A large count: 79,799."""
    return f"{round(value):,}"
