"""ResNet-34 for small images: He et al., "Deep Residual Learning for Image Recognition", 2016, Table 1.

It begins as in CIFAR-N's code: with a convolution 3 x 3 of stride 1 and no pool, where for ImageNet there is one of
7 x 7 and stride 2, and a pool.
"""

from __future__ import annotations

from lnl.networks.resnet32 import ResNet

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))  # channels and blocks; each but the first begins with half the side


class ResNet34(ResNet):
    """conv 3x3 (64), four stages of 3, 4, 6, 3 blocks, global average, dense; 21,282,122 parameters on CIFAR-10."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__("resnet34", shape, classes, STAGES, "projection")
