"""A data set on the device: images as uint8 or features as float32, once; a batch is an index gather."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from lnl.data.arrays import OUT_OF_DISTRIBUTION, Arrays
from lnl.data.splits import parts_by_name
from lnl.learning.augment import augment

EVALUATION_BATCH = 2000


def to_float(images: Tensor) -> Tensor:
    """Pixels 0..255 as numbers in [0, 1], the only preparation that these papers' codes make.

    Features (float32) are numbers already and come back as they are, uncopied.
    """
    if images.dtype == torch.float32:
        return images
    return images.to(torch.float32).div_(255)


def _tensor(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.array(array)).to(device)  # a copy: prepared files are mapped read-only


@dataclass
class DeviceData:
    """Training images, true labels and evaluation parts of one data set."""

    #: Steps for whose images `ask` is called before they are needed; 0 where all of them are in memory.
    ahead: ClassVar[int] = 0

    images: Any  # uint8 [N, C, H, W], or float32 [N, 1, 1, D]; Files where they do not fit in memory (streamed.py)
    true: Tensor  # int64 [N]; OUT_OF_DISTRIBUTION of images that show none of the classes
    parts: dict[str, tuple[Any, Tensor]]  # "test", "validation", further test sets -> images, labels
    shape: tuple[int, int, int]
    held_out: Tensor | None = None  # int64: training examples that validate and are never trained on
    validating: Tensor | None = None  # int64: those of a declared set that validates

    @classmethod
    def load(
        cls, arrays: Arrays, split: str, device: torch.device, test_images: int | None, tested_on: str = "test"
    ) -> DeviceData:
        """Move a prepared data set to the device; `test_images` limits the evaluation parts (scale smoke)."""
        parts = {
            name: (_tensor(images[:test_images], device), _tensor(labels[:test_images], device))
            for name, (images, labels) in parts_by_name(arrays, split, tested_on).items()
        }
        images = _tensor(arrays.train_images, device)
        channels, height, width = images.shape[1:]
        return cls(images, _tensor(arrays.train_labels, device), parts, (channels, height, width))

    @property
    def device(self) -> torch.device:
        return self.true.device

    @property
    def waited(self) -> float:
        """Seconds for which a training had to wait for images that are read from files."""
        return 0.0

    def replaced(self, places: Tensor, images: Tensor) -> DeviceData:
        """The same data with `images` uint8 [n, C, H, W] in place of the training images at `places` [n], which show
        none of the classes from then on."""
        found = replace(self, images=self.images.clone(), true=self.true.clone())
        found.images[places], found.true[places] = images, OUT_OF_DISTRIBUTION
        return found

    def hold_out(self, index: Tensor, given: Tensor, limit: int | None) -> DeviceData:
        """The same data with the training examples `index` taken out to validate, judged by the labels `given` [N];
        the first `limit` of them do (scale smoke)."""
        judged = index[:limit]
        part = self.images[judged], given[judged]
        return replace(self, parts=self.parts | {"validation": part}, held_out=index)

    def also_validates(self, index: Tensor, judged: Tensor, limit: int | None) -> DeviceData:
        """The same data with the training examples `index` as its validation part, by the labels `judged` [N]."""
        part = self.images[index[:limit]], judged[index[:limit]]
        return replace(self, parts=self.parts | {"validation": part}, validating=index[:limit])

    def whole_batches(self, size: int) -> DeviceData:
        """The same data with every evaluation part cut to its whole batches of `size`, in the file's order: what a
        loader counts that drops its last batch. A part that fills no batch at all stays whole."""
        kept = {name: len(labels) // size * size or len(labels) for name, (_, labels) in self.parts.items()}
        return replace(self, parts={name: (x[: kept[name]], y[: kept[name]]) for name, (x, y) in self.parts.items()})

    def ask(self, kind: str, index: Tensor, uniform: Tensor | None) -> None:
        """Say what `augmented` will be asked for: nothing to be done for images in memory."""

    def augmented(self, kind: str, index: Tensor, uniform: Tensor | None) -> Tensor:
        """Augmented images [*index.shape, C, H, W] in [0, 1], as `lnl.learning.augment.augment` makes them."""
        return augment(kind, self.gather(index), uniform)

    def part(self, name: str) -> Iterator[tuple[Tensor, Tensor]]:
        """(images [B, C, H, W] in [0, 1], labels [B]) of an evaluation part in fixed order, every example once."""
        images, labels = self.parts[name]
        for x, y in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH), strict=True):
            yield to_float(x), y

    def gather(self, index: Tensor) -> Tensor:
        """Images [*index.shape, C, H, W] in [0, 1]; features as they are."""
        flat = self.images.index_select(0, index.reshape(-1))
        return to_float(flat).view(*index.shape, *self.shape)

    def in_order(self, index: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """(places, images) over `index` in fixed order, every example once."""
        for part in index.split(EVALUATION_BATCH):
            yield part, self.gather(part)
