"""The LeNet of Learning to Reweight's figure 2, as its released code has it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.network import Network

CHANNELS, HIDDEN, SPREAD = (16, 32, 64), 100, 0.1


class L2RLeNet(Network):
    """Three times (conv 5x5, max pool 3x3 by 2, ReLU), dense 100, ReLU, then one logit for two classes, else one each.

    Padding is TensorFlow's SAME; weights come from a normal distribution of 0.1 cut off at two of it, biases are zero.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        channels, height, width = shape
        self.convs = nn.ModuleList(
            [nn.Conv2d(n, m, 5, padding=2) for n, m in zip((channels, *CHANNELS[:-1]), CHANNELS, strict=True)]
        )
        for _ in CHANNELS:
            height, width = -(-height // 2), -(-width // 2)
        self.fc1 = nn.Linear(CHANNELS[-1] * height * width, HIDDEN)
        self.fc2 = nn.Linear(HIDDEN, 1 if classes == 2 else classes)
        self.binary = classes == 2
        for layer in (*self.convs, self.fc1, self.fc2):
            nn.init.trunc_normal_(layer.weight, std=SPREAD, a=-2 * SPREAD, b=2 * SPREAD)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        for conv in self.convs:
            x = conv(x)
            odd = (x.shape[-2] % 2, x.shape[-1] % 2)
            x = F.relu(F.max_pool2d(x, 3, 2, padding=odd, ceil_mode=True))
        logits: Tensor = self.fc2(F.relu(self.fc1(x.flatten(1))))
        # the logit of the second class against the first: a softmax over (0, z) is the sigmoid of z
        return torch.cat([torch.zeros_like(logits), logits], -1) if self.binary else logits
