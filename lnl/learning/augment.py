"""Augmentation of whole batches on the device, from uniform numbers that are handed in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.learning import resized_crops

PADDING = {"crop-flip": 4, "crop2-flip": 2}  # pixels of black on every side, before a crop of the old size
PARTS = {"eighth-flip": 8, "reflect-flip": 8}  # this part of the side, 4 pixels of 32; `reflect`: of the image's own
RESIZED = "resized-crop-flip"
WIDTH = 3  # uniform numbers per image: vertical offset, horizontal offset, flip


def width(kind: str) -> int:
    """Uniform numbers that a kind needs for an image."""
    return resized_crops.WIDTH if kind == RESIZED else WIDTH


def augment(kind: str, images: Tensor, uniform: Tensor | None) -> Tensor:
    """Augmented images [..., B, C, H, W]. `crop-flip`, `crop2-flip`: zero padding, a random crop, a flip with p = 1/2;
    `eighth-flip`, `reflect-flip`: padded by an eighth of the height, by zeros or by reflection;
    `resized-crop-flip`: a random part, scaled to the whole, and a flip (lnl/learning/resized_crops.py).

    uniform: [..., B, width(kind)] in [0, 1); not used for kind `none`.
    """
    if kind == "none" or uniform is None:
        return images
    if kind == RESIZED:
        flat, numbers = images.reshape(-1, *images.shape[-3:]), uniform.reshape(-1, resized_crops.WIDTH)
        return resized_crops.resized_crops(flat, numbers).view(images.shape)
    channels, high, wide = images.shape[-3:]
    padding = PADDING[kind] if kind in PADDING else high // PARTS[kind]
    flat, numbers = images.reshape(-1, channels, high, wide), uniform.reshape(-1, WIDTH)
    padded = F.pad(flat, (padding,) * 4, mode="reflect" if kind == "reflect-flip" else "constant")
    rows, columns = crop_places(numbers, 2 * padding + 1, high, wide)
    batch = torch.arange(len(flat), device=images.device)[:, None, None]
    cropped = padded.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]]
    return cropped.permute(0, 3, 1, 2).reshape(images.shape)


def crop_places(uniform: Tensor, offsets: int, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows [B, height] and columns [B, width] of a padded image that a crop at offsets 0 .. offsets - 1 takes, columns
    in reverse with p = 1/2. uniform: [B, 3]."""
    first = (uniform[:, :2] * offsets).long()
    rows = first[:, :1] + torch.arange(height, device=uniform.device)
    columns = first[:, 1:] + torch.arange(width, device=uniform.device)
    flip = uniform[:, 2:] < 0.5
    return rows, torch.where(flip, columns.flip(-1), columns)
