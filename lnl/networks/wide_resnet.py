"""Wide residual networks of 28 layers, as printed by their authors and as IEG's released code has them.

Both: 3 x 3 convolutions without bias, batch norm and ReLU before each, three stages of four units, the second and third
at half the side; images in [-1, 1]; no dropout. They differ where shape changes, in what else is added, and in padding:

  usual     a convolution 1 x 1 of the activated input (Zagoruyko and Komodakis, "Wide Residual Networks", 2016)
  released  no parameters: average pooling, and zero channels on both sides. Only the very first unit hands its
            activated input on, and each stage adds its own input to its output once more; so does the whole, from the
            first convolution on. A stride of two pads below and on the right alone, as TensorFlow does (IEG, wrn.py)
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network

STEM = 16  # channels of the first convolution
UNITS = 4  # of each stage: 6 * 4 + 4 = 28 layers, as their authors count them


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    nn.init.normal_(conv.weight, std=math.sqrt(2 / (kernel * kernel * outputs)))
    return conv


def reshaped(x: Tensor, outputs: int, stride: int) -> Tensor:
    """x [B, C, H, W] at a `stride`-th of its side, as means, and with zero channels before and after, `outputs` in all.

    A shape that stays is x itself.
    """
    added = outputs - x.shape[1]
    if not added:
        return x
    if stride > 1:
        x = F.avg_pool2d(x, stride)
    return F.pad(x, (0, 0, 0, 0, added // 2, added - added // 2))


class Unit(nn.Module):
    """Twice (batch norm, ReLU, convolution 3 x 3), added to a shortcut from before, or behind, the first ReLU.

    Where channels change, `projected` makes the shortcut a convolution; otherwise it is `reshaped`.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, projected: bool, shared: bool) -> None:
        super().__init__()
        self.outputs, self.stride, self.shared = outputs, stride, shared
        self.uneven = stride > 1 and not projected  # TensorFlow pads an even side by one in all, behind it
        self.norm1 = BatchNorm2d(inputs)
        self.conv1 = _conv(inputs, outputs, 3, stride, 0 if self.uneven else 1)
        self.norm2 = BatchNorm2d(outputs)
        self.conv2 = _conv(outputs, outputs)
        self.shortcut = _conv(inputs, outputs, 1, stride, 0) if projected and inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm1(x))
        branch = self.conv1(F.pad(active, (0, 1, 0, 1)) if self.uneven else active)
        branch = self.conv2(F.relu(self.norm2(branch)))
        kept = active if self.shared else x
        return branch + (reshaped(kept, self.outputs, self.stride) if self.shortcut is None else self.shortcut(kept))


class WideResNet(Network):
    """conv 3x3 (16), three stages of `units` from `width` channels on, batch norm, ReLU, global average, dense.

    With four units and 160 channels 36,479,194 parameters on CIFAR-10, with 32 channels 1,467,610. UserError for images
    smaller than 8 x 8, or of sides that cannot be halved twice.
    """

    projected: ClassVar[bool] = True

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, units: int = UNITS) -> None:
        super().__init__()
        channels, height, side = shape
        if min(height, side) < 8 or height % 4 or side % 4:
            raise UserError(
                "the wide residual networks need images of 8 x 8 or more, sides a multiple of 4, "
                f"not {height} x {side}; try digits_cnn"
            )
        self.conv, self.stages, inputs = self.stem(channels), nn.ModuleList(), STEM
        for stage, outputs in enumerate((width, 2 * width, 4 * width)):
            built = nn.Sequential()
            for number in range(units):
                stride = 2 if stage and not number else 1
                built.append(self.unit(inputs, outputs, stride, first=not (stage or number)))
                inputs = outputs
            self.stages.append(built)
        self.norm = self.last_norm(inputs)
        self.fc = nn.Linear(inputs, classes)
        nn.init.zeros_(self.fc.bias)
        self.taps = tuple(f"stages.2.{number}" for number in range(units - 1))

    def stem(self, channels: int) -> nn.Conv2d:
        """The first convolution."""
        return _conv(channels, STEM)

    def unit(self, inputs: int, outputs: int, stride: int, first: bool) -> nn.Module:
        """One unit; first: of the network."""
        return Unit(inputs, outputs, stride, self.projected, inputs != outputs if self.projected else first)

    def last_norm(self, channels: int) -> BatchNorm2d:
        """Batch norm before the average."""
        return BatchNorm2d(channels)

    def activated(self, x: Tensor) -> Tensor:
        """What follows it."""
        return F.relu(x)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = self.stacked(self.conv(2 * x - 1))
        logits: Tensor = self.fc(self.activated(self.norm(x)).mean(dim=(2, 3)))
        return logits

    def stacked(self, x: Tensor) -> Tensor:
        """The three stages, one after the other."""
        for stage in self.stages:
            x = stage(x)
        return x


class IEGWideResNet(WideResNet):
    """The same without projections, every stage added to its input and all of them to the first convolution's output.

    With 160 channels 36,220,634 parameters on CIFAR-10, with 32 channels 1,456,858.
    """

    projected = False

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, units: int = UNITS) -> None:
        super().__init__(shape, classes, width, units)
        bound = 1 / math.sqrt(classes)
        nn.init.uniform_(self.fc.weight, -bound, bound)

    def stacked(self, x: Tensor) -> Tensor:
        first = x
        for number, stage in enumerate(self.stages):
            out = stage(x)
            x = out + reshaped(x, out.shape[1], 2 if number else 1)
        return x + reshaped(first, x.shape[1], 4)
