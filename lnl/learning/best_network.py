"""The network that was best on the examples that validate, kept beside the one that trains.

A method keeps what `begun` makes among its `initial_state`, and calls `keep` from `validated`. Nothing waits for the
device: both networks are copied, by a number that stays there.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from lnl.errors import UserError

BEST = "best."  # before the names of its tensors in a method's state


class Networks(Protocol):
    """A learner that hands out copies of its networks."""

    def networks(self) -> dict[str, Tensor]:
        """Tensors by name."""
        ...


def begun(learner: Networks, validates: bool, method: str) -> dict[str, Tensor]:
    """State of a method that has seen no validation yet; UserError where no examples validate."""
    if not validates:
        raise UserError(
            f"{method} takes the network that is best on examples that validate, and this training has none; "
            "set hold_out: 0.1, or pruned_by: present"
        )
    now = learner.networks()
    below = torch.full((), -1.0, device=now["flat"].device)
    return {f"{BEST}{name}": tensor for name, tensor in now.items()} | {"best_accuracy": below}


def keep(state: dict[str, Tensor], learner: Networks, accuracy: Tensor) -> None:
    """Take over the network of now where its accuracy [1] is above that of the one that is kept, in place."""
    score = accuracy.mean()
    better = score > state["best_accuracy"]
    for name, tensor in learner.networks().items():
        kept = state[f"{BEST}{name}"]
        kept.copy_(torch.where(better, tensor, kept))
    state["best_accuracy"].copy_(torch.maximum(score, state["best_accuracy"]))


def kept(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the network that is kept, by their own names."""
    return {name.removeprefix(BEST): tensor for name, tensor in state.items() if name.startswith(BEST)}
