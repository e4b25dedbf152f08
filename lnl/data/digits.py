"""scikit-learn's embedded handwritten digits with one fixed split: 1,197 train, 200 validation, 400 test."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.registry import DatasetInfo

SPLIT_SEED = 0


def share(counts: NDArray[Any], total: int) -> NDArray[np.int64]:
    """`total` split over classes in proportion to `counts`, by largest remainders (the lower class first in a tie)."""
    exact = counts * total
    whole: NDArray[np.int64] = exact // counts.sum()
    remainder = exact % counts.sum()
    whole[np.argsort(-remainder, kind="stable")[: total - whole.sum()]] += 1
    return whole


def split(labels: NDArray[Any], validation: int, test: int) -> dict[str, NDArray[np.int64]]:
    """Disjoint index sets train, validation and test, stratified by class, each in the order of the file.

    Drawn from numpy's legacy stream, which is frozen: the split is the same with every version.
    """
    stream = np.random.RandomState(SPLIT_SEED)
    counts = np.bincount(labels)
    for_test, for_validation = share(counts, test), share(counts, validation)
    parts: dict[str, list[NDArray[np.int64]]] = {"train": [], "validation": [], "test": []}
    for label in range(len(counts)):
        members = stream.permutation(np.flatnonzero(labels == label))
        first, second = for_test[label], for_test[label] + for_validation[label]
        parts["test"].append(members[:first])
        parts["validation"].append(members[first:second])
        parts["train"].append(members[second:])
    return {name: np.sort(np.concatenate(chosen)) for name, chosen in parts.items()}


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """The digits as uint8 [N, 1, 8, 8]; the original values 0..16 become 0..255, rounded to the nearest integer."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    values = raw.images.astype(np.int64)
    images = ((values * 255 + 8) // 16).astype(np.uint8)[:, None]
    labels = raw.target.astype(np.int64)
    parts: dict[str, NDArray[Any]] = {}
    for name, chosen in split(labels, info.validation, info.test).items():
        parts[f"{name}_images"], parts[f"{name}_labels"] = images[chosen], labels[chosen]
    return Source(parts)
