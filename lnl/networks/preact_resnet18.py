"""Pre-activation ResNet-18 for small images: as in pytorch-cifar, and as dynamic bootstrapping's released code has it.

He et al. ("Identity Mappings in Deep Residual Networks", 2016) have batch norm and ReLU once before the first unit, for
branch and shortcut alike, and once behind the last. Neither code has the second; of the first pytorch-cifar has the
unit's own alone, for its branch, and dynamic bootstrapping's (PreResNet.py) another batch norm and ReLU before it
(decision preact_resnet18_form). In that code, as in mixup-cifar10 from which it comes, a unit that keeps size and width
adds its activated input, and no input reaches a later unit unchanged; pytorch-cifar and the paper add the input as it
came (decision preact_resnet18_shortcut).
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lnl.networks.layers import BatchNorm2d, Standardised
from lnl.networks.network import Network, large_enough

STAGES = (64, 128, 256, 512)  # channels of two units each; all but the first begin with half the side
MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)  # of CIFAR-10, in both codes


class Unit(nn.Module):
    """Twice (batch norm, ReLU, convolution 3 x 3), added to a convolution 1 x 1 of the activated input where size or
    width change, and elsewhere to the input as it came (`identity`), or after its batch norm and ReLU (`activated`)."""

    def __init__(self, inputs: int, outputs: int, stride: int, shortcut: str) -> None:
        super().__init__()
        self.norm1 = BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm2 = BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        changes = stride > 1 or inputs != outputs
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if changes else None
        self.activated = shortcut == "activated"

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm1(x))
        branch = self.conv2(F.relu(self.norm2(self.conv1(active))))
        if self.shortcut is not None:
            return branch + self.shortcut(active)
        return branch + (active if self.activated else x)


class PreActResNet18(Network):
    """Standardised, conv 3x3 (64), four stages of two units, global average, dense; torch's default initial values.

    stem_norm: 1 for batch norm and ReLU behind the first convolution, 11,171,274 parameters on CIFAR-10; else 0,
    11,171,146. shortcut: `identity` or `activated`, as in `Unit`. UserError for images smaller than 8 x 8.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        stem_norm: int,
        width: int = STAGES[0],
        shortcut: str = "identity",
    ) -> None:
        super().__init__()
        large_enough("preact_resnet18", shape, 8)
        self.standardised = Standardised(shape[0], MEAN, DEVIATION)
        self.conv = nn.Conv2d(shape[0], width, 3, padding=1, bias=False)
        self.norm = BatchNorm2d(width) if stem_norm else None
        self.units, inputs = nn.ModuleList(), width
        for stage, channels in enumerate(STAGES):
            outputs = channels * width // STAGES[0]
            for number in range(2):
                self.units.append(Unit(inputs, outputs, 2 if stage and not number else 1, shortcut))
                inputs = outputs
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = self.conv(self.standardised(x))
        x = x if self.norm is None else F.relu(self.norm(x))
        for unit in self.units:
            x = unit(x)
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits
