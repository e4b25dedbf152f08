"""Index sets of the training file that a protocol declares: what is trained on, clean examples, examples that validate.

Every set is drawn for each repeat from a stream of its own name, in one order of the file: a larger set holds a smaller
one, so that methods and imbalances are compared on nested sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.set_sizes import CLEAN, GIVEN, TRAIN, per_class
from lnl.data.streams import named_stream
from lnl.errors import UserError

Places = NDArray[np.int64]


def draw_sets(
    sets: Mapping[str, Mapping[str, Any]],
    labels: Places,
    classes: int,
    dataset: str,
    seed: int,
    clean: int = 0,
    replaced: Places | None = None,
) -> dict[str, Places]:
    """Sorted places of every declared set. `train` is drawn first, and the others from it, disjoint.

    sets: as a resolved specification has them; labels: true, of the whole file, before anything was replaced; clean:
    how many of its last examples are clean ones of another source, of which only sets that say so are; replaced: places
    whose images a noise has replaced, of which only `train` and sets with given labels may be. UserError where too few
    examples are left for a set.
    """
    replaced = np.empty(0, np.int64) if replaced is None else replaced
    found: dict[str, Places] = {}
    others = np.arange(len(labels) - clean, len(labels))
    left = np.arange(len(labels) - clean)
    if TRAIN in sets:
        left = found[TRAIN] = _drawn(TRAIN, sets[TRAIN], left, labels, classes, dataset, seed)
    for name, declared in sorted(sets.items()):  # a declaration's order means nothing
        if declared.get("of") == CLEAN:
            found[name] = _drawn(name, declared, others, labels, classes, dataset, seed)
            others = np.setdiff1d(others, found[name])
        elif name != TRAIN:
            may = left if declared.get("labels") == GIVEN else np.setdiff1d(left, replaced)
            found[name] = _drawn(name, declared, may, labels, classes, dataset, seed)
            left = np.setdiff1d(left, found[name])
    return found


def _drawn(
    name: str,
    declared: Mapping[str, Any],
    left: Places,
    labels: Places,
    classes: int,
    dataset: str,
    seed: int,
) -> Places:
    counts = per_class(declared, classes)
    stream = named_stream(f"set {name}\n{dataset}\n{seed}")
    rank = stream.random(len(labels))  # of all of the file: what else was drawn changes no order
    if counts is None:
        groups = [("", left, declared["count"])]
    else:
        members = [left[labels[left] == label] for label in range(classes)]
        groups = [(f" of class {label}", members[label], count) for label, count in enumerate(counts)]
    chosen = []
    for of_class, places, count in groups:
        if count > len(places):
            raise UserError(
                f"set '{name}' of {dataset} wants {count:,} examples{of_class}, and {len(places):,} are left; take a "
                "smaller set, or more of that class in set 'train'"
            )
        chosen.append(places[np.argsort(rank[places], kind="stable")[:count]])
    return np.sort(np.concatenate(chosen)).astype(np.int64)
