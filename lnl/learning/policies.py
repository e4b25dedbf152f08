"""AutoAugment's sub-policies for CIFAR-10 and for ImageNet as data, and what their levels mean.

A sub-policy is two operations one after the other, each done with a probability, at a level of 0 to 10. Operations,
probabilities and levels are numbers of the sources:

- `autoaugment-95`: the 19 searched groups of five that the AutoAugment authors released (`good_policies` of
  tensorflow/models, research/autoaugment/policies.py, commit 27b4acd) and IEG's code has unchanged (`cifar10_policies`
  of google-research, ieg/dataset_utils/autoaugment.py, commits 52560bb and a707a1f; it uses them for CIFAR-100 too).
- `autoaugment-25`: those that torchvision has (`AutoAugmentPolicy.CIFAR10`) and the AutoAugment paper prints. 20 of
  them are among the 95, and the fourth group of five is not. torchvision leaves a level out where the operation has
  none; it stands as 0 here.

- `imagenet-v0`: `policy_v0` of IEG's code (the same file, by which it makes strong views of WebVision) and of
  tensorflow/tpu, models/official/efficientnet/autoaugment.py.
- `imagenet-25`: torchvision's `AutoAugmentPolicy.IMAGENET`, which the AutoAugment paper prints. Five stand twice.

Levels have the released codes' magnitudes, one meaning in both sets for CIFAR-10 and one in both for ImageNet.
torchvision's are others: a level of 0 to 9, translations up to 150/331 of the width, enhancements by at most 0.9 either
way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lnl.errors import UserError, nearest

MAX_LEVEL = 10


@dataclass(frozen=True)
class Magnitude:
    """What an operation's level means: level / 10 of `largest`, cut to a whole number where the code cuts it, plus
    `start`, and no less than `least`. `signed`: the sign is drawn, one half each."""

    largest: float
    whole: bool = False
    start: float = 0.0
    signed: bool = False
    least: float = -math.inf

    def at(self, level: int) -> float:
        scaled = level * self.largest / MAX_LEVEL
        return max(self.least, self.start + (int(scaled) if self.whole else scaled))


#: By operation; None: it has no magnitude. Lengths are in pixels of an image of 32 x 32.
MAGNITUDES: Mapping[str, Magnitude | None] = {
    "ShearX": Magnitude(0.3, signed=True),  # pixels aside for each pixel
    "ShearY": Magnitude(0.3, signed=True),
    "TranslateX": Magnitude(10, whole=True, signed=True),  # pixels
    "TranslateY": Magnitude(10, whole=True, signed=True),
    "Rotate": Magnitude(30, whole=True, signed=True),  # degrees
    "AutoContrast": None,
    "Invert": None,
    "Equalize": None,
    "Solarize": Magnitude(-256, whole=True, start=256),  # values from here on are inverted
    "Posterize": Magnitude(-4, whole=True, start=4),  # bits that are kept
    "Contrast": Magnitude(1.8, start=0.1),  # factor; 1 changes nothing
    "Color": Magnitude(1.8, start=0.1),
    "Brightness": Magnitude(1.8, start=0.1),
    "Sharpness": Magnitude(1.8, start=0.1),
    "Cutout": Magnitude(20, whole=True),  # pixels a side
}

#: The same for ImageNet, in pixels of an image of 224 x 224, on which a translation of level 9 leaves nothing of it. No
#: bits at all would be kept at level 2: TensorFlow's kernels shift by seven at most, which keeps one.
IMAGENET_MAGNITUDES: Mapping[str, Magnitude | None] = {
    **{name: MAGNITUDES[name] for name in ("ShearX", "ShearY", "AutoContrast", "Invert", "Equalize")},
    **{name: MAGNITUDES[name] for name in ("Contrast", "Color", "Brightness", "Sharpness")},
    "TranslateX": Magnitude(250, signed=True),
    "TranslateY": Magnitude(250, signed=True),
    "Rotate": Magnitude(30, signed=True),
    "Solarize": Magnitude(256, whole=True),  # values from here on are inverted
    "SolarizeAdd": Magnitude(110, whole=True),  # added to values below 128
    "Posterize": Magnitude(4, whole=True, least=1),
}


@dataclass(frozen=True)
class Levels:
    """What the levels of a set mean."""

    magnitudes: Mapping[str, Magnitude | None]
    side: int  # the lengths are those of images of so many pixels a side
    fill: int | None  # grey that exposed pixels take at once; None: they stay clear until the end


CIFAR = Levels(MAGNITUDES, 32, None)
IMAGENET = Levels(IMAGENET_MAGNITUDES, 224, 128)


@dataclass(frozen=True)
class Step:
    """An operation of a sub-policy."""

    operation: str
    probability: float
    level: int


SubPolicy = tuple[Step, Step]

_RELEASED = """
    Invert 0.1 7, Contrast 0.2 6;           Rotate 0.7 2, TranslateX 0.3 9;         Sharpness 0.8 1, Sharpness 0.9 3
    ShearY 0.5 8, TranslateY 0.7 9;         AutoContrast 0.5 8, Equalize 0.9 2
    Solarize 0.4 5, AutoContrast 0.9 3;     TranslateY 0.9 9, TranslateY 0.7 9;     AutoContrast 0.9 2, Solarize 0.8 3
    Equalize 0.8 8, Invert 0.1 3;           TranslateY 0.7 9, AutoContrast 0.9 1
    Solarize 0.4 5, AutoContrast 0.0 2;     TranslateY 0.7 9, TranslateY 0.7 9;     AutoContrast 0.9 0, Solarize 0.4 3
    Equalize 0.7 5, Invert 0.1 3;           TranslateY 0.7 9, TranslateY 0.7 9
    Solarize 0.4 5, AutoContrast 0.9 1;     TranslateY 0.8 9, TranslateY 0.9 9;     AutoContrast 0.8 0, TranslateY 0.7 9
    TranslateY 0.2 7, Color 0.9 6;          Equalize 0.7 6, Color 0.4 9

    ShearY 0.2 7, Posterize 0.3 7;          Color 0.4 3, Brightness 0.6 7;          Sharpness 0.3 9, Brightness 0.7 9
    Equalize 0.6 5, Equalize 0.5 1;         Contrast 0.6 7, Sharpness 0.6 5
    Brightness 0.3 7, AutoContrast 0.5 8;   AutoContrast 0.9 4, AutoContrast 0.5 6; Solarize 0.3 5, Equalize 0.6 5
    TranslateY 0.2 4, Sharpness 0.3 3;      Brightness 0.0 8, Color 0.8 8
    Solarize 0.2 6, Color 0.8 6;            Solarize 0.2 6, AutoContrast 0.8 1;     Solarize 0.4 1, Equalize 0.6 5
    Brightness 0.0 0, Solarize 0.5 2;       AutoContrast 0.9 5, Brightness 0.5 3
    Contrast 0.7 5, Brightness 0.0 2;       Solarize 0.2 8, Solarize 0.1 5;         Contrast 0.5 1, TranslateY 0.2 9
    AutoContrast 0.6 5, TranslateY 0.0 9;   AutoContrast 0.9 4, Equalize 0.8 4
    Brightness 0.0 7, Equalize 0.4 7;       Solarize 0.2 5, Equalize 0.7 5;         Equalize 0.6 8, Color 0.6 2
    Color 0.3 7, Color 0.2 4;               AutoContrast 0.5 2, Solarize 0.7 2
    AutoContrast 0.2 0, Equalize 0.1 0;     ShearY 0.6 5, Equalize 0.6 5;           Brightness 0.9 3, AutoContrast 0.4 1
    Equalize 0.8 8, Equalize 0.7 7;         Equalize 0.7 7, Solarize 0.5 0
    Equalize 0.8 4, TranslateY 0.8 9;       TranslateY 0.8 9, TranslateY 0.6 9;     TranslateY 0.9 0, TranslateY 0.5 9
    AutoContrast 0.5 3, Solarize 0.3 4;     Solarize 0.5 3, Equalize 0.4 4

    Color 0.7 7, TranslateX 0.5 8;          Equalize 0.3 7, AutoContrast 0.4 8;     TranslateY 0.4 3, Sharpness 0.2 6
    Brightness 0.9 6, Color 0.2 8;          Solarize 0.5 2, Invert 0.0 3
    AutoContrast 0.1 5, Brightness 0.0 0;   Cutout 0.2 4, Equalize 0.1 1;           Equalize 0.7 7, AutoContrast 0.6 4
    Color 0.1 8, ShearY 0.2 3;              ShearY 0.4 2, Rotate 0.7 0
    ShearY 0.1 3, AutoContrast 0.9 5;       TranslateY 0.3 6, Cutout 0.3 3;         Equalize 0.5 0, Solarize 0.6 6
    AutoContrast 0.3 5, Rotate 0.2 7;       Equalize 0.8 2, Invert 0.4 0
    Equalize 0.9 5, Color 0.7 0;            Equalize 0.1 1, ShearY 0.1 3;           AutoContrast 0.7 3, Equalize 0.7 0
    Brightness 0.5 1, Contrast 0.1 7;       Contrast 0.1 4, Solarize 0.6 5
    Solarize 0.2 3, ShearX 0.0 0;           TranslateX 0.3 0, TranslateX 0.6 0;     Equalize 0.5 9, TranslateY 0.6 7
    ShearX 0.1 0, Sharpness 0.5 1;          Equalize 0.8 6, Invert 0.3 6
    AutoContrast 0.3 9, Cutout 0.5 3;       ShearX 0.4 4, AutoContrast 0.9 2;       ShearX 0.0 3, Posterize 0.0 3
    Solarize 0.4 3, Color 0.2 4;            Equalize 0.1 4, Equalize 0.7 6
    Equalize 0.3 8, AutoContrast 0.4 3;     Solarize 0.6 4, AutoContrast 0.7 6;     AutoContrast 0.2 9, Brightness 0.4 8
    Equalize 0.1 0, Equalize 0.0 6;         Equalize 0.8 4, Equalize 0.0 4
    Equalize 0.5 5, AutoContrast 0.1 2;     Solarize 0.5 5, AutoContrast 0.9 5;   AutoContrast 0.6 1, AutoContrast 0.7 8
    Equalize 0.2 0, AutoContrast 0.1 2;     Equalize 0.6 9, Equalize 0.4 4
"""

_TORCHVISION = """
    Invert 0.1 0, Contrast 0.2 6;           Rotate 0.7 2, TranslateX 0.3 9;         Sharpness 0.8 1, Sharpness 0.9 3
    ShearY 0.5 8, TranslateY 0.7 9;         AutoContrast 0.5 0, Equalize 0.9 0
    ShearY 0.2 7, Posterize 0.3 7;          Color 0.4 3, Brightness 0.6 7;          Sharpness 0.3 9, Brightness 0.7 9
    Equalize 0.6 0, Equalize 0.5 0;         Contrast 0.6 7, Sharpness 0.6 5
    Color 0.7 7, TranslateX 0.5 8;          Equalize 0.3 0, AutoContrast 0.4 0;     TranslateY 0.4 3, Sharpness 0.2 6
    Brightness 0.9 6, Color 0.2 8;          Solarize 0.5 2, Invert 0.0 0
    Equalize 0.2 0, AutoContrast 0.6 0;     Equalize 0.2 0, Equalize 0.6 0;         Color 0.9 9, Equalize 0.6 0
    AutoContrast 0.8 0, Solarize 0.2 8;     Brightness 0.1 3, Color 0.7 0
    Solarize 0.4 5, AutoContrast 0.9 0;     TranslateY 0.9 9, TranslateY 0.7 9;     AutoContrast 0.9 0, Solarize 0.8 3
    Equalize 0.8 0, Invert 0.1 0;           TranslateY 0.7 9, AutoContrast 0.9 0
"""

_IMAGENET_V0 = """
    Equalize 0.8 1, ShearY 0.8 4;           Color 0.4 9, Equalize 0.6 3;            Color 0.4 1, Rotate 0.6 8
    Solarize 0.8 3, Equalize 0.4 7;         Solarize 0.4 2, Solarize 0.6 2;         Color 0.2 0, Equalize 0.8 8
    Equalize 0.4 8, SolarizeAdd 0.8 3;      ShearX 0.2 9, Rotate 0.6 8;             Color 0.6 1, Equalize 1.0 2
    Invert 0.4 9, Rotate 0.6 0;             Equalize 1.0 9, ShearY 0.6 3;           Color 0.4 7, Equalize 0.6 0
    Posterize 0.4 6, AutoContrast 0.4 7;    Solarize 0.6 8, Color 0.6 9;            Solarize 0.2 4, Rotate 0.8 9
    Rotate 1.0 7, TranslateY 0.8 9;         ShearX 0.0 0, Solarize 0.8 4;           ShearY 0.8 0, Color 0.6 4
    Color 1.0 0, Rotate 0.6 2;              Equalize 0.8 4, Equalize 0.0 8;         Equalize 1.0 4, AutoContrast 0.6 2
    ShearY 0.4 7, SolarizeAdd 0.6 7;        Posterize 0.8 2, Solarize 0.6 10;       Solarize 0.6 8, Equalize 0.6 1
    Color 0.8 6, Rotate 0.4 5
"""

_IMAGENET_25 = """
    Posterize 0.4 8, Rotate 0.6 9;          Solarize 0.6 5, AutoContrast 0.6 0;     Equalize 0.8 0, Equalize 0.6 0
    Posterize 0.6 7, Posterize 0.6 6;       Equalize 0.4 0, Solarize 0.2 4;         Equalize 0.4 0, Rotate 0.8 8
    Solarize 0.6 3, Equalize 0.6 0;         Posterize 0.8 5, Equalize 1.0 0;        Rotate 0.2 3, Solarize 0.6 8
    Equalize 0.6 0, Posterize 0.4 6;        Rotate 0.8 8, Color 0.4 0;              Rotate 0.4 9, Equalize 0.6 0
    Equalize 0.0 0, Equalize 0.8 0;         Invert 0.6 0, Equalize 1.0 0;           Color 0.6 4, Contrast 1.0 8
    Rotate 0.8 8, Color 1.0 2;              Color 0.8 8, Solarize 0.8 7;            Sharpness 0.4 7, Invert 0.6 0
    ShearX 0.6 5, Equalize 1.0 0;           Color 0.4 0, Equalize 0.6 0;            Equalize 0.4 0, Solarize 0.2 4
    Solarize 0.6 5, AutoContrast 0.6 0;     Invert 0.6 0, Equalize 1.0 0;           Color 0.6 4, Contrast 1.0 8
    Equalize 0.8 0, Equalize 0.6 0
"""

_SETS = {
    "autoaugment-95": (_RELEASED, CIFAR),
    "autoaugment-25": (_TORCHVISION, CIFAR),
    "imagenet-v0": (_IMAGENET_V0, IMAGENET),
    "imagenet-25": (_IMAGENET_25, IMAGENET),
}
NONE = "none"
POLICIES = (*_SETS, NONE)


def _step(text: str) -> Step:
    operation, probability, level = text.split()
    return Step(operation, float(probability), int(level))


def _sub_policy(text: str) -> SubPolicy:
    first, second = map(_step, text.split(","))
    return first, second


def known_policy(name: str) -> str:
    """`name`, if it is one of POLICIES; UserError with the nearest one otherwise."""
    if name not in POLICIES:
        raise UserError(f"policy {name!r} is not known{nearest(name, POLICIES)}")
    return name


def levels_of(name: str) -> Levels:
    """What the levels of a set mean; of `none` nothing depends on it. UserError for an unknown name."""
    return _SETS.get(known_policy(name), ("", CIFAR))[1]


@cache
def sub_policies(name: str) -> tuple[SubPolicy, ...]:
    """The sub-policies of a set in the order of its source; none for `none`. UserError for an unknown name."""
    text, _ = _SETS.get(known_policy(name), ("", CIFAR))
    return tuple(_sub_policy(part) for part in text.replace("\n", ";").split(";") if part.strip())
