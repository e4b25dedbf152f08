"""Weights of examples from what a step in their favour would do to the loss on clean examples."""

from __future__ import annotations

import torch
from torch import Tensor

TINY = 1e-5  # of IEG's code, so that weights that are all zero stay so


def loss_slopes(logits: Tensor, slopes: Tensor, labels: Tensor) -> Tensor:
    """Derivatives [..., B] of the cross-entropy of every example, from those of its logits [..., B, K].

    The gradient of the cross-entropy with respect to the logits is softmax minus one-hot.
    """
    error = torch.softmax(logits, -1) - torch.nn.functional.one_hot(labels, logits.shape[-1])
    return (error * slopes).sum(-1)


def rectified(raw: Tensor) -> Tensor:
    """Weights [..., B] that are nowhere negative and sum to one; all zero where nothing is positive (Learning to
    Reweight, equations 8 and 9: divided by the sum, or by one where that is zero)."""
    kept = raw.clamp(min=0)
    total = kept.sum(-1, keepdim=True)
    return kept / (total + (total == 0).to(total.dtype))


def summed_to_one(raw: Tensor) -> Tensor:
    """Weights [..., B] that are nowhere negative, divided by their sum plus TINY: together below one (IEG's code)."""
    kept = raw.clamp(min=0)
    return kept / (kept.sum(-1, keepdim=True) + TINY)
