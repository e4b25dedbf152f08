"""Claims of Learning to Reweight on made-up records: where the records are as its sentences have it, every one is held;
where all methods are alike, those that say so alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lnl.declared.cells import Cell
from lnl.declared.suite import Suite
from lnl.results.claims import reweighting, run_values
from lnl.results.claims.verdicts import judge

PERIODS = 40
Piece = dict[str, Any]
Curves = dict[str, list[float]]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(helpers.ROOT, {"scale": "paper", "seeds": None}, validate=False)


def _jitter(cell: Cell, seed: int) -> float:
    """Up to a tenth of a point, other ones for every run."""
    return hashlib.sha256(f"{cell.id} {seed}".encode()).digest()[0] / 1275 - 0.1


def _curve(end: float, peak: float | None = None) -> list[float]:
    """At its end for the second half; before that at its peak, where it has another one."""
    first = end if peak is None else peak
    return [first] * (PERIODS // 2) + [end] * (PERIODS // 2)


def _verdicts(suite: Suite, folder: Path, world: Callable[[Cell], Piece]) -> dict[str, str]:
    """Words by claim, of those that are tested on runs."""

    def at(cell: Cell, seed: int) -> Path:
        file = folder / cell.id / f"seed{seed}.json"
        if not file.exists():
            made = world(cell)
            shift = _jitter(cell, seed)
            halves = [-shift] * (PERIODS // 2) + [shift] * (PERIODS // 2)  # so that falls vary as well
            curves = {name: [[*map(sum, zip(values, halves, strict=True))]] for name, values in made["curves"].items()}
            curves = {"epoch": list(range(PERIODS)), "loss": [[1.0] * PERIODS]} | curves
            helpers.write_record(suite, file, cell, seed, 0.36, curves=curves, pieces=made["pieces"](shift))
        return file

    found = judge(suite, "l2r", at, without_runs=())
    return {verdict.key: verdict.word for verdict in found if verdict.parts and verdict.evidence == "runs"}


def _pieces(zero: tuple[int, int], area: float, kept: int, mass: int, shift: float) -> Piece:
    """zero: percent of right and of wrong examples without weight; kept: percent with any; mass: percent of each class
    that is predicted as what the noise makes of it."""
    mixed = {
        name: [1000 * share + round(sign * 1000 * shift), 1000 * (100 - share) - round(sign * 1000 * shift)]
        for name, share, sign in zip(("clean", "flipped"), zero, (1, -1), strict=True)
    }
    taken = 1000 * mass + round(1000 * shift)
    return {
        "weights": {"mixed": mixed, "single_class": {"auc": area + shift / 100}},
        "positive": {"by_class": [kept + shift, 90.0], "by_loss": [90.0, kept + shift]},
        "confusion": [[100_000 - taken, taken, 0], [0, 90_000, 10_000], [taken, 0, 100_000 - taken]],
        "flips": [[60, 40, 0], [0, 100, 0], [30, 0, 70]],
    }


# ---- as the paper has it -------------------------------------------------------------------------------------------

OTHERS = ("standard", "random-weights", "proportion", "resample", "hard-mining", "mentornet")


def _imbalance(method: str) -> Curves:
    """4 against 9: the method loses 2 points from 9:1 to 199:1, every other one 35."""
    ratio = next((r for r in (9, 19, 49, 99, 199) if f"-r{r}" in f"{method}-".replace("-rate", "")), 199)
    lost = {9: 0.0, 19: 0.1, 49: 0.3, 99: 0.6, 199: 1.0}[ratio]
    if method.startswith("l2r"):
        accuracy = _curve(98 - 2 * lost)
        if "raw" in method:
            accuracy = [value + (7 * (i * 37 % 11) / 11 - 3.5) for i, value in enumerate(accuracy)]
        return {"test_accuracy": accuracy}
    return {"test_accuracy": _curve(95 - 35 * lost)}


#: Under background flips of 40% on CIFAR-10, without stages; in the order in which a name is looked for.
BACKGROUND = [
    ("s-model-conf-es", 80), ("s-model-conf", 68), ("s-model", 59), ("bootstrap", 65), ("weighted", 79),
    ("random-weights", 60.5), ("standard-c1000", 60), ("standard-es", 65), ("standard", 60),
]  # fmt: skip


def _cifar(cell: Cell, noise: int) -> Curves:
    method, tuned = cell.method, cell.method.endswith("-ft")
    lower = 28.0 if cell.dataset == "cifar100" else 0.0
    uniform = cell.protocol == "l2r-uniform"
    if method.startswith("l2r"):
        end = {0: 92.0, 40: 87.0, 50: 86.0}[noise] - (2.0 if "c15" in method else 0.0) - lower
        if method == "l2r" and noise == 40:
            printed = {(True, 0.0): 86.92, (True, 28.0): 61.34, (False, 0.0): 86.73, (False, 28.0): 59.30}
            end = printed[uniform, lower]
        return {"test_accuracy": _curve(end), "validation_accuracy": _curve(55.0)}
    if "clean-only" in method:
        return {"test_accuracy": _curve(35.0 - lower)}
    if noise == 0:
        wanted = {(True, 0.0): 95.5, (True, 28.0): 78.2, (False, 0.0): 92.5, (False, 28.0): 68.1}
        return {"test_accuracy": _curve(wanted[uniform, lower])}
    if uniform:
        end = 80.0 if method.startswith("random") else 69.0
        end = min(end + (9.0 if tuned else 0.0), 85.0)
    else:
        end = next(value for name, value in BACKGROUND if method.startswith(name)) if noise == 40 else 45.0
        if tuned:
            end = 87.0 if "c1000" in method else 70.0 if "c15" in method else min(end + 20.0, 85.0)
    return {
        "test_accuracy": _curve(end - lower, end - lower + 8),
        "validation_accuracy": _curve(50.0, 56.0),
        "train_accuracy_given": _curve(99.5),
    }


def as_printed(cell: Cell) -> Piece:
    noise = 0 if cell.noise == "clean" else int(cell.noise.rpartition("-")[2])
    curves = _imbalance(cell.method) if cell.protocol == "l2r-imbalance" else _cifar(cell, noise)
    mass = 5 if cell.method.startswith("l2r") else 30
    return {"curves": curves, "pieces": lambda shift: _pieces((20, 80), 0.95, 40, mass, shift)}


def test_records_as_the_paper_has_them_hold_every_claim(suite: Suite, tmp_path: Path) -> None:
    found = _verdicts(suite, tmp_path, as_printed)
    assert {key: word for key, word in found.items() if word != "held"} == {}
    assert len(found) > 25


def test_where_all_are_alike_only_claims_of_likeness_are_held(suite: Suite, tmp_path: Path) -> None:
    def alike(cell: Cell) -> Piece:
        curves = dict.fromkeys(("test_accuracy", "validation_accuracy", "train_accuracy_given"), _curve(80.0))
        return {"curves": curves, "pieces": lambda shift: _pieces((50, 50), 0.5, 40, 20, shift)}

    found = _verdicts(suite, tmp_path, alike)
    held = {key for key, word in found.items() if word == "held"}
    # 04: some have weight; 14, 15, 30: on a par; 23: no fall
    assert held == {"l2r-04", "l2r-14", "l2r-15", "l2r-23", "l2r-30"}


def test_a_number_of_a_run_is_taken_where_a_test_says() -> None:
    curve = [10.0 + (7 * epoch) % 30 for epoch in range(PERIODS)]
    result = {"curves": {"epoch": list(range(PERIODS)), "loss": [[1.0] * PERIODS], "loss_auc": [curve]}}
    found = {
        at: run_values.value(result, "loss_auc", at) for at in ("early", "first", "final", "last10", "mean", "lowest")
    }
    by_hand = {"early": sum(curve[:4]) / 4, "first": curve[0], "final": curve[-1], "last10": sum(curve[-10:]) / 10}
    assert found == pytest.approx(by_hand | {"mean": sum(curve) / PERIODS, "lowest": 10.0})


# ---- what lemma 1 and theorem 2 are held to ------------------------------------------------------------------------


def test_the_counterexample_by_hand() -> None:
    """f_i = G = sqrt(1 + theta^2) at theta = 1: slope 1 / sqrt 2, weights 1 / 2, a step of 20 leads to 1 - 7.07."""
    printed, corrected, *_ = reweighting.never_rises(helpers.ROOT)
    for found, step in ((printed, 20), (corrected, 2)):
        at = 1 - step * 0.5 / math.sqrt(2)
        assert found.effect == pytest.approx(math.sqrt(1 + at**2) - math.sqrt(2))


@pytest.mark.parametrize("normalise", [False, True])
def test_the_descent_is_that_of_the_mean_of_weighted_losses(normalise: bool) -> None:
    """w_i = max(<grad f_i, grad G>, 0), G the mean loss on the clean examples, a step on mean_i w_i f_i; or with
    weights that sum to one on their sum."""
    losses, squares = reweighting._descent(3.0, normalise=normalise, steps=3, problem=2)
    stream = np.random.default_rng(2)
    middles = stream.normal(size=(3, 5))
    true = stream.integers(3, size=330)
    inputs = middles[true] + stream.normal(size=(330, 5))
    inputs /= np.sqrt((inputs**2).sum(1)).max()
    given = np.where(stream.random(330) < 1 / 3, stream.integers(3, size=330), true)
    x, y, given_labels = torch.from_numpy(inputs), torch.from_numpy(true), torch.from_numpy(given)
    theta = torch.zeros(3, 5, dtype=torch.float64)
    for step in range(4):
        theta = theta.detach().requires_grad_()
        clean = F.cross_entropy(x[:30] @ theta.T, y[:30])
        assert losses[step] == pytest.approx(clean.item())
        if step == 3:
            break
        (direction,) = torch.autograd.grad(clean, theta)
        assert squares[step] == pytest.approx(direction.square().sum().item())
        batch = stream.choice(np.arange(30, 330), 20, replace=False)
        slopes = []
        for place in batch.tolist():
            loss = F.cross_entropy(theta @ x[place], given_labels[place])
            slopes.append(torch.autograd.grad(loss, theta)[0])
        weights = [max(0.0, (slope * direction).sum().item()) for slope in slopes]
        share = sum(weights) if normalise else 20.0
        theta = theta - 3.0 * sum(w * slope for w, slope in zip(weights, slopes, strict=True)) / share
