"""Random weights (Ren et al., ICML 2018, equation 16): a batch is weighted by rectified normal numbers.

The control for Learning to Reweight: about half of every batch counts nothing and the rest unevenly, whatever the
labels are. The paper takes it for a regulariser.
"""

from lnl.engine.method import Batch, Learner, Method, Moment, Normal, Outcome
from lnl.learning.meta_weights import rectified
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "random-weights",
    "title": "Random weights",
    "version": 1,
    "paper": "baseline of Ren et al., ICML 2018",
    "networks": 1,
    "parameters": {},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class RandomWeights(Method):
    """Weights max(z, 0) / sum of max(z, 0), z standard normal."""

    def random(self) -> dict[str, tuple[int, ...] | Normal]:
        return {"z": Normal((self.setting.batch,))}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        weights = rectified(batch.random["z"])
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        loss = (weights * losses).sum(-1)
        learner.apply(learner.gradient(loss))
        return Outcome(loss, losses, (weights > 0).float().expand_as(losses), logits)
