"""Standard: cross-entropy on the given labels.

The plain training that every paper compares with (Normal, Standard, Baseline): all examples of a batch count alike,
whatever their labels. Its test accuracy rises while it learns the easy patterns and falls once it memorises the wrong
labels.
"""

from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.selection import cross_entropy

SPEC = {
    "key": "standard",
    "title": "Standard",
    "version": 1,
    "paper": "baseline of all five documents",
    "networks": 1,
    "parameters": {},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Standard(Method):
    """Mean cross-entropy of the whole batch."""

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)
