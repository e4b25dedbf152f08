"""What the engine may ask of a network."""

from __future__ import annotations

from torch import Tensor, nn

from lnl.errors import UserError


class Network(nn.Module):
    """forward(x [B, C, H, W] in 0..1, uniform [B, random_width] in [0, 1) or None) -> logits [B, K].

    A network draws nothing itself: what it needs (dropout) comes in as `uniform`. It runs under
    torch.func.functional_call, vmap and jvp, and has no Python branch on a tensor's value.
    """

    random_width: int = 0  # uniform numbers per example that forward needs in training; 0: none
    random_at_test: bool = False  # whether it needs them at test as well (dropout that is never switched off)
    taps: tuple[str, ...] = ()  # modules whose outputs are features beside what the last dense layer sees (taps.py)
    linear: bool = False  # `layers`: all its parameters, dense layers with biases in order, a ReLU between two

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        raise NotImplementedError  # declared for its type; nn.Module has no abstract forward


def large_enough(name: str, shape: tuple[int, int, int], side: int) -> None:
    """UserError for images of `shape` (C, H, W) that are smaller than `side` x `side`, which network `name` needs."""
    _, height, width = shape
    if min(height, width) < side:
        raise UserError(f"network '{name}' needs images of at least {side} x {side}, not {height} x {width}")
