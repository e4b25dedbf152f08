"""How many examples of each class an index set has: known without opening a file. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLEAN = "clean"  # what a set is of that is drawn from a data set's clean examples
GIVEN = "given"  # what `labels` of a set are that is not trusted
HOLD_OUT = "hold-out"  # a share that a method leaves out, without looking at classes
TRAIN = "train"  # the set that is trained on; without it all of the file is


def per_class(declared: Mapping[str, Any], classes: int) -> list[int] | None:
    """How many examples of each class a set has; None for a plain draw, which does not look at classes.

    shares: rounded down for every class but the largest, which has the rest. balanced:
    classes differ by at most one example, the lower ones have it.
    """
    count = declared["count"]
    if "shares" in declared:
        shares = declared["shares"]
        counts = [int(count * share + 1e-9) for share in shares]
        counts[shares.index(max(shares))] += count - sum(counts)
        return counts
    if declared.get("balanced"):
        return [count // classes + (label < count % classes) for label in range(classes)]
    return None
