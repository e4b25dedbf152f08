"""Numbers as people write them."""

from __future__ import annotations


def whole(value: float) -> str:
    """A count: 79,799."""
    return f"{round(value):,}"


def listed(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
