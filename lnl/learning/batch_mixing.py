"""MixUp (Zhang et al., ICLR 2018) within a batch, and MixUp that is guided by what is known of the labels."""

from __future__ import annotations

from torch import Tensor


def beta_ratio(uniform: Tensor) -> Tensor:
    """A number [...] of Beta(a, a), from 2a - 1 uniform ones [..., 2a - 1]: their median, the a-th smallest."""
    return uniform.sort(-1).values[..., uniform.shape[-1] // 2]


def mixed(images: Tensor, partner: Tensor, share: Tensor) -> Tensor:
    """Images [B, ...], each with that of its partner [B]; share: of itself, [] or [B]."""
    wide = share if share.dim() == 0 else share.view(-1, *[1] * (images.dim() - 1))
    return wide * images + (1 - wide) * images[partner]


def guided_share(noisy: Tensor, partner: Tensor) -> Tensor:
    """Share [B] that an image has of its mixture, by how probably its label is right beside that of its partner's.

    noisy: probability [B] below 1 that a label is wrong (the released code of Arazo et al., ICML 2019).
    """
    right = 1 - noisy
    return right / (right + right[partner])
