"""The small CNN of S2E and Co-teaching+ on CIFAR-10 (S2E, Table 2): no batch norm, no dropout. Of this suite: the same
with batch norm, for protocols whose rate the first one does not bear."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm1d, BatchNorm2d
from lnl.networks.network import Network


def _left(side: int) -> int:
    """What two rounds of an unpadded 5 x 5 convolution and a halving leave of a side: 32 -> 5, 28 -> 4."""
    return ((side - 4) // 2 - 4) // 2


class SmallCNN(Network):
    """conv 5x5 (6), pool, conv 5x5 (16), pool, then dense 120, 84 and classes; 62,006 parameters on CIFAR-10.

    norm: 1 for batch norm before every ReLU; 62,458 then.
    """

    taps = ("conv2", "fc1")  # before any batch norm: an affine map, which RoG's Gaussians follow but for their cuts

    def __init__(self, shape: tuple[int, int, int], classes: int, norm: int = 0) -> None:
        super().__init__()
        channels, height, width = shape
        if min(_left(height), _left(width)) < 1:
            raise UserError(f"the small CNN needs images of at least 16 x 16, not {height} x {width}; try digits_cnn")
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * _left(height) * _left(width), 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)
        self.norm1, self.norm2 = (BatchNorm2d(n) if norm else nn.Identity() for n in (6, 16))
        self.norm3, self.norm4 = (BatchNorm1d(n) if norm else nn.Identity() for n in (120, 84))

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = F.relu(self.norm3(self.fc1(x.flatten(1))))
        x = F.relu(self.norm4(self.fc2(x)))
        logits: Tensor = self.fc3(x)
        return logits
