"""What the networks of a run compute: logits and features, at their own parameters or at others, and derivatives."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.func import functional_call, jvp

from lnl.engine.population import Population
from lnl.networks.layers import batch_norm_mode
from lnl.networks.taps import tapped


class Forwards:
    """The part of a learner that passes images through networks and derives what comes out."""

    def __init__(self, population: Population) -> None:
        self.population = population

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

    def gradient(self, loss: Tensor, keep: bool = False) -> Tensor:
        """Gradient [..., networks, P] of the sum of `loss`; valid until the next call, unless it is to be kept."""
        gradient = self.population.gradient(loss)
        return gradient.clone() if keep else gradient

    def jvp(self, f: Callable[[Tensor], Tensor], n: int, tangent: Tensor) -> tuple[Tensor, Tensor]:
        """f and its derivative in direction `tangent` [P] at network n's parameters, in one forward-mode pass."""
        return jvp(f, (self.vector(n),), (tangent,))  # type: ignore[return-value]

    def features(self, x: Tensor, n: int = 0) -> Tensor:
        """What network n's last linear layer sees, [B, width], with frozen batch norm."""
        return self.layers(x, n)[-1]

    def layers(self, x: Tensor, n: int = 0) -> list[Tensor]:
        """Features [B, width] of network n's layers that it names itself (`taps`), and at last those that its last
        linear layer sees, with frozen batch norm (RoG fits to them)."""
        with torch.no_grad(), batch_norm_mode("frozen"):
            return tapped(self._single().modules[n], x)

    def _single(self) -> Population:
        if not self.population.modules:
            raise TypeError("a method with a step of its own runs in single mode")
        return self.population
