"""What IEG says of its derivatives and targets (section 2.1, appendix B), held to where it can be computed."""

from __future__ import annotations

from pathlib import Path

from lnl.results.claims.printed import Comparison

EXAMPLES, CLASSES, WIDTH = 40, 10, 16
DISTANCES = (0.5, 0.1, 0.01, 0.0)
DRAWS, START = 10_000, 0.9
SIZES = (1, 2, 100)


def gradient_on_lambda(root: Path) -> list[Comparison]:
    """Equations 8 to 11: the derivative of the probe loss with respect to lambda is proportional to <v, gradient of
    CE(label) - CE(pseudo label)>, v the probe gradient. A label that is moved towards the pseudo label, to a share s of
    their distance, takes it to a share s of itself: its sign stays, its size says nothing.

    Effect: largest deviation from that share among examples, as a share of the whole derivative.
    """
    import torch
    import torch.nn.functional as F

    draw = torch.Generator().manual_seed(1)
    layers = [torch.randn(WIDTH, WIDTH, generator=draw, dtype=torch.float64) for _ in range(2)]
    last = torch.randn(WIDTH, CLASSES, generator=draw, dtype=torch.float64)
    images = torch.randn(EXAMPLES, WIDTH, generator=draw, dtype=torch.float64)
    labels = F.one_hot(torch.randint(CLASSES, (EXAMPLES,), generator=draw), CLASSES).double()
    guess = torch.rand(EXAMPLES, CLASSES, generator=draw, dtype=torch.float64).softmax(-1)
    weights = [layer.requires_grad_() for layer in (*layers, last)]
    directions = [torch.randn(each.shape, generator=draw, dtype=torch.float64) for each in weights]
    hidden = torch.tanh(torch.tanh(images @ weights[0]) @ weights[1])
    sure = F.log_softmax(hidden @ weights[2], -1)

    def derivatives(target: torch.Tensor) -> torch.Tensor:
        apart = ((guess - target) * sure).sum(-1)  # CE(target) - CE(guess) of each example
        found = [torch.autograd.grad(each, weights, retain_graph=True) for each in apart]
        return torch.stack(
            [sum(((v * g).sum() for v, g in zip(directions, of, strict=True)), torch.zeros(())) for of in found]
        )

    whole = derivatives(labels)
    out = []
    for share in DISTANCES:
        moved = derivatives(guess + share * (labels - guess))
        apart = float((moved - share * whole).abs().max() / whole.abs().max())
        out.append(Comparison(f"label at {100 * share:g}% of its distance from the pseudo label", apart, apart < 1e-10))
    return out


def sharpness(root: Path) -> list[Comparison]:
    """Section 2.1: a target that mixes label and pseudo label by a number is less sharp than one that is either of
    them, with the same number for a probability.

    Effect: smallest difference of entropies (nats) among random labels and predictions.
    """
    import numpy as np

    draw = np.random.default_rng(1)
    guess = draw.dirichlet(np.ones(CLASSES), DRAWS)
    label = np.eye(CLASSES)[draw.integers(CLASSES, size=DRAWS)]

    def entropy(target: np.ndarray) -> np.ndarray:
        return -(target * np.log(np.maximum(target, 1e-300))).sum(-1)

    mixed = entropy(START * label + (1 - START) * guess)
    either = (mixed - (1 - START) * entropy(guess)).min()
    of_label, of_guess = mixed.min(), (mixed - entropy(guess)).min()
    return [
        Comparison(f"{START:g} of the label, beside either of them on average", float(either), bool(either > 0)),
        Comparison("the same beside the label", float(of_label), bool(of_label > 0)),
        Comparison("the same beside the pseudo label", float(of_guess), bool(of_guess > 0), counts=False),
    ]


def below_threshold(root: Path) -> list[Comparison]:
    """Algorithm 1 divides a batch by omega < T, T = 1. Weights that are divided by their sum and 1e-5 (released code)
    are all below one, that of a single survivor too: every example is called mislabelled.

    Effect: largest weight, at most, of batches whose derivatives are as large as one.
    """
    import torch

    from lnl.learning.meta_weights import summed_to_one

    out = []
    for survivors in SIZES:
        slopes = torch.zeros(100)
        slopes[:survivors] = 1.0
        largest = float(summed_to_one(slopes[None]).max())
        out.append(Comparison(f"largest weight where {survivors} of 100 have any", largest, largest >= 1))
    return out
