"""Images in folders that are called after their classes: folder/<class>/<image>."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from lnl.data import image_files
from lnl.data.arrays import Source
from lnl.data.readers import split
from lnl.data.readers.files import exchanged, listed, place
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError

__all__ = ["exchanged", "read"]

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".webp", ".tif", ".tiff")
MODES = {1: "L", 3: "RGB"}


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Options: `folder`, split as `counts` say, or `train` and `test` (and `validation`), a folder each; `resize: true`
    scales images of another size (bilinear) to the declared one.

    Classes are numbered in the declared order, or by the names of their folders; images by the names of their files.
    """
    assert data_root is not None
    if info.shape[0] not in MODES:
        raise UserError(f"{info.file}: shape: images of files have 1 channel (grey) or 3 (red, green, blue)")
    supplied, found = [], {}
    for part, name in split.named_parts(info, "folder").items():
        folder = place(info, data_root, name)
        files = list(_files(info, folder))
        supplied.append(listed(folder, name))
        pixels = np.stack([_pixels(info, file) for file, _ in files])
        found[part] = pixels, np.array([number for _, number in files], dtype=np.int64)
    return split.arranged(info, found, supplied)


def _files(info: DatasetInfo, folder: Path) -> Iterator[tuple[Path, int]]:
    """Image files with the numbers of their classes, in order. UserError for folders that are not the classes."""
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    names = [str(name) for name in info.names] or classes
    if set(classes) != set(names) or len(names) != info.classes:
        odd = sorted(set(classes) ^ set(names))
        what = f"'{odd[0]}' is in one of them only" if odd else f"there are {len(classes)}"
        raise UserError(f"{folder}: its folders are not the {info.classes} classes that {info.file} declares: {what}")
    for number, name in enumerate(names):
        inside = sorted(file for file in (folder / name).iterdir() if file.suffix.lower() in ENDINGS)
        if not inside:
            raise UserError(f"{folder / name}: holds no image ({', '.join(ENDINGS)})")
        yield from ((file, number) for file in inside)


def _pixels(info: DatasetInfo, file: Path) -> NDArray[Any]:
    channels, height, width = info.shape
    try:
        with Image.open(file) as image:
            if image.size != (width, height) and not info.options.get("resize"):
                raise UserError(
                    f"{file}: is {image.height} x {image.width}, and {info.file} declares {height} x {width}; "
                    "options: resize: true scales all images to that"
                )
            if image_files.deep(image):
                raise UserError(f"{file}: {image_files.DEEP}; they are kept as 8: scale such images to 0 to 255")
            made = image.convert(MODES[channels]).resize((width, height), Image.Resampling.BILINEAR)
            values = np.asarray(made, dtype=np.uint8)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise UserError(f"{file}: is no readable image ({error})") from None
    return values[None] if channels == 1 else values.transpose(2, 0, 1)
