"""ResNet-32 for small images: He et al., "Deep Residual Learning for Image Recognition", 2016, section 4.2, n = 5.

torchvision and timm have the wider networks for ImageNet only. Pumpout names ResNet-32 and no more: the shortcut is
decision resnet32_shortcut. Initial values are torch's defaults, as in every network here; He et al. draw from a normal
distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network

WIDTHS = (16, 32, 64)  # channels of the three stages; each begins with half the side of the one before
BLOCKS = 5  # of two convolutions each in every stage: 1 + 3 * 5 * 2 + 1 = 32 layers


class Block(nn.Module):
    """Two convolutions 3 x 3 with batch norm, added to their input before the last ReLU.

    Where size and width change: `identity` takes every second place and fills the new channels with zeros (option A,
    no parameters), `projection` is a convolution 1 x 1 with batch norm (option B).
    """

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm1 = BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm2 = BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs
        self.shortcut: nn.Module | None = None
        if shortcut == "projection" and (stride > 1 or self.added):
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        branch = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        if self.shortcut is not None:
            x = self.shortcut(x)
        elif self.stride > 1 or self.added:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
        return F.relu(branch + x)


class ResNet(Network):
    """conv 3x3, stages of blocks, global average, dense. stages: (channels, blocks) of each; all but the first begin
    with half the side. UserError for images smaller than 8 x 8."""

    def __init__(
        self, name: str, shape: tuple[int, int, int], classes: int, stages: Sequence[tuple[int, int]], shortcut: str
    ) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 8:
            raise UserError(f"network '{name}' needs images of at least 8 x 8, not {height} x {width}")
        inputs = stages[0][0]
        self.conv = nn.Conv2d(channels, inputs, 3, padding=1, bias=False)
        self.norm = BatchNorm2d(inputs)
        self.blocks = nn.ModuleList()
        for stage, (outputs, count) in enumerate(stages):
            for block in range(count):
                self.blocks.append(Block(inputs, outputs, 2 if stage and not block else 1, shortcut))
                inputs = outputs
        self.fc = nn.Linear(inputs, classes)
        of_last = len(self.blocks) - stages[-1][1]  # blocks of the last stage but its last, which the dense layer sees
        self.taps = tuple(f"blocks.{block}" for block in range(of_last, len(self.blocks) - 1))

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.relu(self.norm(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits


class ResNet32(ResNet):
    """conv 3x3 (16), three stages of five blocks, global average, dense; 464,154 parameters on CIFAR-10."""

    def __init__(self, shape: tuple[int, int, int], classes: int, shortcut: str) -> None:
        super().__init__("resnet32", shape, classes, [(width, BLOCKS) for width in WIDTHS], shortcut)
