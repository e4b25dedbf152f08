"""Skeletons of four methods that need more than a loss, to hold the contract against. Not the methods themselves.

L2R: a clean stream and per-example weights from one forward-mode pass through batch norm (Ren et al., 2018, Algorithm
1). M-DYR-H: a pass over the training set after each epoch and a table of posteriors (Arazo et al., 2019, section 3).
S-model: trainable parameters of its own behind the softmax (Goldberger and Ben-Reuven, 2017). IEG look-ahead: the
momentum buffer in the look-ahead point, weights averaged for evaluation (IEG, sections 2.1 and 2.2).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome, Stream
from lnl.learning.selection import cross_entropy


def _meta_weights(learner: Learner, batch: Batch, at: Tensor) -> Tensor:
    """relu of <gradient of the clean loss at `at`, gradient of each example's loss>, normalised to sum 1; [B]."""
    x, y = batch.streams["clean"]
    clean_gradient = torch.func.grad(lambda v: F.cross_entropy(learner.call(0, v, x), y))(at)
    labels = batch.labels[0]
    _, slope = learner.jvp(lambda v: cross_entropy(learner.call(0, v, batch.x), labels), 0, clean_gradient)
    raw = slope.clamp(min=0)
    return raw / (raw.sum() + (raw.sum() == 0))


class L2R(Method):
    def streams(self) -> dict[str, Stream]:
        return {"clean": Stream(count=20, batch=10)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        weights = _meta_weights(learner, batch, learner.vector())
        logits = learner.forward(batch.x)
        losses = cross_entropy(logits, batch.labels)
        learner.apply(learner.gradient((weights * losses).sum(-1)))
        return Outcome(loss=losses.mean(-1), losses=losses, logits=logits, selected=(weights > 0).float().unsqueeze(0))


class MDYRH(Method):
    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"trust": torch.ones(self.setting.examples)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x)
        losses = cross_entropy(logits, batch.labels)
        trust = learner.state["trust"][batch.index]
        guess = cross_entropy(logits, logits.detach().argmax(-1))
        learner.apply(learner.gradient((trust * losses + (1 - trust) * guess).mean(-1)))
        return Outcome(loss=losses.mean(-1), losses=losses, logits=logits)

    def epoch_end(self, learner: Learner, now: Moment) -> None:
        losses = torch.zeros(self.setting.examples)
        for index, logits in learner.training_pass():
            losses[index] = cross_entropy(logits, learner.given[index])[0]
        # two Gaussians by a few rounds of expectation and maximisation stand in for the Beta mixture
        means, spread = losses.quantile(torch.tensor([0.1, 0.9])), losses.std()
        for _ in range(5):
            odds = torch.softmax(-((losses[:, None] - means) ** 2) / (2 * spread**2), -1)
            means = (odds * losses[:, None]).sum(0) / odds.sum(0)
        learner.state["trust"] = odds[:, 0]


class SModel(Method):
    def own_parameters(self, generator: torch.Generator) -> dict[str, Tensor]:
        k = self.setting.classes
        noise = torch.rand(k, k, generator=generator)
        return {"W": torch.full((k, k), 0.46 / (k - 1)).fill_diagonal_(0.54).log() + 0.01 * noise}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x)
        channel = torch.softmax(learner.own("W"), -1)
        seen = torch.softmax(logits, -1) @ channel
        losses = -seen.gather(-1, batch.labels[..., None]).squeeze(-1).log()
        learner.apply(learner.gradient(losses.mean(-1)))
        return Outcome(loss=losses.mean(-1), losses=losses, logits=logits)


class LookAhead(Method):
    """Weights from the point that the next momentum step would reach; evaluation by averaged weights."""

    def streams(self) -> dict[str, Stream]:
        return {"clean": Stream(count=20, batch=20, held_out=False)}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"average": learner.vector().clone()}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x)
        losses = cross_entropy(logits, batch.labels)
        gradient = learner.gradient(losses.mean(-1))[0]
        ahead = learner.vector() - 0.1 * (0.9 * learner.slots["momentum_buffer"][0] + gradient)
        weights = _meta_weights(learner, batch, ahead)
        losses = cross_entropy(learner.forward(batch.x, batch_norm="batch"), batch.labels)
        learner.apply(learner.gradient((weights * losses).sum(-1)))
        learner.state["average"].lerp_(learner.vector(), 0.1)
        return Outcome(
            loss=losses.mean(-1),
            losses=losses,
            logits=logits,
            scalars={"ahead": (ahead - learner.vector()).norm()[None]},
        )

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        return learner.call(0, learner.state["average"], x, batch_norm="frozen").unsqueeze(0)
