"""ImageNet at 32 x 32 pixels (Chrabaszcz et al., 2017) from files of its python version, which are pickles.

Each is checked by its documented sum before it is read, and then read without running it (lnl/data/pickled.py).
They are not fetched: image-net.org asks for an account.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data import pickled
from lnl.data.arrays import Source
from lnl.data.checksums import Verifier
from lnl.data.imagenet32_files import FILES, FOLDER, obstacle
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Images uint8 [N, 3, 32, 32] and classes from 0 on, in the order of the files, which count classes from 1.

    UserError for files that are not there, of another size, or with another sum that is not accepted.
    """
    assert data_root is not None
    why = obstacle(info, data_root)
    if why is not None:
        raise UserError(why)
    verifier = Verifier(accepted)
    parts: dict[str, NDArray[Any]] = {}
    for part, (name, documented) in FILES.items():
        path = data_root / FOLDER / name
        try:
            held = pickled.mapping(pickled.read(verifier.read(path, documented)))
            parts[f"{part}_images"] = pickled.array(held.get("data")).reshape(-1, *info.shape)
            parts[f"{part}_labels"] = _classes(held.get("labels"), info.classes)
        except (ValueError, TypeError) as error:
            raise UserError(f"{path}: is not a batch of images ({error}); take a fresh copy") from error
    return Source(parts, verifier.used)


def _classes(told: Any, classes: int) -> NDArray[np.int64]:
    """Classes from 0 on, of a list, or array, of whole numbers from 1 on; ValueError for anything else."""
    listed = told if isinstance(told, list) else pickled.array(told).tolist()
    wrong = [str(each)[:50] for each in listed if type(each) is not int or not 1 <= each <= classes]
    if wrong:
        raise ValueError(f"label {wrong[0]} is no whole number from 1 to {classes}")
    return np.array(listed, dtype=np.int64) - 1
