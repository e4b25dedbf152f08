"""Times that come again and again, on a clock that may run in steps larger than one."""

from __future__ import annotations

import math


def count(time: float, start: float, every: float) -> int:
    """How many of the times start, start + every, start + 2 every, ... are not later than `time`."""
    return max(0, math.floor((time - start) / every + 1e-9) + 1)


def due(epoch: int, pace: float, start: float, every: float) -> bool:
    """Whether one of these times, in epochs of the paper, lies after the epoch before and not after this one.

    pace: the paper's epochs in one of ours. Several of them that fall into one epoch are due once.
    """
    before = 0 if epoch == 0 else count((epoch - 1) * pace, start, every)
    return count(epoch * pace, start, every) > before
