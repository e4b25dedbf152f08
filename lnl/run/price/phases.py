"""Phases of a training whose epochs cost different work, such as a warm-up and what comes after it.

Of steps, the first, middle and last trained epochs are looked at, and what lies between two of them that differ is
halved until the change is found to a thirty-second of the training. A method whose epochs are all alike is looked at
three times. What is done around an epoch may come every tenth epoch only, and is looked at in epochs that are spread
without a period.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

FINEST = 32  # parts of a training that are told apart
ALIKE = 0.02  # relative difference of work that is none
SPREAD = 16  # epochs around which is looked
GOLDEN = (math.sqrt(5) - 1) / 2  # irrational: its multiples by squares fall evenly (Weyl) and have no period


def spread(first: int, last: int) -> list[int]:
    """Epochs of first..last, one of each sixteenth, or all where they are fewer."""
    count = last - first + 1
    if count <= SPREAD:
        return list(range(first, last + 1))
    return [first + int((k + k * k * GOLDEN % 1) * count / SPREAD) for k in range(SPREAD)]


def shares(first: int, last: int, work: Callable[[int], float]) -> dict[int, float]:
    """Epochs of first..last to count, and the share of them that each stands for; the shares sum to 1.

    work: of an epoch, by which epochs are told apart. Between two neighbours that differ and are not parted further,
    each stands for half.
    """
    if first == last:
        return {first: 1.0}
    found = cache(work)
    stand_for: dict[int, float] = {}

    def representative(epoch: int) -> int:
        return next((e for e in stand_for if _alike(found(e), found(epoch))), epoch)

    def part(begin: int, end: int) -> None:
        middle = (begin + end) // 2
        if end - begin <= max(1, (last - first) // FINEST) or _alike(found(begin), found(end)):
            for epoch in (begin, end):
                one = representative(epoch)
                stand_for[one] = stand_for.get(one, 0.0) + (end - begin) / 2 / (last - first)
        else:
            part(begin, middle)
            part(middle, end)

    middle = (first + last) // 2
    for begin, end in ((first, middle), (middle, last)):
        if begin < end:
            part(begin, end)
    return stand_for


def _alike(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=ALIKE)
