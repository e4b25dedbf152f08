"""Losses that know how labels were flipped. T [K, K]: rows are true classes, columns given labels
(Patrini et al., 2017).

forward     -log sum_i p_i(x) T[i, y]: the network's belief about true classes, seen through the noise
backward    e_y' T^-1 l(x): the loss vector l_j = -log p_j, corrected so that its mean over the noise is the clean loss

Last axes are batch and classes; leading axes (runs, networks) are not touched.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.errors import UserError

JITTER = 1e-4


def forward_corrected(logits: Tensor, labels: Tensor, log_transition: Tensor) -> Tensor:
    """Cross-entropy of the noisy posterior p T (Patrini et al., Theorem 2); returns [..., B].

    logits [..., B, K]; labels broadcast to [..., B]; log_transition [K, K] or [..., K, K], minus infinity where T is 0.
    """
    lead, classes = logits.shape[:-1], logits.shape[-1]
    columns = log_transition.mT.expand(*lead[:-1], classes, classes)  # row y: log T[., y]
    seen = columns.gather(-2, labels.expand(lead)[..., None].expand(*lead, classes))
    return -torch.logsumexp(F.log_softmax(logits, -1) + seen, -1)


def backward_corrected(
    logits: Tensor, labels: Tensor, inverse: Tensor, row: str = "label", floor: float | None = None
) -> Tensor:
    """The corrected loss r = e_y' T^-1 l of every example, [..., B]; it may be negative (Pumpout, Theorem 1).

    inverse: T^-1 [K, K]. row: `label` takes the row of the given label; `ones` the sum of all rows, 1' T^-1 l, as
    Pumpout prints in Theorem 2 and Algorithm 3 - blind to the label, and for a doubly stochastic T just the sum of l.
    floor: distance from 0 and 1 within which a probability is cut off, with no gradient beyond (Keras: 1e-7).
    """
    log_p = F.log_softmax(logits, -1)
    if floor is not None:
        log_p = log_p.clamp(math.log(floor), math.log1p(-floor))
    rows = inverse[labels] if row == "label" else inverse.sum(0)
    return -(rows * log_p).sum(-1)


def inverted(transition: Tensor, uniform: Tensor | None = None) -> Tensor:
    """T^-1, or that of T with up to 1e-4 added to each entry, by `uniform` [K, K] in [0, 1) (SIGUA's code, for K = 2).

    Inverted in double precision: T of pair-45 has condition number 10, and its inverse multiplies losses. UserError for
    a singular one, which only labels from a file or an estimate can still bring here.
    """
    if uniform is not None:  # every step: nothing may wait for the device
        return torch.linalg.inv_ex((transition + JITTER * uniform).double()).inverse.to(transition.dtype)
    try:
        return torch.linalg.inv(transition.double()).to(transition.dtype)
    except RuntimeError:  # torch.linalg.LinAlgError, which torch does not export by that name
        raise UserError(
            "the transition matrix is singular, and labels cannot be corrected backward with it; set inverse: jittered"
        ) from None
