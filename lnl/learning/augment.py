"""Augmentation of whole batches on the device, from uniform numbers that are handed in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

PADDING = {"crop-flip": 4, "crop2-flip": 2}  # pixels of black on every side, before a crop of the old size
PARTS = {"eighth-flip": 8, "reflect-flip": 8}  # this part of the side, 4 pixels of 32; `reflect`: of the image's own
KINDS = ("none", *PADDING, *PARTS)
WIDTH = 3  # uniform numbers per image: vertical offset, horizontal offset, flip


def augment(kind: str, images: Tensor, uniform: Tensor | None) -> Tensor:
    """Augmented images [..., B, C, H, W]. `crop-flip`, `crop2-flip`: zero padding, a random crop, a flip with p = 1/2;
    `eighth-flip`, `reflect-flip`: padded by an eighth of the height, by zeros or by reflection.

    uniform: [..., B, 3] in [0, 1); not used for kind `none`.
    """
    if kind == "none" or uniform is None:
        return images
    channels, height, width = images.shape[-3:]
    padding = PADDING[kind] if kind in PADDING else height // PARTS[kind]
    flat, numbers = images.reshape(-1, channels, height, width), uniform.reshape(-1, WIDTH)
    padded = F.pad(flat, (padding,) * 4, mode="reflect" if kind == "reflect-flip" else "constant")
    rows, columns = crop_places(numbers, 2 * padding + 1, height, width)
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
