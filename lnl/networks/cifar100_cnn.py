"""The CIFAR-100 CNN of S2E and Co-teaching+.

S2E's Table 2 prints 196 channels for the last convolution, which does not fit the 256 inputs of its dense layer; the
released code has 16, and 16 x 4 x 4 = 256 does.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network

WIDTHS = (64, 64, 128, 128, 196, 16)


class Cifar100CNN(Network):
    """Three times (conv 3x3, batch norm, ReLU) twice and a pooling, then one dense layer; 541,280 parameters."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 8:
            raise UserError(f"network 'cifar100_cnn' needs images of at least 8 x 8, not {height} x {width}")
        inputs = (channels, *WIDTHS[:-1])
        self.convs = nn.ModuleList([nn.Conv2d(n, m, 3, padding=1) for n, m in zip(inputs, WIDTHS, strict=True)])
        self.norms = nn.ModuleList([BatchNorm2d(m) for m in WIDTHS])
        self.fc = nn.Linear(WIDTHS[-1] * (height // 8) * (width // 8), classes)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = F.relu(norm(conv(x)))
            if index % 2:
                x = F.max_pool2d(x, 2)
        logits: Tensor = self.fc(x.flatten(1))
        return logits
