"""Plain training that is judged by averaged weights: the supervised baseline of IEG's released code.

It learns as Standard does. What is evaluated is an exponential average of its weights, with the running statistics of
batch norm as the network has them.
"""

from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.averaging import begun, follow
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "supervised",
    "title": "Supervised, averaged",
    "version": 1,
    "paper": "baseline of IEG, ICLR 2020 submission",
    "networks": 1,
    "parameters": {"average": 0.999},  # decision ieg_average
    "ranges": {"average": [0, 0.999999]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Supervised(Method):
    """Mean cross-entropy of a batch; an average of the weights predicts."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return begun(learner.vector())

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        loss = losses.mean(-1)
        learner.apply(learner.gradient(loss))
        follow(learner.state, learner.vector(), self.parameters["average"])
        return Outcome(loss.detach(), losses, logits=logits)

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        return learner.call(0, learner.state["average"], x, "frozen", uniform)[None]
