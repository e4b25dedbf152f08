"""IEG's strong view: a learned sub-policy an image, a crop of the padded image, a flip, a cutout. On WebVision it is
of an image that was cropped and flipped for it alone, a sub-policy and a black cutout.

As in the released code (ieg/dataset_utils: augmentation_transforms.py, utils.py), but on the device, for a whole batch,
and from uniform numbers that are handed in. Pixels are whole numbers of 0 to 255 until the end. They are rounded where
that code cuts, which in its single precision takes one off the values 1 to 63. Mid-grey is put in at the end: 0.5,
that code's 0 in [-1, 1], which is none of the 256 values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

from lnl.errors import UserError
from lnl.learning.augment import augment, crop_places
from lnl.learning.pixel_operations import operated, packed, square, taken, unpacked, without
from lnl.learning.pixel_tables import OPAQUE, Rows, in_pixels
from lnl.learning.policies import CIFAR, IMAGENET, NONE, known_policy, levels_of, sub_policies

#: Uniform numbers per image: sub-policy; of each of its two steps whether it is done, its sign, and row and column of
#: a cutout; vertical and horizontal offset of the crop, flip; row and column of the last cutout.
WIDTH = 14
_OF_POLICY, _OF_STEP, _OF_CROP = 9, 4, 3

MID_GREY = 0.5
PADDING = 4  # pixels of mid-grey on every side of an image of 32 x 32, before a crop of the old size
CUTOUT = 16  # pixels a side, of 32, and of 224 where a view is a crop of its own


def strong(
    images: Tensor, uniform: Tensor, policy: str = "autoaugment-95", cutout: bool = True, cropped: bool = False
) -> Tensor:
    """Strongly augmented images [..., B, C, H, W] in [0, 1].

    images: weakly augmented, float32 in [0, 1], square, C = 3 or 1 (as three equal channels). uniform: [..., B, WIDTH]
    in [0, 1). policy: one of `policies.POLICIES`; with `none` crop, flip and cutout are left. cutout: whether the last
    one is done. cropped: the images were cropped and flipped for these views alone and are not again; the cutout is
    black, and a fourteenth of the side. On images of another side than 32 (of 224, for ImageNet's policies and where
    `cropped`) all lengths are in proportion. UserError for an unknown policy and for images on which it cannot be done.
    """
    channels, height, width = images.shape[-3:]
    side = _side(channels, height, width)
    flat, numbers = images.reshape(-1, channels, side, side), uniform.reshape(-1, WIDTH)
    of_policy, of_crop, of_cutout = numbers.split((_OF_POLICY, _OF_CROP, 2), dim=1)
    pixels = packed(flat.expand(-1, 3, -1, -1))
    if known_policy(policy) != NONE:
        pixels = _by_policy(pixels, of_policy, _rows(policy, side, images.device))
    if not cropped:
        padding = in_pixels(PADDING, side)
        offsets = max(2 * padding, 1)  # 0 to 7 of 0 to 8: the released code never draws the last
        rows, columns = crop_places(of_crop, offsets, side, side)
        pixels = taken(pixels, rows[:, :, None] - padding, columns[:, None, :] - padding)
    if cutout:
        of, colour = (IMAGENET.side, OPAQUE) if cropped else (CIFAR.side, 0)  # opaque black, or clear
        half = torch.full((1,), in_pixels(CUTOUT, side, of) // 2, device=images.device)
        pixels = without(pixels, square(_whole(of_cutout, side), half, side, side), colour)
    return _laid_out_as(images, unpacked(pixels, MID_GREY)[:, :channels].reshape(images.shape))


def _laid_out_as(images: Tensor, views: Tensor) -> Tensor:
    """Views in the layout of the images: crops are channels-last, which a CPU convolves a third faster, and a pool of
    both would not be."""
    last = images.dim() == 4 and images.is_contiguous(memory_format=torch.channels_last)
    return views.contiguous(memory_format=torch.channels_last) if last else views


def _side(channels: int, height: int, width: int) -> int:
    if height != width or channels not in (1, 3):
        raise UserError(
            f"strong views are of square images with 1 or 3 channels, these are {channels} x {height} x {width}; "
            "take a data set of such images, or a method without strong views"
        )
    return height


@cache
def _rows(policy: str, side: int, device: torch.device) -> Rows:
    """Made once: a step that is recorded may not bring anything to the device."""
    return Rows.of(sub_policies(policy), side, device, levels_of(policy))


def _by_policy(pixels: Tensor, uniform: Tensor, rows: Rows) -> Tensor:
    """Pixels [B, S, S] after a sub-policy each. uniform: [B, 9]."""
    policy = _whole(uniform[:, 0], len(rows.chosen))
    chosen, probability = rows.chosen[policy], rows.probability[policy]
    for step, numbers in enumerate(uniform[:, 1:].split(_OF_STEP, dim=1)):
        done, negative = numbers[:, 0] < probability[:, step], numbers[:, 1] > 0.5
        row = (chosen[:, step] + negative) * done
        pixels = operated(pixels, row, _whole(numbers[:, 2:], pixels.shape[-1]), rows)
    return pixels


def _whole(uniform: Tensor, count: int) -> Tensor:
    """Whole numbers below `count`, which no product with a single precision number below 1 is rounded up to."""
    return (uniform * count).to(torch.int64)


def further_views(weak: Tensor, crops: Sequence[Tensor], drawn: Tensor, wanted: Mapping[str, Any]) -> list[Tensor]:
    """Views beside the weakly augmented images, a view for each row of numbers.

    crops: as many, augmented anew from the images themselves, or none: views are then made of the weak one. wanted:
    `second_view` (`strong`, or `weak`: cropped and flipped anew), `policy` and `cutout`.
    """
    if wanted["second_view"] == "weak":
        return [*crops] or [augment("crop2-flip", weak, numbers) for numbers in drawn]
    how = wanted["policy"], wanted["cutout"], bool(crops)
    return [strong(image, numbers, *how) for image, numbers in zip(crops or [weak] * len(drawn), drawn, strict=True)]
