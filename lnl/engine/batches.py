"""The data of every step: order, images, augmentation, trusted streams, and every random number that a step uses.

A step draws nothing itself. What is random is keyed by run, purpose, epoch and step, so that a run stopped anywhere
resumes without generator state, and methods that need the same thing get the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from lnl.declared import lengths
from lnl.engine.clock import Clock
from lnl.engine.contract_checks import checked_places
from lnl.engine.data import DeviceData
from lnl.engine.draws import Draws
from lnl.engine.learner import Learner
from lnl.engine.method import Batch, Beta, Dropout, Method, Normal
from lnl.engine.run_data import RunData, given_streams
from lnl.errors import UserError
from lnl.learning import augment


class Batches:
    """Batches of one run, or of a stack of runs (a leading axis on everything)."""

    def __init__(
        self,
        spec: dict[str, Any],
        data: DeviceData,
        runs: list[RunData],
        method: Method,
        learner: Learner,
        stacked: bool,
    ) -> None:
        self.data, self.runs, self.method, self.learner, self.stacked = data, runs, method, learner, stacked
        self.device = data.device
        self.size: int = spec["batch"]["size"]
        self._augment: str = spec.get("augment", "none")
        self._width = augment.width(self._augment)
        self._clock = Clock.of(spec)
        self._of_data: int = lengths.steps_of_epoch(spec, len(runs[0].train_index))
        endless = self._clock.steps is not None and "trained_on" in spec  # a small set is gone through again and again
        if self._of_data == 0 and not endless:
            raise UserError(
                f"a batch of {self.size} is larger than the {len(runs[0].train_index)} examples that are trained on; "
                "take a smaller batch, or smaller sets beside them"
            )
        if data.ahead and method.views and self._augment == augment.RESIZED:
            raise UserError(
                f"{spec['method']['key']} makes views of whole images, and of images in files parts are read; a method "
                "for them asks for `crops()`"
            )
        self.set_steps(0)
        self._streams, self._crops = method.streams(), method.crops()
        self._random = method.random()
        self._by_given = given_streams(self._streams, spec.get("sets", {}))
        self._lead = learner.population.lead
        self.order = self.given = torch.empty(0)

    def set_steps(self, epoch: int) -> None:
        """Steps of an epoch of the data, or of a period, of which the last may be short."""
        declared = self._clock.steps_in(epoch)
        self.steps: int = self._of_data if declared is None else declared

    def begin(self, epoch: int) -> None:
        """Fix the order of an epoch: `order`, `given` [..., steps x batch], `trusted` [..., steps, b] by stream."""
        self.epoch = epoch
        self.set_steps(epoch)
        orders = [self._order(run) for run in self.runs]
        given = [run.given[order] for run, order in zip(self.runs, orders, strict=True)]
        self.order, self.given = self._stack(orders), self._stack(given)
        self.trusted = {name: self._stack([self._trusted(run, name) for run in self.runs]) for name in self._streams}
        self._asked = 0
        if self.data.ahead:  # places on the host, where files are read: one transfer an epoch
            self._on_host = {name: places.cpu() for name, places in {**self.trusted, "": self.order}.items()}

    def place(self, step: int) -> slice:
        """Where the examples of a step stand in the epoch's order."""
        return slice(step * self.size, (step + 1) * self.size)

    def ask(self, step: int) -> None:
        """Have the images of a step and of the next ones read, where they have to be read first."""
        until = min(step + 1 + self.data.ahead, self.steps) if self.data.ahead else 0
        for later in range(max(step, self._asked), until):
            for uniform in (self._moved(later), *self._moved_crops(later)):
                self.data.ask(self._augment, self._on_host[""][..., self.place(later)], uniform)
            for name in self._streams:
                uniform = self._moved_stream(name, later) if self._augment != "none" else None
                self.data.ask(self._augment, self._on_host[name][..., later, :], uniform)
            self._asked = later + 1

    def _moved(self, step: int, purpose: str = "augmentation") -> Tensor | None:
        """Numbers that augment a batch, [..., B, width]; None where nothing is augmented."""
        if self._augment == "none":
            return None
        return self._stack([self._drawn(run, purpose, step, (self.size, self._width)) for run in self.runs])

    def _moved_crops(self, step: int) -> tuple[Tensor, ...]:
        """The same of each further crop; nothing where nothing is augmented."""
        drawn = (self._moved(step, f"augmentation of crop {n}") for n in range(self._crops))
        return tuple(numbers for numbers in drawn if numbers is not None)

    def _moved_stream(self, name: str, step: int) -> Tensor:
        return self._drawn(self.runs[0], f"augmentation {name}", step, (self._streams[name].batch, self._width))

    def draws(self, step: int) -> Draws:
        """The random numbers of step `step` of the epoch, and its places in the trusted streams."""
        drawn, viewed = self._drawn, (self.size, self._width)
        return Draws(
            augmentation=self._moved(step),
            uniform=self.uniform("dropout", self.epoch, step, self.size),
            views=tuple(drawn(self.runs[0], f"view {n}", step, viewed) for n in range(self.method.views)),
            crops=self._moved_crops(step),
            random=dict(self._asked_for(step)),
            trusted={name: places[..., step, :] for name, places in self.trusted.items()},
            of_streams=dict(self._of_streams(step)),
        )

    def _asked_for(self, step: int) -> Iterator[tuple[str, Tensor]]:
        """What the method asks for in `random`."""
        for name, asked in self._random.items():
            if not isinstance(asked, Dropout):
                yield name, self._drawn(self.runs[0], f"random {name}", step, asked)
            elif (uniform := self.uniform(f"random {name}", self.epoch, step, asked.images)) is not None:
                yield name, uniform

    def _of_streams(self, step: int) -> Iterator[tuple[str, Tensor]]:
        """Augmentation and dropout of the further streams, drawn apart from the batch's."""
        for name, stream in self._streams.items():
            if self._augment != "none":
                yield f"augmentation {name}", self._moved_stream(name, step)
            uniform = self.uniform(f"dropout {name}", self.epoch, step, stream.batch)
            if uniform is not None:
                yield f"dropout {name}", uniform

    def batch(self, step: int) -> Batch:
        """Everything that step `step` of the epoch needs."""
        return self.assembled(self.place(step), self.draws(step))

    def assembled(self, place: slice | Tensor, drawn: Draws) -> Batch:
        """The batch of a place in the epoch's order, `place(step)` or the same as indices, and of what was drawn."""
        index = self.order[..., place]
        images = self.data.gather(index) if drawn.views else None
        return Batch(
            x=self.data.augmented(self._augment, index, drawn.augmentation),
            labels=self.given[..., place].unsqueeze(-2),
            index=index,
            uniform=drawn.uniform,
            views=tuple(
                self.method.view(images, numbers, n) for n, numbers in enumerate(drawn.views) if images is not None
            ),
            crops=tuple(self.data.augmented(self._augment, index, n) for n in drawn.crops or [None] * self._crops),
            random=drawn.random,
            streams={name: self._of_stream(name, places, drawn) for name, places in drawn.trusted.items()},
            dropout={name: drawn.of_streams.get(f"dropout {name}") for name in drawn.trusted},
        )

    def uniform(self, purpose: str, epoch: int, step: int, size: int) -> Tensor | None:
        """Uniform numbers [..., networks, size, width] for networks that want some, None for others."""
        width = self.learner.population.random_width
        if not width:
            return None
        drawn = [
            torch.rand(size, width, device=self.device, generator=self._generator(run, purpose, n, epoch, step))
            for run in self.runs
            for n in range(self._lead[-1])
        ]
        return torch.stack(drawn).view(*self._lead, size, width)

    def _stack(self, per_run: list[Tensor]) -> Tensor:
        return torch.stack(per_run) if self.stacked else per_run[0]

    def _generator(self, run: RunData, purpose: str, *place: int) -> torch.Generator:
        return run.streams.generator(purpose, *place, device=self.device)

    def _drawn(self, run: RunData, purpose: str, step: int, shape: tuple[int, ...] | Normal | Beta) -> Tensor:
        if self.data.ahead and purpose.startswith("augmentation"):  # where files are read
            return torch.rand(shape, generator=run.streams.generator(purpose, self.epoch, step))  # type: ignore[arg-type]
        generator = self._generator(run, purpose, self.epoch, step)
        if isinstance(shape, Beta):  # two gamma numbers, and the share of the first
            gamma = torch.full((2, *shape.shape), shape.a, device=self.device)
            first, second = torch._standard_gamma(gamma, generator=generator)
            return first / (first + second)
        if isinstance(shape, Normal):
            return torch.randn(shape.shape, device=self.device, generator=generator)
        return torch.rand(shape, device=self.device, generator=generator)

    def _of_stream(self, name: str, places: Tensor, drawn: Draws) -> tuple[Tensor, Tensor]:
        labels = self.runs[0].given if name in self._by_given else self.data.true
        images = self.data.augmented(self._augment, places, drawn.of_streams.get(f"augmentation {name}"))
        return images, labels[places]

    def _order(self, run: RunData) -> Tensor:
        """Places that a run visits in the epoch; the last partial batch is dropped."""
        size = self.steps * self.size
        if type(self.method).sample is not Method.sample:
            uniform = torch.rand(size, generator=run.streams.generator("sample", self.epoch)).to(self.device)
            chosen = self.method.sample(self.learner, uniform)
            if chosen is not None:
                return checked_places(chosen, size, type(self.method).__name__)
        if self._clock.steps is not None:
            return self._endless(run, run.train_index, "order", self.size).view(-1)
        order = run.streams.permutation(len(run.train_index), "order", self.epoch)
        return run.train_index[order[:size].to(self.device)]

    def _trusted(self, run: RunData, name: str) -> Tensor:
        """Places of a trusted stream for every step of the epoch, [steps, b]: one permutation after another, or,
        interleaved, one round after another."""
        size, places = self._streams[name].batch, run.trusted[name]
        if self._streams[name].interleaved:
            before = self.epoch * (self._clock.period if self._clock.steps is not None else self.steps)
            at = torch.arange(before * size, (before + self.steps) * size, device=self.device)
            return places[at % len(places)].view(self.steps, size)
        if self._clock.steps is not None:
            return self._endless(run, places, f"order {name}", size)
        rounds = -(-self.steps * size // len(places))
        drawn = [run.streams.permutation(len(places), f"order {name}", self.epoch, r) for r in range(rounds)]
        return places[torch.cat(drawn)[: self.steps * size].to(self.device)].view(self.steps, size)

    def _endless(self, run: RunData, places: Tensor, purpose: str, size: int) -> Tensor:
        """[steps, size] of the period that was begun, from one permutation of `places` after another without end: where
        a period ends, the next one goes on."""
        first = self.epoch * self._clock.period * size
        turns = range(first // len(places), -(-(first + self.steps * size) // len(places)))
        drawn = torch.cat([run.streams.permutation(len(places), purpose, turn) for turn in turns])
        skipped = first - turns.start * len(places)
        return places[drawn[skipped : skipped + self.steps * size].to(self.device)].view(self.steps, size)
