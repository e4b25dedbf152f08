"""What a method sees of its run: networks, optimiser, its own state, and the primitives that a step may be written in.

forward(x, uniform, batch_norm)        logits of all networks; batch norm updates, uses the batch's, or is frozen
call(n, vector, x, batch_norm)         logits of network n at any parameter vector (look-ahead points, averages)
gradient(loss), apply(gradient)        one backward, one optimiser step, of all networks or of one
images(places, uniform)                images of given training examples, as they are or augmented
along(x, direction)                    logits, and their derivative in a direction of the parameters, in one pass
jvp(f, n, tangent)                     value and directional derivative of f(vector) at network n's parameters
slots                                  optimiser slots, e.g. the momentum buffer that IEG's look-ahead reads
state                                  the method's tensors, checkpointed with everything else
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from lnl.engine import weights
from lnl.engine.optim import SGD, Adam
from lnl.engine.population import Population
from lnl.engine.progress import Watched
from lnl.engine.seen_data import SeenData
from lnl.engine.updates import Updates

Pass = Iterator[tuple[Tensor, Tensor]]  # (places, what a network makes of their images), batch by batch


class Learner(Updates):
    """Networks, optimiser and method state of one run (single mode) or of a stack of runs."""

    def __init__(self, population: Population, optimiser: Adam | SGD, rate: Tensor | None, seen: SeenData) -> None:
        super().__init__(population, optimiser, rate)
        self.seen = seen
        self.watched = Watched()
        self.state: dict[str, Tensor] = {}  # the method's own, which it makes by its learner before the first step

    # ---- what it sees (seen_data.py) -------------------------------------------------------------------------------

    @property
    def given(self) -> Tensor:
        """Given labels of the whole training file, int64 [N] or [runs, N]."""
        return self.seen.given

    @property
    def train_index(self) -> Tensor:
        """Places that are trained on, int64."""
        return self.seen.train_index

    @property
    def held_out(self) -> Tensor:
        """Places that validate, by their given labels, int64."""
        return self.seen.held_out

    @property
    def validating(self) -> tuple[Tensor, Tensor]:
        """Images (uint8) and labels of the part that validates; UserError where nothing does."""
        return self.seen.validating

    @property
    def of_stream(self) -> Mapping[str, tuple[Tensor, Tensor]]:
        """Places and labels of each further stream, by its name."""
        return self.seen.of_stream

    @property
    def handovers(self) -> Mapping[str, dict[str, Tensor]]:
        """States that other cells handed over, by name."""
        return self.seen.handovers

    @property
    def augment_width(self) -> int:
        """Uniform numbers that augment an image as the protocol does."""
        return self.seen.augment_width

    # ---- passes over it, and parts of it ---------------------------------------------------------------------------

    def training_pass(self, batch_norm: str = "frozen", augmented: int | None = None) -> Pass:
        """(places in the training set [B], logits [..., networks, B, K]) over all training examples in fixed order.

        augmented: the epoch before which it is made, for images augmented as the protocol says, anew in each epoch;
        None takes them as they are.
        """
        yield from self._pass(self.train_index, batch_norm, augmented)

    def pass_by(self, networks: dict[str, Tensor], augmented: int | None = None) -> Pass:
        """A training pass by networks as `networks()` gives them; those of now come back."""
        yield from self._pass_by(networks, self.train_index, augmented)

    def pass_of(self, name: str) -> Pass:
        """The same by the network that another cell handed over under `name`, and over the examples that validate by
        their given labels as well (the codes of F-correction and S-model estimate on all); own weights come back."""
        yield from self._pass_by(self.handovers[name], torch.cat([self.train_index, self.held_out]))

    def _pass_by(self, networks: dict[str, Tensor], index: Tensor, augmented: int | None = None) -> Pass:
        with weights.set_aside(self.population):
            self.start_from(networks)
            yield from self._pass(index, "frozen", augmented)

    def _pass(self, index: Tensor, batch_norm: str, augmented: int | None = None) -> Pass:
        with torch.no_grad():
            for places, x in self._told(index, augmented):
                yield places, self.forward(x, None, batch_norm)

    def _told(self, index: Tensor, augmented: int | None = None) -> Pass:
        """(places [B], images) of the training examples at `index` [M] in that order, each batch with a word to whoever
        watches about how far it is."""
        done = 0
        for places, x in self.seen.in_order(index, augmented):
            self.watched.tell(f"pass over its images: {done / len(index):.0%}")
            yield places, x
            done += len(places)

    def images(self, places: Tensor, uniform: Tensor | None = None) -> Tensor:
        """Images [M, C, H, W] in [0, 1] of the training examples at `places` [M], whatever the batch; features as they
        are. Where images stay in files they are read now, none of them ahead, so that each call waits for them.

        uniform: [M, augment_width] in [0, 1), the method's own, for images augmented as the protocol does it with a
        batch (as they are where it augments nothing); None takes them as they are. UserError for another shape.
        """
        return self.seen.images(places, uniform)

    def layers_of(self, index: Tensor, n: int = 0) -> list[Tensor]:
        """Features as `layers` gives them, [M, width] each, of the training examples at `index` [M], in that order and
        without augmentation."""
        parts = [self.layers(x, n) for _, x in self._told(index)]
        return [torch.cat(layer) for layer in zip(*parts, strict=True)]

    def uniform(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Uniform numbers of a shape for what a method computes once (`initial_state`, `finish`), or once an epoch with
        the epoch in `purpose`: the same whenever they are asked for. A step asks for its numbers in `random` instead.
        """
        return self.seen.uniform(purpose, shape)

    # ---- its networks as they are copied and handed over (weights.py) ----------------------------------------------

    def networks(self) -> dict[str, Tensor]:
        """Copies on the device of what the networks are now: "flat" [..., networks, P], without the method's own
        parameters, and batch norm's statistics as "buffer.<name>"."""
        return weights.copied(self.population)

    def start_from(self, handed: dict[str, Tensor]) -> None:
        """Begin with handed-over weights and batch-norm statistics (fine-tuning); the optimiser's slots stay new.
        UserError where the networks are of another size."""
        weights.put(self.population, handed)

    def set_own(self, name: str, value: Tensor) -> None:
        """Set the method's own parameter of every network, e.g. S-model's channel from a confusion matrix."""
        with torch.no_grad():
            self.population.unflatten(self.population.flat)[f"method.{name}"].copy_(value)
