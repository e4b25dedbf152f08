"""Images read from their files ahead of the step that needs them, by several threads.

Decoding and scaling happen in C without Python's lock, so that threads work beside each other and beside the training,
and nothing is copied between processes. What an image becomes depends on its file and on the numbers that are handed
in, never on who reads it or when: any number of workers makes the same batches.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lnl.data import image_files
from lnl.errors import UserError
from lnl.learning import resized_crops

PIECE = 8  # images that a worker takes at a time
MARGIN = 256 / 224  # a test image's shorter side by that of its middle part, which is seen (torchvision's references)

Pixels = NDArray[np.uint8]


class Loader:
    """Reads images as uint8 [3, side, side]. `waited`: seconds for which somebody had to wait for images."""

    def __init__(self, root: Path, side: int, workers: int) -> None:
        self.root, self.side, self.workers = root, side, workers
        self.waited = 0.0
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, entries: NDArray[np.void], crops: NDArray[np.float32] | None) -> Asked:
        """Have images [n] read; crops: numbers [n, WIDTH] of their resized crops, None for their middle parts."""
        if self._pool is None:  # in the process that trains, not in the one that it was copied from
            self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="lnl-images")
        pixels = np.empty((len(entries), 3, self.side, self.side), dtype=np.uint8)
        places = [slice(first, first + PIECE) for first in range(0, len(entries), PIECE)]
        return Asked(pixels, [self._pool.submit(self._read, entries, crops, pixels, place) for place in places])

    def wait(self, asked: Asked) -> Pixels:
        """The pixels [n, 3, side, side], as soon as all of them are there. UserError for a file that cannot be read."""
        before = time.perf_counter()
        for future in asked.pieces:
            future.result()
        self.waited += time.perf_counter() - before
        return asked.pixels

    def _read(self, entries: NDArray[np.void], crops: NDArray[np.float32] | None, pixels: Pixels, place: slice) -> None:
        for at in range(place.start, min(place.stop, len(entries))):
            file = self.root / entries["path"][at].decode()
            try:
                image = image_files.decoded(file, int(entries["bytes"][at]))
            except ValueError as error:
                raise UserError(
                    f"{file}: {error}; take a fresh copy of what was prepared, or prepare the data again "
                    "(`lnl clean --caches --yes`, then the same start)"
                ) from None
            seen = middle(image, self.side) if crops is None else cropped(image, crops[at].tolist(), self.side)
            pixels[at] = np.asarray(seen).transpose(2, 0, 1)


class Asked:
    """Images that are being read."""

    def __init__(self, pixels: Pixels, pieces: Sequence[Future[None]]) -> None:
        self.pixels, self.pieces = pixels, pieces


def middle(image: Image.Image, side: int) -> Image.Image:
    """Scaled until the shorter side is 8/7 of `side`, and of that the square in the middle, as torchvision's Resize and
    CenterCrop do it (bilinear)."""
    width, height = image.size
    short = int(side * MARGIN)
    if width <= height:
        wide, high = short, int(short * height / width)
    else:
        wide, high = int(short * width / height), short
    scaled = image if (wide, high) == image.size else image.resize((wide, high), Image.Resampling.BILINEAR)
    left, top = round((wide - side) / 2.0), round((high - side) / 2.0)
    return scaled.crop((left, top, left + side, top + side))


def cropped(image: Image.Image, uniform: Sequence[float], side: int) -> Image.Image:
    """A resized crop (bilinear), mirrored or not. uniform: resized_crops.WIDTH numbers."""
    width, height = image.size
    top, left, high, wide = resized_crops.box(uniform, height, width)
    part = image.crop((left, top, left + wide, top + high)).resize((side, side), Image.Resampling.BILINEAR)
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if uniform[-1] < 0.5 else part
