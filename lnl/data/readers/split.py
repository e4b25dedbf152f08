"""Which examples of one file train, validate and test, where the file does not say it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.digits import split
from lnl.data.registry import PARTS, DatasetInfo
from lnl.errors import UserError

ALL = "all"

#: Examples and labels of each part, or of "all" that there are.
Found = dict[str, tuple[NDArray[Any], NDArray[np.int64]]]


def named_parts(info: DatasetInfo, whole: str) -> dict[str, Any]:
    """What a declaration's options name: of each part its file or folder, or of "all" the one called `whole`.

    UserError unless it is either of both.
    """
    parts = {part: info.options[part] for part in PARTS if part in info.options}
    if (whole in info.options) == bool(parts) or (parts and not {"train", "test"} <= parts.keys()):
        raise UserError(f"{info.file}: options: name one '{whole}', or 'train' and 'test', a {whole} each")
    return parts or {ALL: info.options[whole]}


def arranged(info: DatasetInfo, found: Found, supplied: list[dict[str, str]]) -> Source:
    """A source of parts. "all" is split as the declared `counts` say, stratified by class, each part in the file's
    order: the split that the suite's digits have (lnl/data/digits.py), the same on every machine.

    UserError where `counts` do not add up to it.
    """
    if ALL in found:
        found = _stratified(info, *found[ALL])
    parts: dict[str, NDArray[Any]] = {}
    for part, (examples, labels) in found.items():
        parts[f"{part}_images"], parts[f"{part}_labels"] = examples, labels
    return Source(parts, supplied=supplied)


def _stratified(info: DatasetInfo, examples: NDArray[Any], labels: NDArray[np.int64]) -> Found:
    wanted = info.train + info.validation + info.test
    if len(labels) != wanted:
        raise UserError(
            f"{info.file}: counts: {wanted:,} examples are declared, the file has {len(labels):,}; write for example "
            f"counts: {{train: {len(labels) - len(labels) // 5}, test: {len(labels) // 5}}}"
        )
    chosen = split(labels, info.validation, info.test)
    return {part: (examples[index], labels[index]) for part, index in chosen.items() if len(index)}
