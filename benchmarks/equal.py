"""The same numbers: our Co-teaching step selects what the restated loop selects and has its gradients, ties or none."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks import ours
from benchmarks import released_loops as released
from benchmarks.harness import Result
from benchmarks.ours import EPOCH, Problem
from benchmarks.steps import DROP
from lnl.engine.loop import Training
from lnl.engine.method import Moment, Outcome

TOLERANCE = 1e-6


def twins(running: Training) -> list[released.MLP]:
    """The restatement's networks with the weights that ours have at this moment."""
    out = []
    for vector in running.learner.population.flat.detach():
        network = released.MLP()
        torch.nn.utils.vector_to_parameters(vector.clone(), network.parameters())
        out.append(network)
    return out


def our_side(running: Training, index: torch.Tensor, moment: Moment) -> tuple[Outcome, torch.Tensor]:
    """Our outcome on a batch and the gradient [networks, P], nothing updated."""
    labels = running.runs[0].given[index].unsqueeze(0)
    outcome = running.methods[0].loss(running.learner.forward(running.data.gather(index)), labels, moment)
    return outcome, running.learner.gradient(outcome.loss).clone()


def their_side(
    networks: list[released.MLP], running: Training, index: torch.Tensor, is_clean: np.ndarray
) -> tuple[list[np.ndarray], torch.Tensor]:
    """Batch positions that the restated networks select, and their gradients [networks, P]."""
    images, labels = running.data.gather(index), running.runs[0].given[index]
    first, second = (network(images) for network in networks)
    losses = released.coteaching_losses(first, second, labels, index.numpy(), is_clean, DROP)
    gradients = [
        torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, list(network.parameters()))])
        for loss, network in zip(losses[:2], networks, strict=True)
    ]
    return [losses[4], losses[5]], torch.stack(gradients)


def batches(count: int, examples: int, batch: int) -> list[tuple[str, torch.Tensor]]:
    """Batches of distinct examples, and batches in which each stands four times: ties at any place of the ranking."""
    draw = torch.Generator().manual_seed(3)
    out = [("distinct", torch.randperm(examples, generator=draw)[:batch]) for _ in range(count)]
    for _ in range(count):
        quarter = torch.randperm(examples, generator=draw)[: batch // 4].repeat(4)
        out.append(("ties", quarter[torch.randperm(batch, generator=draw)]))
    return out


def same_numbers(problem: Problem, count: int = 50) -> list[Result]:
    """Over `count` batches without and `count` with ties, while training goes on: sets that differ, largest gap.

    A tie may be broken either way: copies of an example in a batch count as the same example.
    """
    running = ours.training(problem, "coteaching", test=False, parameters={"normalise": "twice"})
    moment = running._begin_epoch(EPOCH)
    different, gap = 0, 0.0
    for step, (_, index) in enumerate(batches(count, len(problem.given), running.batch)):
        outcome, ours_gradient = our_side(running, index, moment)
        positions, their_gradient = their_side(twins(running), running, index, problem.is_clean)
        assert outcome.selected is not None
        for mine, theirs in zip(outcome.selected, positions, strict=True):
            mine_of_file = np.sort(index[mine.bool()].numpy())
            different += not np.array_equal(mine_of_file, np.sort(index.numpy()[theirs]))
        scale = their_gradient.norm(dim=-1)
        gap = max(gap, float(((ours_gradient - their_gradient).norm(dim=-1) / scale).max()))
        running._step(step, moment)
    note = f"{2 * count} batches, half of them with four copies of each example, two networks"
    return [
        Result(
            "same_sets",
            "Co-teaching: selected sets that differ from the released loop's",
            different,
            "",
            "lower",
            0,
            note=note,
        ),
        Result(
            "same_gradients",
            "Co-teaching: largest relative difference of the gradients",
            gap,
            "",
            "lower",
            TOLERANCE,
            n=2 * count,
            ratio=False,
            note="||ours - theirs|| / ||theirs||, per network",
        ),
    ]
