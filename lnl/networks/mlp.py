"""The MLP of S2E and Co-teaching+ on MNIST (S2E, Table 2), and its narrower sister for 8 x 8 digits."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.network import Network


class MLP(Network):
    """Flattened image -> hidden -> ReLU -> classes. `layers` holds the dense layers in order, a ReLU between two."""

    linear = True

    def __init__(self, shape: tuple[int, int, int], classes: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(math.prod(shape), hidden), nn.Linear(hidden, classes)])

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        first, last = self.layers
        hidden: Tensor = first(x.flatten(1))
        logits: Tensor = last(F.relu(hidden))
        return logits
