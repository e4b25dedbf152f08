"""Dynamic bootstrapping (Arazo et al., ICML 2019): a label counts as much as the loss of its example makes it credible.

Wrong labels are learned later, so that their losses are larger: a mixture of two Beta distributions of all training
losses tells how probably each label is wrong (B). Then B of the target is the network's own prediction and 1 - B the
label, and images are mixed in pairs. Before, for a third of the training, they are mixed only. M-DYR-H mixes all pairs
alike and bootstraps with predicted classes. MD-DYR-SH gives the more credible image of a pair the larger share, and
goes from posteriors to predicted classes by a falling temperature.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.batch_mixing import beta_ratio, guided_share, mixed
from lnl.learning.beta_mixture import BINS, Range, bounds, fitted, looked_up, table
from lnl.learning.selection import cross_entropy
from lnl.learning.uniform_prior import uniform_prior

SPEC = {
    "key": "dynamic-bootstrap",
    "title": "Dynamic bootstrapping",
    "version": 1,
    "paper": "Arazo et al., ICML 2019",
    "networks": 1,
    "needs": ["indices"],
    "parameters": {
        "mixing": "static",  # decision dyr_form: M-DYR; `guided` is MD-DYR
        "belief": "hard",  # decision dyr_belief: -H; `soft` is -S, and `soft-to-hard` -SH
        "loss_shares": "as_released",  # decision dyr_loss_shares: or those of the mixed `images`
        "alpha": 32,  # ratios are drawn from Beta(alpha, alpha)
        "regulariser": 1.0,  # decision dyr_regulariser: weight of the pull towards all classes
        "mixture": "as_released",  # decision dyr_mixture: after ten rounds, or `converged`
        "tracked_on": "augmented",  # decision dyr_tracked_on: losses that are fitted to, or of `images` as they are
        "mixed_only": 105,  # decision dyr_times: epochs that mix alone, in a training of so many `epochs`
        "guided_only": 5,  # those of `guided` mixing after them that bootstrap nothing yet
        "cooled": 88,  # and those in which the temperature then falls
        "epochs": 300,
    },
    "ranges": {
        "alpha": [1, 1000],
        "regulariser": [0, None],
        "mixed_only": [0, 100000],
        "guided_only": [0, 100000],
        "cooled": [1, 100000],
        "epochs": [1, 100000],
    },
    "values": {
        "mixing": ["static", "guided"],
        "belief": ["hard", "soft", "soft-to-hard"],
        "loss_shares": ["as_released", "images"],
        "mixture": ["as_released", "converged"],
        "tracked_on": ["augmented", "images"],
    },
    "traits": {"small_loss": True, "memorisation": True, "sgd": True},
}

COLDEST = 0.001  # temperature at which soft-to-hard ends
ROUNDS = 200  # of EM, until it has converged


class DynamicBootstrap(Method):
    """lambda l_a + (1 - lambda) l_b + R, where l = (1 - B) CE(y) + B CE(z) of the mixed image."""

    def random(self) -> dict[str, tuple[int, ...]]:
        return {"ratio": (2 * self.parameters["alpha"] - 1,), "partner": (self.setting.batch,)}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        half = torch.full((BINS,), 0.5, device=self.setting.device)
        return {"posteriors": half, "low": half.new_zeros(()), "high": half.new_ones(())}

    def time(self, now: Moment) -> float:
        """Where this epoch begins, in epochs of a training of `epochs`."""
        return float(self.parameters["epochs"] * now.done + 1e-9)

    def models(self, now: Moment) -> bool:
        return self.time(now) >= self.parameters["mixed_only"]

    def bootstraps(self, now: Moment) -> bool:
        return self.time(now) >= self.bootstrap_start

    @property
    def bootstrap_start(self) -> int:
        more = self.parameters["guided_only"] if self.parameters["mixing"] == "guided" else 0
        return int(self.parameters["mixed_only"] + more)

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        """Fit the mixture to the losses of all training examples."""
        if not self.models(now):
            return
        augmented = now.epoch if self.parameters["tracked_on"] == "augmented" else None
        found = [
            cross_entropy(logits, learner.given[places])[0]
            for places, logits in learner.training_pass(augmented=augmented)
        ]
        losses = torch.cat(found)
        within, counted = bounds(losses)
        ends = self.parameters["mixture"] == "converged"
        mixture = fitted(within.unit(losses), counted, ROUNDS if ends else 10, split=ends)
        for name, value in (("posteriors", table(mixture)), ("low", within.low), ("high", within.high)):
            learner.state[name].copy_(value)

    def noisy(self, learner: Learner, losses: Tensor) -> Tensor:
        """B [B]: probability that a label is wrong, of losses [B]."""
        within = Range(learner.state["low"], learner.state["high"])
        return looked_up(learner.state["posteriors"], within.unit(losses)).clamp(1e-4, 1 - 1e-4)

    def belief(self, logits: Tensor, now: Moment) -> Tensor:
        """z [B, K]: what the network believes of a batch."""
        kind, classes = self.parameters["belief"], logits.shape[-1]
        if kind == "hard":
            return F.one_hot(logits.argmax(-1), classes).to(logits.dtype)
        cooled = (self.time(now) - self.bootstrap_start) / self.parameters["cooled"]
        temperature = 1 + (COLDEST - 1) * min(1.0, cooled) if kind == "soft-to-hard" else 1.0
        return torch.softmax(logits / temperature, -1)

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        guided, bootstraps = self.parameters["mixing"] == "guided" and self.models(now), self.bootstraps(now)
        labels = F.one_hot(batch.labels[0], self.setting.classes).to(batch.x.dtype)
        partner, ratio = batch.random["partner"].argsort(), beta_ratio(batch.random["ratio"])
        with torch.no_grad():
            first = learner.forward(batch.x, batch.uniform)[0] if bootstraps else None
            early = guided or (bootstraps and self.parameters["belief"] != "hard")  # as released: see below
            seen = learner.forward(batch.x, batch.uniform, "frozen") if early else None
        share = ratio
        if guided and seen is not None:
            share = guided_share(self.noisy(learner, cross_entropy(seen, batch.labels)[0]), partner)
        logits = learner.forward(mixed(batch.x, partner, share), batch.uniform)[0]
        with torch.no_grad():  # -H: behind the mixed images, which have moved the running statistics
            seen = learner.forward(batch.x, batch.uniform, "frozen") if seen is None else seen
            losses = cross_entropy(seen, batch.labels)
            doubt = self.noisy(learner, losses[0])
            target = labels if first is None else torch.lerp(labels, self.belief(first, now), doubt[:, None])
        weight = self.weight_of_first(share, ratio, bootstraps)
        log = torch.log_softmax(logits, -1)
        loss = -(weight * (target * log).sum(-1) + (1 - weight) * (target[partner] * log).sum(-1)).mean()
        pull = uniform_prior(log) if bootstraps else torch.zeros_like(loss)
        learner.apply(learner.gradient((loss + self.parameters["regulariser"] * pull)[None]))
        scalars, marks = {"regulariser": pull.detach()[None]}, {"doubt": doubt[None]}
        return Outcome(loss.detach()[None], losses, None, seen, scalars, marks)

    def weight_of_first(self, share: Tensor, ratio: Tensor, bootstraps: bool) -> Tensor:
        """What the target of an image weighs beside that of its partner, [] or [B]."""
        if self.parameters["loss_shares"] == "images":
            return share
        halves = bootstraps and self.parameters["belief"] != "hard"
        return torch.full_like(ratio, 0.5) if halves else ratio
