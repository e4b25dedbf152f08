"""The pull of a batch's mean prediction towards equal shares of all classes.

Without it a network that learns from its own predictions may give all examples one class: L_p of Tanaka et al. (CVPR
2018) for a uniform prior, R of Arazo et al. (ICML 2019), L_reg of Li et al. (DivideMix, ICLR 2020).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def uniform_prior(log: Tensor) -> Tensor:
    """sum_k pi_k log(pi_k / mean posterior of k), pi_k = 1 / K: [...] for logarithms of posteriors [..., B, K]."""
    examples, classes = log.shape[-2:]
    mean = torch.logsumexp(log, -2) - math.log(examples)
    return (-math.log(classes) - mean).mean(-1)
