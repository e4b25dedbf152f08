"""Co-teaching+ (Yu et al., ICML 2019): Co-teaching among the examples on which the two networks disagree.

Two networks that teach each other end up alike; updating them on their disagreements keeps them apart. After a first
phase of plain Co-teaching, each network picks its small-loss examples among the disagreements of a batch and teaches
them to the other. The released code makes three things of it that the paper does not print, each a parameter:
posteriors are handed to the loss as if they were logits, which bounds it; the mean is divided by the number of
examples once more, so that batches with few disagreements count more; and a batch without disagreement is learned
whole as long as epoch times iteration is below 5,000 (docs/decisions.md).
"""

import torch
from torch import Tensor

from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.schedules import forget_rate
from lnl.learning.selection import cross_entropy, disagreement, small_loss

SPEC = {
    "key": "coteaching-plus",
    "title": "Co-teaching+",
    "version": 1,
    "paper": "Yu et al., ICML 2019",
    "networks": 2,
    "needs": ["noise_rate"],
    "parameters": {
        "initial_epoch": 0,  # decision initial_epoch: first epoch of the second phase; constants by data set
        "double_softmax": True,  # decision double_softmax: as released; false is the paper's
        "normalise": "twice",  # decision normalise_plus: as released; `mean` is the paper's
        "agreement": "as_released",  # decision agreement: a batch without disagreement, see above; `whole`, or `skip`
        "tau": 1.0,  # decision tau: final drop rate, as a multiple of the noise rate
        "t_k": 10,  # length of the ramp, epochs
        "c": 1.0,  # exponent of the ramp
        "ramp": "as_released",  # decision ramp
        "exponent": "as_released",  # decision exponent
        "R": None,  # decision plus_schedule: in place of the ramp: {"search": …}, or {"formula", "clip", "x"}
    },
    "ranges": {"initial_epoch": [0, 10000], "tau": [0, 10], "t_k": [1, 10000], "c": [0, 20]},
    "values": {
        "double_softmax": [True, False],
        "normalise": ["mean", "twice"],
        "agreement": ["as_released", "whole", "skip"],
        "ramp": ["as_released", "as_printed", "algorithm"],
        "exponent": ["as_released", "as_printed", "t_over_tk"],
    },
    "settings": {"*/cifar10/*": {"initial_epoch": 20}, "*/cifar100/*": {"initial_epoch": 5}},  # released scripts
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}

WARM_UP = 5000  # of `agreement: as_released`


class CoTeachingPlus(Method):
    """Cross-update on exchanged small-loss examples of the disagreement (Algorithm 1)."""

    networks = 2

    def schedule(self, time: float) -> dict[str, float]:
        # lambda(e) = 1 - min(e / E_k tau, tau), as in Co-teaching, unless a schedule is given or searched
        return {"R": 1 - forget_rate(self.parameters, self.setting.noise_rate, time, self.setting.paper_epochs)}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        if now.time < self.parameters["initial_epoch"]:
            return self._exchanged(losses, losses, torch.ones_like(labels, dtype=losses.dtype), now)
        differ = disagreement(logits)  # the two predictions differ
        ranked = cross_entropy(torch.softmax(logits, -1), labels) if self.parameters["double_softmax"] else losses
        taught = self._exchanged(ranked, losses, differ, now)
        # a batch without any disagreement
        share = self._whole(now)
        none = differ.sum(-1) == 0
        assert taught.selected is not None
        return Outcome(
            loss=torch.where(none, share * ranked.mean(-1), taught.loss),
            losses=losses,
            selected=torch.where(none.unsqueeze(-1), share, taught.selected),
        )

    def _exchanged(self, ranked: Tensor, losses: Tensor, among: Tensor, now: Moment) -> Outcome:
        """Each network's small losses `among` some examples [..., 1, B] teach the other."""
        count = among.sum(-1, keepdim=True)
        kept = (now["R"] * count + 1e-4).floor()  # truncated, but for what single precision takes off a whole number
        kept = torch.where(kept == 0, count, torch.minimum(kept, count))  # too few to choose from: all of them
        chosen = small_loss(ranked.masked_fill(among == 0, torch.inf), kept)
        number = kept.squeeze(-1).clamp(min=1)
        divisor = number if self.parameters["normalise"] == "mean" else number**2
        return Outcome(loss=(chosen.flip(-2) * ranked).sum(-1) / divisor, losses=losses, selected=chosen)

    def _whole(self, now: Moment) -> float:
        """Weight of a batch on which the networks agree."""
        if self.parameters["agreement"] == "as_released":
            return float(now.time * now.in_epoch < WARM_UP)  # "step" is the product of the two indices there
        return float(self.parameters["agreement"] == "whole")
