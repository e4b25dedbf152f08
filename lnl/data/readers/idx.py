"""Images and labels in idx files, the format of MNIST, packed (.gz) or not: Fashion-MNIST, KMNIST and their like."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from lnl.data.arrays import Source
from lnl.data.mnist import parse_idx, unpacked
from lnl.data.readers import shapes, split
from lnl.data.readers.files import exchanged, noted, place
from lnl.data.registry import PARTS, DatasetInfo
from lnl.errors import UserError

__all__ = ["exchanged", "read"]


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Options: `train` and `test` (and `validation`), two files each: images, labels."""
    assert data_root is not None
    supplied, found = [], {}
    for part in PARTS:
        pair = info.options.get(part)
        if pair is None:
            continue
        if not isinstance(pair, list) or len(pair) != 2:
            raise UserError(f"{info.file}: options: {part}: name two files, images and labels")
        files = [place(info, data_root, name) for name in pair]
        supplied += [noted(path, name) for path, name in zip(files, pair, strict=True)]
        x, y = (parse_idx(_content(path), path) for path in files)
        found[part] = shapes.pair(info, x, y, *map(str, files))
    return split.arranged(info, found, supplied)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error}); take a fresh copy") from None
    return unpacked(content, path) if path.suffix == ".gz" else content
