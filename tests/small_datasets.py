"""Two small data sets for tests to declare: a table of wines, and grey squares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from declared_datasets import DATASETS

from lnl.data.registry import DatasetInfo
from lnl.declared import dataset_checks, schema

WINE = {
    "title": "Wine",
    "classes": ["red", "white", "rose"],
    "shape": 2,
    "counts": {"train": 9, "test": 3},
    "reader": "csv",
    "options": {"file": "wine.csv", "label": "colour"},
    "source": "this test",
    "licence": "none",
}
ROWS = [f"{n}.5,{['red', 'white', 'rose'][n % 3]},{-n}" for n in range(12)]
IMAGES = {**WINE, "title": "Squares", "classes": 2, "shape": [1, 4, 4], "counts": {"train": 6, "test": 2}}


def declared(base: dict[str, Any], folder: Path, **changes: Any) -> DatasetInfo:
    schema.check(base | changes, "dataset", "mine.yaml")
    info = DatasetInfo.of("mine", base | changes, folder / "mine.yaml")
    dataset_checks.check("mine", info, {**DATASETS, "mine": info})
    return info


def table(folder: Path, rows: list[str] = ROWS, header: str = "alcohol,colour,acid") -> None:
    (folder / "wine.csv").write_text("\n".join([header, *rows]) + "\n")


def squares(count: int) -> np.ndarray:
    return np.arange(count * 16, dtype=np.uint8).reshape(count, 4, 4)
