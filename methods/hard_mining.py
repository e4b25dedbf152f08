"""Hard mining (Ren et al., ICML 2018, section 4.1): of the majority, only the examples with the largest losses train.

Out of 500 examples those of the rare class are taken, and as many of the frequent class, the hardest. The released code
hands its selection the mean loss of the batch in place of the losses, so that it takes arbitrary ones: that is random
undersampling, and a switch.
"""

import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome, Stream
from lnl.learning.class_balance import class_shares
from lnl.learning.selection import cross_entropy

SPEC = {
    "key": "hard-mining",
    "title": "Hard mining",
    "version": 1,
    "paper": "baseline of Ren et al., ICML 2018",
    "networks": 1,
    "parameters": {
        "candidates": 500,  # examples that are looked at in a step
        "chosen": "hardest",  # decision hard_mining_chosen: arbitrary is what the released code does
    },
    "ranges": {"candidates": [1, None]},
    "values": {"chosen": ["hardest", "arbitrary"]},
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class HardMining(Method):
    """Mean cross-entropy of the rare class's examples and of as many hard ones of the most frequent class."""

    def streams(self) -> dict[str, Stream]:
        return {"candidates": Stream(batch=self.parameters["candidates"], of="train")}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        shares = class_shares(learner.given[learner.train_index], self.setting.classes)
        last = len(shares) - 1  # of classes that are given alike often, the last: never the rare one again
        return {"rare": shares.argmin(), "frequent": last - shares.flip(0).argmax()}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        x, labels = batch.streams["candidates"]
        with torch.no_grad():  # figures are those of the batch, as every method's
            logits = learner.forward(batch.x, batch.uniform, batch_norm="frozen")
            losses = cross_entropy(logits, batch.labels)
            uniform = batch.dropout["candidates"]
            hardness = cross_entropy(learner.forward(x, uniform, batch_norm="frozen"), labels)[0]
            order, weights = chosen(self._hardness(hardness), labels, learner.state, self.setting.batch)
        own = None if uniform is None else uniform[:, order]
        loss = (weights * cross_entropy(learner.forward(x[order], own), labels[order])).sum(-1)
        learner.apply(learner.gradient(loss))
        return Outcome(loss.detach(), losses, logits=logits)

    def _hardness(self, losses: Tensor) -> Tensor:
        return losses if self.parameters["chosen"] == "hardest" else torch.zeros_like(losses)


def chosen(hardness: Tensor, labels: Tensor, state: dict[str, Tensor], batch: int) -> tuple[Tensor, Tensor]:
    """(places among the candidates, weights that sum to one): all of the rare class, then as many of the frequent one,
    the hardest first; whatever stands behind them has weight zero.

    At least one of the frequent class is taken, and of either at most `batch`, so that shapes are fixed.
    """
    half = min(batch, len(labels))
    rare, frequent = labels == state["rare"], labels == state["frequent"]
    bound = hardness.abs().max() + 1  # above every difference of losses
    mine = torch.where(rare, bound, -bound).sort(descending=True, stable=True)
    theirs = torch.where(frequent, hardness, -bound).sort(descending=True, stable=True)
    count = rare.sum().clamp(max=half)
    slots = torch.arange(half, device=labels.device)
    keep_rare, keep_frequent = slots < count, slots < count.clamp(min=1)
    places = torch.cat([mine.indices[:half], theirs.indices[:half]])
    weights = torch.cat([keep_rare, keep_frequent]).to(hardness.dtype)
    return places, weights / weights.sum()
