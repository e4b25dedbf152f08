"""IEG's strong view as its released code makes it, image by image on numpy and PIL: the other side of a benchmark, and
what tests hold `lnl.learning.strong_view` against."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

Array = NDArray[np.float64]
CUT_COLOUR = (125, 122, 113, 0)


def _affine(numbers: Callable[[float], tuple[float, ...]]) -> Callable[[Image.Image, float], Image.Image]:
    return lambda image, m: image.transform(image.size, Image.Transform.AFFINE, numbers(m))


def _on_rgb(operation: Callable[..., Image.Image]) -> Callable[[Image.Image, float], Image.Image]:
    """Without alpha, which is 255 everywhere when it comes back."""
    return lambda image, m: operation(image.convert("RGB"), m).convert("RGBA")


#: Each operation of an RGBA image and its magnitude, sign included. Levels become magnitudes in `magnitude`.
OPERATIONS: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "ShearX": _affine(lambda m: (1, m, 0, 0, 1, 0)),
    "ShearY": _affine(lambda m: (1, 0, 0, m, 1, 0)),
    "TranslateX": _affine(lambda m: (1, 0, m, 0, 1, 0)),
    "TranslateY": _affine(lambda m: (1, 0, 0, 0, 1, m)),
    "Rotate": lambda image, m: image.rotate(m),
    "AutoContrast": _on_rgb(lambda image, m: ImageOps.autocontrast(image)),
    "Invert": _on_rgb(lambda image, m: ImageOps.invert(image)),
    "Equalize": _on_rgb(lambda image, m: ImageOps.equalize(image)),
    "Solarize": _on_rgb(lambda image, m: ImageOps.solarize(image, int(m))),
    "Posterize": _on_rgb(lambda image, m: ImageOps.posterize(image, int(m))),
    "Contrast": lambda image, m: ImageEnhance.Contrast(image).enhance(m),
    "Color": lambda image, m: ImageEnhance.Color(image).enhance(m),
    "Brightness": lambda image, m: ImageEnhance.Brightness(image).enhance(m),
    "Sharpness": lambda image, m: ImageEnhance.Sharpness(image).enhance(m),
}


def magnitude(operation: str, level: int) -> float:
    """The released formulas, level by level."""
    share = level / 10
    return {
        "Rotate": int(30 * share),
        "ShearX": 0.3 * share,
        "ShearY": 0.3 * share,
        "TranslateX": int(level * 10 / 10),
        "TranslateY": int(level * 10 / 10),
        "Solarize": 256 - int(level * 256 / 10),
        "Posterize": 4 - int(level * 4 / 10),
        "Cutout": int(level * 20 / 10),
    }.get(operation, 0.1 + level * 1.8 / 10)


SIGNED = {"Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"}


def bounds(middle: int, size: int, side: int) -> slice:
    """Rows or columns of a cutout, clipped at the border."""
    return slice(max(0, middle - size // 2), min(side, middle + size // 2))


def cut(image: Image.Image, centre: tuple[int, int], size: int) -> Image.Image:
    pixels, (width, height) = np.array(image), image.size
    pixels[bounds(centre[0], size, height), bounds(centre[1], size, width)] = CUT_COLOUR
    return Image.fromarray(pixels)


def operate(image: Image.Image, operation: str, level: int, negative: bool, centre: tuple[int, int]) -> Image.Image:
    """One operation of an RGBA image."""
    m = magnitude(operation, level)
    if operation == "Cutout":
        return cut(image, centre, int(m))
    return OPERATIONS[operation](image, -m if negative and operation in SIGNED else m)


def wrapped(view: Array) -> Image.Image:
    """An opaque RGBA image of a view [H, W, 3] in [-1, 1]. The released code cuts to whole numbers where this rounds:
    in its single precision that takes one off the values 1 to 63."""
    return Image.fromarray(np.uint8(np.round((view * 0.5 + 0.5) * 255))).convert("RGBA")


def unwrapped(image: Image.Image) -> Array:
    """[H, W, 3] in [-1, 1], clear pixels 0; read as the released code does, a tuple a pixel."""
    pixels = getattr(image, "get_flattened_data", None) or image.getdata  # its name from Pillow 12.1 on, and before
    numbers = np.array(pixels()).reshape(*image.size, 4) / 255.0
    out = (numbers[:, :, :3] - 0.5) / 0.5
    out[numbers[:, :, 3] == 0] = 0
    return out


def strong(
    view: Array, steps: Sequence[tuple[str, float, int]], drawn: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float32]:
    """The strong view [H, W, 3] in [-1, 1] of a weak one by the steps of a sub-policy (none: by no policy).

    drawn: 13 numbers in [0, 1): for either step whether it is done, its sign, row and column of a cutout; two offsets,
    the flip, and row and column of the last cutout.
    """
    side = len(view)
    if steps:
        image = wrapped(view)
        for (operation, probability, level), numbers in zip(steps, (drawn[:4], drawn[4:8]), strict=True):
            done, sign, row, column = numbers
            if done < probability:
                image = operate(image, operation, level, sign > 0.5, (int(row * side), int(column * side)))
        view = unwrapped(image)
    padded = np.zeros((side + 8, side + 8, 3))
    padded[4:-4, 4:-4] = view
    top, left = int(drawn[8] * 8), int(drawn[9] * 8)
    out = padded[top : top + side, left : left + side]
    if drawn[10] < 0.5:
        out = np.fliplr(out)
    mask = np.ones_like(out)
    mask[bounds(int(drawn[11] * side), 16, side), bounds(int(drawn[12] * side), 16, side)] = 0
    return (out * mask).astype(np.float32)
