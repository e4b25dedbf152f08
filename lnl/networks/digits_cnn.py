"""A small convolutional network with batch norm for 8 x 8 digits: the stand-in for the papers' CNNs at small scales."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network


class DigitsCNN(Network):
    """Twice (conv 3x3, batch norm, ReLU, pool) with 16 and 32 channels, then one dense layer; 4 x 4 and above."""

    taps = ("norm1", "norm2")

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 4:
            raise UserError(f"network 'digits_cnn' needs images of at least 4 x 4, not {height} x {width}")
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1)
        self.norm1 = BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.norm2 = BatchNorm2d(32)
        self.fc = nn.Linear(32 * (height // 4) * (width // 4), classes)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        logits: Tensor = self.fc(x.flatten(1))
        return logits
