"""Proportion (Ren et al., ICML 2018, section 4.1): an example counts by the inverse frequency of its class.

It needs no clean set, and nothing but the given labels; wrong ones it weights up.
"""

from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.class_balance import class_shares
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "proportion",
    "title": "Proportion",
    "version": 1,
    "paper": "baseline of Ren et al., ICML 2018",
    "networks": 1,
    "parameters": {"form": "averaged"},  # decision proportion_form
    "values": {"form": ["averaged", "summed"]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Proportion(Method):
    """Cross-entropy weighted by class. averaged: 1 / (K share), so that every class has the same weight and a batch on
    average that of one; summed: the released code's one minus the class's share, added up over the batch."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"shares": class_shares(learner.given[learner.train_index], self.setting.classes)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        shares = learner.state["shares"][batch.labels]
        if self.parameters["form"] == "averaged":
            weights = 1 / (self.setting.classes * self.setting.batch * shares)
        else:
            weights = 1 - shares
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        loss = (weights * losses).sum(-1)
        learner.apply(learner.gradient(loss))
        return Outcome(loss, losses, logits=logits)
