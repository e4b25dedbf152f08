"""The networks of a run as they are copied and handed over: weights and batch norm's statistics, by name.

"flat" [..., networks, P] has the networks' parameters, and behind them a method's own where it is a whole state that
was handed over, whose "own_parameters" counts those; "buffer.<name>" are batch norm's statistics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from lnl.engine.population import Population
from lnl.errors import UserError


def own_size(population: Population) -> int:
    """How many parameters are the method's own, of each network."""
    return sum(math.prod(s) for n, s in population.shapes.items() if n.startswith("method."))


def network_size(handed: dict[str, Tensor]) -> int:
    """Parameters of a network that was handed over, without those that its method had beside it."""
    return handed["flat"].shape[-1] - int(handed.get("own_parameters", 0))


def copied(population: Population) -> dict[str, Tensor]:
    """Copies on the device of what the networks are now, without the method's own parameters."""
    size = population.flat.shape[-1] - own_size(population)
    held = {f"buffer.{name}": tensor.clone() for name, tensor in population.buffers.items()}
    return {"flat": population.flat[..., :size].detach().clone(), **held}


def put(population: Population, handed: dict[str, Tensor]) -> None:
    """Make the networks what was handed over, in place; UserError where they are of another size."""
    size = population.flat.shape[-1] - own_size(population)  # the method's own parameters stand behind the network's
    theirs = network_size(handed)
    if theirs != size:
        raise UserError(
            f"a network of {size} parameters cannot begin with one of {theirs} that another cell "
            "handed over: they differ in architecture or in classes"
        )
    with torch.no_grad():
        population.flat[..., :size].copy_(handed["flat"][..., :size])
        for name, tensor in population.buffers.items():
            tensor.copy_(handed[f"buffer.{name}"])


@contextmanager
def set_aside(population: Population) -> Iterator[None]:
    """While the networks are others: what they were comes back at the end, whatever happens in between."""
    held = [population.flat, *population.buffers.values()]
    own = [tensor.clone() for tensor in held]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in zip(held, own, strict=True):
                tensor.copy_(before)
