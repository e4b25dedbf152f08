"""Labels that a user brings, e.g. human annotations: one integer per training example, in an .npz or a .csv file."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError, nearest


def read_labels(path: Path | str, count: int, classes: int, column: str | None = None) -> NDArray[np.int64]:
    """The labels in `path`, int64 [count], in the order of the training file.

    `column` names the array of an .npz or the column of a .csv; not needed where there is only one. A .csv has a header
    unless its first line is an integer. UserError naming the file for anything missing, too long or short, not an
    integer, or outside 0..classes-1.
    """
    path = Path(path)
    try:
        values = _read_npz(path, column) if path.suffix == ".npz" else _read_csv(path, column)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}); the noise needs this label file"
        ) from error
    except (ValueError, UnicodeDecodeError, zipfile.BadZipFile, csv.Error) as error:
        raise UserError(f"{path}: is not a readable .npz or .csv of integers ({error})") from error
    if values.shape != (count,):
        raise UserError(f"{path}: holds labels of shape {values.shape}, the training file has {count} examples")
    wrong = np.flatnonzero((values < 0) | (values >= classes))
    if len(wrong):
        raise UserError(f"{path}: label {values[wrong[0]]} of example {wrong[0]} is outside 0..{classes - 1}")
    return values.astype(np.int64)


def _choose(path: Path, column: str | None, names: list[str], what: str) -> str:
    if column is None and len(names) == 1:
        return names[0]
    if column not in names:
        given = f"has no {what} '{column}'" if column else f"has several {what}s; name one"
        raise UserError(f"{path}: {given}{nearest(column or '', names)}")
    return column


def _read_npz(path: Path, column: str | None) -> NDArray[Any]:
    with np.load(path, allow_pickle=False) as archive:
        values = archive[_choose(path, column, list(archive.files), "array")]
    if not np.issubdtype(values.dtype, np.integer):
        raise UserError(f"{path}: its labels are {values.dtype}, expected integers")
    return np.asarray(values)


def _read_csv(path: Path, column: str | None) -> NDArray[Any]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if row]
    if not rows:
        raise UserError(f"{path}: is empty, expected one label per training example")
    names = [name.strip() for name in rows[0]]
    position, first = 0, 0
    if column is not None or len(names) > 1 or not _is_integer(names[0]):
        position, first = names.index(_choose(path, column, names, "column")), 1
    values = []
    for number, row in enumerate(rows[first:], start=first + 1):
        text = row[position].strip() if position < len(row) else ""
        if not _is_integer(text):
            raise UserError(f"{path}: '{text}' in row {number} is not an integer label")
        values.append(int(text))
    return np.asarray(values)


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal()
