"""Identities about losses that know the noise, and about what is left of them without gradient ascent.

Computed with the library's own losses and the methods' own files, in double precision, over random predictions: logits
of a normal distribution of standard deviation 3, which covers hesitant networks and sure ones.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lnl.declared.method_parameters import method_parameters
from lnl.declared.reading import read_methods
from lnl.engine.build import load_method
from lnl.engine.method import Method, Moment, Outcome, Setting
from lnl.learning.correction import backward_corrected, inverted
from lnl.noise.transition import matrix
from lnl.results.claims.printed import Comparison

NOISES = ("pair-45", "symmetric-50", "symmetric-20")
CLASSES = (2, 5, 7, 10)
EXACT = 1e-6
DRAWS = 20_000
BATCHES, BATCH = 200, 128
SINGULAR = ("symmetric-50", 2)


def _logits(*shape: int) -> Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _inverse(noise: str, classes: int) -> Tensor:
    return inverted(torch.tensor(matrix(noise, classes), dtype=torch.float64))


def unbiased(root: Path) -> list[Comparison]:
    """The mean of the corrected loss over the given label is the loss of the true one (Pumpout, Theorem 1, equation 2).

    Effect: largest deviation over classes and predictions. Symmetric-50 with two classes is left out: T is singular.
    """
    out = []
    for noise in NOISES:
        worst = 0.0
        for classes in (k for k in CLASSES if (noise, k) != SINGULAR):
            logits, t = _logits(500, classes), torch.tensor(matrix(noise, classes), dtype=torch.float64)
            given = torch.arange(classes).repeat(500, 1)
            risks = backward_corrected(logits[:, None].expand(-1, classes, -1), given, _inverse(noise, classes))
            worst = max(worst, float((risks @ t.T + torch.log_softmax(logits, -1)).abs().max()))
        out.append(Comparison(f"{noise}: largest deviation from the clean loss", worst, worst < EXACT))
    return out


def risk_of_a_sure_network(root: Path) -> list[Comparison]:
    """A network that has memorised its labels has a negative corrected loss (Pumpout, Remark 1).

    The constructed case: it gives the label of every example the probability 0.99 and shares out the rest. Effect: the
    corrected loss.
    """
    out = []
    for noise in NOISES:
        sure = torch.full((1, 10), 0.01 / 9, dtype=torch.float64)
        sure[0, 0] = 0.99
        risk = float(backward_corrected(sure.log(), torch.tensor([0]), _inverse(noise, 10)))
        out.append(Comparison(f"{noise}: corrected loss at a probability of 0.99", risk, risk < 0))
    return out


def row_of_ones(root: Path) -> list[Comparison]:
    """1' T^-1 l falls below zero for some prediction (Pumpout, Theorem 2 and Algorithm 3 as printed).

    Both matrices are doubly stochastic, so that 1' T^-1 = 1' and the scalar is the sum of ten losses. Effect: its
    smallest value over random predictions; that of the row of the given label is shown beside it.
    """
    logits = _logits(DRAWS, 10)
    labels = torch.arange(DRAWS) % 10
    out = []
    for row, words in (("ones", "row of ones, as printed"), ("label", "row of the given label, as in Theorem 1")):
        for noise in NOISES:
            smallest = float(backward_corrected(logits, labels, _inverse(noise, 10), row).min())
            label = f"{noise}, {words}: smallest of {DRAWS:,} values"
            out.append(Comparison(label, smallest, smallest < 0, counts=row == "ones"))
    return out


def without_ascent(root: Path) -> list[Comparison]:
    """With gamma = 0 both upgrades are what they upgrade: Pumpout_SL is MentorNet, Pumpout_BC is nnBC (their losses on
    the same logits, and the gradients of these). Effect: largest difference over batches of all three noises."""
    out = []
    for upgrade, base in (("pumpout-sl", "mentornet"), ("pumpout-bc", "nnbc")):
        worst = 0.0
        for noise in NOISES:
            for time in (0.0, 4.0, 20.0):
                both = [_loss_and_gradient(_method(root, key, noise), time) for key in (upgrade, base)]
                worst = max(worst, *(float((a - b).abs().max()) for a, b in zip(*both, strict=True)))
        out.append(Comparison(f"{upgrade} with gamma = 0 against {base}: largest difference", worst, worst == 0))
    return out


def _method(root: Path, key: str, noise: str) -> Method:
    """A method as protocol pumpout sets it on MNIST, its scale of the ascent 0."""
    known = read_methods(root / "methods")
    without = {"gamma": 0.0} if "gamma" in known[key]["parameters"] else {}
    values = method_parameters(known[key], without, ("pumpout", "mnist", noise), f"methods: {key}")
    t = torch.tensor(matrix(noise, 10))
    setting = Setting(10, 1 - float(t[0, 0]), t, BATCH, BATCH * BATCHES, 200, torch.device("cpu"))
    found = load_method(Path(known[known[key].get("extends", key)]["file"]))(values, setting)
    found.inverse = inverted(t)  # type: ignore[attr-defined]  # what BC makes before its first step
    return found


def _loss_and_gradient(method: Method, time: float) -> tuple[Tensor, Tensor]:
    """Losses [batches] and their gradients with respect to the logits [batches, 1, B, K] of random batches."""
    logits = _logits(BATCHES, 1, BATCH, 10).requires_grad_()
    labels = torch.from_numpy(np.random.default_rng(0).integers(0, 10, (BATCHES, 1, BATCH)))
    scalars = {name: torch.full((1, 1), float(value)) for name, value in method.schedule(time).items()}
    found: Outcome = method.loss(logits, labels, Moment(int(time), time, 0, scalars=scalars))
    (gradient,) = torch.autograd.grad(found.loss.sum(), logits)
    return found.loss.detach(), gradient
