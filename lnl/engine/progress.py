"""How far a training is, for whoever watches it; nothing that is computed depends on it."""

from __future__ import annotations

from collections.abc import Callable

#: Called with epochs done, in parts; of how many; and what is being done where that is not steps.
Progress = Callable[[float, int, str], None]


def unwatched(done: float, total: int, doing: str) -> None:
    """The progress of a training that nobody watches."""
