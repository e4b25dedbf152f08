"""The MLP of Pumpout on NEWS (Table 3; appendix B puts batch norm before softsign)."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.layers import BatchNorm1d
from lnl.networks.network import Network


class SoftsignMLP(Network):
    """Twice (dense, batch norm, softsign), then dense; 182,402 parameters from 300 numbers to two classes.

    An input of any shape is flattened. Dense layers keep torch's default initial values, of which Pumpout says nothing.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(math.prod(shape), hidden)
        self.norm1 = BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.norm2 = BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, classes)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.softsign(self.norm1(self.fc1(x.flatten(1))))
        x = F.softsign(self.norm2(self.fc2(x)))
        logits: Tensor = self.fc3(x)
        return logits
