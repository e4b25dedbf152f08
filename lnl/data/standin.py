"""Small synthetic data sets with the shape and type of CIFAR-100's images and of 20 Newsgroups' features, for plumbing
tests.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from lnl.data.arrays import Source
from lnl.data.registry import DatasetInfo

SEED = 20
SPREAD = 60  # grey levels by which a pixel may differ from its class's prototype


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Each image is its class's coarse random pattern plus pixel noise; integers only, so equal on every machine.

    Features are made in the same way, from a pattern without structure, and are hundredths.
    """
    stream = np.random.RandomState(SEED)
    channels, height, width = info.shape
    pixels = info.dtype == "uint8"
    coarse = stream.randint(0, 256, (info.classes, channels, 4, 4) if pixels else (info.classes, *info.shape))
    prototypes = coarse.repeat(height // 4, axis=2).repeat(width // 4, axis=3) if pixels else coarse - 128
    parts = {}
    for name, count in (("train", info.train), ("test", info.test)):
        labels = stream.permutation(np.arange(count) % info.classes).astype(np.int64)
        noise = stream.randint(-SPREAD, SPREAD + 1, (count, channels, height, width))
        values = prototypes[labels] + noise
        made = np.clip(values, 0, 255).astype(np.uint8) if pixels else (values / 100).astype(np.float32)
        parts[f"{name}_images"] = made
        parts[f"{name}_labels"] = labels
    return Source(parts)
