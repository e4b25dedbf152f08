"""Two of scikit-learn's digits, many times over: the stand-in for two of MNIST's, of which there must be thousands.

Every training image is one of the training digits moved by up to one pixel with grey noise on it; test images are
digits as they are. Integers only, from numpy's legacy stream of uniform numbers: equal on every machine.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np

from lnl.data import digits
from lnl.data.arrays import Source
from lnl.data.mnist import only
from lnl.data.registry import DatasetInfo

SEED = 49
SPREAD = 40  # grey levels by which a pixel may differ


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """`info.train` images of the classes in turn; the test part is that of the digits, and their validation part."""
    whole = replace(info, classes=10, train=1197, validation=200, test=400)
    kept = only(digits.read(whole, data_root, accepted).parts, info.options["classes"])
    stream = np.random.RandomState(SEED)
    labels = np.arange(info.train) % info.classes
    chosen = np.empty(info.train, dtype=np.int64)
    for label in range(info.classes):
        members = np.flatnonzero(kept["train_labels"] == label)
        here = labels == label
        chosen[here] = members[(stream.random_sample(here.sum()) * len(members)).astype(np.int64)]
    images = kept["train_images"][chosen].astype(np.int64)
    moves = (stream.random_sample((info.train, 2)) * 3).astype(np.int64) - 1
    moved = np.zeros_like(images)
    for number, (down, right) in enumerate(moves.tolist()):
        moved[number, 0] = _moved(images[number, 0], down, right)
    noise = (stream.random_sample(images.shape) * (2 * SPREAD + 1)).astype(np.int64) - SPREAD
    train = np.clip(moved + noise, 0, 255).astype(np.uint8)
    test = {part: np.concatenate([kept[f"validation_{part}"], kept[f"test_{part}"]]) for part in ("images", "labels")}
    parts = {"train_images": train, "train_labels": labels.astype(np.int64)}
    return Source(parts | {f"test_{part}": array for part, array in test.items()})


def _moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """An image [H, W] moved by a pixel or none, with black behind it."""
    height, width = image.shape
    framed = np.pad(image, 1)
    return framed[1 - down : 1 - down + height, 1 - right : 1 - right + width]
