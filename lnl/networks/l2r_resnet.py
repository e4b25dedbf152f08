"""The residual networks of Learning to Reweight on CIFAR, as its released code has them: ResNet-32 and WRN-28-10.

Pre-activation (He et al., "Identity Mappings in Deep Residual Networks", 2016), with what that code does otherwise: no
unit of the first stage has batch norm and ReLU before its first convolution (a flag is set for the first and never
taken back); shortcuts have no parameters (average pooling, zero channels on both sides); batch norm has no scale, keeps
0.999 of its running statistics and adds 0.001 to the variance. The wide one has dropout between batch norm and ReLU and
the first convolution, so that its first stage has none; the usual one has it between the convolutions of every unit.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d, dropout
from lnl.networks.network import Network

RATE = 0.3  # of the wide network's dropout


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

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        """uniform: one number [B] for each image, where there is dropout."""
        branch = x if self.norm1 is None else F.relu(self.norm1(x))
        if uniform is not None:
            branch = dropout(branch, uniform, RATE)
        branch = self.conv2(F.relu(self.norm2(self.conv1(branch))))
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        if self.added:
            x = F.pad(x, (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return branch + x


class L2RResNet(Network):
    """conv 3x3 (16), batch norm, ReLU, three stages of `units`, batch norm, ReLU, global average, dense, on inputs in
    [-1, 1]. The first stage has `width` channels; the second and third begin with half the side and have twice the
    channels. On CIFAR-10 462,954 parameters with five units from 16 channels, 36,211,178 with four from 160."""

    def __init__(self, shape: tuple[int, int, int], classes: int, units: int, width: int) -> None:
        super().__init__()
        channels, height, side = shape
        if min(height, side) < 8 or height % 4 or side % 4:
            raise UserError(
                f"the residual networks of Learning to Reweight need images of 8 x 8 or more, sides a multiple of 4, "
                f"not {height} x {side}; try digits_cnn"
            )
        inputs = 16
        self.conv, self.norm, self.units = _conv(channels, inputs), _norm(inputs), nn.ModuleList()
        for stage, outputs in enumerate((width, 2 * width, 4 * width)):
            for number in range(units):
                self.units.append(Unit(inputs, outputs, 2 if stage and not number else 1, activated=stage > 0))
                inputs = outputs
        self.last = _norm(inputs)
        self.fc = nn.Linear(inputs, classes)
        bound = math.sqrt(3 / inputs)  # TensorFlow's uniform unit scaling
        nn.init.uniform_(self.fc.weight, -bound, bound)
        nn.init.zeros_(self.fc.bias)
        # one number for each image and unit that drops out: what it zeroes follows from that number
        self.random_width = 2 * units if width > 16 else 0

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.relu(self.norm(self.conv(2 * x - 1)))
        first = len(self.units) // 3
        for number, unit in enumerate(self.units):
            drops = uniform is not None and self.random_width and number >= first
            x = unit(x, uniform[:, number - first] if drops and uniform is not None else None)
        logits: Tensor = self.fc(F.relu(self.last(x)).mean(dim=(2, 3)))
        return logits
