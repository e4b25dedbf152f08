"""What a record keeps of a trained network beside its curves, where its protocol asks for it.

confusion   counts [K, K] of the test part, true class by predicted one; and, as `flips`, of the training file, true
            class by given label
weights     how a method that weights examples weights those of the validating set, which it has never trained on: in
            batches as they come, and in batches of one true class whose labels are flipped anew
positive    how many of the training examples of each true class, and of each tenth by loss, it gives any weight
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lnl.data.arrays import OUT_OF_DISTRIBUTION
from lnl.engine.method import Batch, Method
from lnl.engine.metrics import roc_area
from lnl.learning.selection import cross_entropy

if TYPE_CHECKING:
    from lnl.engine.loop import Training

#: Bounds of the bins of weights, in times 1/B, after the first bin, which has those that are zero.
EDGES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MOST = 10  # batches of one class
TENTHS = 10


def final(training: Training, place: int, names: list[str]) -> dict[str, Any]:
    """The pieces of these names of the run at `place` of a training that has ended."""
    out: dict[str, Any] = {}
    if "confusion" in names:
        out["confusion"] = confusion(training, place)
        out["flips"] = flips(training, place)
    weighs = type(training.methods[0]).weigh is not Method.weigh
    if "weights" in names and weighs and not training.stacked and training.data.validating is not None:
        out["weights"] = weights(training)
    if "positive" in names and weighs and not training.stacked:
        out["positive"] = positive(training)
    return out


def confusion(training: Training, place: int) -> list[list[int]]:
    """Test images by true class and prediction, of the run's networks together."""
    classes = training.methods[0].setting.classes
    counts = torch.zeros(classes * classes, dtype=torch.int64, device=training.device)
    for scores, true in training.evaluation.scored("test", training.spec["epochs"]):
        mine = scores[place] if training.stacked else scores
        counts += (true * classes + mine.argmax(-1)).view(-1).bincount(minlength=classes * classes)
    return [[int(count) for count in row] for row in counts.view(classes, classes).tolist()]


def flips(training: Training, place: int) -> list[list[int]]:
    """Examples of the training file by true class and given label; of those that show a class."""
    classes = training.methods[0].setting.classes
    shown = training.data.true != OUT_OF_DISTRIBUTION
    both = (training.data.true * classes + training.runs[place].labels)[shown]
    return [[int(n) for n in row] for row in both.bincount(minlength=classes * classes).view(classes, classes).tolist()]


def weights(training: Training) -> dict[str, Any]:
    """Histograms, means and areas under the ROC curve of the weights of clean and flipped examples."""
    training.batches.begin(training.spec["epochs"] - 1)  # whose clean examples the batches are weighed by
    return {
        "edges": list(EDGES),
        "mixed": _summary(training, _as_they_come(training, training.data.validating)),
        "single_class": _summary(training, _of_one_class(training)),
    }


def positive(training: Training) -> dict[str, Any]:
    """Shares in percent of training examples with a weight above zero, in one pass over them: by true class (null for
    one without examples), and by tenths of the loss against the given label, smallest losses first."""
    training.batches.begin(training.spec["epochs"] - 1)
    found = []
    for number, (_, places, given) in enumerate(_as_they_come(training, training.runs[0].train_index)):
        batch = _batch(training, places, given, number)
        weighed = training.methods[0].weigh(training.learner, batch)
        assert weighed is not None
        with torch.no_grad():
            logits = training.learner.forward(batch.x, batch.uniform, batch_norm="batch")
        losses = cross_entropy(logits, batch.labels)[0]
        found.append((100.0 * (weighed[0] > 0), training.data.true[places], losses))
    if not found:
        return {}
    above, true, losses = (torch.cat(parts) for parts in zip(*found, strict=True))
    classes = training.methods[0].setting.classes
    return {
        "by_class": [_mean(above[true == label]) for label in range(classes)],
        "by_loss": [_mean(tenth) for tenth in above[losses.argsort()].tensor_split(TENTHS)],
    }


def _as_they_come(training: Training, places: Tensor | None) -> Iterator[tuple[int, Tensor, Tensor]]:
    """(0, places, given labels) of batches of a set; the last partial one is left out."""
    size = training.batches.size
    assert places is not None
    order = training.runs[0].streams.permutation(len(places), "weighed").to(training.device)
    for batch in places[order].split(size):
        if len(batch) == size:
            yield 0, batch, training.runs[0].labels[batch]


def _of_one_class(training: Training) -> Iterator[tuple[int, Tensor, Tensor]]:
    """(class, places, labels) of batches of one true class that the noise flips, with labels drawn anew from its row;
    a class with fewer examples than a batch has one of them all."""
    places, transition = training.data.validating, training.methods[0].setting.transition
    assert places is not None
    true, streams = training.data.true, training.runs[0].streams
    for label, row in enumerate(transition):
        members = places[true[places] == label]
        if row[label] == 1 or not len(members):
            continue
        whole = [batch for batch in members.split(training.batches.size) if len(batch) == training.batches.size]
        for number, batch in enumerate((whole or [members])[:MOST]):
            uniform = torch.rand(len(batch), generator=streams.generator("weighed label", label, number))
            drawn = torch.searchsorted(row.cumsum(0).clamp(max=1), uniform.to(training.device), right=True)
            yield label, batch, drawn.clamp(max=len(row) - 1)


def _summary(training: Training, batches: Iterator[tuple[int, Tensor, Tensor]]) -> dict[str, Any]:
    """Weights that a method gives to batches (group, places, labels), by whether the label is the true one: histograms,
    means, and how well they tell the two apart. Nothing where there is no batch.

    A weight is multiplied by the size of its batch: 1 is that of plain training. The area under the ROC curve is the
    mean over groups that have labels of both kinds.
    """
    found: dict[int, list[tuple[Tensor, Tensor]]] = {}
    for number, (group, places, given) in enumerate(batches):
        weighed = training.methods[0].weigh(training.learner, _batch(training, places, given, number))
        assert weighed is not None
        found.setdefault(group, []).append((weighed[0] * len(places), given == training.data.true[places]))
    if not found:
        return {}
    groups = [[torch.cat(parts) for parts in zip(*each, strict=True)] for each in found.values()]
    areas = [float(roc_area(value, clean.float())) for value, clean in groups if 0 < int(clean.sum()) < len(clean)]
    value, clean = (torch.cat(parts) for parts in zip(*groups, strict=True))
    return {
        "clean": _histogram(value[clean]),
        "flipped": _histogram(value[~clean]),
        "mean_clean": _mean(value[clean]),
        "mean_flipped": _mean(value[~clean]),
        "auc": round(sum(areas) / len(areas), 4) if areas else None,
    }


def _batch(training: Training, places: Tensor, given: Tensor, number: int) -> Batch:
    """A batch of these examples, with the clean examples and the random numbers of a step of the last period."""
    step = number % training.steps
    drawn = training.batches.assembled(training.batches.place(step), training.batches.draws(step))
    uniform = None if drawn.uniform is None else drawn.uniform[..., : len(places), :]
    images = training.data.gather(places)
    return replace(drawn, x=images, labels=given.unsqueeze(-2), index=places, uniform=uniform)


def _histogram(values: Tensor) -> list[int]:
    bins = torch.bucketize(values, torch.tensor(EDGES, device=values.device))  # zero falls into the first
    return [int(count) for count in bins.bincount(minlength=len(EDGES) + 1).tolist()]


def _mean(values: Tensor) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
