"""MNIST's four idx files where torchvision looks: the real ones from LNL_DATA_ROOT, else synthetic ones."""

import gzip
import os
import shutil
from pathlib import Path

import numpy as np

IMAGES = {"train": 60_000, "t10k": 10_000}
NOISE_RATE = 0.45


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array as an idx file: two zeros, type code 8, number of axes, big-endian sizes, then the bytes."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(int(size).to_bytes(4, "big") for size in array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


def synthetic(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` grey images 28x28 of ten classes, and their labels.

    Like MNIST in what costs time: a fifth of the pixels is lit, and a tenth is dark in every image, which leaves zeros
    in Adam's second moments. The classes share most of their pixels, so that losses do not vanish within an epoch.
    """
    fixed = np.random.default_rng(0)
    common = fixed.random((1, 28, 28), dtype=np.float32) > 0.8
    own = fixed.random((10, 28, 28), dtype=np.float32) > 0.96
    dark = fixed.random((28, 28), dtype=np.float32) > 0.9
    lit = np.where(dark, 0, np.where(common ^ own, 0.6, 0.1)).astype(np.float32)
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, count, dtype=np.uint8)
    grey = generator.integers(96, 256, (count, 28, 28), dtype=np.uint8)
    return grey * (generator.random((count, 28, 28), dtype=np.float32) < lit[labels]), labels


def lay_out(folder: Path) -> str:
    """Put the four files under `folder`/MNIST/raw and return "MNIST" or "synthetic", whichever was written."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    source = Path(os.environ.get("LNL_DATA_ROOT") or folder / "nothing-here") / "MNIST" / "raw"
    names = [f"{split}-{kind}-ubyte" for split in IMAGES for kind in ("images-idx3", "labels-idx1")]
    if all((source / name).exists() or (source / f"{name}.gz").exists() for name in names):
        for name in names:
            if (source / name).exists():
                shutil.copyfile(source / name, raw / name)
            else:
                (raw / name).write_bytes(gzip.decompress((source / f"{name}.gz").read_bytes()))
        return "MNIST"
    for seed, (split, count) in enumerate(IMAGES.items(), start=1):
        images, labels = synthetic(count, seed)
        write_idx(raw / f"{split}-images-idx3-ubyte", images)
        write_idx(raw / f"{split}-labels-idx1-ubyte", labels)
    return "synthetic"


def read_idx(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28) and labels (N,), uint8, of the files that `lay_out` wrote; `split`: "train" or "t10k"."""
    raw = folder / "MNIST" / "raw"
    images = np.frombuffer((raw / f"{split}-images-idx3-ubyte").read_bytes(), np.uint8, offset=16).reshape(-1, 28, 28)
    return images, np.frombuffer((raw / f"{split}-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)


def pair_flipped(labels: np.ndarray) -> np.ndarray:
    """Labels (int64) of which 45% moved to the next class: any noise would do for speed."""
    flip = np.random.default_rng(0).random(len(labels)) < NOISE_RATE
    return np.where(flip, (labels.astype(np.int64) + 1) % 10, labels.astype(np.int64))
