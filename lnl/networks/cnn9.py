"""The 9-layer CNN of Co-teaching (Table 3), with three readings of its dropout.

The released code calls dropout without saying whether it trains. Under the authors' PyTorch 0.3 that meant no dropout
at all (`none`), under PyTorch >= 1.0 it means dropout in training, ranking and test alike (`always`); the paper's text
means the textbook's, in training only (`proper`).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.errors import UserError
from lnl.networks.layers import BatchNorm2d, dropout2d
from lnl.networks.network import Network

WIDTHS = (128, 128, 128, 256, 256, 256, 512, 256, 128)
PADDING = (1, 1, 1, 1, 1, 1, 0, 0, 0)
POOL_AFTER = (2, 5)  # indices of the convolutions that end stages one and two
RATE = 0.25
SLOPE = 0.01


class CNN9(Network):
    """Nine times (conv 3x3, batch norm, LeakyReLU), two poolings, global average, dense; 4,434,570 on CIFAR-10."""

    taps = ("norms.6", "norms.7")  # of the last stage, but its last

    def __init__(self, shape: tuple[int, int, int], classes: int, dropout: str) -> None:
        super().__init__()
        channels, height, width = shape
        if min(height, width) < 28:
            raise UserError(f"network 'cnn9' needs images of at least 28 x 28, not {height} x {width}; try digits_cnn")
        inputs = (channels, *WIDTHS[:-1])
        self.convs = nn.ModuleList(
            [nn.Conv2d(n, m, 3, padding=p) for n, m, p in zip(inputs, WIDTHS, PADDING, strict=True)]
        )
        self.norms = nn.ModuleList([BatchNorm2d(m) for m in WIDTHS])
        self.fc = nn.Linear(WIDTHS[-1], classes)
        self.random_width = 0 if dropout == "none" else sum(WIDTHS[index] for index in POOL_AFTER)
        self.random_at_test = dropout == "always"

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        if uniform is None and self.random_at_test:
            raise ValueError("cnn9 with dropout 'always' needs its uniform numbers in every pass")
        used = 0
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = F.leaky_relu(norm(conv(x)), SLOPE)
            if index in POOL_AFTER:
                x = F.max_pool2d(x, 2)
                if uniform is not None and self.random_width:
                    x = dropout2d(x, uniform[:, used : used + WIDTHS[index]], RATE)
                    used += WIDTHS[index]
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits
