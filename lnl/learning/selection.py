"""Per-example losses and the selection of examples, with fixed shapes and no branch on a value.

Last axes are batch and classes; leading axes (runs, networks) are not touched, so that one run, two networks and twenty
candidates are the same code. A selection is a 0/1 weight per example, never a shorter tensor.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of logits [..., B, K] against integer labels that broadcast to [..., B]; returns [..., B]."""
    lead = logits.shape[:-1]
    flat = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.expand(lead).reshape(-1), reduction="none")
    return flat.view(lead)


def disagreement(logits: Tensor) -> Tensor:
    """1 where the two networks of logits [..., 2, B, K] predict different classes, else 0; [..., 1, B]."""
    predicted = logits.detach().argmax(-1)
    return (predicted[..., :1, :] != predicted[..., 1:, :]).to(logits.dtype)


def small_loss(losses: Tensor, kept: Tensor) -> Tensor:
    """1 for the `kept` smallest losses of each batch, 0 elsewhere.

    losses: [..., B]; kept: number of examples, broadcasts to [..., 1]. Ties are broken by place in the batch (stable
    sort); a NaN sorts last, so a broken example is never selected before a sound one.
    """
    order = losses.detach().argsort(dim=-1, stable=True)
    chosen = (torch.arange(losses.shape[-1], device=losses.device) < kept).to(losses.dtype)
    return torch.zeros_like(losses, requires_grad=False).scatter_(-1, order, chosen.expand(losses.shape))
