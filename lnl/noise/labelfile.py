"""Labels that a user brings, e.g. human annotations: one class per training example, in .npy, .npz, .csv or .pt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError, nearest
from lnl.noise.label_arrays import Content, read
from lnl.noise.label_index import check_unordered, order
from lnl.noise.label_source import LabelFile
from lnl.noise.label_values import as_classes, check_classes, whole_numbers

CLEAN = "clean_label"  # what repeats the true labels in files of CIFAR-N


def read_labels(file: LabelFile, truth: NDArray[np.int64], classes: int, of: str) -> NDArray[np.int64]:
    """The labels in `file`, int64 [N], in the order of the training file, whose true labels are `truth` [N].

    of: that training file, for messages. UserError naming the file, its row and the remedy for anything missing, too
    long or short, no class, out of order, or beside other true labels than these.
    """
    content, count = read(file.path, file.classes), len(truth)
    if file.classes and (len(file.classes) != classes or len(set(file.classes)) < classes):
        raise UserError(
            f"{file.path}: `classes` names {len(set(file.classes))}, {of} has {classes}; name each once, in order"
        )
    clean = file.clean or (CLEAN if CLEAN in content.arrays else None)
    field = _field(content, file, clean)
    labels = as_classes(content, field, file.classes) if file.classes else whole_numbers(content, field)
    rows = np.arange(count)
    if file.index:
        rows = order(content, _named(content, file.index), len(labels), count, of)
    if len(labels) != count:
        much = "many" if len(labels) > count else "few"
        raise UserError(f"{file.path}: holds {len(labels)} labels, too {much}: {of} has {count} examples")
    if not file.classes:
        check_classes(content, field, labels, classes)
    if file.index is None:
        check_unordered(content, {field, clean or field}, count)
    if clean is not None:
        _check_clean(content, _named(content, clean), file, truth, rows, of)
    return labels[rows]


def _field(content: Content, file: LabelFile, clean: str | None) -> str:
    """The array or column that holds the labels: the one that is named, or the only one."""
    if file.field is not None:
        return _named(content, file.field)
    left = [name for name in content.arrays if name not in (file.index, clean)] or list(content.arrays)
    if len(left) != 1:
        many = f"has several {content.what}s; name one" if left else f"has no {content.what}; name one of another file"
        raise UserError(f"{file.path}: {many}, `field: …` beside its path{nearest('', left)}")
    return left[0]


def _named(content: Content, name: str) -> str:
    """A name that stands in the file; UserError with the nearest one where none does."""
    if name not in content.arrays:
        raise UserError(f"{content.path}: has no {content.what} '{name}'{nearest(name, content.arrays)}")
    return name


def _check_clean(
    content: Content, name: str, file: LabelFile, truth: NDArray[np.int64], rows: NDArray[np.int64], of: str
) -> None:
    """The true labels that the file repeats are those of the data set: else it is of other data, or another order."""
    told = as_classes(content, name, file.classes) if file.classes else whole_numbers(content, name)
    if len(told) != len(truth):
        raise UserError(f"{file.path}: '{name}' has {len(told)} labels, {of} {len(truth)}; bring the file again")
    wrong = np.flatnonzero(told[rows] != truth)
    if len(wrong):
        raise UserError(
            f"{file.path}: '{name}' is not the true label of {len(wrong)} of {len(truth)} examples, first of example "
            f"{wrong[0]} ({told[rows][wrong[0]]}, not {truth[wrong[0]]}); it is of other data, or in another order"
        )
