"""Pseudo labels from several views of an image, and losses against labels that are distributions (IEG, section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.5
TINY = 1e-8


def unit_scale(logits: Tensor) -> Tensor:
    """Logits [..., B, K] divided by the root of the mean of their squares, one number a batch (released code)."""
    return logits / (logits.square().mean((-2, -1), keepdim=True) + TINY).sqrt()


def pseudo_labels(views: Sequence[Tensor], scaled: bool, temperature: float = TEMPERATURE) -> Tensor:
    """Distributions [..., B, K]: the mean of what the views' logits say, sharpened at a temperature.

    scaled: logits go through `unit_scale` first.
    """
    posteriors = [torch.softmax(unit_scale(logits) if scaled else logits, -1) for logits in views]
    sharp = torch.stack(posteriors).mean(0) ** (1 / temperature)
    return sharp / sharp.sum(-1, keepdim=True)


def label_slopes(views: Sequence[Tensor], slopes: Sequence[Tensor], scaled: bool) -> Tensor:
    """Derivative [..., B, K] of `pseudo_labels` where the views' logits have the derivatives `slopes`."""
    means, derivatives = [], []
    for logits, slope in zip(views, slopes, strict=True):
        at, moved = logits, slope
        if scaled:
            size = (logits.square().mean((-2, -1), keepdim=True) + TINY).sqrt()
            at = logits / size
            moved = (slope - at * (at * slope).mean((-2, -1), keepdim=True)) / size
        posterior = torch.softmax(at, -1)
        means.append(posterior)
        derivatives.append(posterior * (moved - (posterior * moved).sum(-1, keepdim=True)))
    mean, moved = torch.stack(means).mean(0), torch.stack(derivatives).mean(0)
    power = 1 / TEMPERATURE
    sharp, moved = mean**power, power * mean ** (power - 1) * moved
    total = sharp.sum(-1, keepdim=True)
    return (moved - sharp / total * moved.sum(-1, keepdim=True)) / total


def soft_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy [..., B] of logits [..., B, K] against distributions of their shape."""
    return -(target * F.log_softmax(logits, -1)).sum(-1)


def divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """KL(teacher || student) [..., B] of the posteriors of logits [..., B, K]; the teacher learns nothing."""
    teacher = F.log_softmax(teacher.detach(), -1)
    return (teacher.exp() * (teacher - F.log_softmax(student, -1))).sum(-1)
