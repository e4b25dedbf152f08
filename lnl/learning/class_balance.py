"""How often the classes are given in a training set, for methods against imbalance."""

from __future__ import annotations

import torch
from torch import Tensor


def class_shares(given: Tensor, classes: int) -> Tensor:
    """Share [K] of each class among given labels [N]."""
    return given.bincount(minlength=classes).to(torch.float32) / len(given)


def balanced_places(given: Tensor, uniform: Tensor, classes: int) -> Tensor:
    """Places [n] among given labels [N], drawn with replacement from uniform numbers [n]: every class that is there has
    the same chance, and within a class every example."""
    here = given.cpu()  # a running sum has no fixed order of additions on a GPU
    weight = 1.0 / here.bincount(minlength=classes).clamp(min=1)[here].double()
    bounds = (weight.cumsum(0) / weight.sum()).to(given.device)
    return torch.searchsorted(bounds, uniform.double(), right=True).clamp(max=len(given) - 1)
