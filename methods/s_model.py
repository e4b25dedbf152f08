"""S-model (Goldberger and Ben-Reuven, ICLR 2017): a second softmax layer learns the noise while the network learns.

Behind the network's posterior p stands a trainable channel, the row-wise softmax of a free K x K matrix W. The network
is trained through it, p' = p softmax(W) against the given label, and judged without it. It all hangs on where W begins:
at the confusion of a network trained before (whose training goes on), or near the identity. And on when it ends: the
authors' code stops once the loss through the channel no longer falls on a tenth that is held out (`hold_out: 0.1`, and
the statistic `at_validation_loss` of a table, which takes the lowest).
"""

import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.correction import forward_corrected
from lnl.learning.estimation import confusion
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "s-model",
    "title": "S-model",
    "version": 1,
    "paper": "Goldberger and Ben-Reuven, ICLR 2017",
    "networks": 1,
    "handovers": {
        "held-out": ["standard-held-out", "lowest-validation-loss", {"initial": "confusion", "stage": "held-out"}],
        "final": ["standard", "final", {"initial": "confusion", "stage": "final"}],
    },
    "parameters": {
        "initial": "confusion",  # decision s_model_initial: W from a network trained before, or near the `identity`
        "stage": "held-out",  # decision s_model_stage: that network at its best on held-out labels, or at its end
        "begin": "base",  # decision s_model_begin: that network's training goes on, or a `fresh` one begins
        "epsilon": 0.46,  # off-diagonal mass of the identity start, as in the authors' code
        "smoothing": None,  # decision s_model_smoothing: added to either start before its logarithm
        "hold_out": None,  # decision own_stop: share of the training set that is left out and validates
    },
    "ranges": {"epsilon": [0.001, 0.999], "smoothing": [1e-12, 1], "hold_out": [0.001, 0.5]},
    "values": {"initial": ["confusion", "identity"], "stage": ["held-out", "final"], "begin": ["base", "fresh"]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class SModel(Method):
    """Cross-entropy behind a learned channel that sees the class alone: the paper's simple noise model."""

    def own_parameters(self, generator: torch.Generator) -> dict[str, Tensor]:
        classes, epsilon = self.setting.classes, self.parameters["epsilon"]
        if "smoothing" in self.parameters:
            return {"channel": (torch.eye(classes) + self.parameters["smoothing"]).log()}
        start = torch.full((classes, classes), epsilon / (classes - 1)).fill_diagonal_(1 - epsilon).log()
        return {"channel": start + 0.01 * torch.rand(classes, classes, generator=generator)}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        if self.parameters["initial"] == "confusion":
            base = self.parameters["stage"]
            smoothing = self.parameters.get("smoothing", 1e-8)
            learner.set_own("channel", (confusion(learner, base, self.setting.classes) + smoothing).log())
            if self.parameters["begin"] == "base":
                learner.start_from(learner.handovers[base])
        return {}

    def estimates(self, learner: Learner) -> dict[str, Tensor]:
        return {"transition": torch.softmax(learner.own("channel")[0], -1)}

    def validation_loss(self, learner: Learner, logits: Tensor, labels: Tensor) -> Tensor | None:
        if "hold_out" not in self.parameters:
            return None
        return forward_corrected(logits, labels, torch.log_softmax(learner.own("channel"), -1))

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x, batch.uniform)
        log_channel = torch.log_softmax(learner.own("channel"), -1)
        loss = forward_corrected(logits, batch.labels, log_channel).mean(-1)
        learner.apply(learner.gradient(loss))
        return Outcome(loss=loss, losses=cross_entropy(logits.detach(), batch.labels), logits=logits)
