"""The layers of a network in the words of the papers' tables, found by running it and watching the calls."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from lnl.networks import build

_JOINS = {"batch_norm": " BN", "leaky_relu": " LReLU", "relu": " ReLU", "softsign": " Softsign"}


class _Watch(TorchFunctionMode):
    """Writes down each layer-like call in order; an activation or batch norm joins the line of its layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __torch_function__(self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if function in (F.conv2d, torch.conv2d):
            out, _, height, width = args[1].shape
            self.lines.append(f"{height}×{width} conv, {out}")
        elif function in (F.linear, torch._C._nn.linear):
            self.lines.append(f"dense {args[1].shape[1]}→{args[1].shape[0]}")
        elif name in _JOINS and self.lines:
            word = _JOINS[name]
            if not self.lines[-1].endswith(word):  # F.relu calls torch.relu: one activation, two calls
                self.lines[-1] += word
        elif name in ("max_pool2d", "boolean_dispatch", "_max_pool2d"):
            size = kwargs.get("kernel_size", args[1] if len(args) > 1 else 2)
            line = f"{size}×{size} max-pool, stride {size}"
            if isinstance(size, int) and self.lines[-1:] != [line]:
                self.lines.append(line)
        elif name in ("mean", "adaptive_avg_pool2d") and args[0].dim() == 4:
            self.lines.append("avg-pool")
        elif name in ("mul", "__mul__") and _drops_channels(args):
            self.lines.append(f"dropout, p = {1 - 1 / float(args[1].max()):.2f}")
        return function(*args, **kwargs)


def _drops_channels(args: tuple[Any, ...]) -> bool:
    """Channel-wise scaling [B, C, 1, 1] above one: what dropout does to the channels that it keeps."""
    if len(args) < 2 or not isinstance(args[1], torch.Tensor) or args[1].dim() != 4:
        return False
    return tuple(args[1].shape[2:]) == (1, 1) and float(args[1].max()) > 1


def layers(name: str, shape: tuple[int, ...], classes: int, **options: str) -> list[str]:
    """Lines such as "3×3 conv, 128 BN LReLU" of a network for images of `shape` (C, H, W), the input line first.

    An image of height 1 is a vector of features: "300-D Embedding".
    """
    network = build(name, shape, classes, **options)  # type: ignore[arg-type]
    network.eval()
    channels, height, width = shape
    keep_all = torch.ones(1, network.random_width) if network.random_width else None
    with torch.no_grad(), _Watch() as watch:
        network(torch.zeros(1, *shape), keep_all)
    image = f"{height}×{width} {'Gray' if channels == 1 else 'RGB'} Image"
    return [f"{width}-D Embedding" if height == 1 else image, *watch.lines]


def parameters(name: str, shape: tuple[int, ...], classes: int, **options: str) -> int:
    """Number of trainable parameters."""
    network = build(name, shape, classes, **options)  # type: ignore[arg-type]
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
