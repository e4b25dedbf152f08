"""Random resized crops, from uniform numbers that are handed in: a part of an image, scaled to the size of all.

As torchvision's RandomResizedCrop draws them: up to ten tries of an area (8% to all of the image, uniform) and of a
ratio of width to height (3/4 to 4/3, uniform in its logarithm); where none fits, the largest middle part of a ratio
that is allowed. A flip with p = 1/2 follows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TRIES = 10
OF_TRY = 4  # numbers of a try: area, ratio, row, column
WIDTH = OF_TRY * TRIES + 1  # numbers of an image; the last one flips
AREA = (0.08, 1.0)
RATIO = (3 / 4, 4 / 3)
_LOG_RATIO = (math.log(RATIO[0]), math.log(RATIO[1]))

Box = tuple[int, int, int, int]  # first row, first column, height, width


def box(uniform: Sequence[float], height: int, width: int) -> Box:
    """The part of one image that is taken. uniform: at least 40 numbers in [0, 1)."""
    for start in range(0, OF_TRY * TRIES, OF_TRY):
        area, ratio, row, column = uniform[start : start + OF_TRY]
        pixels = height * width * (AREA[0] + (AREA[1] - AREA[0]) * area)
        wide = math.exp(_LOG_RATIO[0] + (_LOG_RATIO[1] - _LOG_RATIO[0]) * ratio)
        h, w = round(math.sqrt(pixels / wide)), round(math.sqrt(pixels * wide))
        if 0 < w <= width and 0 < h <= height:
            return int((height - h + 1) * row), int((width - w + 1) * column), h, w
    return _middle(height, width)


def _middle(height: int, width: int) -> Box:
    h, w = height, width
    if width / height < RATIO[0]:
        h = round(width / RATIO[0])
    elif width / height > RATIO[1]:
        w = round(height * RATIO[1])
    return (height - h) // 2, (width - w) // 2, h, w


def boxes(uniform: Tensor, height: int, width: int) -> Tensor:
    """`box` of each of B images of one size on their device, int64 [B, 4]. uniform: [B, WIDTH]."""
    area, ratio, row, column = uniform[:, :-1].double().view(-1, TRIES, OF_TRY).unbind(-1)
    pixels = height * width * (AREA[0] + (AREA[1] - AREA[0]) * area)
    wide = torch.exp(_LOG_RATIO[0] + (_LOG_RATIO[1] - _LOG_RATIO[0]) * ratio)
    h, w = (pixels / wide).sqrt().round(), (pixels * wide).sqrt().round()
    places = torch.stack([((height - h + 1) * row).floor(), ((width - w + 1) * column).floor(), h, w], dim=-1)
    fits = (w > 0) & (w <= width) & (h > 0) & (h <= height)
    first = fits.to(torch.int8).argmax(1)
    chosen = places[torch.arange(len(places), device=places.device), first]
    # filled in on the device: a step brings nothing from the host
    middle = torch.stack([torch.full_like(h[:, 0], side) for side in _middle(height, width)], dim=-1)
    return torch.where(fits.any(1, keepdim=True), chosen, middle).long()


def resized_crops(images: Tensor, uniform: Tensor) -> Tensor:
    """Images [B, C, H, W] as resized crops of that size, bilinear (without the smoothing by which PIL makes an image
    smaller: a crop is hardly ever larger than what comes out). uniform: [B, WIDTH]."""
    height, width = images.shape[-2:]
    top, left, h, w = boxes(uniform, height, width).to(images.dtype)[:, :, None].unbind(1)
    rows, columns = (torch.arange(n, device=images.device, dtype=images.dtype) + 0.5 for n in (height, width))
    y = top + (rows * h / height).clamp(min=0.5).minimum(h - 0.5)  # [B, H], in pixels from the upper edge
    x = left + (columns * w / width).clamp(min=0.5).minimum(w - 0.5)
    x = torch.where(uniform[:, -1:] < 0.5, x.flip(-1), x)
    grid = torch.stack(torch.broadcast_tensors(2 * x[:, None] / width - 1, 2 * y[:, :, None] / height - 1), dim=-1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
