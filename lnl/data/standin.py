"""A small synthetic data set with the shape, type and class count of CIFAR-100, for plumbing tests."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from lnl.data.arrays import Source
from lnl.data.registry import DatasetInfo

SEED = 20
SPREAD = 60  # grey levels by which a pixel may differ from its class's prototype


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Each image is its class's coarse random pattern plus pixel noise; integers only, so equal on every machine."""
    stream = np.random.RandomState(SEED)
    channels, height, width = info.shape
    coarse = stream.randint(0, 256, (info.classes, channels, 4, 4))
    prototypes = coarse.repeat(height // 4, axis=2).repeat(width // 4, axis=3)
    parts = {}
    for name, count in (("train", info.train), ("test", info.test)):
        labels = stream.permutation(np.arange(count) % info.classes).astype(np.int64)
        noise = stream.randint(-SPREAD, SPREAD + 1, (count, channels, height, width))
        parts[f"{name}_images"] = np.clip(prototypes[labels] + noise, 0, 255).astype(np.uint8)
        parts[f"{name}_labels"] = labels
    return Source(parts)
