"""ResNet-29 v2, nine bottlenecks for small images: as Keras's example has it, and as IEG's released code has it.

Both are pre-activation networks with a convolution 1 x 1 as shortcut of each stage's first unit. IEG's code is a port
of the example that differs from it in four points (decision resnet29_form): a flag that leaves out the ReLU of the very
first unit is never taken back, so that no unit has one before its first convolution; convolutions have no bias; initial
values are Glorot's, not He's; batch norm keeps 0.9 of its running statistics and adds 1e-5, in place of 0.99 and 1e-3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network

STEM = 16  # channels of the first convolution
STAGES = ((16, 64), (64, 128), (128, 256))  # channels inside and behind the units; all but the first at half the side
CUT = 0.87962566103423978  # standard deviation of a standard normal distribution without what is beyond 2


@dataclass(frozen=True)
class Form:
    """What the two differ in."""

    first_relu: bool  # before the first convolution of a unit
    bias: bool
    glorot: bool  # variance 2 / (inputs + outputs), else 2 / inputs
    momentum: float
    eps: float

    def norm(self, channels: int) -> BatchNorm2d:
        return BatchNorm2d(channels, self.momentum, self.eps)

    def conv(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
        conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=self.bias)
        self.draw(conv, kernel * kernel * inputs, kernel * kernel * outputs)
        return conv

    def draw(self, layer: nn.Conv2d | nn.Linear, inputs: int, outputs: int) -> None:
        """Weights from a normal distribution that is cut at two standard deviations, biases 0."""
        std = math.sqrt(2 / (inputs + outputs) if self.glorot else 2 / inputs) / CUT
        nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


RELEASED = Form(first_relu=False, bias=False, glorot=True, momentum=0.1, eps=1e-5)
SOURCE = Form(first_relu=True, bias=True, glorot=False, momentum=0.01, eps=1e-3)


class Unit(nn.Module):
    """Convolutions 1 x 1, 3 x 3 and 1 x 1, batch norm and ReLU before each, added to the input or its projection.

    The first of all units (`begins`) has neither before its first convolution: they stand behind the stem's.
    """

    def __init__(self, form: Form, inputs: int, inside: int, outputs: int, stride: int, begins: bool) -> None:
        super().__init__()
        self.norm1 = None if begins else form.norm(inputs)
        self.relu1 = form.first_relu and not begins
        self.conv1 = form.conv(inputs, inside, stride=stride)
        self.norm2, self.conv2 = form.norm(inside), form.conv(inside, inside, 3)
        self.norm3, self.conv3 = form.norm(inside), form.conv(inside, outputs)
        self.shortcut = form.conv(inputs, outputs, stride=stride) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        branch = x if self.norm1 is None else self.norm1(x)
        branch = self.conv1(F.relu(branch) if self.relu1 else branch)
        branch = self.conv2(F.relu(self.norm2(branch)))
        branch = self.conv3(F.relu(self.norm3(branch)))
        return branch + (x if self.shortcut is None else self.shortcut(x))


class ResNet29(Network):
    """conv 3x3 (16), batch norm, ReLU, three stages of three units, batch norm, ReLU, global average, dense, on images
    in [-1, 1]. On CIFAR-10 840,730 parameters as released (`released` 1), 843,786 as in its source (0).

    UserError for images smaller than 8 x 8.
    """

    taps = ("units.6", "units.7")  # of the last stage, but its last

    def __init__(self, shape: tuple[int, int, int], classes: int, released: int) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 8:
            raise UserError(f"ResNet-29 needs images of at least 8 x 8, not {height} x {width}; try digits_cnn")
        form, inputs = RELEASED if released else SOURCE, STEM
        self.conv, self.norm, self.units = form.conv(channels, STEM, 3), form.norm(STEM), nn.ModuleList()
        for stage, (inside, outputs) in enumerate(STAGES):
            for number in range(3):
                stride = 2 if stage and not number else 1
                self.units.append(Unit(form, inputs, inside, outputs, stride, begins=not (stage or number)))
                inputs = outputs
        self.last = form.norm(inputs)
        self.fc = nn.Linear(inputs, classes)
        form.draw(self.fc, inputs, classes)
        if released:  # names no initial values for this layer, and gets TensorFlow's usual ones
            nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = F.relu(self.norm(self.conv(2 * x - 1)))
        for unit in self.units:
            x = unit(x)
        logits: Tensor = self.fc(F.relu(self.last(x)).mean(dim=(2, 3)))
        return logits
