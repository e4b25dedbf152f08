"""Weighted (Ren et al., ICML 2018, section 4.2): a label counts as much as it is right, known from an oracle.

The baseline for background flips: most images that are labelled as background show something else, so that this label's
examples are weighted down, and all others are certain. It is told the true rates, as an oracle would be.
"""

import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "weighted",
    "title": "Weighted",
    "version": 1,
    "paper": "baseline of Ren et al., ICML 2018",
    "networks": 1,
    "needs": ["transition_matrix"],
    "parameters": {"form": "printed"},  # decision weighted_form
    "values": {"form": ["printed", "as_released"]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Weighted(Method):
    """Cross-entropy weighted by P(right | given label), the weights of a batch divided by their sum."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        transition = self.setting.transition
        return {"right": transition.diagonal() / transition.sum(0).clamp(min=1e-12)}  # all classes equally frequent

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        labels = batch.labels
        if self.parameters["form"] == "printed":
            weights = learner.state["right"][labels]
        else:  # the batch's most frequent label alone counts less, by a number that is right for ten classes only
            often = torch.nn.functional.one_hot(labels, self.setting.classes).sum(-2).argmax(-1, keepdim=True)
            weights = torch.where(labels == often, 0.1 / (0.4 + 0.6 / self.setting.classes), 1.0)
        weights = weights / weights.sum(-1, keepdim=True)
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, labels)
        loss = (weights * losses).sum(-1)
        learner.apply(learner.gradient(loss))
        return Outcome(loss, losses, logits=logits)
