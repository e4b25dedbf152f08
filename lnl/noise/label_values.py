"""From what stands in a label file to classes and places: whole numbers, or names, and nothing that is nearly one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError, nearest
from lnl.noise.label_arrays import Content

_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0*)?")  # 3.0 is what a table writes that once had a gap
NOTHING = ("", "nan", "na", "n/a", "none", "null", "?", "-1")


def whole_numbers(content: Content, name: str, what: str = "label") -> NDArray[np.int64]:
    """Column `name` as int64 [N]. UserError naming the first row where no whole number stands; `what` it is to be."""
    values = vector(content, name)
    if values.dtype.kind == "u" and values.size and values.max() > np.iinfo(np.int64).max:
        raise _no_number(content, name, int(values.argmax()), what)
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)) | (np.abs(values) > 2**53))
        if len(wrong):
            raise _no_number(content, name, int(wrong[0]), what)
        return values.astype(np.int64)
    if values.dtype.kind in "SU":
        texts = [text.decode("latin-1") if isinstance(text, bytes) else text for text in values.tolist()]
        for row, text in enumerate(texts):
            if not _WHOLE.fullmatch(text):
                raise _no_number(content, name, row, what)
        return np.array([int(text.partition(".")[0]) for text in texts], dtype=np.int64)
    raise UserError(f"{content.path}: its labels are {values.dtype}, expected integers; save them with .astype(int)")


def vector(content: Content, name: str) -> NDArray[np.generic]:
    """Array `name` as it is, one value per example. UserError for a matrix, whichever way it lies."""
    values = content.arrays[name]
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        shape = " x ".join(map(str, values.shape)) or "()"
        across = values.ndim == 2 and values.shape[0] < values.shape[1]
        remedy = "it lies across: save a row of it" if across else "save a column of it, under a name of its own"
        raise UserError(
            f"{content.path}: holds labels of shape {shape}{_called(name)}, expected one label per example; {remedy}"
        )
    return values


def as_classes(content: Content, name: str, classes: Sequence[str]) -> NDArray[np.int64]:
    """Column `name` as places in `classes`, which say what stands in the file for class 0, 1, …; int64 [N]."""
    values = vector(content, name)
    texts = [_text(value) for value in values.tolist()]
    known = {text: number for number, text in enumerate(classes)}
    for row, text in enumerate(texts):
        if text not in known:
            why = "stands where a label is missing" if text.lower() in NOTHING else "is none of the declared `classes`"
            raise _refused(content, name, row, why, f"mend it, or add it{nearest(text, known)}")
    return np.array([known[text] for text in texts], dtype=np.int64)


def check_classes(content: Content, name: str, labels: NDArray[np.int64], count: int) -> None:
    """UserError for the first label outside 0..count-1, with what else the labels may be counted from."""
    wrong = np.flatnonzero((labels < 0) | (labels >= count))
    if not len(wrong):
        return
    row, (low, high) = int(wrong[0]), (int(labels.min()), int(labels.max()))
    if (low, high) == (1, count):
        remedy = f"they seem to be counted from 1: write `classes: {counted_from_one(count)}` beside its path"
    elif low == -1 and labels[row] == -1:
        remedy = "-1 often stands where a label is missing; every example needs one"
    else:
        remedy = f"its labels reach from {low} to {high}; is it of another data set?"
    raise _refused(content, name, row, f"is outside 0..{count - 1}", remedy)


def counted_from_one(count: int) -> str:
    """What `classes` says of labels 1..count."""
    return f"[{', '.join(map(str, range(1, count + 1)))}]" if count <= 20 else f"[1, 2, …, {count}]"


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _no_number(content: Content, name: str, row: int, what: str) -> UserError:
    text = _text(vector(content, name)[row].item())
    if text.lower() in NOTHING:
        return _refused(content, name, row, f"stands where a {what} is missing", "every example needs one", what)
    remedy = "expected integers, save whole numbers"
    if what == "label" and content.arrays[name].dtype.kind in "SU":
        remedy = "expected integers; names of classes are declared in their order, `classes: [name, name, …]`"
    return _refused(content, name, row, f"is not an integer {what}", remedy, what)


def _refused(content: Content, name: str, row: int, why: str, remedy: str, what: str = "label") -> UserError:
    text = _text(vector(content, name)[row].item())[:50]
    return UserError(f"{content.path}: {what} '{text}' in {content.place(row)}{_called(name)} {why}; {remedy}")


def _called(name: str) -> str:
    return f" of '{name}'" if name else ""
