"""What a training is judged by: the scores that its method gives to a part of the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lnl.engine.batches import Batches
from lnl.engine.data import DeviceData
from lnl.engine.learner import Learner
from lnl.engine.method import Method
from lnl.errors import UserError

TOP = 5  # highest scores, one of which is right where a protocol asks for top-5 accuracy


@dataclass
class Evaluation:
    """The scores of one training, of a run or of a stack, as it stands when it is asked."""

    spec: dict[str, Any]
    data: DeviceData
    batches: Batches
    method: Method
    learner: Learner

    def accuracies(self, part: str, epoch: int) -> dict[str, Tensor]:
        """By the name of its curve, accuracy in percent, shaped like the population, on every example of a part; where
        the protocol asks for it also how often the label is among the five highest scores."""
        self.learner.watched.tell(f"evaluating ({part})")
        lead, device = self.learner.population.lead, self.data.device
        correct = {"accuracy": torch.zeros(lead, device=device)}
        if self.spec.get("top5"):
            correct["top5"] = torch.zeros(lead, device=device)
        for scores, labels in self.scored(part, epoch):
            correct["accuracy"] += (scores.argmax(-1) == labels).sum(-1)
            if "top5" in correct:
                highest = scores.topk(min(TOP, scores.shape[-1]), dim=-1).indices
                correct["top5"] += (highest == labels[:, None]).sum((-2, -1))
        return {f"{part}_{name}": 100 * right / len(self.data.parts[part][1]) for name, right in correct.items()}

    def scored(self, part: str, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """(scores [..., networks, B, K], labels [B]) over a part in fixed order."""
        population = self.learner.population
        with torch.no_grad():
            for number, (images, labels) in enumerate(self.data.part(part)):
                at_test = population.random_at_test
                drawn = self.batches.uniform(f"dropout {part}", epoch, number, len(images)) if at_test else None
                size = population.judged_together(len(images))
                for first in range(0, len(images), size):
                    x, y = images[first : first + size], labels[first : first + size]
                    scores = self.method.predict(
                        self.learner, x, None if drawn is None else drawn[..., first : first + size, :]
                    )
                    self._check(scores, len(x))
                    yield scores, y

    def _check(self, scores: Tensor, images: int) -> None:
        lead = (*self.learner.population.lead, images)
        if scores.shape[:-1] != lead:
            raise UserError(
                f"{type(self.method).__name__}: its predict returns shape {list(scores.shape)}, and "
                f"{[*lead, scores.shape[-1]]} is needed, scores of each network (of networks that predict "
                "together, the same for each)"
            )
