"""The residual networks of Learning to Reweight on CIFAR, as its released code has them.

Pre-activation (He et al., "Identity Mappings in Deep Residual Networks", 2016), with what that code does otherwise: no
unit of the first stage has batch norm and ReLU before its first convolution (a flag is set for the first and never
taken back); shortcuts have no parameters (average pooling, zero channels on both sides); dropout stands before the
first convolution of a unit, in place of between the two, and so is absent in the first stage; batch norm has no scale,
keeps 0.999 of its running statistics and adds 0.001 to the variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d, dropout
from lnl.networks.network import Network

STEM = 16


def _norm(channels: int) -> BatchNorm2d:
    return BatchNorm2d(channels, momentum=0.001, eps=0.001, scale=False)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    std = math.sqrt(2 / (9 * outputs))
    nn.init.trunc_normal_(conv.weight, std=std, a=-2 * std, b=2 * std)
    return conv


class Unit(nn.Module):
    """(batch norm, ReLU, dropout,) convolution, batch norm, ReLU, convolution, added to the input as it came."""

    def __init__(self, inputs: int, outputs: int, stride: int, activated: bool) -> None:
        super().__init__()
        self.norm1 = _norm(inputs) if activated else None
        self.conv1 = _conv(inputs, outputs, stride)
        self.norm2 = _norm(outputs)
        self.conv2 = _conv(outputs, outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x: Tensor, uniform: Tensor | None, rate: float) -> Tensor:
        branch = x
        if self.norm1 is not None:
            branch = F.relu(self.norm1(x))
            if uniform is not None:
                branch = dropout(branch, uniform.view(branch.shape), rate)
        branch = self.conv2(F.relu(self.norm2(self.conv1(branch))))
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        if self.added:
            x = F.pad(x, (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return branch + x


class L2RResNet(Network):
    """conv 3x3 (16), batch norm, ReLU, three stages of units, batch norm, ReLU, global average, dense.

    stages: (channels, units); the second and third begin with half the side. dropout: its rate before the first
    convolution of a unit, one number for each of its inputs; 0 for none.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, stages: Sequence[tuple[int, int]], dropout: float
    ) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 8 or height % 4 or width % 4:
            raise UserError(
                f"Learning to Reweight's residual networks need images of 8 x 8 or more, sides a multiple of 4, not "
                f"{height} x {width}; try digits_cnn"
            )
        self.conv, self.norm = _conv(channels, STEM), _norm(STEM)
        self.units, self.rate, self._widths = nn.ModuleList(), dropout, []
        inputs, side = STEM, height * width
        for stage, (outputs, count) in enumerate(stages):
            for number in range(count):
                stride = 2 if stage and not number else 1
                self.units.append(Unit(inputs, outputs, stride, activated=stage > 0))
                self._widths.append(inputs * side if dropout and stage > 0 else 0)
                inputs, side = outputs, side // stride**2
        self.last = _norm(inputs)
        self.fc = nn.Linear(inputs, classes)
        bound = math.sqrt(3 / inputs)  # TensorFlow's uniform unit scaling
        nn.init.uniform_(self.fc.weight, -bound, bound)
        nn.init.zeros_(self.fc.bias)
        self.random_width = sum(self._widths)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x, used = F.relu(self.norm(self.conv(x))), 0
        for unit, width in zip(self.units, self._widths, strict=True):
            numbers = uniform[:, used : used + width] if uniform is not None and width else None
            x, used = unit(x, numbers, self.rate), used + width
        logits: Tensor = self.fc(F.relu(self.last(x)).mean(dim=(2, 3)))
        return logits


class L2RResNet32(L2RResNet):
    """Three stages of five units of 16, 32 and 64 channels."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__(shape, classes, [(16, 5), (32, 5), (64, 5)], 0.0)


class L2RWideResNet(L2RResNet):
    """WRN-28-10: three stages of four units of 160, 320 and 640 channels; 614,400 dropout numbers an image."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__(shape, classes, [(160, 4), (320, 4), (640, 4)], 0.3)
