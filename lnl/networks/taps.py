"""Features of several layers of a network, for what is fitted behind its training.

A network names modules whose outputs it offers, `taps`, in order. Nothing watches them in training or evaluation: they
are looked at by hooks that are there for one pass.
"""

from __future__ import annotations

from torch import Tensor, nn


def tapped(network: nn.Module, x: Tensor) -> list[Tensor]:
    """Features [B, width] of images x [B, C, H, W]: of every tap, means over places where its output has some; and at
    last what the network's last dense layer sees. Of a network without taps that alone."""
    modules = [network.get_submodule(name) for name in getattr(network, "taps", ())]
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    seen: dict[int, Tensor] = {}

    def keep(number: int, out: Tensor) -> None:
        seen[number] = out.detach().flatten(2).mean(-1) if out.dim() > 2 else out.detach()

    hooks = [
        module.register_forward_hook(lambda _, inputs, out, number=number: keep(number, out))
        for number, module in enumerate(modules)
    ]
    hooks.append(last.register_forward_pre_hook(lambda _, inputs: keep(len(modules), inputs[0])))
    try:
        network(x, None)
    finally:
        for hook in hooks:
            hook.remove()
    return [seen[number] for number in range(len(hooks))]
