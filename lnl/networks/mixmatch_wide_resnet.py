"""The wide residual network of MixMatch's released code (google-research/mixmatch, libml/models.py, class ResNet).

Of the usual one (`wide_resnet.py`) it has size, strides and projections. It differs in leaky ReLUs of slope 0.1, biases
in all convolutions, shortcuts that begin before the activation but in the very first unit, batch norm that keeps 0.999
of its statistics (with TensorFlow's epsilon), paddings of TensorFlow, and the dense layer's initial values.
"""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.layers import BatchNorm2d
from lnl.networks.wide_resnet import STEM, UNITS, WideResNet

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


class MixMatchWideResNet(WideResNet):
    """conv 3x3 (16), three stages of `units` from `width` channels on, batch norm, leaky ReLU, global average, dense.

    Images in [-1, 1]. With four units and 32 channels 1,469,642 parameters on CIFAR-10. UserError for images smaller
    than 8 x 8, or of sides that cannot be halved twice.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, units: int = UNITS) -> None:
        super().__init__(shape, classes, width, units)
        deviation = math.sqrt(2 / (self.fc.in_features + classes)) / CUT
        nn.init.trunc_normal_(self.fc.weight, std=deviation, a=-2 * deviation, b=2 * deviation)

    def stem(self, channels: int) -> nn.Conv2d:
        return _conv(channels, STEM)

    def unit(self, inputs: int, outputs: int, stride: int, first: bool) -> nn.Module:
        return Unit(inputs, outputs, stride, shared=first)

    def last_norm(self, channels: int) -> BatchNorm2d:
        return BatchNorm2d(channels, MOMENTUM, EPSILON)

    def activated(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, SLOPE)
