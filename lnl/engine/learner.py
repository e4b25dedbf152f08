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

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, jvp

from lnl.engine.optim import SGD, Adam
from lnl.engine.population import Population
from lnl.engine.progress import Watched
from lnl.engine.seen_data import SeenData
from lnl.engine.updates import Updates
from lnl.errors import UserError
from lnl.networks.layers import batch_norm_mode
from lnl.networks.taps import tapped

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

    # ---- networks --------------------------------------------------------------------------------------------------

    def forward(self, x: Tensor, uniform: Tensor | None = None, batch_norm: str = "update") -> Tensor:
        """Logits [..., networks, B, K]."""
        return self.population.forward(x, uniform, batch_norm)

    def along(
        self, x: Tensor, direction: Tensor, uniform: Tensor | None = None, batch_norm: str = "update"
    ) -> tuple[Tensor, Tensor]:
        """`forward`, and the derivative of its logits in `direction` [networks, P], in one pass (forward mode): exact
        with batch norm, whose statistics are the same for both."""
        return self._single().along(x, uniform, direction, batch_norm)

    def weighing_pass(
        self, x: Tensor, direction: Tensor, uniform: Tensor | None, batch_norm: str, frozen: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of x to learn from, through which gradients flow, logits that it is judged by, and the derivative of
        these in `direction`: of one pass, or of two where batch norm is `frozen` for judging."""
        if not frozen:
            logits, slopes = self.along(x, direction, uniform, batch_norm)
            return logits, logits.detach(), slopes
        with torch.no_grad():
            judged, slopes = self.along(x, direction, uniform, "frozen")
        return self.forward(x, uniform, batch_norm), judged, slopes

    def vector(self, n: int = 0) -> Tensor:
        """Parameters of network n as one vector [P] (a detached view of the buffer: do not write to it)."""
        return self._single().flat[n].detach()

    def call(
        self, n: int, vector: Tensor, x: Tensor, batch_norm: str = "batch", uniform: Tensor | None = None
    ) -> Tensor:
        """Logits [B, K] of network n's architecture at parameters `vector` [P]."""
        population = self._single()
        named = {k: v for k, v in population.unflatten(vector).items() if not k.startswith("method.")}
        with batch_norm_mode(batch_norm):
            out: Tensor = functional_call(population.modules[n], named, (x, uniform))
        return out

    def own(self, name: str) -> Tensor:
        """The method's own parameter [..., networks, *shape]."""
        return self.population.own(name)

    # ---- derivatives (updates: updates.py) -------------------------------------------------------------------------

    def gradient(self, loss: Tensor, keep: bool = False) -> Tensor:
        """Gradient [..., networks, P] of the sum of `loss`; valid until the next call, unless it is to be kept."""
        gradient = self.population.gradient(loss)
        return gradient.clone() if keep else gradient

    def jvp(self, f: Callable[[Tensor], Tensor], n: int, tangent: Tensor) -> tuple[Tensor, Tensor]:
        """f and its derivative in direction `tangent` [P] at network n's parameters, in one forward-mode pass."""
        return jvp(f, (self.vector(n),), (tangent,))  # type: ignore[return-value]

    # ---- data ------------------------------------------------------------------------------------------------------

    def training_pass(self, batch_norm: str = "frozen", augmented: int | None = None) -> Pass:
        """(places in the training set [B], logits [..., networks, B, K]) over all training examples in fixed order.

        augmented: the epoch before which it is made, for images augmented as the protocol says, anew in each epoch;
        None takes them as they are.
        """
        yield from self._pass(self.train_index, batch_norm, augmented)

    def networks(self) -> dict[str, Tensor]:
        """Copies on the device of what the networks are now: "flat" [..., networks, P], without the method's own
        parameters, and batch norm's statistics as "buffer.<name>"."""
        size = self.population.flat.shape[-1] - self._own_size()
        held = {f"buffer.{name}": tensor.clone() for name, tensor in self.population.buffers.items()}
        return {"flat": self.population.flat[..., :size].detach().clone(), **held}

    def pass_by(self, networks: dict[str, Tensor], augmented: int | None = None) -> Pass:
        """A training pass by networks as `networks()` gives them; those of now come back."""
        yield from self._pass_by(networks, self.train_index, augmented)

    def pass_of(self, name: str) -> Pass:
        """The same by the network that another cell handed over under `name`, and over the examples that validate by
        their given labels as well (the codes of F-correction and S-model estimate on all); own weights come back."""
        yield from self._pass_by(self.handovers[name], torch.cat([self.train_index, self.held_out]))

    def _pass_by(self, networks: dict[str, Tensor], index: Tensor, augmented: int | None = None) -> Pass:
        held = [self.population.flat, *self.population.buffers.values()]
        own = [tensor.clone() for tensor in held]
        self.start_from(networks)
        try:
            yield from self._pass(index, "frozen", augmented)
        finally:
            with torch.no_grad():
                for tensor, before in zip(held, own, strict=True):
                    tensor.copy_(before)

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

    def features(self, x: Tensor, n: int = 0) -> Tensor:
        """What network n's last linear layer sees, [B, width], with frozen batch norm."""
        return self.layers(x, n)[-1]

    def layers(self, x: Tensor, n: int = 0) -> list[Tensor]:
        """Features [B, width] of network n's layers that it names itself (`taps`), and at last those that its last
        linear layer sees, with frozen batch norm (RoG fits to them)."""
        with torch.no_grad(), batch_norm_mode("frozen"):
            return tapped(self._single().modules[n], x)

    def layers_of(self, index: Tensor, n: int = 0) -> list[Tensor]:
        """The same of the training examples at `index` [M], in that order and without augmentation: [M, width]."""
        parts = [self.layers(x, n) for _, x in self._told(index)]
        return [torch.cat(layer) for layer in zip(*parts, strict=True)]

    def uniform(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Uniform numbers of a shape for what a method computes once (`initial_state`, `finish`), or once an epoch with
        the epoch in `purpose`: the same whenever they are asked for. A step asks for its numbers in `random` instead.
        """
        return self.seen.uniform(purpose, shape)

    def start_from(self, handed: dict[str, Tensor]) -> None:
        """Begin with handed-over weights and batch-norm statistics (fine-tuning); the optimiser's slots stay new."""
        own = self._own_size()
        size = self.population.flat.shape[-1] - own  # the method's own parameters stand behind the network's
        theirs = _network_size(handed)
        if theirs != size:
            raise UserError(
                f"a network of {size} parameters cannot begin with one of {theirs} that another cell "
                "handed over: they differ in architecture or in classes"
            )
        with torch.no_grad():
            self.population.flat[..., :size].copy_(handed["flat"][..., :size])
            for name, tensor in self.population.buffers.items():
                tensor.copy_(handed[f"buffer.{name}"])

    def go_on_from(self, handed: dict[str, Tensor]) -> None:
        """Begin with handed-over networks and with the optimiser as it was left: its slots, and its count of steps."""
        self.start_from(handed)
        with torch.no_grad():
            for name, tensor in self.optimiser.slots.items():
                size = _network_size(handed)
                tensor[..., :size].copy_(handed[f"slot.{name}"][..., :size])
        self.optimiser.steps = handed["slot_steps"].tolist()

    def set_own(self, name: str, value: Tensor) -> None:
        """Set the method's own parameter of every network, e.g. S-model's channel from a confusion matrix."""
        with torch.no_grad():
            self.population.unflatten(self.population.flat)[f"method.{name}"].copy_(value)

    # ---- checkpoint ------------------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Everything that training changes, as tensors and numbers."""
        return {
            "flat": self.population.flat,
            "buffers": self.population.buffers,
            "slots": self.optimiser.slots,
            "steps": self.optimiser.steps,
            "state": self.state,
        }

    def tensors(self) -> dict[str, Tensor]:
        """Copies of all of it on the host, under flat names, as a hand-over file holds them."""
        parts = {"buffer": self.population.buffers, "slot": self.optimiser.slots, "state": self.state}
        named = {f"{part}.{name}": tensor for part, held in parts.items() for name, tensor in held.items()}
        named["slot_steps"] = torch.tensor(self.optimiser.steps)
        named["own_parameters"] = torch.tensor(self._own_size())
        return {k: v.detach().cpu().clone().contiguous() for k, v in {"flat": self.population.flat, **named}.items()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Continue from a snapshot, bit for bit."""
        with torch.no_grad():
            self.population.flat.copy_(snapshot["flat"])
            held = ((self.population.buffers, snapshot["buffers"]), (self.optimiser.slots, snapshot["slots"]))
            for mine, saved in held:
                for name, tensor in mine.items():
                    tensor.copy_(saved[name])
            for name, tensor in snapshot["state"].items():
                self.state[name] = tensor.to(self.population.flat.device)
        self.optimiser.steps = snapshot["steps"]

    def _own_size(self) -> int:
        """How many parameters are the method's own, of each network."""
        return sum(math.prod(s) for n, s in self.population.shapes.items() if n.startswith("method."))

    def _single(self) -> Population:
        if not self.population.modules:
            raise TypeError("a method with a step of its own runs in single mode")
        return self.population


def _network_size(handed: dict[str, Tensor]) -> int:
    """Parameters of a network that was handed over, without those that its method had beside it."""
    return handed["flat"].shape[-1] - int(handed.get("own_parameters", 0))
