"""What Learning to Reweight proves of its algorithm (sections 3.1 to 3.4), held to where it can be computed.

The algorithm as the proofs have it: plain gradient descent on mean_i w_i f_i with w_i = max(<grad f_i, grad G>, 0) as
they are, G the loss on all clean examples. Logistic regression has known constants: with inputs of norm one at most
the gradient of a cross-entropy has norm sqrt(2) at most, and its Hessian is 1/2 at most.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lnl.results.claims.printed import Comparison

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SIGMA, SMOOTH = 2**0.5, 0.5
BATCH, CLEAN, TRAIN, CLASSES, WIDTH = 20, 30, 300, 3, 5
STEPS, LONG, PROBLEMS = 3000, 10_000, 3
RATES = (0.01, 1.0, 100.0)


def never_rises(root: Path) -> list[Comparison]:
    """Lemma 1: the loss on clean examples never rises. With its printed bound 2n / (L sigma^2) on the step it may: all
    f_i and G are sqrt(1 + theta^2), n = 10, L = sigma = 1, theta = 1. Without the factor n it does not, in that example
    and in logistic regression; with normalised weights no such bound holds.

    Effect: by how much the loss rose, at most.
    """
    printed, corrected = (_counterexample(step) for step in (20.0, 2.0))
    losses, _ = _descent(2 / (SMOOTH * SIGMA**2))
    normalised, _ = _descent(2 / (SMOOTH * SIGMA**2), normalise=True)
    rise, other = (float(np.diff(found).max()) for found in (losses, normalised))
    return [
        Comparison("the printed bound on the step, a counterexample", printed, printed <= 0),
        Comparison("the same without its factor n", corrected, corrected <= 0, counts=False),
        Comparison(f"logistic regression without the factor n, {STEPS:,} steps", rise, rise <= 1e-12, counts=False),
        Comparison("the same with weights that sum to one", other, other <= 1e-12, counts=False),
    ]


def _counterexample(step: float) -> float:
    """Change of G after one step from theta = 1, of ten equal losses."""
    theta = 1.0
    slope = theta / np.sqrt(1 + theta**2)
    moved = theta - step * max(slope * slope, 0.0) * slope  # the mean of ten equal terms
    return float(np.sqrt(1 + moved**2) - np.sqrt(1 + theta**2))


def gradients_vanish(root: Path) -> list[Comparison]:
    """Theorem 2: the smallest squared gradient of G falls at least like one over the root of the steps taken.

    Effect: slope of its logarithm over that of the steps, in the last nine tenths of them; -1/2 is the theorem's. In
    the first thousand steps it is less steep: what the theorem bounds is the order, not the constant.
    """
    out = []
    for problem in range(PROBLEMS):
        _, squares = _descent(1 / (SMOOTH * SIGMA**2), steps=LONG, problem=problem)
        smallest, steps = np.minimum.accumulate(squares), np.arange(1, LONG + 1)
        late = slice(LONG // 10, None)
        slope = float(np.polyfit(np.log(steps[late]), np.log(smallest[late]), 1)[0])
        out.append(Comparison(f"logistic regression {problem + 1}: slope on logarithmic axes", slope, slope <= -0.5))
    return out


def _descent(step: float, normalise: bool = False, steps: int = STEPS, problem: int = 0) -> tuple[Array, Array]:
    """(losses on the clean examples [steps + 1], squared norms of their gradient [steps]) of the algorithm, a third of
    the training labels wrong."""
    stream = np.random.default_rng(problem)
    middles = stream.normal(size=(CLASSES, WIDTH))
    true = stream.integers(CLASSES, size=CLEAN + TRAIN)
    inputs = middles[true] + stream.normal(size=(len(true), WIDTH))
    inputs /= np.linalg.norm(inputs, axis=1).max()
    given = np.where(stream.random(len(true)) < 1 / 3, stream.integers(CLASSES, size=len(true)), true)
    clean, train = slice(0, CLEAN), np.arange(CLEAN, CLEAN + TRAIN)
    theta = np.zeros((CLASSES, WIDTH))
    losses, squares = [], []
    for _ in range(steps):
        loss, gradients = _losses(theta, inputs[clean], true[clean])
        direction = gradients.mean(0)
        losses.append(float(loss.mean()))
        squares.append(float((direction**2).sum()))
        batch = stream.choice(train, BATCH, replace=False)
        _, each = _losses(theta, inputs[batch], given[batch])
        weights = np.maximum((each * direction).sum((1, 2)), 0) / BATCH
        if normalise:
            weights = weights / (weights.sum() or 1.0)
        theta = theta - step * (weights[:, None, None] * each).sum(0)
    losses.append(float(_losses(theta, inputs[clean], true[clean])[0].mean()))
    return np.array(losses), np.array(squares)


def _losses(theta: Array, inputs: Array, labels: NDArray[np.int64]) -> tuple[Array, Array]:
    """Cross-entropies [n] and their gradients [n, classes, width]."""
    logits = inputs @ theta.T
    logits = logits - logits.max(1, keepdims=True)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    chosen = np.eye(len(theta))[labels]
    return -np.log((p * chosen).sum(1)), (p - chosen)[:, :, None] * inputs[:, None, :]


def similarities(root: Path) -> list[Comparison]:
    """Equation 12: the weight of an example is a sum over layers of the similarity of its inputs with those of the
    clean examples times that of the gradients. Effect: largest difference from the forward-mode routine, relative."""
    import torch
    from torch import Tensor
    from torch.func import jvp

    from lnl.learning.meta_weights import loss_slopes

    stream = torch.Generator().manual_seed(0)
    sizes = (6, 8, 7, 4)
    layers = [torch.randn(b, a, generator=stream, dtype=torch.float64) / a**0.5 for a, b in pairwise(sizes)]
    train, clean = (torch.randn(n, sizes[0], generator=stream, dtype=torch.float64) for n in (12, 5))
    given, right = (torch.randint(sizes[-1], (n,), generator=stream) for n in (12, 5))

    def forward(x: Tensor, *weights: Tensor) -> Tensor:
        for weight in weights[:-1]:
            x = torch.relu(x @ weight.T)
        return x @ weights[-1].T

    def parts(x: Tensor, labels: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Inputs of every layer, and the gradients of the summed loss before its activation."""
        inputs: list[Tensor] = []
        before: list[Tensor] = []
        for weight in layers:
            inputs.append(x.detach())
            before.append(x @ weight.T if before else (x @ weight.T).requires_grad_())
            x = torch.relu(before[-1])
        loss = torch.nn.functional.cross_entropy(before[-1], labels, reduction="sum")
        return inputs, list(torch.autograd.grad(loss, before))

    (z, g), (zv, gv) = parts(train, given), parts(clean, right)
    by_layers = torch.stack([(zv[i] @ z[i].T * (gv[i] @ g[i].T)).mean(0) for i in range(len(layers))]).sum(0)
    held = [weight.clone().requires_grad_() for weight in layers]
    direction = torch.autograd.grad(torch.nn.functional.cross_entropy(forward(clean, *held), right), held)
    logits, slopes = jvp(lambda *weights: forward(train, *weights), tuple(layers), direction)[:2]
    general = loss_slopes(logits, slopes, given)
    apart = float(((by_layers - general).abs() / general.abs().max()).max())
    return [Comparison("perceptron of three layers, 12 examples and 5 clean ones", apart, apart < 1e-5)]


def meta_rates(root: Path) -> list[Comparison]:
    """Section 3.1: weights divided by their sum are the same at every meta rate. Effect: largest difference."""
    import torch

    from lnl.learning.meta_weights import rectified

    raw = torch.randn(50, 100, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    one = rectified(raw)
    apart = {rate: float((rectified(rate * raw) - one).abs().max()) for rate in RATES}
    return [Comparison(f"meta rate {rate:g} beside 1", value, value < 1e-12) for rate, value in apart.items()]
