"""A data set that torchvision reads, by the name of its class: those whose files it checks and parses itself.

A class that loads pickles is not read: whatever lies in the data root would run.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lnl.data.arrays import Source
from lnl.data.download import download
from lnl.data.readers import shapes, split
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError, nearest

#: idx files (the MNISTs), .mat of numbers, plain binary, and text.
READ = ("EMNIST", "FashionMNIST", "KMNIST", "QMNIST", "STL10", "SVHN", "USPS")


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Options: `name` of the class; `arguments` that it takes beside root, part and download ({split: letters}).

    Downloaded where its files are absent.
    """
    from torchvision import datasets

    assert data_root is not None
    name, arguments = info.options["name"], info.options.get("arguments", {})
    if name not in READ:
        raise UserError(f"{info.file}: options: name: torchvision's '{name}' is not read{nearest(name, READ)}")
    legacy = sorted((data_root / name / "processed").glob("*.pt"))
    if legacy:
        raise UserError(f"{legacy[0]}: is a pickle of an older torchvision, which would be run; delete its folder")
    kind = getattr(datasets, name)
    found = {}
    for part in ("train", "test"):
        try:
            chosen = _part(kind, part, arguments)
            made = _made(kind, info, data_root, chosen)
        except (TypeError, ValueError) as error:
            raise UserError(f"{info.file}: options: arguments: {name} does not take them ({error})") from None
        x = np.stack([np.asarray(made[index][0]) for index in range(len(made))])
        y = np.array([made[index][1] for index in range(len(made))])
        found[part] = shapes.pair(info, x, y, f"torchvision's {name}, {part}")
    return split.arranged(info, found, [])


def exchanged(info: DatasetInfo, data_root: Path, supplied: Sequence[Mapping[str, str]]) -> bool:
    """torchvision checks its own files whenever it reads them."""
    return False


def _part(kind: Any, part: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """How a class is asked for a part: train=True, or split="train"."""
    takes = inspect.signature(kind.__init__).parameters
    by_flag = "train" in takes or any(p.kind is p.VAR_KEYWORD for p in takes.values())
    return {**arguments, **({"train": part == "train"} if by_flag else {"split": part})}


def _made(kind: Any, info: DatasetInfo, data_root: Path, chosen: Mapping[str, Any]) -> Any:
    try:
        return kind(str(data_root), download=False, **chosen)
    except RuntimeError:  # "Dataset not found or corrupted"
        download(
            info.title,
            f"the files of torchvision's {kind.__name__}",
            data_root,
            lambda: kind(str(data_root), download=True, **chosen),
        )
        return kind(str(data_root), download=False, **chosen)
