"""Which examples of one file train, validate and test, where the file does not say it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.digits import split
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError


def by_parts(
    info: DatasetInfo, found: dict[str, tuple[NDArray[Any], NDArray[np.int64]]], supplied: list[dict[str, str]]
) -> Source:
    """A source of files of their own for training and test (and validation): part -> (examples, labels)."""
    parts: dict[str, NDArray[Any]] = {}
    for part, (examples, labels) in found.items():
        parts[f"{part}_images"], parts[f"{part}_labels"] = examples, labels
    return Source(parts, supplied=supplied)


def stratified(
    info: DatasetInfo, examples: NDArray[Any], labels: NDArray[np.int64], supplied: list[dict[str, str]]
) -> Source:
    """A source whose one file is split as the declared `counts` say, stratified by class, each part in the file's
    order: the split that the suite's digits have (lnl/data/digits.py), the same on every machine."""
    wanted = info.train + info.validation + info.test
    if len(labels) != wanted:
        raise UserError(
            f"{info.file}: counts: {wanted:,} examples are declared, the file has {len(labels):,}; write for example "
            f"counts: {{train: {len(labels) - len(labels) // 5}, test: {len(labels) // 5}}}"
        )
    chosen = split(labels, info.validation, info.test)
    named = {part: index for part, index in chosen.items() if len(index)}
    return by_parts(info, {part: (examples[index], labels[index]) for part, index in named.items()}, supplied)
