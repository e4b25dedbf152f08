"""In what numbers a network computes, and in what layout: a declared choice, since it changes bits.

faithful: single precision throughout, as the papers' codes. channels-last: the same over channels-last images, which a
CPU convolves faster. fast: convolutions in bfloat16 over channels-last images,
with parameters, optimiser, batch statistics, losses and metrics in single precision (automatic mixed precision as torch
defines it). Linear networks have nothing to gain on the CPUs and at the sizes of these papers: for them both are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def computing(kind: str, x: Tensor) -> Iterator[Tensor]:
    """Compute as `kind` says inside the block, with the images [..., B, C, H, W] in the layout that goes with it."""
    if kind == "faithful":
        yield x
        return
    x = _channels_last(x) if x.dim() == 4 else x
    if kind == "channels-last":
        yield x
        return
    with torch.autocast(x.device.type, torch.bfloat16):
        yield x


def _channels_last(x: Tensor) -> Tensor:
    """x [B, C, H, W] with strides that say so: an image of one channel is contiguous in either layout, and torch keeps
    its old strides, from which the convolutions would conclude the layout of all that follows."""
    _, channels, height, width = x.shape
    strides = (channels * height * width, 1, channels * width, channels)
    return x.contiguous(memory_format=torch.channels_last).as_strided(x.shape, strides)
