"""Linear networks (dense layers, ReLUs between them) as explicit matrix products, for one run or for several.

All networks of all runs are one program: whatever works element by element is one operation for all of them, and the
gradient is written where the optimiser reads it. On a CPU every network keeps its own matrix products, which makes its
numbers the same bits wherever it stands in a stack, and alone; on a GPU, where starting a product costs more than the
product, they are batched.

    forward     h_0 = x,  h_l = relu(h_{l-1} W_l^T + b_l),  logits without relu
    backward    dW_l = g_l^T h_{l-1},  db_l = sum over the batch of g_l,  g_{l-1} = (g_l W_l) where h_{l-1} > 0
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from lnl.engine.population import Population, vector

_relu_backward = torch.ops.aten.threshold_backward.grad_input


def batched(flat: Tensor) -> bool:
    """Whether the products of several networks on this device are batched into one operation."""
    return flat.is_cuda


class Dense(Population):
    """The networks of a run (`stacked` False, lead (networks,)) or of a stack of runs (lead (runs, networks))."""

    def __init__(
        self,
        modules: Sequence[Sequence[nn.Module]],
        own: Sequence[Sequence[dict[str, Tensor]]],
        device: torch.device,
        stacked: bool,
    ) -> None:
        first = modules[0][0]
        self.lead = (len(modules), len(modules[0])) if stacked else (len(modules[0]),)
        self.describe(first, own[0][0])
        rows = [vector(m, o) for ms, os in zip(modules, own, strict=True) for m, o in zip(ms, os, strict=True)]
        self.flat = torch.stack(rows).view(*self.lead, -1).to(device)
        self.buffers = {}
        self.modules = [] if stacked else [module.to(device) for module in modules[0]]
        for module, row in zip(self.modules, self.flat if self.modules else (), strict=True):
            self.bind(module, self.unflatten(row))
        self._sizes = [layer.weight.shape for layer in first.layers]  # type: ignore[union-attr]
        expected = [s for size in self._sizes for s in (size, size[:1])]
        if [s for name, s in self.shapes.items() if not name.startswith("method.")] != expected:
            raise TypeError(f"{type(first).__name__} is declared linear but has more than weights and biases of layers")
        self._leaf = self.flat.detach().requires_grad_()
        self._parameters = _Layers(self.flat, self._sizes)
        self._gradients: list[tuple[Tensor, _Layers]] = []
        self._backwards = 0  # since the last gradient

    def forward(self, x: Tensor, uniform: Tensor | None, batch_norm: str) -> Tensor:
        inputs = x.flatten(-3)
        if x.dim() > 4:  # every run has its own batch, its networks share it
            inputs = inputs.unsqueeze(1)
        out: Tensor = _Products.apply(self._leaf, inputs.expand(*self.lead, *inputs.shape[-2:]), self)
        return out

    def along(self, x: Tensor, uniform: Tensor | None, direction: Tensor, batch_norm: str) -> tuple[Tensor, Tensor]:
        logits = self.forward(x, uniform, batch_norm)  # once more below: products keep what only a backward pass sees
        with torch.no_grad():
            inputs, tangent = x.flatten(-3).expand(*self.lead, *x.flatten(-3).shape[-2:]), None
            layers = [p for name, p in self.unflatten(direction).items() if not name.startswith("method.")]
            held = [rows.whole for rows in self.products(inputs)]
            weights = [p for name, p in self.unflatten(self.flat).items() if not name.startswith("method.")]
            for layer, (h, above) in enumerate(pairwise(held)):
                moved = h @ layers[2 * layer].mT + layers[2 * layer + 1].unsqueeze(-2)
                if tangent is not None:
                    moved += tangent @ weights[2 * layer].mT
                tangent = moved * (above > 0) if layer < len(self._sizes) - 1 else moved
        assert tangent is not None
        return logits, tangent

    def own(self, name: str) -> Tensor:
        return self.unflatten(self._leaf)[f"method.{name}"]

    def gradient(self, loss: Tensor) -> Tensor:
        self._backwards = 0
        return torch.autograd.grad(loss.sum(), self._leaf)[0]

    def products(self, x: Tensor) -> list[_Rows]:
        """Input of every layer and the logits, each [*lead, B, width]."""
        held = [_Rows(x)]
        for layer, (width, _) in enumerate(self._sizes):
            out = _Rows(x.new_empty(*x.shape[:-1], width))
            self._parameters.affine(layer, held[-1], out)
            if layer < len(self._sizes) - 1:
                out.whole.clamp_min_(0)
            held.append(out)
        return held

    def backward(self, held: list[_Rows], upstream: Tensor, of_images: bool) -> tuple[Tensor, Tensor | None]:
        """Gradient [*lead, P], and that of the images [*lead, B, pixels] if it is asked for.

        held: every layer's input. upstream: gradient of the logits [*lead, B, K].
        """
        flat, views = self._buffer()
        above = _Rows(upstream)
        for layer in reversed(range(len(self._sizes))):
            views.collect(layer, above, held[layer])
            if layer or of_images:
                below = _Rows(upstream.new_empty(held[layer].whole.shape))
                self._parameters.propagate(layer, above, below)
                if layer:
                    _relu_backward(below.whole, held[layer].whole, 0, grad_input=below.whole)
                above = below
        return flat, above.whole if of_images else None

    def _buffer(self) -> tuple[Tensor, _Layers]:
        """Where a gradient goes: a buffer of its own for every forward pass that a loss was made of."""
        if self._backwards == len(self._gradients):
            flat = torch.zeros_like(self.flat)
            self._gradients.append((flat, _Layers(flat, self._sizes)))
        self._backwards += 1
        flat, views = self._gradients[self._backwards - 1]
        flat[..., views.end :].zero_()  # the method's own parameters get theirs elsewhere, and optimisers write here
        return flat, views


class _Rows:
    """A tensor [*lead, B, width], as the products want it."""

    def __init__(self, whole: Tensor) -> None:
        self.whole = whole

    @cached_property
    def each(self) -> list[Tensor]:
        """[B, width] of every network, without a copy whether contiguous or not."""
        if self.whole.is_contiguous():
            return list(self.whole.flatten(0, -3).unbind(0))
        runs = [self.whole] if self.whole.dim() == 3 else self.whole.unbind(0)
        return [mine for run in runs for mine in run.unbind(0)]

    @cached_property
    def batched(self) -> Tensor:
        """[all networks, B, width]; a copy where networks share what they see."""
        return self.whole.flatten(0, -3)


class _Layers:
    """A buffer [..., P] seen as weights and biases by layer, and the products that read or fill it."""

    def __init__(self, flat: Tensor, sizes: Sequence[torch.Size]) -> None:
        rows, start = flat.view(-1, flat.shape[-1]), 0
        self._batched = batched(flat)
        self._weights, self._biases, self._added = [], [], []
        for width, inputs in sizes:
            self._weights.append(rows[:, start : start + width * inputs].unflatten(-1, (width, inputs)))
            start += width * inputs
            self._biases.append(rows[:, start : start + width])
            self._added.append(flat[..., None, start : start + width])
            start += width
        self.end = start
        self._each = [(w.unbind(0), w.mT.unbind(0)) for w in self._weights]

    def affine(self, layer: int, x: _Rows, out: _Rows) -> None:
        """out = x W^T + b."""
        if self._batched:
            bias = self._biases[layer].unsqueeze(1)
            torch.baddbmm(bias, x.batched, self._weights[layer].mT, out=out.batched)
            return
        for w, mine, result in zip(self._each[layer][1], x.each, out.each, strict=True):
            torch.mm(mine, w, out=result)
        out.whole.add_(self._added[layer])

    def collect(self, layer: int, upstream: _Rows, x: _Rows) -> None:
        """W = upstream^T x, b = sum over the batch."""
        torch.sum(upstream.batched, 1, out=self._biases[layer])
        if self._batched:
            torch.bmm(upstream.batched.mT, x.batched, out=self._weights[layer])
            return
        transposed = upstream.batched.mT.unbind(0)
        for w, g, mine in zip(self._each[layer][0], transposed, x.each, strict=True):
            torch.mm(g, mine, out=w)

    def propagate(self, layer: int, upstream: _Rows, out: _Rows) -> None:
        """out = upstream W."""
        if self._batched:
            torch.bmm(upstream.batched, self._weights[layer], out=out.batched)
            return
        for w, g, result in zip(self._each[layer][0], upstream.each, out.each, strict=True):
            torch.mm(g, w, out=result)


class _Products(torch.autograd.Function):
    """All layers as one node of the graph."""

    @staticmethod
    def forward(ctx: Any, leaf: Tensor, x: Tensor, population: Dense) -> Tensor:
        *held, logits = population.products(x)
        ctx.population, ctx.held = population, held
        ctx.save_for_backward(leaf)  # so that autograd notices an optimiser's step before the backward pass
        return logits.whole

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None, None]:
        _ = ctx.saved_tensors
        return *ctx.population.backward(ctx.held, upstream[0], ctx.needs_input_grad[1]), None
