"""What takes steps in the loop's stead, from a recording of them (replay.py)."""

from __future__ import annotations

from typing import Protocol

from lnl.engine.method import Moment


class Recorded(Protocol):
    """Replays steps."""

    possible: bool
    recordings: int

    def step(self, number: int, now: Moment) -> None:
        """Step `number` of the epoch that was begun."""
        ...
