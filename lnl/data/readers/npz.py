"""One .npz file with an array of examples and one of labels for each part."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.readers import shapes, split
from lnl.data.readers.files import exchanged, noted, place
from lnl.data.registry import PARTS, DatasetInfo
from lnl.errors import UserError, nearest

__all__ = ["exchanged", "read"]


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Options: `file`; `arrays`, the names of two for each part, {train: [x, y], test: [x, y]}, or {all: [x, y]} to be
    split as `counts` say. Without `arrays` they are called <part>_images and <part>_labels. No pickle is read."""
    assert data_root is not None
    path = place(info, data_root, info.options["file"])
    supplied = [noted(path, info.options["file"])]
    declared = [part for part in PARTS if getattr(info, part)]
    named = info.options.get("arrays") or {part: [f"{part}_images", f"{part}_labels"] for part in declared}
    if not isinstance(named, dict) or not ({"train", "test"} <= named.keys() <= set(PARTS) or named.keys() == {"all"}):
        raise UserError(f"{info.file}: options: arrays: write {{train: [x, y], test: [x, y]}}, or {{all: [x, y]}}")
    for part, pair in named.items():
        if not isinstance(pair, list) or len(pair) != 2:
            raise UserError(f"{info.file}: options: arrays: {part}: name two, examples and labels")
    arrays = _arrays(path, [name for pair in named.values() for name in pair])
    found = {}
    for part, (x, y) in named.items():
        found[part] = shapes.pair(info, arrays[x], arrays[y], f"{path}: {x}", f"{path}: {y}")
    return split.arranged(info, found, supplied)


def _arrays(path: Path, names: list[Any]) -> dict[Any, NDArray[Any]]:
    """Arrays of an archive by these names. UserError for a name that it has not, and for one that cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in names:
                if name not in archive.files:
                    raise UserError(f"{path}: has no array '{name}'{nearest(name, archive.files)}")
            return {name: archive[name] for name in names}
    except UserError:
        raise
    except Exception as error:  # whatever numpy, zipfile and zlib make of bytes that are no such file
        raise UserError(f"{path}: is no readable .npz of numbers ({error})") from None
