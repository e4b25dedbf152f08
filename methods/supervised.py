"""Plain training that is judged by averaged weights: the supervised baseline of IEG's released code.

It learns as Standard does. What is evaluated is an exponential average of its weights, with the running statistics of
batch norm as the network has them. On WebVision mini the paper has it with AutoAugment behind the protocol's crops.
"""

from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.averaging import begun, follow
from lnl.learning.selection import cross_entropy
from lnl.learning.strong_view import WIDTH, strong

SPEC = {
    "key": "supervised",
    "title": "Supervised, averaged",
    "version": 1,
    "paper": "baseline of IEG, ICLR 2020 submission",
    "networks": 1,
    "parameters": {
        "average": 0.999,  # decision ieg_average
        "policy": None,  # decision supervised_policy
    },
    "ranges": {"average": [0, 0.999999]},
    "values": {"policy": [None, "autoaugment-95", "autoaugment-25", "imagenet-v0", "imagenet-25"]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class Supervised(Method):
    """Mean cross-entropy of a batch; an average of the weights predicts."""

    def random(self) -> dict[str, tuple[int, ...]]:
        return {"policy": (self.setting.batch, WIDTH)} if self.parameters.get("policy") else {}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return begun(learner.vector())

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        x, policy = batch.x, self.parameters.get("policy")
        if policy:
            x = strong(x, batch.random["policy"], policy, cutout=False, cropped=True)
        logits = learner.forward(x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        loss = losses.mean(-1)
        learner.apply(learner.gradient(loss))
        follow(learner.state, learner.vector(), self.parameters["average"])
        return Outcome(loss.detach(), losses, logits=logits)

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        return learner.call(0, learner.state["average"], x, "frozen", uniform)[None]
