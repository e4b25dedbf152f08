"""MixUp (Zhang et al., ICLR 2018) that keeps the larger share of the first of two examples, as MixMatch has it."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def ratios(uniform: Tensor, form: str) -> Tensor:
    """Share of the first example, from uniform numbers, at least one half.

    beta: Beta(1/2, 1/2) by its inverse distribution function, the arc sine's; as_released: 1 - u^2 / 2, which IEG's
    code draws in its place.
    """
    share = torch.sin(uniform * (math.pi / 2)).square() if form == "beta" else 1 - uniform.square() / 2
    return torch.maximum(share, 1 - share)


def mixed(images: Tensor, labels: Tensor, share: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """(images [n, ...], labels [n, K]), each with a partner out of all, by the order of uniform `keys` [n]."""
    partner = keys.argsort()
    wide, label = share.view(-1, *[1] * (images.dim() - 1)), share[:, None]
    return wide * images + (1 - wide) * images[partner], label * labels + (1 - label) * labels[partner]
