"""The networks of the suite, known without importing torch (standard library only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lnl.errors import choose

#: Option of every network with batch norm (decision batch_norm_scale): where its scales begin.
SCALE: dict[str, tuple[str, ...]] = {"batch_norm_scale": ("ones", "uniform")}


@dataclass(frozen=True)
class NetworkInfo:
    """One network. `options`: allowed values of each, the default first. `fixed`: arguments that the name stands for.

    `linear`: made of fully connected layers and ReLUs only, so that results do not depend on the place in a stack.
    `smallest`: side of the smallest images that it takes, where that is said before anything is built; 0: it is not.
    """

    module: str
    factory: str
    title: str
    linear: bool = False
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: Mapping[str, int] = field(default_factory=dict)
    smallest: int = 0


NETWORKS: dict[str, NetworkInfo] = {
    "mlp": NetworkInfo(
        "lnl.networks.mlp", "MLP", "2-layer MLP, 784-256-10 on MNIST (S2E, Table 2)", True, fixed={"hidden": 256}
    ),
    "small_cnn": NetworkInfo(
        "lnl.networks.small_cnn", "SmallCNN", "2 convolutions and 3 dense layers (S2E, Table 2, CIFAR-10)"
    ),
    "small_cnn_bn": NetworkInfo(
        "lnl.networks.small_cnn",
        "SmallCNN",
        "2 convolutions and 3 dense layers with batch norm before each ReLU (of this suite: small_cnn, normalised)",
        options=SCALE,
        fixed={"norm": 1},
    ),
    "cifar100_cnn": NetworkInfo(
        "lnl.networks.cifar100_cnn",
        "Cifar100CNN",
        "6 convolutions and 1 dense layer (S2E, Table 2, CIFAR-100)",
        options=SCALE,
    ),
    "cnn9": NetworkInfo(
        "lnl.networks.cnn9",
        "CNN9",
        "9-layer CNN (Co-teaching, Table 3)",
        options={"dropout": ("none", "always", "proper"), **SCALE},
    ),
    "resnet32": NetworkInfo(
        "lnl.networks.resnet32",
        "ResNet32",
        "ResNet-32 for 32 x 32 images (He et al., 2016, section 4.2; Pumpout on CIFAR-10)",
        options={"shortcut": ("identity", "projection"), **SCALE},
    ),
    "resnet34": NetworkInfo(
        "lnl.networks.resnet34",
        "ResNet34",
        "ResNet-34 for 32 x 32 images (He et al., 2016, Table 1; CIFAR-N)",
        options=SCALE,
    ),
    "softsign_mlp": NetworkInfo(
        "lnl.networks.softsign_mlp",
        "SoftsignMLP",
        "3-layer MLP with batch norm before softsign, 300-300-300-2 on NEWS (Pumpout, Table 3)",
        options=SCALE,
        fixed={"hidden": 300},
    ),
    "l2r_lenet": NetworkInfo(
        "lnl.networks.l2r_lenet",
        "L2RLeNet",
        "3 convolutions and 2 dense layers (Learning to Reweight, section 4.1, as released)",
    ),
    "l2r_resnet32": NetworkInfo(
        "lnl.networks.l2r_resnet",
        "L2RResNet",
        "pre-activation ResNet-32 without scales and projections (Learning to Reweight, background flips, as released)",
        fixed={"units": 5, "width": 16},
    ),
    "l2r_wrn28_10": NetworkInfo(
        "lnl.networks.l2r_resnet",
        "L2RResNet",
        "wide ResNet 28-10 without scales and projections, dropout 0.3 (Learning to Reweight, as released)",
        fixed={"units": 4, "width": 160},
    ),
    "ieg_wrn28_10": NetworkInfo(
        "lnl.networks.wide_resnet",
        "IEGWideResNet",
        "wide ResNet 28-10 without projections, with further skips, no dropout (IEG, as released)",
        options=SCALE,
        fixed={"width": 160},
    ),
    "ieg_wrn28_2": NetworkInfo(
        "lnl.networks.wide_resnet",
        "IEGWideResNet",
        "wide ResNet 28-2 without projections, with further skips, no dropout (IEG's 28-10, a fifth as wide)",
        options=SCALE,
        fixed={"width": 32},
    ),
    "wrn28_10": NetworkInfo(
        "lnl.networks.wide_resnet",
        "WideResNet",
        "wide ResNet 28-10 without dropout (Zagoruyko and Komodakis, 2016)",
        options=SCALE,
        fixed={"width": 160},
    ),
    "wrn28_2": NetworkInfo(
        "lnl.networks.wide_resnet",
        "WideResNet",
        "wide ResNet 28-2 without dropout (Zagoruyko and Komodakis, 2016; MixMatch's size)",
        options=SCALE,
        fixed={"width": 32},
    ),
    "mixmatch_wrn28_2": NetworkInfo(
        "lnl.networks.mixmatch_wide_resnet",
        "MixMatchWideResNet",
        "wide ResNet 28-2 with leaky ReLUs and biases (MixMatch, as released)",
        options=SCALE,
        fixed={"width": 32},
    ),
    "ieg_resnet29": NetworkInfo(
        "lnl.networks.resnet29",
        "ResNet29",
        "ResNet-29 v2 without a ReLU before its units' first convolutions (IEG, as released)",
        options=SCALE,
        fixed={"released": 1},
    ),
    "resnet29_v2": NetworkInfo(
        "lnl.networks.resnet29",
        "ResNet29",
        "ResNet-29 v2 as in Keras's example for CIFAR-10 (IEG, as printed)",
        options=SCALE,
        fixed={"released": 0},
    ),
    "preact_resnet18": NetworkInfo(
        "lnl.networks.preact_resnet18",
        "PreActResNet18",
        "pre-activation ResNet-18 for 32 x 32 images (He et al., 2016, as in pytorch-cifar)",
        options=SCALE,
        fixed={"stem_norm": 0},
        smallest=8,
    ),
    "dyr_preact_resnet18": NetworkInfo(
        "lnl.networks.preact_resnet18",
        "PreActResNet18",
        "pre-activation ResNet-18 with batch norm behind its first convolution (dynamic bootstrapping, as released)",
        options={"shortcut": ("activated", "identity"), **SCALE},
        fixed={"stem_norm": 1},
        smallest=8,
    ),
    "densenet100": NetworkInfo(
        "lnl.networks.densenet",
        "DenseNet",
        "DenseNet-BC of 100 layers, growth 12, for 32 x 32 images (Huang et al., 2017; RoG, as released)",
        options=SCALE,
        smallest=8,
    ),
    "vgg13": NetworkInfo(
        "lnl.networks.vgg13",
        "VGG13",
        "VGG-13 with batch norm and one dense layer for 32 x 32 images (as in pytorch-cifar)",
        options=SCALE,
        smallest=32,
    ),
    "resnet50_v1": NetworkInfo(
        "lnl.networks.timm_networks",
        "ResNet50V1",
        "ResNet-50 for images of 224 pixels (He et al., 2016, as in timm and torchvision)",
        options=SCALE,
        smallest=32,
    ),
    "resnet50_v2": NetworkInfo(
        "lnl.networks.timm_networks",
        "ResNet50V2",
        "pre-activation ResNet-50 for images of 224 pixels (IEG on WebVision, as released)",
        options=SCALE,
        smallest=32,
    ),
    "inception_resnet_v2": NetworkInfo(
        "lnl.networks.timm_networks",
        "InceptionResNetV2",
        "Inception-ResNet-v2 for images of 299 pixels (Szegedy et al., 2017, as in timm)",
        options=SCALE,
        smallest=75,
    ),
    "digits_mlp": NetworkInfo(
        "lnl.networks.mlp", "MLP", "2-layer MLP, 64-256-10, for 8 x 8 digits", True, fixed={"hidden": 256}
    ),
    "digits_cnn": NetworkInfo(
        "lnl.networks.digits_cnn", "DigitsCNN", "2 convolutions with batch norm, for 8 x 8 digits", options=SCALE
    ),
}


def resolve(name: str, options: Mapping[str, str]) -> tuple[NetworkInfo, dict[str, str]]:
    """The network's entry and its options, defaults filled in; UserError for an unknown name, option or value."""
    info: NetworkInfo = choose(name, NETWORKS, "network", "")
    for option, value in options.items():
        known = choose(option, info.options, "option", f"network '{name}'")
        choose(value, dict.fromkeys(known), "value", f"network '{name}', option '{option}'")
    return info, {option: options.get(option, values[0]) for option, values in info.options.items()}
