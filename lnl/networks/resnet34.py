"""ResNet-34 for small images: He et al., "Deep Residual Learning for Image Recognition", 2016, Table 1.

It begins as in CIFAR-N's code: with a convolution 3 x 3 of stride 1 and no pool, where for ImageNet there is one of
7 x 7 and stride 2, and a pool.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network
from lnl.networks.resnet32 import Block

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # channels and blocks; each but the first begins with half the side


class ResNet34(Network):
    """conv 3x3 (64), four stages of 3, 4, 6, 3 blocks, global average, dense; 21,282,122 parameters on CIFAR-10."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 8:
            raise UserError(f"network 'resnet34' needs images of at least 8 x 8, not {height} x {width}")
        inputs = STAGES[0][0]
        self.conv = nn.Conv2d(channels, inputs, 3, padding=1, bias=False)
        self.norm = BatchNorm2d(inputs)
        self.blocks = nn.ModuleList()
        for stage, (outputs, count) in enumerate(STAGES):
            for block in range(count):
                self.blocks.append(Block(inputs, outputs, 2 if stage and not block else 1, "projection"))
                inputs = outputs
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits
