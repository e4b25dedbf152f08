"""CIFAR-10 and CIFAR-100 from the official python version (through torchvision) or the official binary version.

Both versions hold the same images in the same order: data_batch_1 to 5, then the test batch (CIFAR-100: train, test).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.checksums import Verifier
from lnl.data.download import download
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError


@dataclass(frozen=True)
class Binary:
    """The binary version: an image is `label_bytes` labels (the last is the fine one), then R, G and B planes."""

    folder: str
    train: dict[str, str]  # file -> documented MD5 sum, in order
    test: dict[str, str]
    label_bytes: int


BINARY = {
    "cifar10": Binary(
        folder="cifar-10-batches-bin",
        train={
            "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
            "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
            "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
            "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
            "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        },
        test={"test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d"},
        label_bytes=1,
    ),
    "cifar100": Binary(
        folder="cifar-100-binary",
        train={"train.bin": "6172c7755cfe09b2fe270c85cebc1b15"},
        test={"test.bin": "4499cfba6c016c1be1438163640a0898"},
        label_bytes=2,
    ),
}


def read_binary(info: DatasetInfo, folder: Path, layout: Binary, verifier: Verifier) -> dict[str, NDArray[Any]]:
    """The binary version in `folder`, each file verified."""
    size = layout.label_bytes + int(np.prod(info.shape))
    parts: dict[str, NDArray[Any]] = {}
    for part, files in (("train", layout.train), ("test", layout.test)):
        records = []
        for name, documented in files.items():
            content = verifier.read(folder / name, documented)
            if len(content) % size:
                raise UserError(f"{folder / name}: is not a whole number of {size}-byte records; take a fresh copy")
            records.append(np.frombuffer(content, dtype=np.uint8).reshape(-1, size))
        joined = np.concatenate(records)
        parts[f"{part}_images"] = joined[:, layout.label_bytes :].reshape(-1, *info.shape)
        parts[f"{part}_labels"] = joined[:, layout.label_bytes - 1].astype(np.int64)
    return parts


def read_python(info: DatasetInfo, data_root: Path) -> dict[str, NDArray[Any]]:
    """The python version through torchvision, which verifies the sums; downloaded where it is absent."""
    from torchvision import datasets
    from torchvision.datasets.utils import check_integrity

    kind = {"cifar10": datasets.CIFAR10, "cifar100": datasets.CIFAR100}[info.key]
    folder = data_root / kind.base_folder
    if not folder.is_dir():
        files = f"the folder {kind.base_folder} or {BINARY[info.key].folder} (or {kind.filename})"
        download(info.title, files, data_root, lambda: kind(str(data_root), download=True))
    for name, documented in [*kind.train_list, *kind.test_list, [kind.meta["filename"], kind.meta["md5"]]]:
        if not check_integrity(str(folder / name), documented):
            what = "its MD5 sum is not the documented one" if (folder / name).exists() else "is missing"
            raise UserError(f"{folder / name}: {what}; take a fresh copy, or remove the folder to download it again")
    parts: dict[str, NDArray[Any]] = {}
    for part in ("train", "test"):
        loaded = kind(str(data_root), train=part == "train", download=False)
        parts[f"{part}_images"] = np.ascontiguousarray(loaded.data.transpose(0, 3, 1, 2))
        parts[f"{part}_labels"] = np.asarray(loaded.targets, dtype=np.int64)
    return parts


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """The python version where its folder is there, else the binary version, else a download of the former."""
    assert data_root is not None
    python_folder = {"cifar10": "cifar-10-batches-py", "cifar100": "cifar-100-python"}[info.key]
    layout = BINARY[info.key]
    if not (data_root / python_folder).is_dir() and (data_root / layout.folder).is_dir():
        verifier = Verifier(accepted)
        return Source(read_binary(info, data_root / layout.folder, layout, verifier), verifier.used)
    return Source(read_python(info, data_root))
