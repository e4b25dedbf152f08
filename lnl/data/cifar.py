"""CIFAR-10 and CIFAR-100 from the official python version, where torchvision keeps it, or the official binary version.

The python version is pickles. Each is checked by its documented sum before it is read, and then read without running it
(lnl/data/pickled.py). Both versions hold the same images in the same order: data_batch_1 to 5, then the test batch
(CIFAR-100: train, test).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data import archive, pickled
from lnl.data.arrays import Source
from lnl.data.checksums import Verifier
from lnl.data.download import download, fetch
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError
from lnl.files import replacing


@dataclass(frozen=True)
class Binary:
    """The binary version: an image is `label_bytes` labels (the last is the fine one), then R, G and B planes."""

    folder: str
    train: dict[str, str]  # file -> documented MD5 sum, in order
    test: dict[str, str]
    label_bytes: int


@dataclass(frozen=True)
class Python:
    """The python version: dictionaries of images as rows, and of labels under the name `labels`."""

    folder: str
    archive: str
    archive_sum: str
    train: dict[str, str]  # file -> documented MD5 sum, in order
    test: dict[str, str]
    labels: str


ADDRESS = "https://www.cs.toronto.edu/~kriz/"
PYTHON = {
    "cifar10": Python(
        folder="cifar-10-batches-py",
        archive="cifar-10-python.tar.gz",
        archive_sum="c58f30108f718f92721af3b95e74349a",
        train={
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        },
        test={"test_batch": "40351d587109b95175f43aff81a1287e"},
        labels="labels",
    ),
    "cifar100": Python(
        folder="cifar-100-python",
        archive="cifar-100-python.tar.gz",
        archive_sum="eb9058c3a382ffc7106e4002c42a8d85",
        train={"train": "16019d7e3df5f24257cddd939b257f8d"},
        test={"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
        labels="fine_labels",
    ),
}
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


def read_python(info: DatasetInfo, folder: Path, layout: Python, verifier: Verifier) -> dict[str, NDArray[Any]]:
    """The python version in `folder`, each file verified before it is read."""
    parts: dict[str, NDArray[Any]] = {}
    for part, files in (("train", layout.train), ("test", layout.test)):
        images, labels = [], []
        for name, documented in files.items():
            content = verifier.read(folder / name, documented)
            try:
                held = pickled.mapping(pickled.read(content))
                images.append(pickled.array(held.get("data")).reshape(-1, *info.shape))
                labels.append(np.array(held.get(layout.labels), dtype=np.int64))
            except (ValueError, TypeError) as error:
                raise UserError(f"{folder / name}: is not a batch of images ({error}); take a fresh copy") from error
        parts[f"{part}_images"], parts[f"{part}_labels"] = np.concatenate(images), np.concatenate(labels)
    return parts


def _fetch(layout: Python, data_root: Path) -> None:
    """The python version's batches, out of its archive (there, or fetched) into their folder."""
    kept = data_root / layout.archive
    content = kept.read_bytes() if kept.exists() else fetch(ADDRESS + layout.archive)
    Verifier().check(content, layout.archive_sum, kept)
    wanted = {f"{layout.folder}/{name}" for name in (*layout.train, *layout.test)}
    for name, batch in archive.files(content):
        if name in wanted:
            with replacing(data_root / name) as temporary:
                temporary.write_bytes(batch)


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """The python version where its folder is there, else the binary version, else a download of the former."""
    assert data_root is not None
    verifier, layout, binary = Verifier(accepted), PYTHON[info.key], BINARY[info.key]
    if not (data_root / layout.folder).is_dir():
        if (data_root / binary.folder).is_dir():
            return Source(read_binary(info, data_root / binary.folder, binary, verifier), verifier.used)
        files = f"the folder {layout.folder} or {binary.folder} (or {layout.archive})"
        download(info.title, files, data_root, lambda: _fetch(layout, data_root))
    return Source(read_python(info, data_root / layout.folder, layout, verifier), verifier.used)
