"""MNIST from the four original files, where torchvision keeps them: MNIST/raw/*.gz, or the same files unpacked.

No byte of a file is parsed before its sum is checked.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Source
from lnl.data.checksums import Verifier
from lnl.data.download import download, fetch
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError
from lnl.files import replacing

# Part, file, MD5 of the packed file (as documented by torchvision), MD5 of the same file unpacked.
FILES = (
    ("train_images", "train-images-idx3-ubyte", "f68b3c2dcbeaaa9fbdd348bbdeb94873", "6bbc9ace898e44ae57da46a324031adb"),
    ("train_labels", "train-labels-idx1-ubyte", "d53e105ee54ea40749a09fcbcd1e9432", "a25bea736e30d166cdddb491f175f624"),
    ("test_images", "t10k-images-idx3-ubyte", "9fb629c4189551a2d022fa330f9573f3", "2646ac647ad5339dbf082846283269ea"),
    ("test_labels", "t10k-labels-idx1-ubyte", "ec29112dd5afa0611ce80d1b7f02629c", "27ae3e4e09519cfbb04c329615203637"),
)

MOST_AXES = 4  # of images with channels

ADDRESSES = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")


def parse_idx(content: bytes, path: Path) -> NDArray[np.uint8]:
    """The array in an idx file of unsigned bytes: magic number 0x08 and rank, big-endian sizes, then the values."""
    rank = content[3] if content[:3] == b"\x00\x00\x08" and len(content) > 3 else 0
    begin = 4 + 4 * rank
    sizes = [int.from_bytes(content[at : at + 4], "big") for at in range(4, begin, 4)]
    if not 0 < rank <= MOST_AXES or len(content) != begin + math.prod(sizes):
        raise UserError(f"{path}: is not a complete idx file of bytes; take a fresh copy")
    return np.frombuffer(content, dtype=np.uint8, offset=begin).reshape(sizes)


def unpacked(content: bytes, path: Path) -> bytes:
    """What a file packed by gzip holds. UserError for one that is damaged."""
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be unpacked ({error}); take a fresh copy") from None


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """MNIST in file order; downloaded where a file is absent. Option `classes`: those that are kept, numbered anew."""
    assert data_root is not None
    folder = data_root / "MNIST" / "raw"
    if not all((folder / f"{name}.gz").exists() or (folder / name).exists() for _, name, _, _ in FILES):
        download(info.title, "its four original files into MNIST/raw", data_root, lambda: _fetch(folder))
    verifier = Verifier(accepted)
    parts: dict[str, NDArray[Any]] = {}
    for part, name, packed_sum, plain_sum in FILES:
        path = folder / f"{name}.gz"
        if path.exists():
            content = unpacked(verifier.read(path, packed_sum), path)
        else:
            path = folder / name
            content = verifier.read(path, plain_sum)
        values = parse_idx(content, path)
        parts[part] = values[:, None] if part.endswith("images") else values.astype(np.int64)
    if kept := info.options.get("classes"):
        parts = only(parts, kept)
    return Source(parts, verifier.used)


def only(parts: dict[str, NDArray[Any]], classes: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Images and labels of some classes, in the order of the file; a class's place in `classes` is its new number."""
    out = {}
    for part in {name.partition("_")[0] for name in parts}:
        labels = parts[f"{part}_labels"]
        chosen = np.isin(labels, classes)
        out[f"{part}_images"] = parts[f"{part}_images"][chosen]
        out[f"{part}_labels"] = sum((labels[chosen] == old) * new for new, old in enumerate(classes)).astype(np.int64)
    return out


def _fetch(folder: Path) -> None:
    """Fetch the packed files that are neither there nor unpacked."""
    for _, name, packed_sum, _ in FILES:
        path = folder / f"{name}.gz"
        if not path.exists() and not (folder / name).exists():
            content = fetch(*(f"{address}{name}.gz" for address in ADDRESSES))
            Verifier().check(content, packed_sum, path)
            with replacing(path) as temporary:
                temporary.write_bytes(content)
