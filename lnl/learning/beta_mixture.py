"""Which examples are wrongly labelled, by a mixture of two Beta distributions of their losses.

Arazo, Ortego, Albert, O'Connor and McGuinness, "Unsupervised label noise modeling and loss correction", ICML 2019,
by their code and with its constants. Losses are brought into (0, 1) by their 5th and 95th percentiles. On those
between the percentiles ten rounds of expectation and maximisation by moments follow. The posterior of the second
component, that of large losses, is tabulated. All in double precision on the losses' device, which is not waited for.

Their formulas leave the domain where all losses are alike, or only two different ones are left. Variances, and what a
loss is divided by, are therefore bounded from below here, far below what a mixture of ordinary losses has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BINS = 100
EDGE = 1e-3  # where a loss is put that lies beyond the percentiles
INSIDE = 1e-4  # smallest distance from 0 and 1 at which densities are taken
LEAST = 1e-12  # of a component's density, and of a sum of densities that is divided by
CONCENTRATED = 1e5  # largest alpha + beta of a component
LARGEST = 1e6  # in place of a loss that is no number, or infinite: its run ends as diverged


@dataclass(frozen=True)
class Range:
    """What losses are brought into (0, 1) by; both []."""

    low: Tensor
    high: Tensor

    def unit(self, losses: Tensor) -> Tensor:
        """Losses, any shape, in (0, 1): what is not between the bounds stands `EDGE` from the end, as released."""
        x = (losses.to(self.low.dtype) - self.low) / (self.high - self.low + 1e-6).clamp(min=1e-6)
        return torch.where(x >= 1, 1 - EDGE, torch.where(x <= 0, EDGE, x))


@dataclass(frozen=True)
class Mixture:
    """Two Beta distributions, that of small losses first; all [2], double precision."""

    alpha: Tensor
    beta: Tensor
    share: Tensor

    def densities(self, x: Tensor) -> Tensor:
        """Density of each component at x [N], times its share; [2, N]."""
        alpha, beta = self.alpha[:, None], self.beta[:, None]
        scale = torch.lgamma(alpha + beta) - torch.lgamma(alpha) - torch.lgamma(beta)
        return self.share[:, None] * torch.exp(scale + (alpha - 1) * x.log() + (beta - 1) * torch.log1p(-x))

    def posterior(self, x: Tensor) -> Tensor:
        """Probability [N] that losses x belong to the second component."""
        densities = self.densities(x)
        return densities[1] / (densities.sum(0) + LEAST)


def bounds(losses: Tensor) -> tuple[Range, Tensor]:
    """(range, weights [N]) of losses [N]: their 5th and 95th percentile, the lower one raised by 1e-5 as released; 1
    for a loss between them, to which the mixture is fitted, or for all where there is none."""
    losses = losses.double().nan_to_num(nan=LARGEST, posinf=LARGEST, neginf=0.0).clamp(max=LARGEST)
    low, high = torch.quantile(losses, torch.tensor([0.05, 0.95], dtype=losses.dtype, device=losses.device))
    between = (losses >= low) & (losses <= high)
    return Range(low + 1e-5, high), (between | ~between.any()).to(losses.dtype)


def fitted(x: Tensor, counted: Tensor | None = None, iterations: int = 10, split: bool = False) -> Mixture:
    """The mixture after so many rounds of EM on x [N] in [0, 1], each example with a weight `counted` [N] (default 1);
    a component has the parameters of its weighted mean and variance.

    It begins with Beta(1, 2) and Beta(2, 1) in equal shares, as released. From there ten rounds are far from where EM
    ends, and now and then it ends with two equal components. With `split` it begins with what lies below the mean, and
    what lies above.
    """
    x = x.double().clamp(INSIDE, 1 - INSIDE)
    weights = torch.ones_like(x) if counted is None else counted.double()
    start = torch.tensor([[1.0, 2.0], [2.0, 1.0], [0.5, 0.5]], dtype=x.dtype, device=x.device)
    mixture = Mixture(*start)
    if split:
        above = (x > (weights * x).sum() / weights.sum()).to(x.dtype)
        mixture = maximised(x, weights * torch.stack([1 - above, above]).clamp(min=LEAST))
    for _ in range(iterations):
        densities = mixture.densities(x).clamp(min=LEAST)
        mixture = maximised(x, weights * densities / densities.sum(0))
    return mixture


def maximised(x: Tensor, weights: Tensor) -> Mixture:
    """The mixture of components to which x [N] belong by weights [2, N]."""
    return Mixture(*by_moments(x, weights), weights.sum(1) / weights.sum())


def by_moments(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """(alpha, beta) [2] of the Beta distributions with the mean and variance of x [N] under weights [2, N]."""
    total = weights.sum(1)
    mean = ((weights * x).sum(1) / total).clamp(INSIDE, 1 - INSIDE)
    variance = (weights * (x - mean[:, None]).square()).sum(1) / total
    most = mean * (1 - mean)  # which no variance on (0, 1) reaches
    together = most / variance.clamp(min=0).maximum(most / (CONCENTRATED + 1)) - 1
    together = together.clamp(min=1e-6)
    return mean * together, (1 - mean) * together


def table(mixture: Mixture, bins: int = BINS) -> Tensor:
    """The posterior [bins] at equally spaced losses from 0 to 1; behind its largest value it stays there, so that the
    largest losses never count as right."""
    x = torch.linspace(LEAST, 1 - LEAST, bins, dtype=torch.float64, device=mixture.alpha.device)
    found = mixture.posterior(x)
    behind = torch.arange(bins, device=found.device) >= found.argmax()
    return torch.where(behind, found.max(), found)


def looked_up(posteriors: Tensor, x: Tensor) -> Tensor:
    """Posterior of losses x in [0, 1], any shape, from a table: by truncation, as released."""
    bins = len(posteriors)
    return posteriors[(x * bins).long().clamp(0, bins - 1)]
