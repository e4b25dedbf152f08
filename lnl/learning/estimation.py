"""What a trained network tells about the noise: an estimated transition matrix, and a confusion matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

SMALLEST = 1e-8  # probability of an estimate


class Known(Protocol):
    """What is known of a run's labels."""

    transition: Tensor  # [K, K], as declared
    device: torch.device


class Passes(Protocol):
    """A learner that can pass the training set through a network that was handed over."""

    given: Tensor  # [N] labels

    def pass_of(self, name: str) -> Iterable[tuple[Tensor, Tensor]]:
        """(index, logits) batch by batch."""
        ...


def transition(parameters: Mapping[str, Any], setting: Known, learner: Passes) -> Tensor:
    """The matrix [K, K] that a method's parameter `transition` names: `true` (as declared), `estimated` from the
    network handed over under the name of the parameter `stage`, or the numbers themselves. Rows are true classes."""
    wanted = parameters["transition"]
    if wanted == "true":
        return setting.transition
    if wanted == "estimated":
        posteriors = torch.cat([torch.softmax(logits[0], -1) for _, logits in learner.pass_of(parameters["stage"])])
        return anchored(posteriors, parameters.get("outliers"), parameters["filter"] == "in_place")
    return torch.tensor(wanted, dtype=torch.float32, device=setting.device)


def anchored(posteriors: Tensor, outliers: float | None, in_place: bool = False) -> Tensor:
    """T-hat [K, K] from posteriors [N, K] of given labels: row i is the posterior of the example that is surest of i.

    outliers: the surest examples of every class above this quantile do not count (0.97 as released, but for
    CIFAR-100). in_place: they are struck out of the very table that rows are read from, as released, so that a row may
    show zeros in the columns that came before it (Patrini et al., 2017, equation 13, and their NoiseEstimator). No
    entry is left at zero: a label that T rules out would have an infinite loss.
    """
    table = posteriors if not in_place else posteriors.clone()
    rows = []
    for label in range(posteriors.shape[1]):
        column = table[:, label] if in_place else table[:, label].clone()
        if outliers is not None:
            column[column >= torch.quantile(column, outliers, interpolation="higher")] = 0.0
        rows.append(table[column.argmax()].clone())
    estimate = torch.stack(rows).clamp(min=SMALLEST)
    return estimate / estimate.sum(1, keepdim=True)


def confusion(learner: Passes, base: str, classes: int) -> Tensor:
    """Share of every given label among the training examples that the network handed over as `base` puts into a class,
    [K, K]: rows are its predictions (hard counts, as in the code of Goldberger and Ben-Reuven, 2017). A class that it
    never predicts stays itself."""
    counts = torch.zeros(classes * classes, device=learner.given.device)
    for index, logits in learner.pass_of(base):
        places = logits[0].argmax(-1) * classes + learner.given[index]
        counts += torch.bincount(places, minlength=classes * classes)
    table = counts.view(classes, classes)
    never = table.sum(1, keepdim=True) == 0
    table = torch.where(never, torch.eye(classes, device=table.device), table)
    return table / table.sum(1, keepdim=True)
