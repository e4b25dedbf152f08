"""A reader of one's own: a Python file beside the declaration of its data set."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from lnl.data.arrays import Source
from lnl.data.readers import shapes, split
from lnl.data.readers.files import exchanged, noted
from lnl.data.registry import PARTS, DatasetInfo
from lnl.errors import UserError
from lnl.files.own_code import loaded

__all__ = ["exchanged", "read"]


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """What `read(info, data_root)` of that file returns: {"train": (examples, labels), "test": …}, or {"all": …} to be
    split as `counts` say; examples and labels as lnl/data/readers/shapes.py takes them. Under "files" it may name what
    it has read, so that another file in its place is noticed. `info.options` are its own."""
    file = place(info)
    module = loaded(f"lnl_reader_{file.stem}", file)
    if not callable(getattr(module, "read", None)):
        raise UserError(f"{file}: has no function read(info, data_root), which {info.file} asks for")
    parts: Any = module.read(info, data_root)
    if not isinstance(parts, dict):
        raise UserError(f"{file}: read() returns a dictionary of parts, not {type(parts).__name__}")
    supplied = [noted(path, str(path.resolve())) for path in (file, *map(Path, parts.pop("files", ())))]
    if not ({"train", "test"} <= parts.keys() <= set(PARTS) or parts.keys() == {"all"}):
        raise UserError(f"{file}: read() returns {{'train': (x, y), 'test': (x, y)}}, or {{'all': (x, y)}}")
    found = {}
    for part, (x, y) in parts.items():
        found[part] = shapes.pair(info, np.asarray(x), np.asarray(y), f"{file}: {part}")
    return split.arranged(info, found, supplied)


def place(info: DatasetInfo) -> Path:
    """The file; UserError where there is none."""
    file = info.file.parent / info.reader
    if not file.is_file():
        raise UserError(f"{info.file}: reader: there is no {file}")
    return file
