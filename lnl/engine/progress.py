"""How far a training is, for whoever watches it; nothing that is computed depends on it."""

from __future__ import annotations

from collections.abc import Callable

#: Called with epochs done, in parts; of how many; and what is being done where that is not steps.
Progress = Callable[[float, int, str], None]


def unwatched(done: float, total: int, doing: str) -> None:
    """The progress of a training that nobody watches."""


class Watched:
    """What a training tells of itself while it lasts: to nobody, until somebody watches.

    Who watches is known to the job alone, and what it is told depends on where the training stands: there must be a
    training before anybody can watch it.
    """

    def __init__(self) -> None:
        self.tell: Callable[[str], None] = lambda doing: None  # says what is being done

    def by(self, told: Callable[[str], None]) -> None:
        """From now on `told` hears what is being done: "" after a step, else a pass or an evaluation in words."""
        self.tell = told
