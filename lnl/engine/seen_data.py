"""What a method may see of its run's data, through its learner: labels, places, images, and what others hand over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lnl.engine.data import DeviceData
from lnl.engine.streams import Streams
from lnl.errors import UserError
from lnl.learning import augment

Images = Iterator[tuple[Tensor, Tensor]]  # (places [B], images [B, C, H, W] in [0, 1]), batch by batch


@dataclass(frozen=True)
class SeenData:
    """The data of one run, or of a stack of runs, whose methods see the places and the random numbers of the first."""

    data: DeviceData
    augmentation: str  # as the protocol augments a batch
    streams: Streams
    given: Tensor  # given labels of the whole training file, int64 [N] or [runs, N]
    train_index: Tensor  # places that are trained on, int64
    of_stream: Mapping[str, tuple[Tensor, Tensor]]  # places and labels of each further stream, by its name
    handovers: Mapping[str, dict[str, Tensor]]  # states that other cells handed over, by name

    @property
    def held_out(self) -> Tensor:
        """Places that validate, by their given labels; none where no share of the training file is held out."""
        return self.train_index[:0] if self.data.held_out is None else self.data.held_out

    @property
    def validating(self) -> tuple[Tensor, Tensor]:
        """Images (uint8) and labels of the part that validates; UserError where nothing does."""
        if "validation" not in self.data.parts:
            raise UserError("the method reads test images that validate, and none do; set protocol.split: test-first")
        return self.data.parts["validation"]

    @property
    def augment_width(self) -> int:
        """Uniform numbers that augment an image as the protocol does."""
        return augment.width(self.augmentation)

    def images(self, places: Tensor, uniform: Tensor | None) -> Tensor:
        """Images [M, C, H, W] in [0, 1] of the training examples at `places` [M].

        uniform: [M, augment_width] in [0, 1), to augment them; None takes them as they are. UserError for another
        shape.
        """
        if uniform is not None and uniform.shape != (*places.shape, self.augment_width):
            raise UserError(
                f"images(places, uniform): uniform has shape {list(uniform.shape)}, and "
                f"{[*places.shape, self.augment_width]} is needed, learner.augment_width for each image"
            )
        return self.data.augmented(self.augmentation, places, uniform)

    def in_order(self, index: Tensor, augmented: int | None = None) -> Images:
        """The training examples at `index` [M] in that order, every one once: as they are, or augmented as a step's,
        with numbers of a pass before epoch `augmented`."""
        if augmented is None:
            yield from self.data.in_order(index)
            return
        for number, (places, x) in enumerate(self.data.in_order(index)):
            generator = self.streams.generator("augmentation of a pass", augmented, number, device=self.data.device)
            drawn = torch.rand((len(x), self.augment_width), device=self.data.device, generator=generator)
            yield places, augment.augment(self.augmentation, x, drawn)

    def uniform(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Uniform numbers of a shape, the same whenever they are asked for under one purpose."""
        return torch.rand(shape, generator=self.streams.generator(f"once {purpose}")).to(self.data.device)
