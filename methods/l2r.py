"""Learning to Reweight (Ren et al., ICML 2018): a batch is weighted as a small clean set would have it.

An example counts as much as a step on it would lower the loss on clean examples; one that would raise it counts
nothing. Algorithm 1 takes a look-ahead step with weights eps that are zero, differentiates the clean loss at the point
it arrives at with respect to eps, and keeps what is negative. At eps = 0 that point is theta itself, and the derivative
is -alpha <grad l_i, grad l_clean>: one direction for all examples. So one forward-mode pass along the clean gradient
gives every weight exactly, batch norm included, and its logits are those that the batch is trained with.
"""

from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome, Stream
from lnl.learning.meta_weights import loss_slopes, rectified
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "l2r",
    "title": "Learning to Reweight",
    "version": 1,
    "paper": "Ren et al., ICML 2018",
    "networks": 1,
    "needs": ["clean_set"],
    "sets": ["clean"],
    "parameters": {
        "clean_batch": 100,  # clean examples of a step: m of Algorithm 1
        "normalise": True,  # decision l2r_normalise: equation 9; false: raw weights, times the meta rate alpha
        "penalty": "inside",  # decision l2r_penalty: whether weight decay is part of the clean loss
        "meta_rate": 1.0,  # decision l2r_meta_rate: alpha of equation 5, or eta of 7
        "meta_batch_norm": None,  # decision l2r_meta_batch_norm: passes that weigh go by their batch, or `frozen`
    },
    "ranges": {"clean_batch": [1, None], "meta_rate": [1e-12, None]},  # a look-ahead step of zero gives no weights
    "values": {"penalty": ["inside", "outside"], "meta_batch_norm": [None, "frozen"]},
    "settings": {"l2r-imbalance/*/*": {"clean_batch": 10}},  # released: all clean images in every step
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class LearningToReweight(Method):
    """Algorithm 1; line numbers are its own."""

    def streams(self) -> dict[str, Stream]:
        return {"clean": Stream(batch=self.parameters["clean_batch"], of="clean")}

    def weighted(self, learner: Learner, batch: Batch, batch_norm: str = "update") -> tuple[Tensor, Tensor]:
        """Weights [networks, B] of a batch, and its logits, through which gradients flow."""
        x, labels = batch.streams["clean"]
        frozen = self.parameters.get("meta_batch_norm") == "frozen"
        logits = learner.forward(x, batch.dropout["clean"], "frozen" if frozen else "batch")  # line 8, at theta
        clean = cross_entropy(logits, labels)  # line 9
        direction = learner.gradient(clean.mean(-1), keep=True)
        if self.parameters["penalty"] == "inside":
            direction = learner.penalise(direction)
        logits, judged, slopes = learner.weighing_pass(batch.x, direction, batch.uniform, batch_norm, frozen)
        raw = self.parameters["meta_rate"] * loss_slopes(judged, slopes, batch.labels)  # line 10, negated
        return (rectified(raw) if self.parameters["normalise"] else raw.clamp(min=0)), logits  # line 11

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        weights, logits = self.weighted(learner, batch)
        losses = cross_entropy(logits, batch.labels)
        loss = (weights * losses).sum(-1)  # line 12
        learner.apply(learner.gradient(loss))
        nothing = (weights.sum(-1) == 0).float()  # the step is then made of momentum and weight decay alone
        return Outcome(loss, losses, (weights > 0).float(), logits, {"no_weight": nothing})

    def weigh(self, learner: Learner, batch: Batch) -> Tensor:
        return self.weighted(learner, batch, batch_norm="batch")[0].detach()
