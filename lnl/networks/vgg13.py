"""VGG-13 with batch norm for 32 x 32 images: the network that labels images for RoG's semantic noise.

Simonyan and Zisserman ("Very Deep Convolutional Networks", 2015), configuration B, has no batch norm and three dense
layers. RoG's release has the labels that it made, and not the network: this is pytorch-cifar's, with batch norm behind
each convolution and one dense layer (decision vgg13_form).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.densenet import DEVIATION, MEAN  # how RoG's code prepares images for all of its networks
from lnl.networks.layers import BatchNorm2d, Standardised
from lnl.networks.network import Network, large_enough

STAGES = (64, 128, 256, 512, 512)  # channels of two convolutions each, a pooling behind them


class VGG13(Network):
    """Standardised, five times twice (conv 3x3, batch norm, ReLU) and a pooling, dense, with torch's default initial
    values; 9,416,010 parameters on CIFAR-10. UserError for images smaller than 32 x 32.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int = STAGES[0]) -> None:
        super().__init__()
        large_enough("vgg13", shape, 32)
        inputs, height, side = shape
        self.standardised = Standardised(inputs, MEAN, DEVIATION)
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for outputs in (channels * width // STAGES[0] for channels in STAGES for _ in range(2)):
            self.convs.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            self.norms.append(BatchNorm2d(outputs))
            inputs = outputs
        self.fc = nn.Linear(inputs * (height // 32) * (side // 32), classes)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = self.standardised(x)
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = F.relu(norm(conv(x)))
            if number % 2:
                x = F.max_pool2d(x, 2)
        logits: Tensor = self.fc(x.flatten(1))
        return logits
