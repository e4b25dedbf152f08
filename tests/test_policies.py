"""IEG's strong view on whole batches, held against PIL image by image."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from benchmarks import released_views
from lnl.errors import UserError
from lnl.learning import strong_view
from lnl.learning.augment import augment
from lnl.learning.pixel_operations import operated, packed
from lnl.learning.pixel_tables import OPAQUE, RESETS, Rows
from lnl.learning.policies import MAGNITUDES, POLICIES, Step, sub_policies
from lnl.learning.strong_view import WIDTH, strong

BLENDS = {"Brightness", "Contrast", "Color", "Sharpness"}  # in PIL single precision, which some compilers fuse
#: Every operation at every level, PIL's posterize without the zero bits that it refuses.
EVERY = [(name, level) for name in MAGNITUDES for level in range(11) if (name, level) != ("Posterize", 10)]
ROWS = Rows.of([(Step(name, 1.0, level),) * 2 for name, level in EVERY], 32, torch.device("cpu"))
MIDDLE = [0.5, 0.5, 0.9]  # of the crop: offset 4, no flip


def pictures() -> NDArray[np.uint8]:
    """Noise, little contrast, one colour, few values, slopes, black and white: [N, 32, 32, 3]."""
    draw = np.random.default_rng(0)
    noise = draw.integers(0, 256, (4, 32, 32, 3))
    faint = draw.integers(0, 200, (4, 1, 1, 3)) + noise % draw.integers(2, 56, (4, 1, 1, 3))
    flat = np.broadcast_to(draw.integers(0, 256, (2, 1, 1, 3)), (2, 32, 32, 3))
    few = np.where(noise[:2] < 250, 7, noise[:2])
    slope = np.broadcast_to(np.add.outer(4 * np.arange(32), 4 * np.arange(32))[..., None], (1, 32, 32, 3))
    ends = np.stack([np.zeros((32, 32, 3)), np.full((32, 32, 3), 255), 255 * (noise[0] > 99)])
    return np.concatenate([noise, faint, flat, few, slope, ends]).astype(np.uint8)


PICTURES = pictures()


def as_batch(values: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(values).permute(0, 3, 1, 2).to(torch.float32) / 255


def uniform(count: int, seed: int = 0) -> Tensor:
    return torch.rand(count, WIDTH, generator=torch.Generator().manual_seed(seed))


def rgba(pixels: Tensor) -> NDArray[np.uint8]:
    """PIL's arrays [B, H, W, 4] of a batch of pixels."""
    channels = [pixels >> shift & 255 for shift in (0, 8, 16)] + [(pixels & OPAQUE != 0) * 255]
    return torch.stack(channels, -1).to(torch.uint8).numpy()


def plain(*steps: Step) -> list[tuple[str, float, int]]:
    return [(step.operation, step.probability, step.level) for step in steps]


# ---- the sets ------------------------------------------------------------------------------------------------------


def test_the_released_set_is_the_one_that_was_read() -> None:
    found = sub_policies("autoaugment-95")
    assert len(found) == 95 and len(set(found)) < 95  # some stand twice, and are drawn twice as often
    text = ";".join(f"{s.operation} {s.probability:.1f} {s.level}" for steps in found for s in steps)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "91306f72281ea95c"


def test_the_small_set_is_torchvisions_and_four_fifths_of_it_are_released() -> None:
    from torchvision.transforms import AutoAugment, AutoAugmentPolicy

    theirs = AutoAugment(AutoAugmentPolicy.CIFAR10).policies
    assert [plain(*steps) for steps in sub_policies("autoaugment-25")] == [
        [(name, probability, level or 0) for name, probability, level in steps] for steps in theirs
    ]

    def meant(steps: tuple[Step, ...]) -> tuple[tuple[str, float, int | None], ...]:
        return tuple((s.operation, s.probability, s.level if MAGNITUDES[s.operation] else None) for s in steps)

    released = set(map(meant, sub_policies("autoaugment-95")))
    assert sum(meant(steps) in released for steps in sub_policies("autoaugment-25")) == 20


def test_levels_mean_what_they_mean_in_the_released_code() -> None:
    for name, level in EVERY:
        wanted = MAGNITUDES[name]
        if wanted is not None:
            assert wanted.at(level) == pytest.approx(released_views.magnitude(name, level), abs=1e-12), (name, level)
            assert wanted.signed == (name in released_views.SIGNED)


# ---- one operation -------------------------------------------------------------------------------------------------


def compare(values: NDArray[np.uint8], clear: NDArray[np.bool_], chosen: list[int], negative: list[bool],
            centre: NDArray[np.int64]) -> None:  # fmt: skip
    """One operation an image, of EVERY, by PIL and by us, on images of which some pixels are clear already."""
    before = packed(as_batch(values))
    before = torch.where(torch.from_numpy(clear), before - OPAQUE, before)
    row = ROWS.chosen[torch.tensor(chosen), 0] + torch.tensor(negative)
    ours = rgba(operated(before, row, torch.from_numpy(centre), ROWS))
    for number, image in enumerate(rgba(before)):
        name, level = EVERY[chosen[number]]
        middle = (int(centre[number, 0]), int(centre[number, 1]))
        theirs = released_views.operate(Image.fromarray(image), name, level, negative[number], middle)
        difference = np.abs(ours[number].astype(int) - np.asarray(theirs))
        assert difference[..., 3].max() == 0, ("alpha", name, level)
        assert difference.max() <= (1 if name in BLENDS else 0), (name, level, negative[number])


@pytest.mark.parametrize("negative", [False, True])
def test_every_operation_at_every_level_is_pils(negative: bool) -> None:
    draw = np.random.default_rng(1)
    for start in range(0, len(EVERY), 8):  # small batches, of different operations
        chosen = [place for place in range(start, min(start + 8, len(EVERY))) for _ in PICTURES]
        values = np.concatenate([PICTURES] * (len(chosen) // len(PICTURES)))
        clear = (draw.random(values.shape[:3]) < 0.1) & (draw.random(len(values)) < 0.5)[:, None, None]
        values = np.where(clear[..., None], 0, values)
        compare(values, clear, chosen, [negative] * len(chosen), draw.integers(0, 32, (len(chosen), 2)))


@examples(25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 256), st.integers(0, 255), st.floats(0, 1))
def test_operations_on_any_image_are_pils(seed: int, span: int, lowest: int, share: float) -> None:
    draw = np.random.default_rng(seed)
    values = (lowest + draw.integers(0, span, (12, 32, 32, 3))).clip(0, 255)
    values = np.where(draw.random((12, 32, 32, 1)) < share, values[:, :1, :1], values).astype(np.uint8)
    clear = draw.random((12, 32, 32)) < share / 4
    chosen, negative = draw.integers(0, len(EVERY), 12).tolist(), (draw.random(12) < 0.5).tolist()
    compare(values, clear, chosen, negative, draw.integers(0, 32, (12, 2)))


@pytest.mark.parametrize("name", [name for name in MAGNITUDES if name != "Cutout"])
def test_exposed_pixels_are_grey_unless_a_later_operation_resets_alpha(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = ((Step("TranslateX", 1.0, 9), Step(name, 1.0, 5)),)
    monkeypatch.setattr(strong_view, "_rows", lambda *_: Rows.of(policy, 32, torch.device("cpu")))
    images = as_batch(PICTURES[:4])
    numbers = torch.tensor([[0.0, *[0.0] * 8, 0.5, 0.5, 0.9, 0.0, 0.0]]).repeat(4, 1)
    exposed = strong(images, numbers, cutout=False)[:, :, 8:24, -1]  # the last of nine columns that moved in
    of_black = {"Invert": 1.0, "Solarize": 0.0, "Posterize": 0.0, "AutoContrast": 0.0}
    if name not in RESETS:
        assert (exposed == 0.5).all()
    elif name in of_black:
        assert (exposed == of_black[name]).all()
    else:
        assert (exposed != 0.5).all() and (exposed == exposed[:, :, :1]).all()  # Equalize: what it makes of black


# ---- the whole view ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["autoaugment-95", "autoaugment-25"])
def test_a_view_is_the_released_codes(name: str) -> None:
    policies = sub_policies(name)
    count = 4 * len(policies)
    draw = np.random.default_rng(2)
    values = PICTURES[draw.integers(0, len(PICTURES), count)]
    numbers = uniform(count)
    numbers[:, 0] = (torch.arange(count) % len(policies) + 0.5) / len(policies)
    numbers[: count // 2, [1, 5]] = 0.0  # both steps are done, unless their probability is zero
    images = as_batch(values)
    ours = strong(images, numbers, name).permute(0, 2, 3, 1).numpy()
    views = (images.permute(0, 2, 3, 1).numpy() - np.float32(0.5)) * np.float32(2)
    for number in range(count):
        steps = policies[number % len(policies)]
        theirs = released_views.strong(views[number], plain(*steps), numbers[number, 1:].tolist())
        difference = np.abs(ours[number] * 2 - 1 - theirs) * 127.5
        blended = {step.operation for step in steps} & BLENDS
        assert difference.max() <= (1.001 if blended else 0.001) or (blended and (difference > 1.001).mean() < 0.01)


def test_without_policy_and_cutout_the_rest_stays() -> None:
    images, numbers = as_batch(PICTURES), uniform(len(PICTURES))
    views = (images.permute(0, 2, 3, 1).numpy() - np.float32(0.5)) * np.float32(2)
    for cutout in (True, False):
        ours = strong(images, numbers, "none", cutout=cutout).permute(0, 2, 3, 1).numpy()
        for number, row in enumerate(numbers.tolist()):
            theirs = released_views.strong(views[number], [], row[1:])
            seen = np.ones((32, 32), dtype=bool)
            if not cutout:
                hidden = [released_views.bounds(int(value * 32), 16, 32) for value in row[12:]]
                seen[hidden[0], hidden[1]] = False
            np.testing.assert_allclose(ours[number][seen] * 2 - 1, theirs[seen], atol=1e-6)
    assert not torch.equal(strong(images, numbers, "none"), strong(images, numbers, "none", cutout=False))
    assert not torch.equal(strong(images, numbers), strong(images, numbers, "none"))


def test_the_crop_has_offsets_0_to_7_and_grey_beyond_the_image() -> None:
    images = (torch.arange(32.0)[:, None].expand(32, 32) / 255).expand(64, 3, 32, 32)
    numbers = torch.zeros(64, WIDTH)
    numbers[:, 9] = torch.linspace(0, 1 - 2**-24, 64)
    numbers[:, 10:12] = torch.tensor([0.5, 0.9])
    first = strong(images, numbers, "none", cutout=False)[:, 0, :, 16]
    offsets = [int((row == 0.5).sum()) if row[0] == 0.5 else -round(float(row[0]) * 255) for row in first]
    assert Counter(4 - offset for offset in offsets) == dict.fromkeys(range(8), 8)
    assert set(np.unique(first)) <= {0.5, *(torch.arange(32) / 255).tolist()}


@pytest.mark.parametrize(
    ("centre", "area"), [((16, 16), 256), ((0, 0), 64), ((31, 31), 81), ((0, 16), 128), ((8, 8), 256)]
)
def test_a_cutout_is_16_pixels_wide_clipped_at_the_border_and_mid_grey(centre: tuple[int, int], area: int) -> None:
    numbers = torch.tensor([[0.0] * 9 + MIDDLE + [(place + 0.5) / 32 for place in centre]])
    out = strong(torch.zeros(1, 3, 32, 32), numbers, "none")[0]
    assert set(out.unique().tolist()) == {0.0, 0.5}
    assert [int((channel == 0.5).sum()) for channel in out] == [area] * 3
    rows, columns = (out[0] == 0.5).nonzero().T
    assert (int(rows.min()), int(columns.min())) == (max(centre[0] - 8, 0), max(centre[1] - 8, 0))


def test_sub_policies_are_drawn_alike_and_each_image_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sub-policy i of a set of thresholds leaves 256 - i of its values as they are."""
    levels = range(11)
    policies = tuple((Step("Solarize", 1.0, level), Step("Solarize", 0.0, 0)) for level in levels)
    monkeypatch.setattr(strong_view, "_rows", lambda *_: Rows.of(policies, 32, torch.device("cpu")))
    images = torch.full((1100, 3, 32, 32), 1.0)
    images[:, :, :, :] = torch.linspace(0, 255, 32).round().div(255)
    numbers = torch.tensor([[0.0] * 9 + MIDDLE + [0.0, 0.0]]).repeat(1100, 1)
    numbers[:, 0] = torch.linspace(0, 1 - 2**-24, 1100)
    kept = (strong(images, numbers, cutout=False) == images).sum((1, 2, 3)).tolist()
    assert list(Counter(kept).values()) == [100] * 11


def test_the_same_numbers_make_the_same_view_whatever_else_is_in_the_batch() -> None:
    images, numbers = as_batch(PICTURES), uniform(len(PICTURES))
    out = strong(images, numbers)
    assert torch.equal(out, strong(images, numbers))
    assert torch.equal(out[3:5], strong(images[3:5], numbers[3:5]))
    stacked = strong(torch.stack([images, images.flip(0)]), torch.stack([numbers, numbers.flip(0)]))
    assert torch.equal(stacked, torch.stack([out, out.flip(0)]))
    assert not torch.equal(out, strong(images, uniform(len(PICTURES), seed=1)))
    assert out.min() >= 0 and out.max() <= 1


def test_the_ends_of_the_scale_are_numbers_too() -> None:
    images = as_batch(PICTURES[:2])
    for value in (0.0, 1 - 2**-24):
        assert strong(images, torch.full((2, WIDTH), value)).shape == images.shape


@pytest.mark.parametrize("name", POLICIES)
def test_no_shape_depends_on_values_and_nothing_is_read_back_from_a_gpu(name: str) -> None:
    """Tensors of a GPU that have no values: whoever reads one, or makes a shape of them, or mixes devices, fails."""
    with FakeTensorMode():
        images, numbers = torch.empty(7, 3, 32, 32, device="cuda"), torch.empty(7, WIDTH, device="cuda")
        out = strong(images, numbers, name)
    strong_view._rows.cache_clear()  # of what has no values
    assert (out.shape, out.dtype, out.device) == (images.shape, images.dtype, images.device)


def test_weak_views_go_in_as_they_come() -> None:
    images = as_batch(PICTURES)
    weak = augment("crop2-flip", images, torch.rand(len(images), 3, generator=torch.Generator().manual_seed(3)))
    numbers = uniform(len(PICTURES))
    assert torch.equal(strong(weak, numbers), strong(weak.contiguous(), numbers))


# ---- other images, and none ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLICIES)
def test_one_channel_is_three_equal_ones(name: str) -> None:
    grey, numbers = as_batch(PICTURES)[:, :1], uniform(len(PICTURES))
    numbers[:, [1, 5]] = 1 - 2**-24  # cutouts have a colour
    out = strong(grey, numbers, name)
    assert out.shape == grey.shape
    assert torch.equal(out.expand(-1, 3, -1, -1), strong(grey.expand(-1, 3, -1, -1), numbers, name))


def test_lengths_are_in_proportion_on_small_images() -> None:
    numbers = torch.tensor([[0.0] * 9 + MIDDLE + [0.5, 0.5]])
    out = strong(torch.zeros(1, 1, 8, 8), numbers, "none")
    assert int((out == 0.5).sum()) == 4 * 4
    assert strong(torch.rand(50, 1, 8, 8), uniform(50)).shape == (50, 1, 8, 8)


@pytest.mark.parametrize("name", ["autoaugment", "autoaugment-90", "", "None"])
def test_an_unknown_policy_is_a_line_with_the_known_ones(name: str) -> None:
    with pytest.raises(
        UserError, match=r"policy .* is not known .*autoaugment-25, autoaugment-95, imagenet-25, imagenet-v0, none"
    ):
        strong(torch.zeros(1, 3, 32, 32), torch.zeros(1, WIDTH), name)


@pytest.mark.parametrize("shape", [(1, 1, 300), (3, 32, 28), (2, 8, 8)])
def test_images_that_it_cannot_be_done_on_are_a_line(shape: tuple[int, int, int]) -> None:
    with pytest.raises(UserError, match="square images with 1 or 3 channels, these are"):
        strong(torch.zeros(2, *shape), torch.zeros(2, WIDTH))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_view_is_laid_out_as_its_image(layout: torch.memory_format, channels: int) -> None:
    images = torch.rand(2, channels, 8, 8).contiguous(memory_format=layout)
    views = strong(images, torch.rand(2, WIDTH))
    assert views.is_contiguous(memory_format=layout)
    assert torch.cat([images, views]).is_contiguous(memory_format=layout)
