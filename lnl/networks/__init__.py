"""Networks: their names and options (`registry`) and `build`, which makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lnl.networks.registry import resolve

if TYPE_CHECKING:
    from lnl.networks.network import Network


def build(name: str, shape: tuple[int, int, int], classes: int, **options: str) -> Network:
    """The network `name` for images of `shape` (C, H, W) and `classes` outputs, with PyTorch's default initialisation;
    `batch_norm_scale: uniform` has that of PyTorch up to 1.1 for the scales of batch norm (decision batch_norm_scale).

    Initial values come from torch's global generator: seed it before the call. UserError for an unknown name or option,
    and for images that are too small for the network. torch is imported here, not with this package.
    """
    import importlib

    info, chosen = resolve(name, options)
    scale = chosen.pop("batch_norm_scale", "ones")
    factory = getattr(importlib.import_module(info.module), info.factory)
    network: Network = factory(tuple(shape), classes, **dict(info.fixed), **chosen)
    if scale == "uniform":
        from lnl.networks.layers import draw_scales

        draw_scales(network)  # last, so that all other initial values are those of `ones`
    return network
