"""Generative classifiers over a network's features (RoG; Lee et al., ICML 2019): Gaussians of one covariance.

Of every class the mean, of all the covariance, estimated on noisy labels by one step towards the minimum covariance
determinant: a first estimate on a random part of each class, then a second on those of a class that are nearest to its
mean. With equal priors the posterior is linear in the features. Those of several layers are averaged, by weights that
explain a validating set best. Sums are made in double precision. By the released code; the paper was not read here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

KEPT = 0.7  # part of a class on which an estimate is made, each time
#: Cuts of both estimates' inversions: those of the scipy of the released code's day (below 1.3), to which the first
#: comes in single precision and the second in double.
CUTS = (1e3 * torch.finfo(torch.float32).eps, 1e6 * torch.finfo(torch.float64).eps)
BATCH, RATE = 50, 0.02  # of the optimisation of an ensemble
TINY = 1e-10  # added to an ensemble's probability before its logarithm


@dataclass(frozen=True)
class Gaussians:
    """Means [K, D] of the classes, and the one precision [D, D]; `empty` [K]: classes without any example."""

    means: Tensor
    precision: Tensor
    empty: Tensor

    def distances(self, features: Tensor, labels: Tensor) -> Tensor:
        """Squared Mahalanobis distances [N] of features [N, D] to the means of their classes, labels [N]."""
        apart = features.double() - self.means[labels]
        return ((apart @ self.precision) * apart).sum(-1)

    def linear(self) -> tuple[Tensor, Tensor]:
        """(weights [K, D], biases [K]) of the posterior's logits; an empty class is never predicted."""
        weights = self.means @ self.precision
        biases = -0.5 * (weights * self.means).sum(-1) - math.log(len(self.means))
        return weights, biases.masked_fill(self.empty, -math.inf)


def inverted(covariance: Tensor, cut: float) -> Tensor:
    """Pseudo-inverse of a symmetric matrix [D, D], without directions whose variance is below `cut` of the largest."""
    return torch.linalg.pinv(covariance, rtol=cut, hermitian=True)


def _scatter(features: Tensor) -> tuple[Tensor, Tensor]:
    """(mean [D], covariance [D, D] about it, divided by their number) of features [n, D], n > 0."""
    mean = features.mean(0)
    apart = features - mean
    return mean, apart.T @ apart / len(features)


def _kept(members: int) -> int:
    return max(1, int(members * KEPT))


def first_estimate(
    features: Tensor, labels: Tensor, classes: int, keys: Tensor, covariance: str = "pooled"
) -> Gaussians:
    """Gaussians of a random part of every class.

    features: [N, D]; labels: given ones, [N]; keys: uniform numbers [N] whose smallest are kept. covariance: `pooled`
    over the classes by the sizes of their parts; as_released divides the running sum by the size of all parts again
    behind every class, which leaves little but the last class's.
    """
    x = features.double()
    parts = [torch.nonzero(labels == label).flatten() for label in range(classes)]
    chosen = [part[keys[part].argsort(stable=True)[: _kept(len(part))]] for part in parts]
    return _estimated(x, chosen, [len(kept) for kept in chosen], covariance, CUTS[0])


def second_estimate(features: Tensor, labels: Tensor, first: Gaussians) -> Gaussians:
    """Gaussians of those of every class that are nearest to its mean, covariances weighted by sizes of classes."""
    x = features.double()
    chosen, sizes = [], []
    for label in range(len(first.means)):
        part = torch.nonzero(labels == label).flatten()
        distance = first.distances(x[part], labels[part])
        chosen.append(part[distance.argsort(stable=True)[: _kept(len(part))]])
        sizes.append(len(part))
    return _estimated(x, chosen, sizes, "pooled", CUTS[1])


def _estimated(x: Tensor, chosen: list[Tensor], sizes: list[int], covariance: str, cut: float) -> Gaussians:
    """chosen: of each class the places of its examples that count; sizes: what its covariance weighs."""
    width, total = x.shape[1], sum(sizes)
    means, summed = x.new_zeros(len(chosen), width), x.new_zeros(width, width)
    for label, (places, size) in enumerate(zip(chosen, sizes, strict=True)):
        if len(places):
            means[label], own = _scatter(x[places])
            summed += size * own
        if covariance == "as_released":
            summed = summed / total
    if covariance == "pooled":
        summed = summed / total
    empty = torch.tensor([not len(places) for places in chosen], device=x.device)
    return Gaussians(means, inverted(summed, cut), empty)


def posterior(features: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """Class probabilities [N, K] of features [N, D] under a linear classifier."""
    return torch.softmax(features.double() @ weights.T + biases, -1)


def trusted_half(features: Tensor, labels: Tensor, gaussians: Gaussians) -> Tensor:
    """Places of the half of N examples that are nearest to the means of their given classes."""
    return gaussians.distances(features, labels).argsort(stable=True)[: max(1, len(labels) // 2)]


def ensemble_shares(posteriors: Tensor, labels: Tensor, keys: Tensor) -> Tensor:
    """Shares [L] of L layers, summing to one, by Adam on the negative log-likelihood of a validating set, with the
    batches and the rate of the released code.

    posteriors: [L, N, K]; labels: [N]; keys: uniform numbers [epochs, N], an order for every epoch. The last partial
    batch is dropped; fewer examples than a batch are one.
    """
    of_label = posteriors[:, torch.arange(len(labels), device=labels.device), labels]  # [L, N]
    size = min(BATCH, len(labels))
    logits = torch.ones(len(posteriors), dtype=posteriors.dtype, device=posteriors.device)
    mean, square, steps = torch.zeros_like(logits), torch.zeros_like(logits), 0
    for key in keys:
        order = key.argsort(stable=True)
        for places in order[: len(order) // size * size].split(size):
            shares, mine = torch.softmax(logits, 0), of_label[:, places]
            slopes = -(mine / (shares @ mine + TINY)).mean(-1)  # of the loss, by the shares
            gradient = shares * (slopes - shares @ slopes)
            steps += 1
            mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient.square()
            sound, spread = mean / (1 - 0.9**steps), (square / (1 - 0.999**steps)).sqrt()
            logits = logits - RATE * sound / (spread + 1e-8)
    return torch.softmax(logits, 0)
