"""MixUp (Zhang et al., ICLR 2018) that keeps the larger share of the first of two examples, as MixMatch has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor


def ratios(uniform: Tensor, form: str) -> Tensor:
    """Share of the first example, from uniform numbers, at least one half.

    beta: Beta(1/2, 1/2) by its inverse distribution function, the arc sine's; as_released: 1 - u^2 / 2, which IEG's
    code draws in its place.
    """
    share = torch.sin(uniform * (math.pi / 2)).square() if form == "beta" else 1 - uniform.square() / 2
    return larger(share)


def larger(share: Tensor) -> Tensor:
    """The larger one of a share and what it leaves: lambda' of MixMatch's equation 9, at least one half."""
    return torch.maximum(share, 1 - share)


def interleaving(sizes: Sequence[int], device: torch.device) -> Tensor:
    """Order of the rows of groups of these sizes, one behind another, in which the first group has given a part of
    itself to each other one, and has the rows that stood there in its place (MixMatch's code). A part is as long as the
    smallest group has room for, the last ones a row longer; done twice, it is the order as it was.
    """
    starts = list(accumulate(sizes, initial=0))
    order = torch.arange(starts[-1], device=device)
    whole, count = min(sizes), len(sizes)
    for group in range(1, count):
        first, end = (part * (whole // count) + max(0, whole % count - (count - part)) for part in (group, group + 1))
        mine, theirs = order[first:end].clone(), order[starts[group] + first : starts[group] + end].clone()
        order[first:end], order[starts[group] + first : starts[group] + end] = theirs, mine
    return order


def mixed(images: Tensor, labels: Tensor, share: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """(images [n, ...], labels [n, K]), each with a partner out of all, by the order of uniform `keys` [n].

    share: of the first of two, [n], or [1] for all.
    """
    partner = keys.argsort()
    wide, label = share.view(-1, *[1] * (images.dim() - 1)), share[:, None]
    return wide * images + (1 - wide) * images[partner], label * labels + (1 - label) * labels[partner]
