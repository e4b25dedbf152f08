"""AutoAugment for ImageNet as IEG's code has it on WebVision, held against PIL image by image."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from lnl.learning.pixel_operations import operated, packed
from lnl.learning.pixel_tables import OPAQUE, Rows
from lnl.learning.policies import IMAGENET, IMAGENET_MAGNITUDES, Step, sub_policies
from lnl.learning.strong_view import WIDTH, further_views, strong

SETS = ["imagenet-v0", "imagenet-25"]
BLENDS = {"Brightness", "Contrast", "Color", "Sharpness"}  # in PIL single precision, which some compilers fuse
EVERY = [(name, level) for name in IMAGENET_MAGNITUDES for level in range(11)]
SIGNED = {"Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"}
SIDE = 56  # a quarter of 224


def magnitude(name: str, level: int) -> float:
    """`level_to_arg` of the released file, by its own order of operations."""
    share = level / 10.0
    if name in BLENDS:
        return share * 1.8 + 0.1
    return {
        "Rotate": share * 30.0,
        "ShearX": share * 0.3,
        "ShearY": share * 0.3,
        "TranslateX": share * 250.0,
        "TranslateY": share * 250.0,
        "Posterize": int(share * 4),
        "Solarize": int(share * 256),
        "SolarizeAdd": int(share * 110),
    }.get(name, 0.0)


def moved(image: Image.Image, name: str, m: float) -> Image.Image:
    """A geometric operation, by PIL; what it exposes is grey of 128. Translations are a quarter as long."""
    if name == "Rotate":
        return image.rotate(m, fillcolor=(128, 128, 128))
    pixels = float(round(m * image.width / 224))
    numbers = {
        "ShearX": (1, m, 0, 0, 1, 0),
        "ShearY": (1, 0, 0, m, 1, 0),
        "TranslateX": (1, 0, pixels, 0, 1, 0),
        "TranslateY": (1, 0, 0, 0, 1, pixels),
    }[name]
    return image.transform(image.size, Image.Transform.AFFINE, numbers, fillcolor=(128, 128, 128))


def operate(image: Image.Image, name: str, level: int, negative: bool) -> Image.Image:
    m = magnitude(name, level)
    if name in SIGNED:
        return moved(image, name, -m if negative else m)
    if name in BLENDS:
        return getattr(ImageEnhance, name)(image).enhance(m)
    pixels = np.asarray(image).astype(int)
    if name == "Solarize":
        return Image.fromarray(np.where(pixels < m, pixels, 255 - pixels).astype(np.uint8))
    if name == "SolarizeAdd":
        return Image.fromarray(np.where(pixels < 128, (pixels + m).clip(0, 255), pixels).astype(np.uint8))
    if name == "Posterize":
        shift = min(8 - int(m), 7)
        return Image.fromarray((pixels >> shift << shift).astype(np.uint8))
    named = {"AutoContrast": ImageOps.autocontrast, "Equalize": ImageOps.equalize, "Invert": ImageOps.invert}
    return named[name](image)


def restated(image: Image.Image, steps: tuple[Step, ...], drawn: list[float], cutout: bool) -> NDArray[np.uint8]:
    """A view of one image [S, S, 3]. drawn: a row of WIDTH numbers."""
    for step, (done, sign, *_) in zip(steps, (drawn[1:5], drawn[5:9]), strict=True):
        if done < step.probability:
            image = operate(image, step.operation, step.level, sign > 0.5)
    pixels, side = np.array(image), image.width
    if cutout:
        half = round(16 * side / 224) // 2
        row, column = (int(number * side) for number in drawn[12:14])
        pixels[max(0, row - half) : row + half, max(0, column - half) : column + half] = 0
    return pixels


def pictures(seed: int, count: int, span: int = 256, lowest: int = 0) -> NDArray[np.uint8]:
    draw = np.random.default_rng(seed)
    noise = (lowest + draw.integers(0, span, (count, SIDE, SIDE, 3))).clip(0, 255)
    smooth = np.broadcast_to(np.linspace(0, 255, SIDE)[:, None, None], (SIDE, SIDE, 3))
    noise[::3] = smooth
    return noise.astype(np.uint8)


def as_batch(values: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(values).permute(0, 3, 1, 2).to(torch.float32) / 255


def as_pixels(images: Tensor) -> NDArray[np.uint8]:
    return (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def test_the_set_for_webvision_is_the_one_that_was_read() -> None:
    found = sub_policies("imagenet-v0")
    assert len(found) == 25
    text = ";".join(f"{s.operation} {s.probability:.1f} {s.level}" for steps in found for s in steps)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "13d12c7fc17a1b7c"
    assert {"SolarizeAdd", "TranslateY"} <= {step.operation for steps in found for step in steps}


def test_the_printed_set_is_torchvisions() -> None:
    from torchvision.transforms import AutoAugment, AutoAugmentPolicy

    theirs = AutoAugment(AutoAugmentPolicy.IMAGENET).policies
    assert [[(s.operation, s.probability, s.level) for s in steps] for steps in sub_policies("imagenet-25")] == [
        [(name, probability, level or 0) for name, probability, level in steps] for steps in theirs
    ]


def test_levels_mean_what_they_mean_in_the_released_code() -> None:
    for name, level in EVERY:
        wanted = IMAGENET_MAGNITUDES[name]
        if wanted is None:
            assert name in ("AutoContrast", "Equalize", "Invert")
        elif name == "Posterize":
            assert wanted.at(level) == max(1, magnitude(name, level))  # a shift by eight bits is one by seven
        else:
            assert wanted.at(level) == pytest.approx(magnitude(name, level), abs=1e-12), (name, level)
            assert wanted.signed == (name in SIGNED)


@examples(30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 256), st.integers(0, 255))
def test_operations_on_any_image_are_pils(seed: int, span: int, lowest: int) -> None:
    draw, rows = (
        np.random.default_rng(seed),
        Rows.of([(Step(name, 1.0, level),) * 2 for name, level in EVERY], SIDE, torch.device("cpu"), IMAGENET),
    )
    values = pictures(seed, 12, span, lowest)
    chosen, negative = draw.integers(0, len(EVERY), 12), draw.random(12) < 0.5
    row = rows.chosen[torch.from_numpy(chosen), 0] + torch.from_numpy(negative)
    ours = operated(packed(as_batch(values)), row, torch.zeros(12, 2, dtype=torch.int64), rows)
    assert bool((ours >= OPAQUE).all())  # nothing stays clear
    for number, (name, level) in enumerate(EVERY[place] for place in chosen):
        theirs = np.asarray(operate(Image.fromarray(values[number]), name, level, bool(negative[number]))).astype(int)
        made = torch.stack([ours[number] >> shift & 255 for shift in (0, 8, 16)], -1).numpy()
        assert np.abs(made - theirs).max() <= (1 if name in BLENDS else 0), (name, level)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("cutout", [True, False])
def test_a_view_of_a_crop_of_its_own_is_policy_and_black_square(name: str, cutout: bool) -> None:
    policies = sub_policies(name)
    count = 3 * len(policies)
    values = pictures(3, count)
    numbers = torch.rand(count, WIDTH, generator=torch.Generator().manual_seed(1))
    numbers[:, 0] = (torch.arange(count) % len(policies) + 0.5) / len(policies)
    numbers[: len(policies), [1, 5]] = 0.0  # both steps are done, unless their probability is zero
    ours = as_pixels(strong(as_batch(values), numbers, name, cutout, cropped=True)).astype(int)
    for number, drawn in enumerate(numbers.tolist()):
        steps = policies[number % len(policies)]
        difference = np.abs(ours[number] - restated(Image.fromarray(values[number]), steps, drawn, cutout))
        blended = {step.operation for step in steps} & BLENDS
        assert difference.max() == 0 or (blended and (difference > 1).mean() < 0.01), (number, steps)


def test_a_view_without_policy_and_cutout_is_its_crop() -> None:
    images, numbers = as_batch(pictures(5, 4)), torch.rand(4, WIDTH)
    assert torch.equal(strong(images, numbers, "none", cutout=False, cropped=True), images)
    hidden = strong(torch.ones(4, 3, 224, 224), torch.full((4, WIDTH), 0.5), "none", cropped=True)
    assert (hidden == 0).sum((1, 2, 3)).tolist() == [3 * 16 * 16] * 4  # a sixteenth of 16/32: black, not grey


def test_translations_of_the_highest_level_leave_nothing_of_an_image_of_224_pixels() -> None:
    rows = Rows.of([(Step("TranslateY", 1.0, 9),) * 2], 224, torch.device("cpu"), IMAGENET)
    pixels = packed(torch.rand(1, 3, 224, 224))
    out = operated(pixels, rows.chosen[:, 0], torch.zeros(1, 2, dtype=torch.int64), rows)
    assert torch.equal(out, torch.full_like(out, OPAQUE | 128 | 128 << 8 | 128 << 16))


def test_views_are_of_crops_where_there_are_some_and_of_the_weak_view_otherwise() -> None:
    weak, crop = as_batch(pictures(6, 3)), as_batch(pictures(7, 3))
    drawn = torch.rand(1, 3, WIDTH)
    wanted = {"second_view": "strong", "policy": "imagenet-v0", "cutout": True}
    assert torch.equal(further_views(weak, [crop], drawn, wanted)[0], strong(crop, drawn[0], "imagenet-v0", True, True))
    assert torch.equal(further_views(weak, (), drawn, wanted)[0], strong(weak, drawn[0], "imagenet-v0"))
    assert further_views(weak, [crop], drawn[..., :3], {**wanted, "second_view": "weak"})[0] is crop
