"""Adam and SGD, bit-equal to torch.optim's, one vector of parameters a network.

They exist because the first torch.optim object imports a compiler (one to three seconds a process), and because a run
must have the same numbers wherever it stands in a stack. Parameters of all networks are one tensor [..., P]; so are the
gradient and every slot. Each network has its own count of steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import increment_version

from lnl.declared import restarts


class Adam:
    """Adam (Kingma and Ba, 2015): torch's fused kernel, one pass over memory where separate operations take seven.

    Its last few elements take another path through the processor than the others, with other rounding: each network is
    a vector of its own, so that this is the same few wherever the network stands in a stack.
    """

    def __init__(self, flat: Tensor, beta1: float, beta2: float, eps: float, weight_decay: float) -> None:
        self.beta1, self.beta2, self.eps, self.weight_decay = beta1, beta2, eps, weight_decay
        self.slots = {"exp_avg": torch.zeros_like(flat), "exp_avg_sq": torch.zeros_like(flat)}
        self._averages, self._squares = (_vectors(slot) for slot in self.slots.values())
        self._count = torch.zeros(len(self._averages), device=flat.device)  # where a recorded step can count
        self._counts = list(self._count.unbind(0))

    @property
    def steps(self) -> int | list[int]:
        """Updates so far; of each network where some had more than others."""
        found = [int(count) for count in self._count.tolist()]
        return found if len(set(found)) > 1 else found[0]

    @steps.setter
    def steps(self, count: int | list[int]) -> None:
        self._count.copy_(torch.tensor(count, dtype=self._count.dtype))

    def step(
        self, flat: Tensor, gradient: Tensor, lr: float, skip: Tensor | None = None, only: int | None = None
    ) -> None:
        """Update `flat` in place; `gradient` may be overwritten. skip: 1.0 on the device, [] or [..., networks, 1],
        leaves the step out: then the kernel touches nothing, as in mixed precision after an overflow, and the step is
        not counted. only: the network that takes the step."""
        networks, gradients = _vectors(flat), _vectors(gradient.contiguous())  # the kernel goes through memory
        taking = list(range(len(networks)))
        if only is not None:
            taking = taking[only :: flat.shape[-2]]
        if skip is None or not skip.dim():
            self._update(networks, gradients, taking, lr, skip)
        else:
            for n, left_out in zip(taking, [skip.reshape(-1)[n] for n in taking], strict=True):
                self._update(networks, gradients, [n], lr, left_out)
        increment_version(flat)  # so that autograd knows of it, which the kernel leaves out

    def _update(
        self, networks: list[Tensor], gradients: list[Tensor], taking: list[int], lr: float, skip: Tensor | None
    ) -> None:
        """One step of the networks whose numbers are in `taking`."""
        every = len(taking) == len(networks)
        counts = [self._count] if every else [self._counts[n] for n in taking]
        for count in counts:
            count.add_(1)
        torch._fused_adam_(
            [networks[n] for n in taking],
            [gradients[n] for n in taking],
            [self._averages[n] for n in taking],
            [self._squares[n] for n in taking],
            [],
            [self._counts[n] for n in taking],
            lr=lr,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=self.weight_decay,
            eps=self.eps,
            amsgrad=False,
            maximize=False,
            found_inf=skip,
        )
        if skip is not None:
            for count in counts:
                count.sub_(skip)


class SGD:
    """Stochastic gradient descent with momentum, elementwise, as torch.optim.SGD(foreach=True)."""

    def __init__(
        self, flat: Tensor, momentum: float, nesterov: bool, weight_decay: float, decayed: Tensor | None = None
    ) -> None:
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.decayed = decayed  # [P], 1 for parameters that decay and 0 for the others; None: all do
        self.steps: int | list[int] = 0  # it updates alike in all of them
        self.slots = {"momentum_buffer": torch.zeros_like(flat)} if momentum else {}

    def step(
        self,
        flat: Tensor,
        gradient: Tensor,
        lr: float | Tensor,
        skip: Tensor | None = None,
        only: int | None = None,
    ) -> None:
        """Update `flat` in place; `gradient` may be overwritten. lr: a tensor [] where it is a number on the device, by
        which a step may differ in its last bit from that with Python's. skip: 1.0 on the device, [] or
        [..., networks, 1], leaves the step out. only: the network that takes the step."""
        slots = self.slots
        if only is not None:
            flat, gradient = flat[..., only, :], gradient[..., only, :]
            slots = {name: slot[..., only, :] for name, slot in slots.items()}
            skip = skip[..., only, :] if skip is not None and skip.dim() else skip
        before = [] if skip is None else [(held, held.clone()) for held in (flat, *slots.values())]
        self.penalise(flat, gradient)
        if self.momentum:  # torch.optim starts the buffer with the first gradient: zero times momentum, plus gradient
            buffer = slots["momentum_buffer"].mul_(self.momentum).add_(gradient)
            gradient = gradient.add_(buffer, alpha=self.momentum) if self.nesterov else buffer
        if isinstance(lr, Tensor):
            flat.addcmul_(gradient, lr, value=-1)
        else:
            flat.add_(gradient, alpha=-lr)
        for held, was in before:
            held.copy_(torch.where(skip.bool(), was, held))  # type: ignore[union-attr]

    @property
    def momentum_part(self) -> Tensor | None:
        """The part [..., networks, P] of the next update that is known before its gradient: the momentum factor times
        the buffer; None without momentum."""
        return self.momentum * self.slots["momentum_buffer"] if self.momentum else None

    def penalise(self, flat: Tensor, gradient: Tensor, of_all: bool = False) -> None:
        """Add the gradient of the weight decay, half its factor times the squared norm, to `gradient` in place.

        flat, gradient: [..., networks, P]. of_all: of all parameters, also where updates have it for kernels alone.
        """
        if self.weight_decay:
            gradient.add_(flat if of_all or self.decayed is None else flat * self.decayed, alpha=self.weight_decay)


def _vectors(stacked: Tensor) -> list[Tensor]:
    """[P] of every network of a tensor [..., P]."""
    return list(stacked.view(-1, stacked.shape[-1]).unbind(0))


def build(spec: Mapping[str, Any], flat: Tensor, shapes: Mapping[str, torch.Size] | None = None) -> Adam | SGD:
    """Optimiser of a resolved specification. shapes: of the parameters in the order of the buffer; those of two
    dimensions and more are the kernels, where only these decay."""
    decay = spec.get("weight_decay", 0.0)
    if spec["name"] == "adam":
        return Adam(flat, spec.get("beta1", 0.9), spec.get("beta2", 0.999), spec.get("eps", 1e-8), decay)
    decayed = None
    if spec.get("decayed", "all") == "kernels" and shapes is not None:
        decayed = kernels(shapes).to(flat.device)
    return SGD(flat, spec.get("momentum", 0.0), spec.get("nesterov", False), decay, decayed)


def kernels(shapes: Mapping[str, torch.Size]) -> Tensor:
    """[P], 1 for weights of convolutions and dense layers, of two dimensions and more, and 0 for all else. shapes: of
    the parameters in the order of the buffer."""
    marks = [torch.full((math.prod(s),), float(len(s) > 1 and not n.startswith("method."))) for n, s in shapes.items()]
    return torch.cat(marks)


def rate_on_device(spec: Mapping[str, Any], flat: Tensor) -> Tensor | None:
    """A tensor [] on the device for the learning rate, where a schedule changes it at every step: a recorded step (CUDA
    graph) reads it there. None for other schedules, whose rate is a Python number: their earlier records are made with
    that, and a tensor could round otherwise."""
    moving = spec["schedule"] == restarts.SCHEDULE and spec["name"] == "sgd"
    return torch.zeros((), dtype=flat.dtype, device=flat.device) if moving else None


def rates(spec: Mapping[str, Any], time: float, paper_length: int) -> dict[str, float]:
    """Learning rate (and Adam's beta1) at a time of the paper's clock, which counts epochs, or steps where a protocol
    declares its length in them."""
    lr = spec["lr"]
    start = spec.get("decay_start", 0)
    if spec["schedule"] == "linear" and time >= start:
        lr = lr * (paper_length - time) / (paper_length - start)
    elif spec["schedule"] == restarts.SCHEDULE:
        lr = lr * restarts.part(time, *(spec[key] for key in restarts.KEYS))
    elif spec["schedule"] == "steps":
        lr = lr * spec.get("factor", 0.1) ** sum(time >= m for m in spec["milestones"])
    out = {"lr": lr}
    if spec["name"] == "adam":
        after = spec.get("beta1_after")
        out["beta1"] = after if after is not None and time >= start else spec.get("beta1", 0.9)
    return out
