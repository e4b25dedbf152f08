"""Decoupling with buffered batches (Malach and Shalev-Shwartz, NeurIPS 2017): a step is made of a whole batch of
disagreements.

Decoupling (methods/decoupling.py) learns in every step from the few examples of a batch on which its two networks
differ. The authors' code has another way (`min_batch_size -1`): disagreements are collected, and no step is taken until
a whole batch of them is there; that batch, the oldest ones, is then passed through both networks as they are by now,
whether they still differ on it or not, and learned whole. Between two steps nothing moves, the optimiser's moments
included (decision decoupling_batches).

How many disagreements there are is known to the device alone. The buffer therefore has a fixed size, the pass that
would learn from it is made in every step, and `skip` leaves its update out where the buffer is not full.
"""

import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.selection import cross_entropy, disagreement

SPEC = {
    "key": "decoupling-buffered",
    "title": "Decoupling, buffered",
    "version": 1,
    "paper": "Malach and Shalev-Shwartz, NeurIPS 2017, as in their code with min_batch_size -1",
    "networks": 2,
    "parameters": {
        "warm_up": 5000,  # decision decoupling_warm_up, as in decoupling
    },
    "ranges": {"warm_up": [0, 1000000]},
    "settings": {"*/digits/*": {"warm_up": 225}},
    # As Decoupling's; the tutorial's slide says memorisation YES (decision prior_work_traits).
    "traits": {"small_loss": False, "memorisation": False, "sgd": True},
}


class BufferedDecoupling(Method):
    """Mean cross-entropy of each full batch of disagreements."""

    networks = 2

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        # Fewer than a batch wait, and a batch may join them: the last of 2 B places is never needed, and takes the rest
        labels = torch.zeros(2 * self.setting.batch, dtype=torch.int64, device=self.setting.device)
        return {"labels": labels, "waiting": torch.zeros((), dtype=torch.int64, device=self.setting.device)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        warm = now.paper_step < self.parameters["warm_up"]
        with torch.set_grad_enabled(warm):
            logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        differ = torch.ones_like(losses[:1]) if warm else disagreement(logits)  # h1(x) != h2(x)
        if warm:
            loss = losses.mean(-1)
            learner.apply(learner.gradient(loss))
        else:
            self._keep(learner.state, batch, differ[0].to(torch.int64))
            loss = self._learn(learner, batch)
        return Outcome(loss=loss, losses=losses, selected=differ.expand_as(losses), logits=logits)

    def _keep(self, state: dict[str, Tensor], batch: Batch, differ: Tensor) -> None:
        """Disagreements go behind those that wait, in the order of the batch; differ: 0/1, [B]."""
        if "images" not in state:
            state["images"] = batch.x.new_zeros(len(state["labels"]), *batch.x.shape[1:])
        behind = state["waiting"] + differ.cumsum(0) - 1
        place = torch.where(differ == 1, behind, len(state["labels"]) - 1)
        state["images"].index_copy_(0, place, batch.x)
        state["labels"].index_copy_(0, place, batch.labels[0])
        state["waiting"] += differ.sum()

    def _learn(self, learner: Learner, batch: Batch) -> Tensor:
        """A step on the oldest B that wait, which then leave; nothing at all where fewer do."""
        state, size = learner.state, self.setting.batch
        full = state["waiting"] >= size
        x, labels = state["images"][:size], state["labels"][None, :size]
        # the other pass of this step has moved the running statistics already
        loss = cross_entropy(learner.forward(x, batch.uniform, batch_norm="batch"), labels).mean(-1)
        learner.apply(learner.gradient(loss), skip=1 - full.float())
        for held in (state["images"], state["labels"]):
            held[:size] = torch.where(full, held[size:], held[:size])
        state["waiting"] -= full * size
        return loss
