"""The same numbers: our Co-teaching step selects what the restated loop selects and has its gradients, ties or none."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F

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
    return [losses[4], losses[5]], _gradients(networks, losses[:2])


def exact(
    networks: list[released.MLP], running: Training, index: torch.Tensor, positions: list[np.ndarray]
) -> torch.Tensor:
    """The gradients of the restatement in double precision, given what each network selected."""
    images, labels = running.data.gather(index).double(), running.runs[0].given[index]
    doubled = [deepcopy(network).double() for network in networks]
    losses = [
        F.cross_entropy(network(images)[peer], labels[peer]) / len(peer)
        for network, peer in zip(doubled, map(torch.from_numpy, reversed(positions)), strict=True)
    ]
    return _gradients(doubled, losses)


def _gradients(networks: list[released.MLP], losses: Iterable[torch.Tensor]) -> torch.Tensor:
    return torch.stack(
        [
            torch.cat([g.reshape(-1) for g in torch.autograd.grad(loss, list(network.parameters()))])
            for network, loss in zip(networks, losses, strict=True)
        ]
    )


def gap(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest over the networks of ||one - other|| / ||other||."""
    other = other.double()
    return float(((one.double() - other).norm(dim=-1) / other.norm(dim=-1)).max())


def batches(count: int, examples: int, batch: int) -> list[tuple[str, torch.Tensor]]:
    """Batches of distinct examples, and batches in which each stands four times: ties at any place of the ranking."""
    draw = torch.Generator().manual_seed(3)
    out = [("distinct", torch.randperm(examples, generator=draw)[:batch]) for _ in range(count)]
    for _ in range(count):
        quarter = torch.randperm(examples, generator=draw)[: batch // 4].repeat(4)
        out.append(("ties", quarter[torch.randperm(batch, generator=draw)]))
    return out


def same_numbers(problem: Problem, count: int = 50) -> list[Result]:
    """Over `count` batches without and `count` with ties, while training goes on: sets that differ, largest gaps.

    A tie may be broken either way: copies of an example in a batch count as the same example. Both sides multiply
    matrices with the same kernels, first torch's usual ones, then those of `lnl train`: what is compared is the step.
    How far single precision itself is from double is told beside it, for theirs with the usual kernels and for ours.
    """
    running = ours.training(problem, "coteaching", test=False, parameters={"normalise": "twice"})
    moment = running.begin_epoch(EPOCH)
    different, largest = 0, 0.0
    rounding = {"theirs": 0.0, "ours": 0.0}
    for step, (_, index) in enumerate(batches(count, len(problem.given), running.batches.size)):
        networks = twins(running)
        for precision in ("highest", ours.matmul()):
            with ours.as_trained(precision):
                outcome, our_gradient = our_side(running, index, moment)
                positions, their_gradient = their_side(networks, running, index, problem.is_clean)
            different += sets_that_differ(outcome, positions, index)
            largest = max(largest, gap(our_gradient, their_gradient))
            reference = exact(networks, running, index, positions)
            if precision == "highest":
                rounding["theirs"] = max(rounding["theirs"], gap(their_gradient, reference))
        rounding["ours"] = max(rounding["ours"], gap(our_gradient, reference))
        with ours.as_trained():
            running.step(step, moment)
    note = f"{2 * count} batches, half of them with four copies of each example, two networks, two kinds of kernels"
    title = "Co-teaching: sets selected otherwise than by the released loop"
    return [
        Result("same_sets", title, different, "", "lower", 0, n=2 * count, note=note),
        Result(
            "same_gradients",
            "Co-teaching: largest relative difference of the gradients",
            largest,
            "",
            "lower",
            TOLERANCE,
            n=2 * count,
            ratio=False,
            note="||ours - theirs|| / ||theirs|| per network; largest rounding error against double precision: "
            f"{rounding['theirs']:.1e} theirs, {rounding['ours']:.1e} ours as trained",
        ),
    ]


def sets_that_differ(outcome: Outcome, positions: list[np.ndarray], index: torch.Tensor) -> int:
    """Networks whose selected examples, as places in the training file, are not the released loop's."""
    assert outcome.selected is not None
    mine = [np.sort(index[weights.bool()].numpy()) for weights in outcome.selected]
    theirs = [np.sort(index.numpy()[chosen]) for chosen in positions]
    return sum(not np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))
