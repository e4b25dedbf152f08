"""Pumpout_SL (Pumpout, Algorithm 2): small-loss selection, with scaled gradient ascent on what is rejected.

One network learns from the R(T) part of each batch with the smallest losses, as self-paced MentorNet does, and is
pushed away from the labels of the others by gradient ascent scaled by gamma in [0, 1]: wrong labels that were learned
while they looked clean are squeezed out. gamma = 0 is MentorNet. No original code exists; `as_released` means that of
the same group's later version of the paper (SIGUA).
"""

from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.schedules import forget_rate, kept_count
from lnl.learning.selection import cross_entropy, small_loss

SPEC = {
    "key": "pumpout-sl",
    "title": "Pumpout_SL",
    "version": 1,
    "paper": "Pumpout (ICLR 2019 submission), Algorithm 2",
    "networks": 1,
    "needs": ["noise_rate"],
    "parameters": {
        "gamma": {"search": "gamma-grid"},  # decision gamma_selection: no value is printed for this version
        "ascended": "all",  # decision sl_ascended: of the rejected, or the `least_lossy` share as released
        "ascended_share": 0.3,  # with least_lossy: 0.3, 0.4 or 0.7 in the released scripts
        "divisor": None,  # decision sl_divisor: each part's own number, or the whole `batch`'s
        "update": "combined",  # decision sl_update: one step on the signed loss, or the printed `two_steps`
        "tau": 1.0,  # decision tau: final drop rate, as a multiple of the noise rate
        "t_k": 10,  # length of the ramp, epochs
        "c": 1.0,  # exponent of the ramp
        "ramp": "as_released",  # decision ramp
        "exponent": "as_released",  # decision exponent
        "rounding": "floor",  # decision rounding
        "R": None,  # decision search_repeats: in place of the ramp, as in coteaching
    },
    "ranges": {"gamma": [0, 1000], "ascended_share": [0, 1], "tau": [0, 10], "t_k": [1, 10000], "c": [0, 20]},
    "values": {
        "ascended": ["all", "least_lossy"],
        "divisor": [None, "batch"],
        "update": ["combined", "two_steps"],
        "ramp": ["as_released", "as_printed", "algorithm"],
        "exponent": ["as_released", "as_printed", "t_over_tk"],
        "rounding": ["floor", "ceil"],
    },
    "settings": {"pumpout/*/*": {"ramp": "as_printed"}},  # section 4: R(T) = 1 - tau min(T / T_k, 1)
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}


class PumpoutSL(Method):
    """Descent on small losses, ascent on big ones."""

    def schedule(self, time: float) -> dict[str, float]:
        p, batch = self.parameters, self.setting.batch
        drop = forget_rate(p, self.setting.noise_rate, time, self.setting.paper_epochs)  # step 8
        kept = kept_count(drop, batch, p["rounding"])
        rejected = batch - kept
        if p["ascended"] == "least_lossy" and rejected:
            rejected = max(1, int(rejected * p["ascended_share"]))
        whole = p.get("divisor") == "batch"  # then a part weighs as much as it is large
        divisors = {"of_small": batch if whole else kept, "of_big": batch if whole else max(1, rejected)}
        return {"R": 1 - drop, "kept": kept, "ascended": rejected, **divisors}

    def _means(self, losses: Tensor, now: Moment) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss of the small ones and of the big ones, [..., networks], and who the small ones are."""
        kept, ascended = now["kept"], now["ascended"]
        small = small_loss(losses, kept)  # step 4
        big = small_loss(losses, kept + ascended) - small  # step 5: of the rejected, those with the smallest losses
        mean_big = (big * losses).sum(-1) / now["of_big"].squeeze(-1)
        return (small * losses).sum(-1) / now["of_small"].squeeze(-1), mean_big, small

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        small, big, chosen = self._means(losses, now)
        return Outcome(loss=small - self.parameters["gamma"] * big, losses=losses, selected=chosen)  # steps 6 and 7

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        if self.parameters["update"] == "combined":
            return super().step(learner, batch, now)
        # As printed, two updates: Adam would undo a scale of the second loss, so gamma scales the rate of its step.
        # Both go through the one optimiser, whose moments they share.
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        small, _, chosen = self._means(losses, now)
        learner.apply(learner.gradient(small))
        outcome = Outcome(loss=small, losses=losses, selected=chosen, logits=logits)
        if not self.parameters["gamma"] or not self.schedule(now.time)["ascended"]:
            return outcome
        again = cross_entropy(learner.forward(batch.x, batch.uniform, batch_norm="batch"), batch.labels)
        big = small_loss(losses, now["kept"] + now["ascended"]) - chosen
        mean_big = (big * again).sum(-1) / now["of_big"].squeeze(-1)
        learner.apply(learner.gradient(-mean_big), scale=self.parameters["gamma"])
        return outcome
