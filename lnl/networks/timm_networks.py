"""Networks for images of 224 and 299 pixels, whose layers are timm's: two forms of ResNet-50, and Inception-ResNet-v2.

Batch norm is the suite's, so that its mode is an input (`layers.batch_norm_mode`), and initial values are drawn here,
one layer after another, from torch's generator: they depend on the seed and on neither timm's version nor its order of
drawing. No weights are fetched. timm brings torchvision along, so that both are imported only where one of these
networks is built.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from timm.layers.create_conv2d import create_conv2d
from timm.layers.norm_act import BatchNormAct2d
from timm.models.inception_resnet_v2 import InceptionResnetV2
from timm.models.resnet import Bottleneck, ResNet
from timm.models.resnetv2 import ResNetV2
from torch import Tensor, nn

from lnl.networks.layers import BatchNorm2d, Standardised
from lnl.networks.network import Network, large_enough
from lnl.networks.resnet29 import CUT

UNITS = (3, 4, 6, 3)  # of the four stages of ResNet-50
STEM = 64  # channels of its first convolution
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # means and deviations, as timm and torchvision state them
HALVES = ((0.5,) * 3, (0.5,) * 3)  # images in [-1, 1]


class ActivatedBatchNorm2d(BatchNorm2d):
    """Batch normalisation of images, and a ReLU behind it: timm's layer of both."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


class TimmNetwork(Network):
    """Images standardised, timm's layers, global average, dense.

    body: timm's model without classifier and pooling, on the meta device. draw: initial values of a convolution.
    momentum: weight of a batch in batch norm's running statistics.
    """

    def __init__(
        self,
        body: nn.Module,
        shape: tuple[int, int, int],
        classes: int,
        inputs: tuple[tuple[float, ...], tuple[float, ...]],
        draw: Callable[[nn.Conv2d], None],
        momentum: float = 0.1,
    ) -> None:
        super().__init__()
        self.standardised = Standardised(shape[0], *inputs)
        self.body = body.to_empty(device=torch.get_default_device())
        _own_layers(self.body, momentum)
        for module in self.body.modules():
            if isinstance(module, nn.Conv2d):
                draw(module)
        self.fc = nn.Linear(body.num_features, classes)  # type: ignore[arg-type]

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        x = self.body.forward_features(self.standardised(x))  # type: ignore[operator]
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits


def _own_layers(module: nn.Module, momentum: float) -> None:
    """Every batch norm below `module` replaced by the suite's, every ReLU by one that overwrites nothing."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            activated = isinstance(child, BatchNormAct2d) and not isinstance(child.act, nn.Identity)
            layer = ActivatedBatchNorm2d if activated else BatchNorm2d
            setattr(module, name, layer(child.num_features, momentum, child.eps))
        elif isinstance(child, nn.ReLU):
            child.inplace = False
        else:
            _own_layers(child, momentum)


def _he(conv: nn.Conv2d) -> None:
    """He et al. (2015) by fan-out, as timm and torchvision draw ResNets."""
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")


def _scaled_variance(conv: nn.Conv2d) -> None:
    """TensorFlow's variance scaling: a normal distribution of variance 1 / fan-in, cut at two standard deviations."""
    std = math.sqrt(1 / conv.weight[0].numel()) / CUT
    nn.init.trunc_normal_(conv.weight, std=std, a=-2 * std, b=2 * std)


class ResNet50V1(TimmNetwork):
    """ResNet-50 as torchvision has it, too: batch norm behind each convolution, strides in those of 3 x 3.

    25,557,032 parameters with 1,000 classes. Scales of batch norm begin where all do (decision batch_norm_scale), where
    timm's last one of each unit begins at 0. UserError for images smaller than 32 x 32.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, width: int = STEM, units: tuple[int, ...] = UNITS
    ) -> None:
        large_enough("resnet50_v1", shape, 32)
        stages = tuple(width * 2**stage for stage in range(4))
        body = ResNet(
            Bottleneck,  # type: ignore[arg-type]  # timm says an instance, and takes the class
            units,
            num_classes=0,
            global_pool="",
            in_chans=shape[0],
            channels=stages,
            device="meta",
        )
        super().__init__(body, shape, classes, IMAGENET, _he)


class ResNet50V2(TimmNetwork):
    """Pre-activation ResNet-50 as IEG's code has it (ieg/models/resnet50.py, from TensorFlow's official models).

    Batch norm and ReLU before each convolution but the first, and behind the last; strides in the convolutions of
    3 x 3; each stage's first shortcut a convolution of its activated input; a pooling that pads as TensorFlow does,
    an even side behind it alone; batch norm that keeps 0.997 of its running statistics; images in [-1, 1]. 23,602,802
    parameters with 50 classes, 25,549,352 with 1,000. UserError for images smaller than 32 x 32.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, width: int = STEM, units: tuple[int, ...] = UNITS
    ) -> None:
        large_enough("resnet50_v2", shape, 32)
        body = ResNetV2(
            list(units),
            tuple(4 * width * 2**stage for stage in range(4)),
            num_classes=0,
            in_chans=shape[0],
            global_pool="",
            stem_chs=width,
            stem_type="same",
            norm_layer=BatchNormAct2d,
            conv_layer=create_conv2d,
            device="meta",
        )
        super().__init__(body, shape, classes, HALVES, _scaled_variance, momentum=0.003)
        nn.init.xavier_uniform_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)


class InceptionResNetV2(TimmNetwork):
    """Inception-ResNet-v2 (Szegedy et al., 2017) as timm has it, for images of 299 pixels in [-1, 1].

    55,843,464 parameters with 1,000 classes; torch's default initial values, as timm's. It has neither the dropout nor
    the second classifier of TensorFlow's code (decision inception_resnet_v2_form). UserError for images smaller than
    75 x 75.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        large_enough("inception_resnet_v2", shape, 75)
        body = InceptionResnetV2(num_classes=0, global_pool="", in_chans=shape[0], device="meta")
        super().__init__(body, shape, classes, HALVES, nn.Conv2d.reset_parameters)
