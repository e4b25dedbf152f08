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
    from torch import Tensor

    Array = NDArray[np.float64]

SIGMA, SMOOTH = 2**0.5, 0.5
BATCH, CLEAN, TRAIN, CLASSES, WIDTH = 20, 30, 300, 3, 5
STEPS, LONG, PROBLEMS = 3000, 10_000, 3
RATES = (0.01, 100.0)


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
    """Theorem 2: the smallest squared gradient of G after T steps is at most C / root T.

    Effect: root T times it at the last of 10,000 steps, as a share of its largest value, which is C; below one it has
    stopped growing. Not counted, its slope on logarithmic axes in the last nine tenths (-1/2 is the theorem's).
    """
    out = []
    for problem in range(PROBLEMS):
        _, squares = _descent(1 / (SMOOTH * SIGMA**2), steps=LONG, problem=problem)
        smallest, steps = np.minimum.accumulate(squares), np.arange(1, LONG + 1)
        scaled = np.sqrt(steps) * smallest
        share = float(scaled[-1] / scaled.max())
        words = f"logistic regression {problem + 1}: root T times the smallest gradient, of its largest (step"
        early = int(scaled.argmax()) + 1 <= LONG / 2
        out.append(Comparison(f"{words} {int(scaled.argmax()) + 1:,})", share, share < 1 and early))
        late = slice(LONG // 10, None)
        slope = float(np.polyfit(np.log(steps[late]), np.log(smallest[late]), 1)[0])
        out.append(Comparison("slope on logarithmic axes", slope, slope <= -0.5, counts=False))
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


class _Perceptron:
    """Three layers with random weights and examples, in double precision: what equation 12 is written for."""

    def __init__(self, biases: bool) -> None:
        import torch

        stream = torch.Generator().manual_seed(0)
        sizes, self.biases = (6, 8, 7, 4), biases

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=stream, dtype=torch.float64)

        self.weights = [normal(b, a) / a**0.5 for a, b in pairwise(sizes)]
        self.shifts = [normal(b) * biases for b in sizes[1:]]
        self.train, self.clean = normal(12, sizes[0]), normal(5, sizes[0])
        self.given, self.right = (torch.randint(sizes[-1], (n,), generator=stream) for n in (12, 5))

    @property
    def parameters(self) -> list[Tensor]:
        return [*self.weights, *(self.shifts if self.biases else [])]

    def forward(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """Logits at any parameters."""
        weights, shifts = parameters[: len(self.weights)], parameters[len(self.weights) :] or self.shifts
        for number, (weight, shift) in enumerate(zip(weights, shifts, strict=True)):
            x = (x.relu() if number else x) @ weight.T + shift
        return x

    def layers(self, x: Tensor, labels: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Inputs of every layer, and the gradients of the summed loss before its activation."""
        import torch

        inputs: list[Tensor] = []
        before: list[Tensor] = []
        for weight, shift in zip(self.weights, self.shifts, strict=True):
            inputs.append(x.detach())
            z = x @ weight.T + shift
            before.append(z if before else z.requires_grad_())
            x = before[-1].relu()
        loss = torch.nn.functional.cross_entropy(before[-1], labels, reduction="sum")
        return inputs, list(torch.autograd.grad(loss, before))

    def general(self) -> Tensor:
        """Unnormalised weights by the forward-mode routine."""
        import torch
        from torch.func import jvp

        from lnl.learning.meta_weights import loss_slopes

        held = [parameter.clone().requires_grad_() for parameter in self.parameters]
        loss = torch.nn.functional.cross_entropy(self.forward(self.clean, *held), self.right)
        direction = torch.autograd.grad(loss, held)
        logits, slopes = jvp(lambda *p: self.forward(self.train, *p), tuple(self.parameters), direction)[:2]
        return loss_slopes(logits, slopes, self.given)

    def printed(self, alpha: float) -> Tensor:
        """The same by algorithm 1, double backward through a look-ahead step of size alpha."""
        import torch

        held = [parameter.clone().requires_grad_() for parameter in self.parameters]
        eps = torch.zeros(len(self.given), dtype=torch.float64, requires_grad=True)
        losses = torch.nn.functional.cross_entropy(self.forward(self.train, *held), self.given, reduction="none")
        ahead = torch.autograd.grad((eps * losses).sum(), held, create_graph=True)
        at = [parameter - alpha * slope for parameter, slope in zip(held, ahead, strict=True)]
        loss = torch.nn.functional.cross_entropy(self.forward(self.clean, *at), self.right)
        return -torch.autograd.grad(loss, eps)[0]


def similarities(root: Path) -> list[Comparison]:
    """Equation 12: the weight of an example is a sum over layers of the similarity of its inputs with those of the
    clean examples times that of the gradients. With biases the similarity of the gradients itself is a further term,
    which the equation leaves out. Effect: largest difference from the forward-mode routine, relative."""
    import torch

    out = []
    for biases, extra, words in (
        (False, False, ""),
        (True, False, " with biases"),
        (True, True, " with biases and g·g"),
    ):
        network = _Perceptron(biases)
        (z, g), (zv, gv) = network.layers(network.train, network.given), network.layers(network.clean, network.right)
        sums = [(zv[i] @ z[i].T + extra) * (gv[i] @ g[i].T) for i in range(len(z))]
        by_layers, general = torch.stack([each.mean(0) for each in sums]).sum(0), network.general()
        apart = float(((by_layers - general).abs() / general.abs().max()).max())
        label = f"perceptron of three layers{words}, 12 examples and 5 clean ones"
        out.append(Comparison(label, apart, apart < 1e-5, counts=not biases))
    return out


def meta_rates(root: Path) -> list[Comparison]:
    """Section 3.1: weights of algorithm 1, divided by their sum, are the same at every meta rate; before that they are
    not. Effect: largest difference from those at rate one."""
    from lnl.learning.meta_weights import rectified

    network = _Perceptron(biases=True)
    one, raw = rectified(network.printed(1.0)), network.printed(1.0).clamp(min=0)
    out = []
    for rate in RATES:
        found = network.printed(rate)
        apart = float((rectified(found) - one).abs().max())
        out.append(Comparison(f"meta rate {rate:g} beside 1, by double backward", apart, apart < 1e-12))
        before = float((found.clamp(min=0) - raw).abs().max())
        out.append(Comparison(f"meta rate {rate:g} beside 1, not normalised", before, before < 1e-12, counts=False))
    return out
