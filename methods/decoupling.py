"""Decoupling (Malach and Shalev-Shwartz, NeurIPS 2017): update only where two networks disagree.

"When to update" is decoupled from "how to update": both networks learn from the given labels of the examples of a batch
on which their predictions differ, by their own losses. Nothing looks at how large a loss is, so that disagreements are
no cleaner than the data. The port of Co-teaching's authors is not public; warm-up and divisor follow what is left of
it in Co-teaching+'s code (docs/decisions.md).
"""

import torch
from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.selection import cross_entropy, disagreement

SPEC = {
    "key": "decoupling",
    "title": "Decoupling",
    "version": 1,
    "paper": "Malach and Shalev-Shwartz, NeurIPS 2017",
    "networks": 2,
    "parameters": {
        "warm_up": 5000,  # decision decoupling_warm_up: steps on all examples before; 0 in the authors' own code
        "divisor": "batch",  # decision decoupling_divisor: or the `disagreement`s, at least a tenth of a batch
    },
    "ranges": {"warm_up": [0, 1000000]},
    "settings": {"*/digits/*": {"warm_up": 225}},  # a stand-in's epochs are shorter: 12.5 of them here as there
    "values": {"divisor": ["batch", "disagreement"]},
    # The tutorial's slide says memorisation YES; Co-teaching, section 4.1, says that it is not used (decision
    # prior_work_traits): nothing here follows the course of memorisation.
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Decoupling(Method):
    """Cross-entropy on the disagreement of two networks (Algorithm 1)."""

    networks = 2

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        differ = disagreement(logits)  # h1(x) != h2(x), one mask for both
        mask = torch.ones_like(differ) if now.paper_step < self.parameters["warm_up"] else differ
        size = self.setting.batch
        divisor = size if self.parameters["divisor"] == "batch" else mask.sum(-1).clamp(min=0.1 * size)
        loss = (mask * losses).sum(-1) / divisor  # each by its own loss
        return Outcome(loss=loss, losses=losses, selected=mask.expand_as(losses))
