"""What is random in a step: drawn before it, and for a recorded step copied to where its recording reads."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class Draws:
    """What is drawn for one step: everything of it that is not fixed by where its examples stand."""

    augmentation: Tensor | None  # [..., B, width]
    uniform: Tensor | None  # dropout, [..., networks, B, width]
    views: tuple[Tensor, ...]  # of each further view, [B, width]
    crops: tuple[Tensor, ...]  # of each further crop, [..., B, width]; none where nothing is augmented
    random: dict[str, Tensor]  # what the method asked for, by name
    trusted: dict[str, Tensor]  # places [..., b] of each further stream
    of_streams: dict[str, Tensor]  # its own augmentation and dropout, by "augmentation <stream>" and "dropout <stream>"

    def tensors(self) -> list[Tensor]:
        """All of them, in one order for all steps of a training."""
        single = [drawn for drawn in (self.augmentation, self.uniform) if drawn is not None]
        further = [*self.views, *self.crops, *self.random.values()]
        return [*single, *further, *self.trusted.values(), *self.of_streams.values()]

    def copy(self) -> Draws:
        """The same in tensors of their own."""
        return Draws(
            augmentation=None if self.augmentation is None else self.augmentation.clone(),
            uniform=None if self.uniform is None else self.uniform.clone(),
            views=tuple(drawn.clone() for drawn in self.views),
            crops=tuple(drawn.clone() for drawn in self.crops),
            random={name: drawn.clone() for name, drawn in self.random.items()},
            trusted={name: places.clone() for name, places in self.trusted.items()},
            of_streams={name: drawn.clone() for name, drawn in self.of_streams.items()},
        )
