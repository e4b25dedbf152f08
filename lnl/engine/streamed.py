"""A data set whose images stay in their files: the same interface as one in memory, with images read ahead.

What is in memory are paths, sizes and labels, and the few batches that are asked for. Evaluation parts are read ahead
as well, in their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnl.data.arrays import Arrays, Images
from lnl.data.splits import parts_by_name
from lnl.declared import environment
from lnl.engine.data import DeviceData, to_float
from lnl.engine.loader import Asked, Loader
from lnl.learning.augment import RESIZED, augment

AHEAD = 3  # batches that are read before they are needed
BATCH = 100  # images of an evaluation part that are read, and judged, together


class Files:
    """Images of a part, named and not read."""

    def __init__(self, entries: Images) -> None:
        self.entries: NDArray[np.void] = entries  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: slice | Tensor) -> Files:
        return Files(self.entries[index if isinstance(index, slice) else index.cpu().numpy()])


@dataclass
class StreamedData(DeviceData):
    """Names of training images, true labels and evaluation parts; what is seen of images is read when it is needed."""

    ahead: ClassVar[int] = AHEAD

    loader: Loader = field(default_factory=lambda: Loader(Path(), 1, 1))
    asked: dict[bytes, Asked] = field(default_factory=dict)

    @classmethod
    def load(
        cls, arrays: Arrays, split: str, device: torch.device, test_images: int | None, tested_on: str = "test"
    ) -> StreamedData:
        """Labels go to the device. LNL_LOADER_WORKERS threads read images (default 2)."""
        assert arrays.root is not None and arrays.side is not None
        parts = {
            name: (Files(images[:test_images]), torch.from_numpy(np.array(labels[:test_images])).to(device))
            for name, (images, labels) in parts_by_name(arrays, split, tested_on).items()
        }
        true = torch.from_numpy(np.array(arrays.train_labels)).to(device)
        workers = int(environment.known("LNL_LOADER_WORKERS"))
        loader = Loader(arrays.root, arrays.side, workers)
        return cls(Files(arrays.train_images), true, parts, (3, arrays.side, arrays.side), loader=loader)

    @property
    def waited(self) -> float:
        return self.loader.waited

    def ask(self, kind: str, index: Tensor, uniform: Tensor | None) -> None:
        """Begin to read the images that `augmented` will be asked for. index and uniform are on the host."""
        self.asked[_name(index, uniform)] = self._begin(kind, index, uniform)

    def augmented(self, kind: str, index: Tensor, uniform: Tensor | None) -> Tensor:
        asked = self.asked.pop(_name(index, uniform), None) or self._begin(kind, index, uniform)
        images = self._on_device(self.loader.wait(asked)).view(*index.shape, *self.shape)
        if kind == RESIZED:
            return images
        return augment(kind, images, None if uniform is None else uniform.to(self.device))

    def gather(self, index: Tensor) -> Tensor:
        return self.augmented("none", index, None)

    def in_order(self, index: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        pieces = index.split(BATCH)
        return zip(pieces, self._in_order([self.images[piece] for piece in pieces]), strict=True)

    def part(self, name: str) -> Iterator[tuple[Tensor, Tensor]]:
        files, labels = self.parts[name]
        places = [slice(first, first + BATCH) for first in range(0, len(labels), BATCH)]
        return zip(self._in_order([files[place] for place in places]), labels.split(BATCH), strict=True)

    def _in_order(self, pieces: list[Files]) -> Iterator[Tensor]:
        waiting: deque[Asked] = deque()
        for number in range(len(pieces) + AHEAD):
            if number < len(pieces):
                waiting.append(self.loader.begin(pieces[number].entries, None))
            if number >= AHEAD:
                yield self._on_device(self.loader.wait(waiting.popleft()))

    def _begin(self, kind: str, index: Tensor, uniform: Tensor | None) -> Asked:
        entries = self.images[index.reshape(-1)].entries
        if kind != RESIZED or uniform is None:
            return self.loader.begin(entries, None)
        return self.loader.begin(entries, uniform.reshape(-1, uniform.shape[-1]).cpu().numpy())

    def _on_device(self, pixels: NDArray[np.uint8]) -> Tensor:
        held = torch.from_numpy(pixels)
        if self.device.type == "cuda":
            held = held.pin_memory().to(self.device, non_blocking=True)
        return to_float(held)


def _name(index: Tensor, uniform: Tensor | None) -> bytes:
    """Of images that are asked for: their random numbers, which no two batches share, or their places."""
    return (index if uniform is None else uniform).cpu().contiguous().numpy().tobytes()
