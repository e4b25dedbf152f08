"""The wide residual network of MixMatch's released code (google-research/mixmatch, libml/models.py, class ResNet).

Of the usual one (`wide_resnet.py`) it has size, strides and projections. It differs in leaky ReLUs of slope 0.1, biases
in all convolutions, shortcuts that begin before the activation but in the very first unit, batch norm that keeps 0.999
of its statistics (with TensorFlow's epsilon), paddings of TensorFlow, and the dense layer's initial values.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network

STEM = 16  # channels of the first convolution
SLOPE = 0.1  # of a leaky ReLU below zero
MOMENTUM, EPSILON = 0.001, 1e-3  # of batch norm: the weight of a batch, and TensorFlow's default
CUT = 0.87962566103423978  # deviation of a normal number that is cut at two deviations


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    padding = kernel // 2 if stride == 1 else 0  # a stride of two pads an even side behind it alone, in `Unit`
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding)
    nn.init.normal_(conv.weight, std=math.sqrt(2 / (kernel * kernel * outputs)))
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv


def _activated(norm: BatchNorm2d, x: Tensor) -> Tensor:
    return F.leaky_relu(norm(x), SLOPE)


class Unit(nn.Module):
    """Twice (batch norm, leaky ReLU, convolution 3 x 3), added to a shortcut from before, or behind, the first ReLU; a
    convolution 1 x 1 where channels change."""

    def __init__(self, inputs: int, outputs: int, stride: int, shared: bool) -> None:
        super().__init__()
        self.shared, self.uneven = shared, stride > 1
        self.norm1 = BatchNorm2d(inputs, MOMENTUM, EPSILON)
        self.conv1 = _conv(inputs, outputs, 3, stride)
        self.norm2 = BatchNorm2d(outputs, MOMENTUM, EPSILON)
        self.conv2 = _conv(outputs, outputs)
        self.shortcut = _conv(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        active = _activated(self.norm1, x)
        branch = self.conv1(F.pad(active, (0, 1, 0, 1)) if self.uneven else active)
        branch = self.conv2(_activated(self.norm2, branch))
        kept = active if self.shared else x
        out: Tensor = branch + (kept if self.shortcut is None else self.shortcut(kept))
        return out


class MixMatchWideResNet(Network):
    """conv 3x3 (16), three stages of `units` from `width` channels on, batch norm, leaky ReLU, global average, dense.

    Images in [-1, 1]. With four units and 32 channels 1,469,642 parameters on CIFAR-10. UserError for images smaller
    than 8 x 8, or of sides that cannot be halved twice.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, units: int = 4) -> None:
        super().__init__()
        channels, height, side = shape
        if min(height, side) < 8 or height % 4 or side % 4:
            raise UserError(
                "MixMatch's wide residual network needs images of 8 x 8 or more, sides a multiple of 4, "
                f"not {height} x {side}; try digits_cnn"
            )
        self.conv, self.stages, inputs = _conv(channels, STEM), nn.ModuleList(), STEM
        for stage, outputs in enumerate((width, 2 * width, 4 * width)):
            built = nn.Sequential()
            for number in range(units):
                built.append(Unit(inputs, outputs, 2 if stage and not number else 1, not (stage or number)))
                inputs = outputs
            self.stages.append(built)
        self.norm = BatchNorm2d(inputs, MOMENTUM, EPSILON)
        self.fc = nn.Linear(inputs, classes)
        deviation = math.sqrt(2 / (inputs + classes)) / CUT
        nn.init.trunc_normal_(self.fc.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
        nn.init.zeros_(self.fc.bias)
        self.taps = tuple(f"stages.2.{number}" for number in range(units - 1))

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = self.conv(2 * x - 1)
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.fc(_activated(self.norm, x).mean(dim=(2, 3)))
        return logits
