"""Adam and SGD, flat and elementwise, bit-equal to torch.optim's foreach implementations.

They exist because the first torch.optim object imports a compiler (one to three seconds a process), and because an
elementwise update of one flat buffer gives a run the same numbers wherever it stands in a stack. All parameters of all
networks are one tensor [..., P]; so are the gradient and every slot. The step count is shared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class Adam:
    """Adam (Kingma and Ba, 2015) in the order of operations of torch.optim.Adam(foreach=True)."""

    def __init__(self, flat: Tensor, beta1: float, beta2: float, eps: float, weight_decay: float) -> None:
        self.beta1, self.beta2, self.eps, self.weight_decay = beta1, beta2, eps, weight_decay
        self.steps = 0
        self.slots = {"exp_avg": torch.zeros_like(flat), "exp_avg_sq": torch.zeros_like(flat)}
        self._scratch = torch.empty_like(flat)
        # On a CPU the square root of zero takes four times as long as that of another number, and inputs that are never
        # lit have no gradient. The smallest normal number in place of zero leaves the sum with eps as it was.
        smallest = torch.finfo(flat.dtype).tiny
        vanishes = (smallest / (1 - beta2)) ** 0.5 < eps * torch.finfo(flat.dtype).eps / 4
        self._floor = smallest if vanishes and not flat.is_cuda else None

    def step(self, flat: Tensor, gradient: Tensor, lr: float) -> None:
        """Update `flat` in place; `gradient` may be overwritten."""
        self.steps += 1
        if self.weight_decay:
            gradient.add_(flat, alpha=self.weight_decay)
        average, square = self.slots["exp_avg"], self.slots["exp_avg_sq"]
        average.lerp_(gradient, 1 - self.beta1)
        square.mul_(self.beta2).addcmul_(gradient, gradient, value=1 - self.beta2)
        correction = (1 - self.beta2**self.steps) ** 0.5
        if self._floor is None:
            torch.sqrt(square, out=self._scratch)
        else:
            torch.clamp_min(square, self._floor, out=self._scratch).sqrt_()
        denominator = self._scratch.div_(correction).add_(self.eps)
        flat.addcdiv_(average, denominator, value=(lr / (1 - self.beta1**self.steps)) * -1)


class SGD:
    """Stochastic gradient descent with momentum, as torch.optim.SGD(foreach=True)."""

    def __init__(self, flat: Tensor, momentum: float, nesterov: bool, weight_decay: float) -> None:
        self.momentum, self.nesterov, self.weight_decay = momentum, nesterov, weight_decay
        self.steps = 0
        self.slots = {"momentum_buffer": torch.zeros_like(flat)} if momentum else {}

    def step(self, flat: Tensor, gradient: Tensor, lr: float) -> None:
        """Update `flat` in place; `gradient` may be overwritten."""
        self.steps += 1
        if self.weight_decay:
            gradient.add_(flat, alpha=self.weight_decay)
        if self.momentum:
            buffer = self.slots["momentum_buffer"]
            if self.steps == 1:
                buffer.copy_(gradient)  # torch.optim starts the buffer with the first gradient
            else:
                buffer.mul_(self.momentum).add_(gradient)
            gradient = gradient.add_(buffer, alpha=self.momentum) if self.nesterov else buffer
        flat.add_(gradient, alpha=-lr)


def build(spec: Mapping[str, Any], flat: Tensor) -> Adam | SGD:
    """Optimiser of a resolved specification."""
    decay = spec.get("weight_decay", 0.0)
    if spec["name"] == "adam":
        return Adam(flat, spec.get("beta1", 0.9), spec.get("beta2", 0.999), spec.get("eps", 1e-8), decay)
    return SGD(flat, spec.get("momentum", 0.0), spec.get("nesterov", False), decay)


def rates(spec: Mapping[str, Any], time: float, paper_epochs: int) -> dict[str, float]:
    """Learning rate (and Adam's beta1) at an epoch on the paper's clock."""
    lr = spec["lr"]
    start = spec.get("decay_start", 0)
    if spec["schedule"] == "linear" and time >= start:
        lr = lr * (paper_epochs - time) / (paper_epochs - start)
    elif spec["schedule"] == "steps":
        lr = lr * spec.get("factor", 0.1) ** sum(time >= m for m in spec["milestones"])
    out = {"lr": lr}
    if spec["name"] == "adam":
        after = spec.get("beta1_after")
        out["beta1"] = after if after is not None and time >= start else spec.get("beta1", 0.9)
    return out
