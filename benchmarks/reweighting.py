"""Learning to Reweight's step beside a plain one, and beside its algorithm as printed, by double backward."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import ours
from benchmarks.harness import PAIRS, Result, paired
from benchmarks.ours import Problem
from lnl.engine.loop import Training
from lnl.learning.meta_weights import rectified
from lnl.learning.selection import cross_entropy

CELL = "l2r-imbalance/mnist49/clean/standard"
LENGTH = {"steps": 10**6, "period": 1000, "paper_steps": 10**6, "paper_period": 1000, "clock": "scaled"}
SETS = {"clean": {"count": 100, "balanced": True}}
SOME = 3  # steps that are timed together
#: network: its words, its options, and what a step may cost over a plain one with 10 and with 100 clean images
NETWORKS: dict[str, tuple[str, dict[str, str], dict[int, float]]] = {
    "l2r_lenet": ("LeNet of figure 2", {}, {10: 2.7, 100: 3.3}),
    "digits_cnn": ("two convolutions with batch norm", {"batch_norm_scale": "ones"}, {10: 3.2, 100: 3.7}),
}
PRINTED = 0.75  # of the printed algorithm's step, at most


def steps(problem: Problem, pairs: int = PAIRS) -> list[Result]:
    """Ratios of one step, batches of 100, single precision in the layout that figure 2 declares."""
    out = []
    for name, (words, options, bounds) in NETWORKS.items():
        usual: dict[str, Any] = {"length": LENGTH, "sets": SETS, "network": {"name": name, "options": options}}
        plain = _steps(ours.training(problem, "standard", test=False, cell=CELL, **usual))
        for clean, bound in bounds.items():
            running = ours.training(
                problem,
                "l2r",
                test=False,
                cell=CELL.replace("standard", "l2r"),
                parameters={"clean_batch": clean},
                **usual,
            )
            title = f"Learning to Reweight, {words}, {clean} clean images: a step over"
            ours_step, printed = _steps(running), _printed(running)
            found = paired(ours_step, plain, pairs)
            out.append(
                Result.of_pairs(f"l2r_{name}_{clean}", f"{title} a plain one", found, "lower", bound, scale="ms")
            )
            found = paired(ours_step, printed, pairs)
            key = f"l2r_{name}_{clean}_printed"
            out.append(Result.of_pairs(key, f"{title} its printed form", found, "lower", PRINTED, scale="ms"))
    return out


def _steps(running: Training) -> Callable[[], int]:
    moment, at = running.begin_epoch(0), itertools.cycle(range(running.steps))

    def work() -> int:
        with ours.as_trained():
            for number in itertools.islice(at, SOME):
                running.step(number, moment)
        return SOME

    return work


def _printed(running: Training) -> Callable[[], int]:
    """Algorithm 1 as it is printed: a look-ahead with weights eps = 0, and the clean loss differentiated through it."""
    learner, at = running.learner, itertools.cycle(range(running.steps))

    def work() -> int:
        with ours.as_trained():
            for number in itertools.islice(at, SOME):
                batch = running.batches.batch(number)
                theta = learner.vector().clone().requires_grad_()
                eps = torch.zeros(batch.labels.shape[-1], requires_grad=True)
                losses = cross_entropy(learner.call(0, theta, batch.x), batch.labels[0])
                (ahead,) = torch.autograd.grad((eps * losses).sum(), theta, create_graph=True)
                x, labels = batch.streams["clean"]
                clean = cross_entropy(learner.call(0, theta - ahead, x), labels).mean()
                (slope,) = torch.autograd.grad(clean, eps)
                again = cross_entropy(learner.call(0, theta, batch.x, "update"), batch.labels[0])
                (gradient,) = torch.autograd.grad((rectified(-slope) * again).sum(), theta)
                learner.apply(gradient[None])
        return SOME

    return work
