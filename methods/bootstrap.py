"""Bootstrap (Reed et al., ICLR workshop 2015): the target is a mixture of the given label and the network's own belief.

A network that is consistent contradicts some labels; its predictions, mixed into the target, weaken those labels. Hard:
the belief is its prediction (Co-teaching's comparison: "Hard labels are used as they yield better performance",
section 4, baseline (i)); soft: its whole posterior.
"""

import torch.nn.functional as F
from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "bootstrap",
    "title": "Bootstrap",
    "version": 1,
    "paper": "Reed et al., ICLR workshop 2015",
    "networks": 1,
    "parameters": {
        "kind": "hard",  # decision bootstrap_kind
        "beta": None,  # weight of the given label; null: the paper's, 0.8 hard and 0.95 soft
        "gradient": "flows",  # decision bootstrap_gradient: of the soft target; some ports stop it
    },
    "ranges": {"beta": [0, 1]},
    "values": {"kind": ["hard", "soft"], "gradient": ["flows", "stopped"]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}

BETA = {"hard": 0.8, "soft": 0.95}


class Bootstrap(Method):
    """Cross-entropy against beta y + (1 - beta) z."""

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        kind = self.parameters["kind"]
        beta = self.parameters.get("beta", BETA[kind])
        losses = cross_entropy(logits, labels)
        if kind == "hard":
            # equation 7: z is the prediction, one of K
            belief = cross_entropy(logits, logits.detach().argmax(-1))
        else:
            # equation 6: z is the posterior q, and its term the entropy of q
            log_q = F.log_softmax(logits, -1)
            q = log_q.exp() if self.parameters["gradient"] == "flows" else log_q.detach().exp()
            belief = -(q * log_q).sum(-1)
        return Outcome(loss=(beta * losses + (1 - beta) * belief).mean(-1), losses=losses)
