"""Generalised cross-entropy L_q (Zhang and Sabuncu, NeurIPS 2018): between cross-entropy and mean absolute error."""

from __future__ import annotations

import torch
from torch import Tensor

from lnl.learning.selection import cross_entropy


def of_cross_entropy(losses: Tensor, q: float) -> Tensor:
    """L_q = (1 - p^q) / q of examples whose cross-entropies -log p are `losses`, any shape.

    q in [0, 1]: 0 is its limit, the cross-entropy; 1 is 1 - p, half of the mean absolute error. By expm1 of q log p:
    no difference of two numbers near one where q is small, and no power of a posterior that has become zero.
    """
    return losses if q == 0 else -torch.expm1(-q * losses) / q


def generalised_cross_entropy(logits: Tensor, labels: Tensor, q: float) -> Tensor:
    """L_q [..., B] of logits [..., B, K] against integer labels that broadcast to [..., B]."""
    return of_cross_entropy(cross_entropy(logits, labels), q)


def constant(k: float, q: float) -> float:
    """L_q(k): what the truncated loss is of an example whose label has a posterior of k or less."""
    return float(of_cross_entropy(-torch.tensor(k, dtype=torch.float64).log(), q))
