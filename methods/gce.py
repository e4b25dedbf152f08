"""Generalised cross-entropy (Zhang and Sabuncu, NeurIPS 2018), plain and truncated.

L_q lies between cross-entropy, which learns fast and weights examples it does not fit most, and mean absolute error,
which wrong labels disturb least and which hardly learns. Truncated, examples whose given label has a posterior of at
most k are left out: now and then the training set is passed through the best network so far, and what it does not
believe has weight zero until the next time. No code of the authors was released; `released` here is a port of others.
"""

import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.best_network import begun, keep, kept
from lnl.learning.generalised_loss import constant, generalised_cross_entropy, of_cross_entropy
from lnl.learning.milestones import due
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "gce",
    "title": "GCE",
    "version": 1,
    "paper": "Zhang and Sabuncu, NeurIPS 2018",
    "networks": 1,
    "needs": ["indices"],
    "parameters": {
        "q": 0.7,  # decision gce_q
        "reduction": "mean",  # decision gce_reduction: over a batch, or the `sum` of it
        "truncated": False,  # decision gce_truncated
        "k": 0.5,  # threshold of the given label's posterior
        "prune_start": 40,  # decision gce_pruning_times: counted from one, in a training of so many `epochs`
        "prune_every": 10,
        "epochs": 120,
        "pruned_by": "best",  # decision gce_pruned_by: the network that is best on examples that validate, or `present`
        "pruned_on": "images",  # decision gce_pruned_on: as they are, or `augmented`
        "pruning_epoch": "trains",  # decision gce_pruning_epoch: `coasts` without a gradient, as released
        "hold_out": None,  # decision gce_hold_out: share of the training set that is left out and validates
    },
    "ranges": {
        "q": [0, 1],
        "k": [0.000001, 0.999999],
        "prune_start": [1, 100000],
        "prune_every": [1, 100000],
        "epochs": [1, 100000],
        "hold_out": [0.001, 0.5],
    },
    "values": {
        "reduction": ["mean", "sum"],
        "pruned_by": ["best", "present"],
        "pruned_on": ["images", "augmented"],
        "pruning_epoch": ["trains", "coasts"],
    },
    "settings": {  # decision gce_pruning_times
        "*/cifar100/*": {"prune_start": 80, "epochs": 150},
        "*/standin-cifar100/*": {"prune_start": 80, "epochs": 150},
    },
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class GCE(Method):
    """Mean of w_i (L_q(p_i) - L_q(k)), as ported, or of L_q(p_i) alone; p_i: of the given label."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        if not self.parameters["truncated"]:
            return {}
        weights = torch.ones(self.networks, self.setting.examples, device=self.setting.device)
        if self.parameters["pruned_by"] == "present":
            return {"weights": weights}
        return {"weights": weights} | begun(learner, self.setting.validates, "truncated GCE")

    def prunes(self, now: Moment) -> bool:
        """Whether the weights are determined anew before this epoch: numbers of Python's, which an epoch has one of."""
        p = self.parameters
        pace = p["epochs"] * now.done / now.epoch if now.epoch else 0.0
        return bool(p["truncated"] and due(now.epoch, pace, p["prune_start"] - 1, p["prune_every"]))

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        if not self.prunes(now):
            return
        augmented = now.epoch if self.parameters["pruned_on"] == "augmented" else None
        if self.parameters["pruned_by"] == "best":
            found = learner.pass_by(kept(learner.state), augmented)
        else:
            found = learner.training_pass(augmented=augmented)
        for places, logits in found:  # Algorithm 1: w_i = 1 where L_q(p_i) is below L_q(k)
            losses = generalised_cross_entropy(logits, learner.given[places], self.parameters["q"])
            learner.state["weights"][:, places] = (losses < self.threshold).to(losses.dtype)

    def validated(self, learner: Learner, now: Moment, accuracy: Tensor) -> None:
        if "best_accuracy" in learner.state:
            keep(learner.state, learner, accuracy)

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        lost = self.parameters["pruning_epoch"] == "coasts" and self.prunes(now)
        logits = learner.forward(batch.x, batch.uniform, "batch" if lost else "update")
        losses = cross_entropy(logits, batch.labels)
        each, weights = of_cross_entropy(losses, self.parameters["q"]), None
        if self.parameters["truncated"]:
            weights = learner.state["weights"][:, batch.index]
            each = weights * (each - self.threshold)
        loss = each.mean(-1) if self.parameters["reduction"] == "mean" else each.sum(-1)
        gradient = learner.gradient(loss)
        learner.apply(torch.zeros_like(gradient) if lost else gradient)  # momentum and weight decay go on
        return Outcome(loss.detach(), losses.detach(), weights, logits)

    @property
    def threshold(self) -> float:
        return constant(self.parameters["k"], self.parameters["q"])
