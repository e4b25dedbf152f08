"""A prepared data set as numpy arrays, and the digests that name arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.void]
Labels = NDArray[np.int64]

OUT_OF_DISTRIBUTION = -1  # the true label of an image that shows none of a data set's classes

# The order in which the arrays of a data set enter its digest.
PARTS = ("train_images", "train_labels", "validation_images", "validation_labels", "test_images", "test_labels")


@dataclass(frozen=True)
class Arrays:
    """One data set: images [N, C, H, W], true labels int64 [N]; memory-mapped and read-only.

    Images are uint8 in 0..255; features of texts are float32 [N, 1, 1, D], used as they are. Images that stay in their
    files are [N] with the fields `path`, below `root`, and `bytes`, the size of the file (lnl/data/image_files.py).

    The order of examples is that of the original files. `digest` (16 hex digits) names the content of all parts.
    `accepted` lists source files that the configuration accepts although their checksum is not the documented one,
    `supplied` files for which no checksum is documented: their names and digests.
    """

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    validation_images: Images | None
    validation_labels: Labels | None
    digest: str
    accepted: tuple[dict[str, str], ...] = ()
    supplied: tuple[dict[str, str], ...] = ()
    further_tests: Mapping[str, tuple[Images, Labels]] = field(default_factory=dict)
    root: Path | None = None
    side: int | None = None  # of images in files, as they are seen
    looked: Mapping[str, Any] = field(default_factory=dict)  # what was found of images in files, by part


@dataclass(frozen=True)
class Source:
    """What a reader hands over: arrays by the names in PARTS (no validation arrays where there is no such part), and of
    further test sets, `<name>_images` and `<name>_labels`."""

    parts: dict[str, NDArray[Any]]
    accepted: list[dict[str, str]] = field(default_factory=list)
    supplied: list[dict[str, str]] = field(default_factory=list)
    looked: dict[str, Any] = field(default_factory=dict)

    def left_out(self, part: str) -> int:
        """Images of a part that were left out because they cannot be read."""
        return int(self.looked.get(part, {}).get("left_out", 0))


def content_digest(parts: dict[str, NDArray[Any]]) -> str:
    """16 hex digits of SHA-256 over name, type, shape and bytes of each array; the same on every machine."""
    total = hashlib.sha256()
    for name in (*PARTS, *sorted(set(parts) - set(PARTS))):
        if name in parts:
            array = np.ascontiguousarray(parts[name])
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)
            total.update(f"{name} {array.dtype.name} {array.shape}\n".encode())
            total.update(array.data)
    return total.hexdigest()[:16]


def integer_digest(values: NDArray[np.integer[Any]]) -> str:
    """16 hex digits of SHA-256 over the values as little-endian int64: the name of a label vector or index set."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype="<i8").data).hexdigest()[:16]
