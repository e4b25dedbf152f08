"""What AutoAugment's operations do, as rows of numbers: a batch takes one row an image, whatever its operation is.

Every operation is a nearest-neighbour affine map, then a lookup of 256 entries per channel, then a blend with a picture
made of the image itself, of which all but one do nothing. Lookups and pictures that depend on the image are only named
here, by a 1 in a column, and made in `pixel_operations`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lnl.learning.policies import CIFAR, Levels, SubPolicy

FIXED_BITS = 16  # PIL walks through an image in steps of 1/65536 of a pixel
#: Columns of `Rows.kinds`: the image's own lookups, the pictures that a blend starts from (none: black), its factor.
STRETCHED, EQUALIZED, MEAN, GREY, SMOOTH, FACTOR = range(6)
_OF_IMAGE = {"AutoContrast": STRETCHED, "Equalize": EQUALIZED, "Contrast": MEAN, "Color": GREY, "Sharpness": SMOOTH}
_BLENDS = {"Brightness", "Contrast", "Color", "Sharpness"}
#: PIL does these on RGB, so that pixels exposed before come back opaque, with the colour that was made of black.
RESETS = {"AutoContrast", "Equalize", "Invert", "Posterize", "Solarize"}
OPAQUE_BIT = 24  # of a pixel, see `pixel_operations`
OPAQUE = 1 << OPAQUE_BIT

ADDED_BELOW = 128  # values that SolarizeAdd makes brighter

Matrix = tuple[float, float, float, float, float, float]
Action = tuple[str, int]  # operation, level


def in_pixels(length: float, side: int, of: int = CIFAR.side) -> int:
    """A length that a code states for images of `of` pixels a side on those of `side`: in proportion."""
    return round(length * side / of)


def _turned(degrees: float, side: int) -> Matrix:
    """Map from places of the result to places of the image, about its centre, for a turn against the clock."""
    angle = -math.radians(degrees % 360.0)
    cosine, sine = round(math.cos(angle), 15), round(math.sin(angle), 15)
    middle = side / 2
    return (
        cosine,
        sine,
        cosine * -middle + sine * -middle + middle,
        -sine,
        cosine,
        -sine * -middle + cosine * -middle + middle,
    )


def _matrix(operation: str, magnitude: float, side: int, of: int) -> Matrix:
    across = down = right = below = 0.0
    if operation == "Rotate":
        return _turned(magnitude, side)
    if operation == "ShearX":
        across = magnitude
    if operation == "ShearY":
        down = magnitude
    if operation == "TranslateX":
        right = in_pixels(magnitude, side, of)
    if operation == "TranslateY":
        below = in_pixels(magnitude, side, of)
    return (1.0, across, right, down, 1.0, below)


def _fixed(matrix: Matrix) -> list[int]:
    """The matrix in fixed point, read at the middle of a pixel, rounded as PIL rounds it."""
    a, b, c, d, e, f = matrix
    at_middle = (a, b, c + a * 0.5 + b * 0.5, d, e, f + d * 0.5 + e * 0.5)
    return [math.floor(value * (1 << FIXED_BITS) + 0.5) for value in at_middle]


def _lookup(operation: str, magnitude: float) -> list[int]:
    """What becomes of the values 0..255; zeros where the image's own lookup is added in their place."""
    values = range(256)
    if operation in ("AutoContrast", "Equalize"):
        return [0 for _ in values]
    if operation == "Invert":
        return [255 - value for value in values]
    if operation == "Solarize":
        return [value if value < magnitude else 255 - value for value in values]
    if operation == "SolarizeAdd":
        return [min(255, value + int(magnitude)) if value < ADDED_BELOW else value for value in values]
    if operation == "Posterize":
        lost = 1 << (8 - int(magnitude))
        return [value // lost * lost for value in values]
    return list(values)


def _kinds(operation: str, magnitude: float) -> list[float]:
    row = [0.0] * (FACTOR + 1)
    if operation in _OF_IMAGE:
        row[_OF_IMAGE[operation]] = 1.0
    row[FACTOR] = magnitude if operation in _BLENDS else 1.0  # at 1 a blend is the image
    return row


@dataclass(frozen=True)
class Rows:
    """A row for every operation and level that some sub-policy has, with either sign; rows 0 and 1 do nothing."""

    affine: Tensor  # int32 [rows, 6], in 1/65536 of a pixel: x = 0·x' + 1·y' + 2, y = 3·x' + 4·y' + 5
    lookup: Tensor  # float32 [rows, 256]
    kinds: Tensor  # float32 [rows, 6]
    half: Tensor  # int64 [rows], pixels: half the side of a cutout
    opaque: Tensor  # int32 [rows]: OPAQUE where the operation resets the alpha plane
    chosen: Tensor  # int64 [sub-policies, 2]: row of either step, its sign being +; the row after it has -
    probability: Tensor  # float32 [sub-policies, 2]
    fill: int | None = None  # grey that exposed pixels take at once

    @classmethod
    def of(cls, policies: Sequence[SubPolicy], side: int, device: torch.device, levels: Levels = CIFAR) -> Rows:
        """The rows of sub-policies for images of `side` x `side` pixels."""
        steps = [step for policy in policies for step in policy]
        nothing: Action = ("", 0)
        actions = list(dict.fromkeys([nothing, *((step.operation, step.level) for step in steps)]))
        signed = [(operation, value) for action in actions for operation, value in _both_signs(action, levels)]
        halves = [in_pixels(value, side, levels.side) // 2 if name == "Cutout" else 0 for name, value in signed]
        chosen = [[2 * actions.index((step.operation, step.level)) for step in policy] for policy in policies]

        def tensor(values: Sequence[object], kind: torch.dtype) -> Tensor:
            return torch.tensor(values, dtype=kind, device=device)

        return cls(
            affine=tensor([_fixed(_matrix(*each, side, levels.side)) for each in signed], torch.int32),
            lookup=tensor([_lookup(operation, value) for operation, value in signed], torch.float32),
            kinds=tensor([_kinds(operation, value) for operation, value in signed], torch.float32),
            half=tensor(halves, torch.int64),
            opaque=tensor([OPAQUE if operation in RESETS else 0 for operation, _ in signed], torch.int32),
            chosen=tensor(chosen, torch.int64),
            probability=tensor([[step.probability for step in policy] for policy in policies], torch.float32),
            fill=levels.fill,
        )


def _both_signs(action: Action, levels: Levels) -> list[tuple[str, float]]:
    """Operation and magnitude, with + and with - where its sign is drawn."""
    operation, level = action
    magnitude = levels.magnitudes.get(operation)
    value = 0.0 if magnitude is None else magnitude.at(level)
    return [(operation, value), (operation, -value if magnitude is not None and magnitude.signed else value)]
