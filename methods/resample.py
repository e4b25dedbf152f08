"""Resample (Ren et al., ICML 2018, section 4.1): batches in which every class is equally likely.

A class that is rare is seen as often as the others, its few examples again and again. The paper says no more, and its
released code has no such baseline (decision resample_batches).
"""

from torch import Tensor

from lnl.engine.method import Learner, Method, Moment, Outcome
from lnl.learning.class_balance import balanced_places
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "resample",
    "title": "Resample",
    "version": 1,
    "paper": "baseline of Ren et al., ICML 2018",
    "networks": 1,
    "parameters": {},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Resample(Method):
    """Mean cross-entropy of batches that are class-balanced on average, drawn with replacement."""

    def sample(self, learner: Learner, uniform: Tensor) -> Tensor:
        given = learner.given[learner.train_index]
        return learner.train_index[balanced_places(given, uniform, self.setting.classes)]

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)
