"""A CSV of features, a row for each example, with a column of labels: one file that is split, or one for each part."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.readers import shapes, split
from lnl.data.readers.files import exchanged, noted, place
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError, nearest

__all__ = ["exchanged", "read"]


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Features float32 [N, 1, 1, D] and classes.

    Options: `file`, split as `counts` say, or `train`, `test` (and `validation`), a file each; `label`, a column;
    `columns` with features (all others, if left out); `separator`; `standardise`: mean 0 and variance 1 of every
    feature over the training part (a constant one becomes 0).
    """
    assert data_root is not None
    supplied, found = [], {}
    for part, name in split.named_parts(info, "file").items():
        path = place(info, data_root, name)
        supplied.append(noted(path, name))
        found[part] = _table(info, path)
    source = split.arranged(info, found, supplied)
    if info.options.get("standardise"):
        _standardise(source.parts)
    return source


def _table(info: DatasetInfo, path: Path) -> tuple[NDArray[Any], NDArray[np.int64]]:
    form: dict[str, Any] = {
        "sep": info.options.get("separator", ","),
        "encoding": "utf-8-sig",
        "skipinitialspace": True,
    }
    try:
        first = pd.read_csv(path, header=None, nrows=1, dtype=str, **form).iloc[0].tolist()
        content = pd.read_csv(path, **form)
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{path}: is no table of values ({' '.join(str(error).split())[:150]})") from None
    if twice := [name for name in first if first.count(name) > 1]:  # of which pandas would make two names
        raise UserError(f"{path}: has two columns '{twice[0]}'; give each a name of its own")
    if not isinstance(content.index, pd.RangeIndex):  # pandas takes what has no name for names of rows
        raise UserError(f"{path}: its rows have more values than its first line has names; name every column")
    label = info.options["label"]
    wanted = info.options.get("columns") or [name for name in content.columns if name != label]
    for name in (label, *wanted):
        if name not in content.columns:
            raise UserError(f"{path}: has no column '{name}'{nearest(name, list(content.columns))}")
    if label in wanted:
        raise UserError(f"{info.file}: options: column '{label}' is the label and a feature; leave it out of 'columns'")
    if content[label].isna().any():
        row = int(np.flatnonzero(content[label].isna())[0])
        raise UserError(f"{path}: row {row + 2} has no '{label}'; mend the file")
    for name in wanted:
        values = pd.to_numeric(content[name], errors="coerce")
        wrong = np.flatnonzero(~np.isfinite(values.to_numpy(dtype=np.float64)))
        if len(wrong):
            value = content[name].iloc[wrong[0]]
            raise UserError(f"{path}: row {wrong[0] + 2}, column '{name}' is '{value}', not a number; mend the file, "
                            "or name the columns to use under 'columns'")  # fmt: skip
    features = content[list(wanted)].to_numpy(dtype=np.float64)
    return shapes.pair(info, features, content[label].to_numpy(), str(path))


def _standardise(parts: dict[str, NDArray[Any]]) -> None:
    train = parts["train_images"].astype(np.float64)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    for name in [name for name in parts if name.endswith("_images")]:
        centred = parts[name].astype(np.float64) - mean
        parts[name] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0).astype(np.float32)
