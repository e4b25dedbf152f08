"""DenseNet-BC of 100 layers, growth 12: Huang et al., "Densely Connected Convolutional Networks", 2017, for CIFAR.

Every layer adds 12 maps to all those before it in its block. B: a convolution 1 x 1 to 48 maps comes before that of
3 x 3; C: half of the maps go on from one block to the next. RoG's released code (models/densenet.py) has it so, without
dropout, and trains on images with CIFAR's means and deviations, by which it divides 63.0, 62.1 and 66.7 of 255
(decision densenet_form).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.layers import BatchNorm2d, Standardised
from lnl.networks.network import Network, large_enough

GROWTH, LAYERS, BLOCKS = 12, 16, 3  # 3 blocks x 16 layers x 2 convolutions + first + two transitions + dense = 100
MEAN = tuple(value / 255 for value in (125.3, 123.0, 113.9))
DEVIATION = tuple(value / 255 for value in (63.0, 62.1, 66.7))


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    nn.init.normal_(conv.weight, std=math.sqrt(2 / (kernel * kernel * outputs)))
    return conv


class Layer(nn.Module):
    """(batch norm, ReLU, convolution) of 1 x 1 and of 3 x 3: `growth` new maps behind those that came in."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = BatchNorm2d(inputs), _conv(inputs, 4 * growth, 1)
        self.norm2, self.conv2 = BatchNorm2d(4 * growth), _conv(4 * growth, growth, 3)

    def forward(self, x: Tensor) -> Tensor:
        inside = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(inside)))], -3)


class Transition(nn.Module):
    """Batch norm, ReLU, convolution 1 x 1 to half of the maps, mean over 2 x 2."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.norm, self.conv = BatchNorm2d(inputs), _conv(inputs, inputs // 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)


class DenseNet(Network):
    """Standardised, conv 3x3 (24), three blocks with a transition between two, batch norm, ReLU, global average, dense.

    With 16 layers a block, 769,162 parameters on CIFAR-10. `blocks[2]` holds the layers whose maps RoG reads, 5 and 10
    of it from 0 on, beside what `last` and ReLU make of all. UserError for images smaller than 8 x 8.
    """

    taps = ("blocks.2.5", "blocks.2.10")  # as RoG's code takes them, and what the dense layer sees

    def __init__(self, shape: tuple[int, int, int], classes: int, layers: int = LAYERS, growth: int = GROWTH) -> None:
        super().__init__()
        large_enough("densenet100", shape, 8)
        self.standardised = Standardised(shape[0], MEAN, DEVIATION)
        maps = 2 * growth
        self.conv, self.blocks, self.transitions = _conv(shape[0], maps, 3), nn.ModuleList(), nn.ModuleList()
        for number in range(BLOCKS):
            self.blocks.append(nn.Sequential(*[Layer(maps + i * growth, growth) for i in range(layers)]))
            maps += layers * growth
            if number < BLOCKS - 1:
                self.transitions.append(Transition(maps))
                maps //= 2
        self.last, self.fc = BatchNorm2d(maps), nn.Linear(maps, classes)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = self.conv(self.standardised(x))
        for number, block in enumerate(self.blocks):
            x = block(x if number == 0 else self.transitions[number - 1](x))
        logits: Tensor = self.fc(F.relu(self.last(x)).mean(dim=(2, 3)))
        return logits
