"""Losses on the examples that validate: by which a network is handed over, and what a method that stops early watches.

They are judged by the labels of their part: the given ones where part of the noisy training file is held out.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lnl.engine.data import DeviceData
from lnl.engine.learner import Learner
from lnl.engine.method import Method
from lnl.learning.selection import cross_entropy


def plain_loss(learner: Learner, data: DeviceData) -> float:
    """Mean cross-entropy of all networks."""
    total = torch.zeros((), device=data.device)
    with torch.no_grad():
        for x, y in data.part("validation"):
            logits = learner.forward(x, None, "frozen")
            total += cross_entropy(logits, y).mean() * len(y)
    return float(total) / len(data.parts["validation"][1])


def own_loss(method: Method, learner: Learner, data: DeviceData) -> Tensor | None:
    """Mean of the method's own loss, shaped like the population; None where it has none, or nothing validates."""
    if "validation" not in data.parts:
        return None
    total = torch.zeros(learner.population.lead, device=data.device)
    with torch.no_grad():
        for x, y in data.part("validation"):
            losses = method.validation_loss(learner, learner.forward(x, None, "frozen"), y)
            if losses is None:
                return None
            total += losses.sum(-1)
    return total / len(data.parts["validation"][1])
