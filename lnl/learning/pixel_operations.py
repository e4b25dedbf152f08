"""AutoAugment's operations on whole batches, each image with its own, to the last bit what PIL makes of the image.

A pixel is one int32 as in PIL's RGBA: red in the low eight bits, then green, blue, and one bit that is clear where an
operation exposed the pixel (PIL's alpha); where a set fills such pixels at once, none stays clear. Nothing depends on
the values of a batch but values: no shape, no branch, so that the work can be recorded and replayed on a GPU. Whole
numbers below 2^24 are exact in single precision. Where nobody else holds a tensor it is changed in place, which takes a
CPU half the time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lnl.learning.pixel_tables import (
    EQUALIZED,
    FACTOR,
    FIXED_BITS,
    GREY,
    MEAN,
    OPAQUE,
    OPAQUE_BIT,
    SMOOTH,
    STRETCHED,
    Rows,
)

CUT_COLOUR = 125 | 122 << 8 | 113 << 16  # of the released Cutout; clear, so grey in the end unless alpha is reset
LUMA = (19595, 38470, 7471)  # PIL's weights of red, green and blue in grey, of 65536


def packed(images: Tensor) -> Tensor:
    """Opaque pixels, int32 [B, H, W], of images [B, 3, H, W] in [0, 1], to the nearest of 256 values."""
    return _packed(images.mul(255).add_(0.5).floor_()) | OPAQUE


def unpacked(pixels: Tensor, exposed: float) -> Tensor:
    """Images [B, 3, H, W] in [0, 1]; what is clear becomes `exposed`, which need not be one of the 256 values."""
    seen = (pixels >> OPAQUE_BIT).to(torch.float32)[:, None]
    return _channels(pixels).to(torch.float32).div_(255).mul_(seen).add_(exposed * (1 - seen))


def operated(pixels: Tensor, row: Tensor, centre: Tensor, rows: Rows) -> Tensor:
    """Pixels after one operation each. pixels: int32 [B, H, W]; row: int64 [B], of `rows`; centre: int64 [B, 2], row
    and column of the middle of a cutout, for images whose operation is one."""
    height, width = pixels.shape[-2:]
    moved = taken(pixels, *_places(rows.affine[row], height, width))
    cut = without(moved, square(centre, rows.half[row], height, width), CUT_COLOUR)
    if rows.fill is not None:
        cut = torch.where(cut >> OPAQUE_BIT > 0, cut, OPAQUE | rows.fill * (1 | 1 << 8 | 1 << 16))
    kinds = rows.kinds[row]
    looked = _looked_up(_channels(cut).flatten(-2), rows.lookup[row], kinds)
    made = _packed(_blended(looked.unflatten(-1, (height, width)), kinds))
    return made.bitwise_or_(cut & OPAQUE).bitwise_or_(rows.opaque[row, None, None])


def taken(pixels: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """Pixels at rows y and columns x, which broadcast to [B, H, W]; black and clear where that is outside."""
    height, width = pixels.shape[-2:]
    near_y, near_x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    index = (near_y * width + near_x).flatten(-2).to(torch.int64)
    return pixels.flatten(-2).gather(-1, index).view_as(pixels).mul_((near_y == y) & (near_x == x))


def without(pixels: Tensor, hidden: Tensor, colour: int = 0) -> Tensor:
    """Pixels that are clear and of one colour where `hidden`, bool [B, H, W]."""
    return pixels.mul(~hidden).add_(hidden.to(torch.int32), alpha=colour)


def square(centre: Tensor, half: Tensor, height: int, width: int) -> Tensor:
    """Squares, clipped at the border, bool [B, H, W]: 2 · half rows and columns from centre - half on. centre: int64
    [B, 2], row and column; half: int64, [B] or one for all."""
    rows, columns = (torch.arange(size, device=centre.device) for size in (height, width))
    first, last = (centre + side * half[..., None] for side in (-1, 1))
    down = (rows >= first[:, :1]) & (rows < last[:, :1])
    across = (columns >= first[:, 1:]) & (columns < last[:, 1:])
    return down[:, :, None] & across[:, None, :]


def _channels(pixels: Tensor) -> Tensor:
    """Red, green and blue, uint8 [B, 3, H, W]: a conversion keeps the low eight bits."""
    return torch.stack([(pixels >> shift).to(torch.uint8) for shift in (0, 8, 16)], dim=1)


def _packed(values: Tensor) -> Tensor:
    """Clear pixels of values [B, 3, H, W], whole numbers from 0 to 255."""
    red, green, blue = values.unbind(1)
    return red.add(green, alpha=1 << 8).add_(blue, alpha=1 << 16).to(torch.int32)


def _places(affine: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows and columns, int32 [B, H, W], that affine maps [B, 6] name."""
    right = torch.arange(width, dtype=torch.int32, device=affine.device)
    below = torch.arange(height, dtype=torch.int32, device=affine.device)[:, None]
    x_right, x_below, x, y_right, y_below, y = affine[:, :, None, None].unbind(1)
    places = ((y + y_below * below) + y_right * right, (x + x_below * below) + x_right * right)
    return places[0].bitwise_right_shift_(FIXED_BITS), places[1].bitwise_right_shift_(FIXED_BITS)


def _looked_up(values: Tensor, fixed: Tensor, kinds: Tensor) -> Tensor:
    """Values, float32 [B, 3, P], through the lookups [B, 256] of the operations or those of the images themselves.
    values: uint8 [B, 3, P]."""
    lowest, highest = values.amin(-1, keepdim=True), values.amax(-1, keepdim=True)
    index = values.to(torch.int64)
    stretched = _stretched(lowest, highest).mul_(kinds[:, STRETCHED, None, None])
    equalized = _equalized(index, highest).mul_(kinds[:, EQUALIZED, None, None])
    return stretched.add_(equalized).add_(fixed[:, None]).gather(-1, index)


def _stretched(lowest: Tensor, highest: Tensor) -> Tensor:
    """Lookups [B, 3, 256] that take the lowest value to 0 and the highest to 255; of one value alone, itself.

    In double precision and in PIL's order, which decides where a product falls just short of a whole number.
    """
    ramp = torch.arange(256, dtype=torch.float64, device=lowest.device)
    several = highest > lowest
    span = (highest - lowest).clamp(min=1).to(torch.float64)
    scale = torch.where(several, torch.full_like(span, 255) / span, 1.0)  # 255 / span would multiply by 1 / span
    start = torch.where(several, lowest, 0) * -scale
    return (ramp * scale).add_(start).clamp_(0, 255).trunc_().to(torch.float32)


def _equalized(index: Tensor, highest: Tensor) -> Tensor:
    """Lookups [B, 3, 256] that spread the values evenly, in PIL's whole numbers; itself where there is too little.
    index: the values, int64 [B, 3, P]; highest: of them, [B, 3, 1]."""
    ramp = torch.arange(256, dtype=torch.float32, device=index.device)
    rows = torch.arange(index[..., 0].numel(), device=index.device).view(*index.shape[:-1], 1)
    counts = torch.zeros(rows.numel() * 256, dtype=torch.int32, device=index.device)
    # In one dimension: in several, a GPU that keeps the order of sums may copy strides from the host, which cannot be
    # recorded.
    counts.scatter_add_(0, (rows * 256 + index).flatten(), torch.ones_like(counts[:1]).expand(index.numel()))
    counts = counts.view(*index.shape[:-1], 256)
    step = (index.shape[-1] - counts.gather(-1, highest.to(torch.int64))) // 255
    before = (counts.cumsum(-1, dtype=torch.int32) - counts + step // 2).to(torch.float32)
    return torch.where(step > 0, before.div_(step.clamp(min=1)).floor_().clamp_(max=255), ramp)


def _blended(images: Tensor, kinds: Tensor) -> Tensor:
    """Images away from, or beyond, black, their mean grey, their grey, or their smoothed copy, cut to whole numbers.
    [B, 3, H, W], 0 to 255."""
    mean, grey, smooth, factor = (kinds[:, column, None, None, None] for column in (MEAN, GREY, SMOOTH, FACTOR))
    luma = _luma(images)
    one_grey = (luma.sum((-2, -1), keepdim=True) / luma[0].numel() + 0.5).floor_()
    start = _smoothed(images).mul_(smooth).add_((luma * grey).add_(one_grey * mean))
    return (images - start).mul_(factor).add_(start).clamp_(0, 255).floor_()


def _luma(images: Tensor) -> Tensor:
    """Grey [B, 1, H, W] in whole numbers."""
    red, green, blue = images.unbind(1)
    weighted = (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2])
    return weighted.add_(1 << 15).mul_(2.0**-16).floor_()[:, None]


def _smoothed(images: Tensor) -> Tensor:
    """Each pixel five times with its eight neighbours, divided by 13 and rounded; the outermost pixels stay."""
    across = (images[..., :-2] + images[..., 1:-1]).add_(images[..., 2:])
    around = (across[..., :-2, :] + across[..., 1:-1, :]).add_(across[..., 2:, :])
    smoothed = images.clone()
    smoothed[..., 1:-1, 1:-1] = around.add_(images[..., 1:-1, 1:-1], alpha=4).mul_(1 / 13).add_(0.5).floor_()
    return smoothed
