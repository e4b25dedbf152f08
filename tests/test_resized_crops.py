"""Random resized crops: the boxes that torchvision draws, and what bilinear scaling makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import CenterCrop, RandomResizedCrop, Resize
from torchvision.transforms import functional as tv

from lnl.engine.loader import cropped, middle
from lnl.learning import resized_crops
from lnl.learning.augment import RESIZED, augment
from lnl.learning.resized_crops import WIDTH

NUMBERS = st.integers(0, 2**31).map(lambda seed: np.random.default_rng(seed).random(WIDTH, dtype=np.float32))


class Handed:
    """torch's random numbers as torchvision asks for them, out of those that are handed in, four for each try."""

    def __init__(self, uniform: np.ndarray) -> None:
        self.tries, self.asked, self.placed = uniform[:-1].reshape(-1, 4).tolist(), 0, 0

    def uniform(self, low: float, high: float) -> torch.Tensor:
        number = self.tries[self.asked // 2][self.asked % 2]
        self.asked += 1
        return torch.tensor([low + (high - low) * number], dtype=torch.float64)

    def randint(self, low: int, high: int, size: tuple[int, ...]) -> torch.Tensor:
        number = self.tries[self.asked // 2 - 1][2 + self.placed]
        self.placed += 1
        return torch.tensor([low + int((high - low) * number)])


@examples(40)
@given(NUMBERS, st.integers(4, 400), st.integers(4, 400))
def test_boxes_are_those_of_torchvision_one_by_one_and_all_together(u: np.ndarray, height: int, width: int) -> None:
    together = resized_crops.boxes(torch.from_numpy(u)[None], height, width)[0].tolist()
    one = resized_crops.box(u.tolist(), height, width)
    top, left, h, w = one
    assert 0 <= top <= height - h and 0 <= left <= width - w
    assert together == list(one)
    with pytest.MonkeyPatch.context() as patch:
        drawn = Handed(u)
        patch.setattr(torch.Tensor, "uniform_", lambda _, low, high: drawn.uniform(low, high))
        patch.setattr(torch, "randint", drawn.randint)
        empty = torch.empty(1, height, width)
        patch.setattr(torch, "log", lambda ratio: np.log(ratio.double().numpy()))  # in double precision, as ours
        theirs = RandomResizedCrop.get_params(empty, [0.08, 1.0], [3 / 4, 4 / 3])
    assert list(theirs) == list(one)


def _bilinear(image: np.ndarray, box: resized_crops.Box, flip: bool) -> np.ndarray:
    """A part of image [H, W], scaled to [H, W] by loops; beyond the part its border is repeated."""
    top, left, h, w = box
    part = image[top : top + h, left : left + w]
    out = np.empty_like(image)
    for row, column in np.ndindex(*image.shape):
        y, x = (
            (at + 0.5) * size / full - 0.5 for at, size, full in zip((row, column), (h, w), image.shape, strict=True)
        )
        y, x = min(max(y, 0), h - 1), min(max(x, 0), w - 1)
        above, before = int(y), int(x)
        below, behind = min(above + 1, h - 1), min(before + 1, w - 1)
        down, right = y - above, x - before
        upper = part[above, before] * (1 - right) + part[above, behind] * right
        lower = part[below, before] * (1 - right) + part[below, behind] * right
        out[row, -1 - column if flip else column] = upper * (1 - down) + lower * down
    return out


@examples(8)
@given(st.integers(0, 2**31))
def test_images_in_memory_are_scaled_as_plain_loops_do_it(seed: int) -> None:
    stream = torch.Generator().manual_seed(seed)
    images, uniform = torch.rand(2, 2, 9, 7, generator=stream), torch.rand(2, WIDTH, generator=stream)
    made = augment(RESIZED, images, uniform)
    for image, numbers, out in zip(images, uniform, made, strict=True):
        box = resized_crops.box(numbers.tolist(), 9, 7)
        for channel, ours in zip(image.numpy().astype(np.float64), out.numpy(), strict=True):
            np.testing.assert_allclose(ours, _bilinear(channel, box, bool(numbers[-1] < 0.5)), atol=2e-5)


@examples(15)
@given(NUMBERS, st.integers(8, 90), st.integers(8, 90))
def test_images_of_files_are_cropped_and_scaled_as_torchvision_does(u: np.ndarray, height: int, width: int) -> None:
    pixels = np.random.default_rng(height * width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    image = Image.fromarray(pixels)
    theirs = tv.resized_crop(image, *resized_crops.box(u.tolist(), height, width), [14, 14])
    theirs = tv.hflip(theirs) if u[-1] < 0.5 else theirs
    np.testing.assert_array_equal(cropped(image, u.tolist(), 14), theirs)
    np.testing.assert_array_equal(middle(image, 14), CenterCrop(14)(Resize(16)(image)))
