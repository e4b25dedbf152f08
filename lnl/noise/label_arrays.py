"""What the files hold that labels come in: named arrays of .npy, .npz, .csv, .pt, none of them run or guessed at.

A file's content has to be what its name says, and no file is read beyond LARGEST bytes, packed or not.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError
from lnl.files import said

LARGEST = 2**30  # bytes
KINDS = {
    "NumPy array": (".npy",),
    "NumPy archive": (".npz",),
    "PyTorch file": (".pt", ".pth"),
    "text": (".csv", ".tsv", ".txt"),
}
DELIMITERS = ",;\t"
LFS = b"version https://git-lfs"
UNPICKLED = "save its labels as whole numbers, an array each"


@dataclass(frozen=True)
class Content:
    """Arrays of a file by name; '' is the name of one that has none. `lines`: of each row of a text, else None."""

    path: Path
    arrays: Mapping[str, NDArray[Any]]
    lines: NDArray[np.int64] | None = None

    @property
    def what(self) -> str:
        return "array" if self.lines is None else "column"

    def place(self, row: int) -> str:
        """A row, as a line names it: the line of a text counted from 1, the place in an array counted from 0."""
        return f"row {row} (counted from 0)" if self.lines is None else f"line {self.lines[row]}"


def read(path: Path, classes: Collection[str] = ()) -> Content:
    """The arrays of a label file. UserError naming the file, and the line of a text, for one that cannot be read.

    classes: names of classes, which are no names of columns in the first line of a text.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror or error}); the noise needs this label file"
        ) from error
    if len(raw) > LARGEST:
        raise UserError(f"{path}: is larger than {LARGEST // 2**30} GB; no file of labels is")
    if not raw.strip():
        raise UserError(f"{path}: is empty, expected one label per training example")
    kind = _kind(path, raw)
    if path.suffix.lower() not in KINDS[kind]:
        known = ", ".join(suffix for suffixes in KINDS.values() for suffix in suffixes)
        named = f"{path.stem}{KINDS[kind][0]}"
        raise UserError(f"{path}: by its content it is a {kind}; call it {named}, if it is one ({known} are read)")
    if kind == "text":
        return _text(path, raw, classes)
    try:
        if kind == "NumPy array":
            return Content(path, _fields(np.load(io.BytesIO(raw), allow_pickle=False)))
        _check_archive(raw)
        if kind == "NumPy archive":
            with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
                return Content(path, {name: array for name, array in found.items() if isinstance(array, np.ndarray)})
        from lnl.noise.label_tensors import tensors  # imports torch

        return Content(path, tensors(raw))
    except MemoryError:
        raise UserError(f"{path}: damaged, or larger than memory; bring it again") from None
    except Exception as error:  # whatever numpy, zipfile and torch make of bytes that are no such file
        line = said(str(error).splitlines()[0][:200]) if str(error) else type(error).__name__
        if "Object arrays" in line or "Weights only" in line:  # whose own remedy would be to run it
            line, remedy = "it holds Python objects, and nothing in a label file is run", UNPICKLED
        else:
            remedy = "bring it again"
        raise UserError(f"{path}: is not a readable {kind} of integers ({line}); {remedy}") from error


def _kind(path: Path, raw: bytes) -> str:
    """What a file holds, by its first bytes: its name may be another one's. UserError where it cannot be what it is
    called."""
    if raw.startswith(LFS):
        raise UserError(f"{path}: is a pointer of Git LFS in place of the file; `git lfs pull` brings it")
    if raw.startswith(b"\x93NUMPY"):
        return "NumPy array"
    if raw.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(raw)) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):  # the third: a version it cannot read
            names = []  # damaged, and whoever reads it says so
        if names:
            tensors = any(name.rpartition("/")[2] == "data.pkl" for name in names)
            return "PyTorch file" if tensors else "NumPy archive"
    if raw.startswith(b"\x80\x02"):  # as torch wrote before 2020
        return "PyTorch file"
    named = next((kind for kind, suffixes in KINDS.items() if path.suffix.lower() in suffixes), "text")
    if named == "text" or raw.startswith(b"PK"):
        return named
    begins = raw[:40].decode("utf-8", "backslashreplace").strip()
    raise UserError(f"{path}: is no {named}, it begins with '{said(begins)}'; bring it again")


def _check_archive(raw: bytes) -> None:
    """Entries of an archive are not larger than a file may be, and what their checksums were made of."""
    if raw[:2] != b"PK":
        return  # written by a torch of before 2020
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
            raise ValueError(f"larger than {LARGEST // 2**30} GB when unpacked")
        if (entry := archive.testzip()) is not None:
            raise ValueError(f"damaged: {entry} is not what its checksum was made of")


def _fields(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {name: array[name] for name in array.dtype.names} if array.dtype.names else {"": array}


def _text(path: Path, raw: bytes, classes: Collection[str]) -> Content:
    """Columns of a text, whose first line names them unless numbers, or classes, stand in it.

    A column without a name is called by its place: `unnamed 1` below a line of names, else `column 1`.
    """
    rows, lines = _rows(path, raw)
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(rows[0]):
            raise UserError(
                f"{path}: line {line} has {len(row) if any(row) else 'no'} cells, the first line {len(rows[0])}; "
                "give every example a line with all columns"
            )
    named = not all(_number(cell) for cell in rows[0]) and not any(cell in classes for cell in rows[0])
    if named:
        names = [cell or f"unnamed {number}" for number, cell in enumerate(rows[0], 1)]
        rows, lines = rows[1:], lines[1:]
    else:
        names = [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    if not rows:
        raise UserError(f"{path}: has a first line and no other, expected one label per training example")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{path}: two columns are called '{twice}'; give each a name of its own")
    columns = {name: np.array([row[place] for row in rows]) for place, name in enumerate(names)}
    return Content(path, columns, np.array(lines))


def _rows(path: Path, raw: bytes) -> tuple[list[list[str]], list[int]]:
    """Cells of a text line by line, without blank lines before and after, and the number of each line."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UserError(f"{path}: is UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UserError(f"{path}: line {line} is not UTF-8; save the file as UTF-8") from None
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True)
    rows, lines, begins = [], [], 1
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UserError(f"{path}: line {begins} is no line of a table ({error}); quote its texts whole") from None
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise UserError(f"{path}: is empty, expected one label per training example")
    skipped = next(number for number, row in enumerate(rows) if any(row))
    return rows[skipped:], lines[skipped : len(rows)]


def _number(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").replace(".", "", 1).isdecimal()
