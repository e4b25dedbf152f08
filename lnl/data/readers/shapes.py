"""Arrays of files as the suite keeps examples and labels, or the line that says why they cannot be that."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.registry import DatasetInfo
from lnl.errors import UserError


def pair(
    info: DatasetInfo, values: NDArray[Any], classes: NDArray[Any], where: str, labels_at: str = ""
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Examples and their labels; labels_at: where the labels are, if elsewhere. UserError unless they are as many, and
    for what `examples` and `labels` raise."""
    found = examples(info, values, where), labels(info, classes, labels_at or where)
    if len(found[0]) != len(found[1]):
        there = f" in {labels_at}" if labels_at else ""
        raise UserError(f"{where}: {len(found[0]):,} examples and {len(found[1]):,} labels{there}; mend the files")
    return found


def examples(info: DatasetInfo, values: NDArray[Any], where: str) -> NDArray[Any]:
    """Examples [N, C, H, W]: uint8 images, given as [N, C, H, W], [N, H, W, C] or [N, H, W], or float32 features,
    given as [N, D]. UserError, which names `where`, for another shape, for pixels that are no bytes, and for features
    that are not finite."""
    values = np.asarray(values)
    if info.dtype == "float32":
        return _features(info, values, where)
    channels, height, width = info.shape
    forms: dict[tuple[int, ...], tuple[int, ...]] = {
        (channels, height, width): (0, 1, 2, 3),
        (height, width, channels): (0, 3, 1, 2),
    }
    if channels == 1 and values.shape[1:] == (height, width):
        values = values[:, None]
    if values.ndim != 4 or values.shape[1:] not in forms:
        raise UserError(
            f"{where}: examples are {list(values.shape[1:])}, and {info.file} declares {list(info.shape)} "
            "(channels, height, width)"
        )
    if values.dtype != np.uint8:
        raise UserError(f"{where}: pixels are {values.dtype}; they are kept as uint8, 0 to 255")
    return np.ascontiguousarray(values.transpose(forms[values.shape[1:]]))


def _features(info: DatasetInfo, values: NDArray[Any], where: str) -> NDArray[np.float32]:
    width = info.shape[-1]
    if values.ndim != 2 or values.shape[1] != width:
        raise UserError(f"{where}: examples are {list(values.shape[1:])}, and {info.file} declares {width} features")
    if not np.issubdtype(values.dtype, np.number) or np.issubdtype(values.dtype, np.complexfloating):
        raise UserError(f"{where}: features are {values.dtype}; they have to be numbers")
    kept = values.astype(np.float32)
    wrong = np.argwhere(~np.isfinite(kept))
    if len(wrong):
        row, column = wrong[0]
        raise UserError(f"{where}: feature {column + 1} of example {row + 1} is {values[row, column]}; mend the file")
    return kept[:, None, None]


def labels(info: DatasetInfo, values: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Labels int64 [N] of what a file has: class names where the declaration has them, else numbers from 0.

    UserError, which names `where` and the example, for another class, and for numbers that begin with 1.
    """
    values = np.asarray(values).reshape(-1)
    if info.names:
        known = {str(name): number for number, name in enumerate(info.names)}
        words = [_word(value) for value in values.tolist()]
        for row, word in enumerate(words):
            if word not in known:
                raise UserError(f"{where}: example {row + 1} is of class '{word}', which {info.file} does not list")
        return np.array([known[word] for word in words], dtype=np.int64)
    numbers = _whole(values, where)
    if len(numbers) and numbers.min() == 1 and numbers.max() == info.classes:
        raise UserError(
            f"{where}: classes are numbered 1 to {info.classes}; list them in {info.file}: classes: "
            f"[{', '.join(str(n) for n in range(1, min(info.classes, 3) + 1))}{', …' if info.classes > 3 else ''}]"
        )
    wrong = np.flatnonzero((numbers < 0) | (numbers >= info.classes))
    if len(wrong):
        first = f"example {wrong[0] + 1} is of class {numbers[wrong[0]]}"
        raise UserError(f"{where}: {first}, outside 0 to {info.classes - 1}")
    return numbers


def _word(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole and isinstance(value, float) else value).strip()


def _whole(values: NDArray[Any], where: str) -> NDArray[np.int64]:
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError):
        raise UserError(f"{where}: classes are words; list them under 'classes', in order") from None
    wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers != np.round(numbers)))
    if len(wrong):
        raise UserError(f"{where}: the class of example {wrong[0] + 1} is {values[wrong[0]]}; mend the file")
    return numbers.astype(np.int64)
