"""Updates of a run's networks: optimiser steps of all or of one, taken or left out, and the rates that they have."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from lnl.engine.forwards import Forwards
from lnl.engine.optim import SGD, Adam, kernels
from lnl.engine.population import Population
from lnl.errors import UserError


class Updates(Forwards):
    """The part of a learner that changes parameters."""

    def __init__(self, population: Population, optimiser: Adam | SGD, rate: Tensor | None) -> None:
        super().__init__(population)
        self.optimiser = optimiser
        self.lr = 0.0  # set by the loop at the start of each epoch, or step
        self.rate = rate  # the same on the device, [], where every step has its own

    def apply(self, gradient: Tensor, scale: float = 1.0, skip: Tensor | None = None, only: int | None = None) -> None:
        """One optimiser step, at `scale` times the learning rate, of gradient [..., networks, P]; with `only`, of that
        network's gradient [P] as well.

        skip: float32 on the device, one number or one for each network ([networks] or [networks, 1]), for a step of
        which the host does not know whether it is due: 1 leaves it out (neither weights nor slots nor the count move,
        whatever the gradient), 0 takes it. only: the one network that takes it; what the others are made of, their
        slots and their counts of steps, stays as it is. UserError for a number of which there is no network.
        """
        self._check(only)
        with torch.no_grad():
            lr: Any = (self.lr if self.rate is None else self.rate) * scale
            if only is not None and gradient.dim() == 1:
                gradient = self._alone(gradient, only)
            self.optimiser.step(self.population.flat, gradient, lr, self._skips(skip), only)

    def _check(self, only: int | None) -> None:
        networks = self.population.lead[-1]
        if only is not None and not 0 <= only < networks:
            raise UserError(f"only={only}: no such network; there are {networks}, and the first is 0")

    def _alone(self, gradient: Tensor, only: int) -> Tensor:
        """[networks, P], nought but for one network's."""
        out = torch.zeros_like(self.population.flat)
        if gradient.shape != out.shape[-1:] or out.dim() != 2:
            raise UserError(
                f"apply(only={only}): gradient of shape {list(gradient.shape)}, and {list(out.shape[-1:])} is needed, "
                f"or {list(out.shape)}"
            )
        out[only] = gradient
        return out

    def _skips(self, skip: Tensor | None) -> Tensor | None:
        """One number [] for all networks, or [..., networks, 1]."""
        if skip is None:
            return None
        lead = self.population.lead
        if skip.numel() == 1:
            return skip.reshape(())
        if skip.shape not in (torch.Size(lead), torch.Size((*lead, 1))):
            raise UserError(f"apply(skip=): shape {list(skip.shape)}, and one number is needed, or {list(lead)}")
        return skip.reshape(*lead, 1)

    @cached_property
    def _kernels(self) -> Tensor:
        return kernels(self.population.shapes).to(self.population.flat.device)

    def shrink(self, decay: float, only: int | None = None) -> None:
        """Weight decay apart from the gradient, behind `apply`: kernels of all networks, or of one, the weights of
        convolutions and dense layers, times 1 - decay * learning rate."""
        self._check(only)
        with torch.no_grad():
            rate: Any = self.lr if self.rate is None else self.rate
            flat = self.population.flat if only is None else self.population.flat[..., only, :]
            flat.mul_(1 - self._kernels * (decay * rate))

    def penalise(self, gradient: Tensor, at: Tensor | None = None, of_all: bool = False) -> Tensor:
        """`gradient` [..., networks, P] with that of the declared weight decay (SGD) added to it, in place: what a loss
        with the penalty inside would have, at parameters `at` of that shape (default: of now). of_all: see SGD."""
        if isinstance(self.optimiser, SGD):
            with torch.no_grad():
                self.optimiser.penalise(self.population.flat if at is None else at, gradient, of_all)
        return gradient

    @property
    def momentum(self) -> Tensor:
        """What SGD's next update takes over of those before it, [..., networks, P]: zero at first, and for others."""
        part = self.optimiser.momentum_part if isinstance(self.optimiser, SGD) else None
        return torch.zeros_like(self.population.flat) if part is None else part

    def take(self, rates: dict[str, float]) -> None:
        """Rates by which the next steps are made: `lr`, and Adam's `beta1`."""
        self.lr = rates["lr"]
        if self.rate is not None:
            self.rate.fill_(self.lr)
        if "beta1" in rates:
            self.optimiser.beta1 = rates["beta1"]  # type: ignore[union-attr]

    @property
    def rates(self) -> tuple[float, float]:
        """Learning rate and Adam's beta1, as far as the next step takes them as numbers of Python's; else 0."""
        return self.lr if self.rate is None else 0.0, getattr(self.optimiser, "beta1", 0.0)

    @property
    def slots(self) -> dict[str, Tensor]:
        """Optimiser slots [..., networks, P] by name."""
        return self.optimiser.slots
