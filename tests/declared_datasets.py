"""The declared data sets by name, as a suite has them; tests put smaller ones in their place."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from markdown_pages import ROOT

from lnl.data import prepare
from lnl.data.arrays import Arrays
from lnl.data.registry import DatasetInfo
from lnl.declared.reading import read_folder

PLACE = ROOT / "config" / "datasets"
DATASETS = {key: DatasetInfo.of(key, value, PLACE / f"{key}.yaml") for key, value in read_folder(PLACE).items()}


def load(key: str, data_root: Path | str | None, cache: Path | str, accepted: Collection[str] = ()) -> Arrays:
    """lnl.data.prepare.load by a data set's name."""
    return prepare.load(DATASETS[key], data_root, cache, accepted)
