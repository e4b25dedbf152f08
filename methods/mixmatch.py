"""MixMatch (Berthelot et al., NeurIPS 2019): semi-supervised learning from a few labelled examples.

The labelled examples are a declared set; all others are unlabelled, and their given labels are never learned from. The
mean prediction on two augmented views of an unlabelled image, sharpened, is its label; labelled and unlabelled images
are then mixed with each other (MixUp). The labelled share learns by cross-entropy, the other by squared differences,
which are bounded and matter less where a guess is wrong. Averaged weights are judged.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.engine.method import Batch, Beta, Learner, Method, Moment, Outcome, Stream
from lnl.learning.augment import augment
from lnl.learning.averaging import begun, follow
from lnl.learning.mixing import interleaving, larger, mixed
from lnl.learning.pseudo_labels import pseudo_labels, soft_cross_entropy
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "mixmatch",
    "title": "MixMatch",
    "version": 1,
    "paper": "Berthelot et al., NeurIPS 2019",
    "networks": 1,
    "needs": ["clean_set", "views"],
    "sets": ["probe"],
    "parameters": {
        "temperature": 0.5,  # decision mixmatch_numbers: T
        "alpha": 0.75,  # decision mixmatch_alpha: of MixUp's Beta distribution
        "ratio": "example",  # decision mixmatch_ratio: one for each example, or one for a `batch`
        "weight": 75.0,  # decision mixmatch_weight: of the unlabelled loss, lambda_U
        "ramp": 16384,  # decision mixmatch_ramp: steps in which that weight rises from zero
        "sub_batches": "interleaved",  # decision mixmatch_sub_batches: or `apart`, or one batch of all `together`
        "statistics": "first",  # decision mixmatch_statistics: which sub-batches move them, or `every`
        "decay": 0.02,  # decision mixmatch_decay: of kernels, times the learning rate
        "average": 0.999,  # decision mixmatch_average: of the weights that are judged
        "average_rises": False,  # decision mixmatch_average_rises
    },
    "ranges": {
        "temperature": [0.01, 1],
        "alpha": [0.1, None],  # below, both gamma numbers of a ratio may underflow: at 0.01 a sixth are 1/2 exactly
        "weight": [0, None],
        "ramp": [1, None],
        "decay": [0, 1],
        "average": [0, 0.999999],
    },
    "values": {
        "ratio": ["example", "batch"],
        "sub_batches": ["interleaved", "apart", "together"],
        "statistics": ["first", "every"],
    },
    "settings": {
        "*/cifar100/*": {"weight": 150.0},  # decision mixmatch_weight
        "*/standin-cifar100/*": {"weight": 150.0},
        "ieg/*/*": {"decay": 0.0},  # decision mixmatch_decay: that protocol's optimiser has one
    },
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class MixMatch(Method):
    """Algorithm 1 and equations 2 to 5. Labels of all kinds are distributions [B, K]; B labelled, 2 B unlabelled."""

    views = 1  # beside the batch itself, augmented anew: K = 2

    def view(self, x: Tensor, uniform: Tensor, number: int) -> Tensor:
        return augment(self.setting.augment, x, uniform)

    def streams(self) -> dict[str, Stream]:
        return {"labelled": Stream(batch=self.setting.batch, of="probe")}

    @property
    def sizes(self) -> list[int]:
        """Examples of the groups of a step: labelled, and each view of the unlabelled ones."""
        return [self.streams()["labelled"].batch, *[self.setting.batch] * (1 + self.views)]

    def random(self) -> dict[str, tuple[int, ...] | Beta]:
        pool = sum(self.sizes)
        shares = pool if self.parameters["ratio"] == "example" else 1
        return {"ratio": Beta((shares,), self.parameters["alpha"]), "partner": (pool,)}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return begun(learner.vector())

    def logits(self, learner: Learner, images: Tensor) -> Tensor:
        """Logits [1, n, K] of the mixed images, in their order, by sub-batches that batch norm sees one by one."""
        wanted = self.parameters
        if wanted["sub_batches"] == "together":
            return learner.forward(images)
        order = torch.arange(len(images), device=images.device)
        if wanted["sub_batches"] == "interleaved":
            order = interleaving(self.sizes, images.device)
        moves = "update" if wanted["statistics"] == "every" else "batch"
        parts = images[order].split(self.sizes)
        seen = [learner.forward(part, batch_norm=moves if number else "update") for number, part in enumerate(parts)]
        return torch.cat(seen, 1)[:, order]  # interleaved once more, all are where they were

    def unlabelled_weight(self, learner: Learner) -> Tensor:
        """lambda_U of the step: its linear rise, by the paper's count of steps."""
        made = learner.state["averaged"] * (self.setting.pace / self.parameters["ramp"])
        return self.parameters["weight"] * made.clamp(max=1.0)

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        wanted, (x, labels) = self.parameters, batch.streams["labelled"]
        views = [batch.x, *batch.views]
        moves = "update" if wanted["statistics"] == "every" else "batch"
        with torch.no_grad():
            seen = [learner.forward(view, batch_norm=moves) for view in views]
            guess = pseudo_labels(seen, False, wanted["temperature"])[0]  # equations 6 and 7
        targets = [F.one_hot(labels, self.setting.classes).to(guess.dtype), *[guess] * len(views)]
        pool = torch.cat([x, *views]), torch.cat(targets)
        images, target = mixed(*pool, larger(batch.random["ratio"]), batch.random["partner"])  # equations 8 to 11
        logits = self.logits(learner, images)
        first = len(x)
        supervised = soft_cross_entropy(logits[:, :first], target[:first]).mean(-1)  # equation 3
        apart = (torch.softmax(logits[:, first:], -1) - target[first:]).square().mean((-2, -1))  # equation 4
        weight = self.unlabelled_weight(learner)
        loss = supervised + weight * apart  # equation 5
        learner.apply(learner.gradient(loss))
        if wanted["decay"]:
            learner.shrink(wanted["decay"])
        follow(learner.state, learner.vector(), wanted["average"], wanted["average_rises"])
        figures = {"supervised": supervised, "unlabelled": apart, "unlabelled_weight": weight.expand_as(apart)}
        scalars = {name: figure.detach() for name, figure in figures.items()}
        return Outcome(loss.detach(), cross_entropy(seen[0], batch.labels), None, seen[0], scalars)

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        """Logits at the averaged weights, with the running statistics of the last ones."""
        return learner.call(0, learner.state["average"], x, "frozen", uniform)[None]
