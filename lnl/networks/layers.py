"""Layers whose behaviour is an explicit input: batch norm with a declared mode, dropout with given random numbers; and
constants that images are shifted and scaled by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad

MODES = ("update", "batch", "frozen")
_mode: ContextVar[str | None] = ContextVar("batch_norm_mode", default=None)


@contextmanager
def batch_norm_mode(mode: str) -> Iterator[None]:
    """How every batch norm normalises inside the block.

    update: by the batch, running statistics updated in place. batch: by the batch, running statistics untouched (for
    look-ahead and derivative passes, safe inside torch.func.jvp and vmap). frozen: by the running statistics.
    """
    if mode not in MODES:
        raise ValueError(f"unknown batch-norm mode {mode!r}, expected one of {MODES}")
    token = _mode.set(mode)
    try:
        yield
    finally:
        _mode.reset(token)


class BatchNorm(nn.Module):
    """Batch normalisation over [B, C, ...], with torch's defaults unless told otherwise (unbiased running variance).

    momentum: weight of a batch in the running statistics; scale: whether there is one, beside the shift.
    Parameters and buffers are called as in torch.nn.BatchNorm1d and 2d, but nothing counts batches: that counter cannot
    be updated inside torch.func transforms. Outside of `batch_norm_mode` it follows train() and eval() as torch's does.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, momentum: float = 0.1, eps: float = 1e-5, scale: bool = True) -> None:
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.weight = nn.Parameter(torch.ones(channels)) if scale else None
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        mode = _mode.get() or ("update" if self.training else "frozen")
        by_batch = mode != "frozen"
        mean, var = (None, None) if mode == "batch" else (self.running_mean, self.running_var)
        # forward-mode derivatives know no batch norm without a scale
        scale = torch.ones_like(self.bias) if self.weight is None else self.weight
        return _of_one_type(F.batch_norm(x, mean, var, scale, self.bias, by_batch, self.momentum, self.eps))


def _of_one_type(x: Tensor) -> Tensor:
    """x with a forward-mode derivative, if it has one, of its own type. Of bfloat16 values with a shift and scale in
    single precision torch's is in single precision: always on a GPU, and on a CPU where the scale has no derivative.
    Mixed precision looks at the values alone, and the next convolution would refuse the two.
    """
    if x.dtype != torch.bfloat16:
        return x
    value, slope = forward_ad.unpack_dual(x)
    return x if slope is None or slope.dtype == x.dtype else forward_ad.make_dual(value, slope.to(x.dtype))


class BatchNorm2d(BatchNorm):
    """Batch normalisation of images [B, C, H, W]: every channel over the batch and all places."""


class BatchNorm1d(BatchNorm):
    """Batch normalisation of vectors [B, C]: every number over the batch."""


class Standardised(nn.Module):
    """Images [B, C, H, W] with the mean of each channel subtracted, divided by its deviation.

    Constants that a released code states for three channels; images of another number of channels get their averages.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        for name, stated in (("mean", mean), ("deviation", deviation)):
            values = stated if channels == len(stated) else [sum(stated) / len(stated)] * channels
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.deviation


def draw_scales(network: nn.Module) -> None:
    """Scales of all batch norms of a network drawn from U(0, 1), in the order of its layers."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, BatchNorm) and module.weight is not None:
                module.weight.uniform_()


def dropout2d(x: Tensor, uniform: Tensor, p: float) -> Tensor:
    """Whole channels of x [B, C, H, W] zeroed where `uniform` [B, C] is below p, the others scaled by 1 / (1 - p)."""
    scale = (uniform >= p).to(x.dtype) / (1.0 - p)
    return x * scale[..., None, None]


def dropout(x: Tensor, uniform: Tensor, p: float) -> Tensor:
    """Elements of x [B, ...] zeroed with probability p, the others scaled by 1 / (1 - p); uniform: one number [B] for
    each image, from which a hash of the element's place makes one for each element.

    A wide network drops hundreds of thousands of elements an image. Drawn ahead they would take more memory than its
    activations; made of a number of each image they are the same in every pass over a batch, and nothing is drawn here.
    """
    places = torch.arange(x[0].numel(), device=x.device).view(x.shape[1:])
    mixed = _mixed((uniform.double() * 2**32).long().view(-1, *[1] * places.dim()) + places * 0x9E3779B9)
    return x * ((mixed >= int(p * 2**32)).to(x.dtype) / (1.0 - p))


def _mixed(word: Tensor) -> Tensor:
    """A 32-bit word, in int64, with every bit of it spread over all others (the finaliser of MurmurHash3)."""
    word = word & 0xFFFFFFFF
    word = ((word ^ (word >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    word = ((word ^ (word >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return word ^ (word >> 16)
