"""A rate that falls as a cosine and starts again at its peak, cycle after cycle (Loshchilov and Hutter, "SGDR", 2017).

Every cycle is `longer` times as long as the one before, and its peak `lower` times as high. Cycle n begins at step
first * (longer^n - 1) / (longer - 1), which need not be whole. Step t is the one after t updates, so that a training of
N steps takes the steps 0 to N - 1: it ends at a minimum of the rate where step N - 1 is the last one of its cycle. With
a first cycle of 500 steps, each half as long again: 500, 1,250, 2,375, 4,063, ... 85,498 (its last step is number
85,497). Standard library only: lengths are cut before anything is trained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Tree = Mapping[str, Any]

SCHEDULE = "cosine_restarts"

#: Keys of an optimiser that go with this schedule, all three.
KEYS = ("first", "longer", "lower")

#: How near to a whole step, relative to it, the beginning of a cycle is that step: far above rounding (below 1e-13 from
#: `longer` 1.01 on), far below a part of a step that any declared schedule can mean.
WHOLE = 1e-11


def begins(cycle: int, first: float, longer: float) -> float:
    """Where a cycle begins, in steps. A whole step that rounding missed is that step: with a hair more, a training
    would take one step too many, at a rate of nought."""
    begin = first * cycle if longer == 1 else first * (longer**cycle - 1) / (longer - 1)
    whole = round(begin)
    return float(whole if math.isclose(begin, whole, rel_tol=WHOLE) else begin)


def cycle_of(step: float, first: float, longer: float) -> int:
    """The cycle in which a step lies, from 0; longer: at least 1."""
    ratio = step / first
    cycle = int(ratio if longer == 1 else math.log1p(ratio * (longer - 1)) / math.log(longer))
    while begins(cycle, first, longer) > step:  # a logarithm may be off by one at a boundary
        cycle -= 1
    while begins(cycle + 1, first, longer) <= step:
        cycle += 1
    return cycle


def part(step: float, first: float, longer: float, lower: float) -> float:
    """The rate at a step, as a part of the first peak."""
    cycle = cycle_of(step, first, longer)
    start, end = begins(cycle, first, longer), begins(cycle + 1, first, longer)
    return lower**cycle * (1 + math.cos(math.pi * (step - start) / (end - start))) / 2


def cut(steps: int, first: float, longer: float) -> int:
    """Steps of the longest training of at most `steps` that ends at a minimum; `steps` where not one cycle fits."""
    return math.ceil(begins(cycle_of(steps, first, longer), first, longer)) or steps


def nearest(steps: int, first: float, longer: float) -> int:
    """Steps of the training that ends at a minimum and is nearest in length; the shorter of two equally near."""
    cycle = cycle_of(steps, first, longer)
    ends = [math.ceil(begins(n, first, longer)) for n in (cycle, cycle + 1) if n]
    return min(ends, key=lambda end: abs(end - steps))


def restarting(protocol: Tree) -> Tree | None:
    """The optimiser of a protocol whose rate restarts; None of any other."""
    optimiser: Tree = protocol.get("optimiser", {})
    return optimiser if optimiser.get("schedule") == SCHEDULE else None


def without_inherited(base: Tree, changed: dict[str, Any]) -> dict[str, Any]:
    """A protocol that was changed, without the keys of restarts that it took over and for which its own schedule has no
    use."""
    if restarting(base) is None or restarting(changed) is not None or "optimiser" not in changed:
        return changed
    kept = {k: v for k, v in changed["optimiser"].items() if k not in KEYS or v != base["optimiser"].get(k)}
    return {**changed, "optimiser": kept}
