"""The ResNet-32 of Learning to Reweight under background flips, as its released code has it.

Pre-activation (He et al., "Identity Mappings in Deep Residual Networks", 2016), with what that code does otherwise: no
unit of the first stage has batch norm and ReLU before its first convolution (a flag is set for the first and never
taken back); shortcuts have no parameters (average pooling, zero channels on both sides); batch norm has no scale, keeps
0.999 of its running statistics and adds 0.001 to the variance.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network

WIDTHS = (16, 32, 64)  # channels of the three stages
UNITS = 5  # of two convolutions each in every stage


def _norm(channels: int) -> BatchNorm2d:
    return BatchNorm2d(channels, momentum=0.001, eps=0.001, scale=False)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    std = math.sqrt(2 / (9 * outputs))
    nn.init.trunc_normal_(conv.weight, std=std, a=-2 * std, b=2 * std)
    return conv


class Unit(nn.Module):
    """(batch norm, ReLU,) convolution, batch norm, ReLU, convolution, added to the input as it came."""

    def __init__(self, inputs: int, outputs: int, stride: int, activated: bool) -> None:
        super().__init__()
        self.norm1 = _norm(inputs) if activated else None
        self.conv1 = _conv(inputs, outputs, stride)
        self.norm2 = _norm(outputs)
        self.conv2 = _conv(outputs, outputs)
        self.stride, self.added = stride, outputs - inputs

    def forward(self, x: Tensor) -> Tensor:
        branch = x if self.norm1 is None else F.relu(self.norm1(x))
        branch = self.conv2(F.relu(self.norm2(self.conv1(branch))))
        if self.stride > 1:
            x = F.avg_pool2d(x, self.stride)
        if self.added:
            x = F.pad(x, (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return branch + x


class L2RResNet32(Network):
    """conv 3x3 (16), batch norm, ReLU, three stages of five units, batch norm, ReLU, global average, dense; 462,954
    parameters on CIFAR-10. The second and third stage begin with half the side."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 8 or height % 4 or width % 4:
            raise UserError(
                f"network 'l2r_resnet32' needs images of 8 x 8 or more, sides a multiple of 4, not {height} x {width}; "
                "try digits_cnn"
            )
        inputs = WIDTHS[0]
        self.conv, self.norm, self.units = _conv(channels, inputs), _norm(inputs), nn.ModuleList()
        for stage, outputs in enumerate(WIDTHS):
            for number in range(UNITS):
                self.units.append(Unit(inputs, outputs, 2 if stage and not number else 1, activated=stage > 0))
                inputs = outputs
        self.last = _norm(inputs)
        self.fc = nn.Linear(inputs, classes)
        bound = math.sqrt(3 / inputs)  # TensorFlow's uniform unit scaling
        nn.init.uniform_(self.fc.weight, -bound, bound)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.relu(self.norm(self.conv(x)))
        for unit in self.units:
            x = unit(x)
        logits: Tensor = self.fc(F.relu(self.last(x)).mean(dim=(2, 3)))
        return logits
