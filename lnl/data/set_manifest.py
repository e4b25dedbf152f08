"""The manifest of index sets: which examples of the training file they hold, for whoever wants the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Arrays, integer_digest
from lnl.data.registry import DatasetInfo
from lnl.data.set_sizes import HOLD_OUT
from lnl.data.sets import draw_sets
from lnl.data.splits import noisy_hold_out


def drawn(
    arrays: Arrays,
    info: DatasetInfo,
    sets: Mapping[str, Mapping[str, Any]],
    share: float | None,
    seed: int,
    replaced: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[np.int64]]:
    """Sorted places of every set; the held-out share, if there is one, under the name of HOLD_OUT.

    replaced: places whose images a noise has replaced, which are in no set with true labels.
    """
    labels = np.asarray(arrays.train_labels)
    found = draw_sets(sets, labels, info.classes, info.key, seed, info.clean, replaced)
    if share is not None:
        found[HOLD_OUT] = noisy_hold_out(len(labels), share, info.key, seed)
    return found


def about(places: NDArray[np.int64], arrays: Arrays, classes: int) -> dict[str, Any]:
    """What a record and a manifest say of a set: count, digest of its places, examples per class by true label (of an
    image that a noise replaces the label that it keeps)."""
    of_class = np.bincount(np.asarray(arrays.train_labels)[places], minlength=classes).tolist()
    return {"count": len(places), "digest": integer_digest(places), "per_class": of_class}


def digest(sets: Mapping[str, Mapping[str, Any]]) -> str:
    """Of all sets together, from what `about` says of each."""
    text = "\n".join(f"{name} {said['digest']}" for name, said in sorted(sets.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def manifest(
    arrays: Arrays, info: DatasetInfo, key: str, places: Mapping[str, NDArray[np.int64]], seed: int
) -> dict[str, Any]:
    """What `about` says of each set, its places in the order of the training file, and on which data it was drawn."""
    sets = {name: about(chosen, arrays, info.classes) for name, chosen in sorted(places.items())}
    return {
        "dataset": info.key,
        "sets": {name: {**said, "places": places[name].tolist()} for name, said in sets.items()},
        "called": key,
        "seed": seed,
        "data_digest": arrays.digest,
        "digest": digest(sets),
    }
