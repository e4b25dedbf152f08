"""The networks of a run (single mode) or of several runs (stacked mode), their parameters in one flat buffer.

Single: one plain module per network, whose parameters are views of flat[n]. Stacked: one module's code, `vmap` of the
forward only, parameters [runs, networks, ...] as views of flat. Linear networks are the third kind (`dense`), for both
modes. Everywhere logits are [..., networks, B, K], and one autograd call on the summed loss gives the whole gradient.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.func import functional_call, vmap

from lnl.engine.arithmetic import computing
from lnl.networks.layers import batch_norm_mode


class Population(ABC):
    """What all of them share: a flat buffer [*lead, P], and a gradient of the same shape."""

    lead: tuple[int, ...]
    flat: Tensor
    shapes: dict[str, torch.Size]  # of one network, in the order of the buffer; the method's own parameters last
    buffers: dict[str, Tensor]  # batch-norm statistics by name, for the checkpoint
    modules: list[nn.Module]  # in single mode the networks one by one, their parameters views of flat; else empty
    random_width: int
    random_at_test: bool

    @abstractmethod
    def forward(self, x: Tensor, uniform: Tensor | None, batch_norm: str) -> Tensor:
        """Logits [*lead, B, K] of images x [..., B, C, H, W]."""

    def along(self, x: Tensor, uniform: Tensor | None, direction: Tensor, batch_norm: str) -> tuple[Tensor, Tensor]:
        """Logits [*lead, B, K], through which gradients flow as from `forward`, and their derivatives in `direction`
        [*lead, P], in one pass that computes both."""
        raise TypeError("a derivative along the parameters is taken in single mode")

    @abstractmethod
    def own(self, name: str) -> Tensor:
        """The method's own parameter [..., networks, *shape], as a tensor that gradients reach."""

    @abstractmethod
    def gradient(self, loss: Tensor) -> Tensor:
        """Gradient of the summed loss with respect to every parameter, [*lead, P]; valid until the next call."""

    def judged_together(self, images: int) -> int:
        """How many of so many images an evaluation passes through all networks at once."""
        return images

    def describe(self, module: nn.Module, own: dict[str, Tensor]) -> None:
        """What is the same for every network: shapes of its parameters, and the random numbers that it wants."""
        self.random_width = int(getattr(module, "random_width", 0))
        self.random_at_test = bool(getattr(module, "random_at_test", False))
        self.shapes = {name: p.shape for name, p in module.named_parameters()}
        self.shapes |= {f"method.{name}": tensor.shape for name, tensor in own.items()}

    def bind(self, module: nn.Module, views: dict[str, Tensor]) -> list[Tensor]:
        """Make the views the parameters of a module, and return them."""
        parameters: list[Tensor] = []
        for name, _ in list(module.named_parameters()):
            owner, _, leaf = name.rpartition(".")
            parameter = nn.Parameter(views[name])
            setattr(module.get_submodule(owner), leaf, parameter)
            parameters.append(parameter)
        return parameters

    def unflatten(self, vector: Tensor) -> dict[str, Tensor]:
        """Named views of a vector [..., P]: cut at once, since the gradient of one slice after another would be as
        many vectors of the full length."""
        pieces = vector.split([math.prod(shape) for shape in self.shapes.values()], -1)
        shaped = zip(self.shapes.items(), pieces, strict=True)
        return {name: piece.unflatten(-1, shape) if shape else piece.squeeze(-1) for (name, shape), piece in shaped}


def vector(module: nn.Module, own: dict[str, Tensor]) -> Tensor:
    """Parameters of one network and of the method beside it as one vector [P]."""
    return torch.cat([p.detach().cpu().reshape(-1) for p in (*module.parameters(), *own.values())])


class Single(Population):
    """One run: its networks as plain modules."""

    def __init__(
        self,
        modules: Sequence[nn.Module],
        own: Sequence[dict[str, Tensor]],
        device: torch.device,
        arithmetic: str = "faithful",
    ) -> None:
        self._arithmetic = arithmetic
        self.describe(modules[0], own[0])
        self.lead = (len(modules),)
        self.flat = torch.stack([vector(module, o) for module, o in zip(modules, own, strict=True)]).to(device)
        self.modules = [module.to(device) for module in modules]
        self._gradient = torch.empty_like(self.flat)
        self._leaves: list[Tensor] = []
        self._own: list[dict[str, Tensor]] = []
        for n, module in enumerate(self.modules):
            views = self.unflatten(self.flat[n])
            self._leaves += self.bind(module, views)
            mine = {k.removeprefix("method."): v.requires_grad_() for k, v in views.items() if k.startswith("method.")}
            self._leaves += mine.values()
            self._own.append(mine)
        self.buffers = {f"{n}.{k}": b for n, module in enumerate(self.modules) for k, b in module.named_buffers()}

    def forward(self, x: Tensor, uniform: Tensor | None, batch_norm: str) -> Tensor:
        with batch_norm_mode(batch_norm), computing(self._arithmetic, x) as x:
            out = [m(x, None if uniform is None else uniform[n]) for n, m in enumerate(self.modules)]
        return (torch.stack(out) if len(out) > 1 else out[0].unsqueeze(0)).to(self.flat.dtype)

    def along(self, x: Tensor, uniform: Tensor | None, direction: Tensor, batch_norm: str) -> tuple[Tensor, Tensor]:
        values, slopes = [], []
        with forward_ad.dual_level(), batch_norm_mode(batch_norm), computing(self._arithmetic, x) as x:
            for n, module in enumerate(self.modules):
                tangents = self.unflatten(direction[n])
                named = {name: forward_ad.make_dual(p, tangents[name]) for name, p in module.named_parameters()}
                out = functional_call(module, named, (x, None if uniform is None else uniform[n]))
                value, slope = forward_ad.unpack_dual(out)
                values.append(value.to(self.flat.dtype))
                slopes.append(slope.detach().to(self.flat.dtype))
        return torch.stack(values), torch.stack(slopes)

    def own(self, name: str) -> Tensor:
        return torch.stack([mine[name] for mine in self._own])

    def gradient(self, loss: Tensor) -> Tensor:
        gradients = torch.autograd.grad(loss.sum(), self._leaves)
        torch.cat([g.reshape(-1) for g in gradients], out=self._gradient.view(-1))
        return self._gradient


class Stacked(Population):
    """Several runs of one architecture as one program."""

    def __init__(
        self,
        modules: Sequence[Sequence[nn.Module]],
        own: Sequence[Sequence[dict[str, Tensor]]],
        device: torch.device,
        arithmetic: str = "faithful",
    ) -> None:
        self._arithmetic = arithmetic
        self.describe(modules[0][0], own[0][0])
        self.lead = (len(modules), len(modules[0]))
        rows = [vector(m, o) for ms, os in zip(modules, own, strict=True) for m, o in zip(ms, os, strict=True)]
        self.flat = torch.stack(rows).view(*self.lead, -1).to(device)
        self.modules = []
        self.buffers = {
            name: torch.stack([torch.stack([dict(m.named_buffers())[name] for m in ms]) for ms in modules]).to(device)
            for name, _ in modules[0][0].named_buffers()
        }
        self._code = modules[0][0].to(device)
        self._names = [name for name, _ in self._code.named_parameters()]
        self._gradient = torch.empty_like(self.flat)
        self._views = {name: view.requires_grad_() for name, view in self.unflatten(self.flat).items()}

    def judged_together(self, images: int) -> int:
        """On a GPU fewer of them the more networks there are: batches of 2,000 through forty networks take ten times
        the memory of their training. On a CPU all, whose numbers stay as they are."""
        return images if self.flat.device.type == "cpu" else max(1, min(images, 4 * images // math.prod(self.lead)))

    def forward(self, x: Tensor, uniform: Tensor | None, batch_norm: str) -> Tensor:
        parameters = {name: self._views[name] for name in self._names}

        def call(p: dict[str, Tensor], b: dict[str, Tensor], images: Tensor, u: Tensor | None) -> Tensor:
            out: Tensor = functional_call(self._code, (p, b), (images, u))
            return out

        random = None if uniform is None else 0
        shared = x.dim() == 4  # test images are the same for every run
        over_networks = vmap(call, in_dims=(0, 0, None, random))
        over_runs = vmap(over_networks, in_dims=(0, 0, None if shared else 0, random))
        with batch_norm_mode(batch_norm), computing(self._arithmetic, x) as x:
            out: Tensor = over_runs(parameters, self.buffers, x, uniform)
        return out.to(self.flat.dtype)

    def own(self, name: str) -> Tensor:
        return self._views[f"method.{name}"]

    def gradient(self, loss: Tensor) -> Tensor:
        gradients = torch.autograd.grad(loss.sum(), list(self._views.values()))
        torch.cat([g.reshape(*self.lead, -1) for g in gradients], dim=-1, out=self._gradient)
        return self._gradient
