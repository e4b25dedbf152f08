"""An exponential average of a network's weights, by which it is evaluated (IEG and its baselines, as released).

The average follows faster at the beginning: after n updates it keeps (1 + n) / (10 + n) of itself, and never more than
`most`; or it keeps `most` from the first on, as MixMatch has it. It is of all parameters, and of nothing else: with it
go the running statistics of batch norm as the network has them. How many updates there were is a number on the device,
so that no GPU is waited for, and a recorded step counts as any other. A method keeps what `begun` makes among its
`initial_state`, calls `follow` behind each update, and has `learner.call` predict at the average, with batch norm
frozen.
"""

from __future__ import annotations

import torch
from torch import Tensor

MOST = 0.999


def decay(step: Tensor, most: float = MOST, rises: bool = True) -> Tensor:
    """Part of itself that an average keeps at update number `step`, counted from 1: a number on the device."""
    return ((1 + step) / (10 + step)).clamp(max=most) if rises else torch.full((), most, device=step.device)


def updated(average: Tensor, current: Tensor, step: Tensor, most: float = MOST, rises: bool = True) -> Tensor:
    """The average after update number `step`, of the weights `current` that the update ended with; any shape."""
    return average + (1 - decay(step, most, rises)) * (current - average)


def begun(weights: Tensor) -> dict[str, Tensor]:
    """State of an average that begins at `weights`, for a method's `initial_state`."""
    start = weights.detach()
    return {"average": start.clone(), "averaged": torch.zeros((), dtype=torch.int64, device=start.device)}


def follow(state: dict[str, Tensor], weights: Tensor, most: float = MOST, rises: bool = True) -> None:
    """Let the average in `state`, as `begun` made it, follow the weights of the update that was just made, in place."""
    with torch.no_grad():
        state["averaged"].add_(1)
        state["average"].copy_(updated(state["average"], weights, state["averaged"], most, rises))
