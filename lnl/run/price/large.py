"""Large networks, whose steps would take half a minute to be counted by making one: a step is counted on a small one.

What a method's step is made of, forwards and backwards of its network, does not depend on the network. So it is counted
on a small network on small images, and every count is taken as many times as a plain step of the large network has of
it. That is counted without computing anything, on PyTorch's meta device. The share of a network's first layer, which
has no gradient of its input, is all that differs: within two in a hundred of what a step on the large network counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from lnl.learning.selection import cross_entropy
from lnl.networks import build
from lnl.networks.layers import batch_norm_mode
from lnl.run.price.kept import KeptForBackward

Shape = tuple[int, int, int]

LEAST_FLOPS = 1.5e8  # floating-point operations of a forward of one image, from which a network is large
#: On which steps are counted: many layers, of which the first is next to nothing.
COUNTED_ON, SIDE, CLASSES = "ieg_resnet29", 8, 10


class Operations(TorchDispatchMode):
    """Operations that a device would have to start."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.count += not func.is_view and not name.startswith(("empty", "_unsafe_view"))
        return func(*args, **(kwargs or {}))


class Plain(NamedTuple):
    """Counts of a plain network: forward, and forward and backward, of one image; operations that a step starts, bytes
    that it keeps for each image, and parameters."""

    forward: float
    training: float
    operations: float
    saved: float
    parameters: int


def plain(name: str, options: Mapping[str, str], shape: Shape, classes: int) -> Plain:
    """Counts of a network on images of a shape; nothing is computed."""
    return _plain(name, tuple(sorted(options.items())), shape, classes)


@cache
def _plain(name: str, options: tuple[tuple[str, str], ...], shape: Shape, classes: int) -> Plain:
    with torch.device("meta"):
        network = build(name, shape, classes, **dict(options))
        width = int(getattr(network, "random_width", 0))
        x, uniform = torch.empty(2, *shape), torch.empty(2, width) if width else None
        labels, weights = torch.empty(2, dtype=torch.int64), list(network.parameters())
        with torch.no_grad(), batch_norm_mode("frozen"), FlopCounterMode(display=False) as forward:
            network(x, uniform)
        with batch_norm_mode("batch"), FlopCounterMode(display=False) as both, Operations() as started:
            with KeptForBackward(weights) as kept:
                loss = cross_entropy(network(x, uniform), labels).mean()
            torch.autograd.grad(loss, weights)
    flops = forward.get_total_flops() / 2, both.get_total_flops() / 2
    return Plain(*flops, started.count, kept.most / 2, sum(weight.numel() for weight in weights))


def if_large(name: str, options: Mapping[str, str], shape: Shape, classes: int) -> Plain | None:
    """Counts of a large network; None of any other, and of one that cannot be counted so."""
    try:
        found = plain(name, options, shape, classes)
    except (NotImplementedError, RuntimeError, TypeError):  # it computes something on the host
        return None
    return found if found.forward > LEAST_FLOPS else None
