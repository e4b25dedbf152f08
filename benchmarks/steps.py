"""Training speed: our epoch against the restated loops, against its own matrix products, and against its evaluation."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmarks import ours
from benchmarks import released_loops as released
from benchmarks.harness import PAIRS, Result, paired
from benchmarks.ours import STEPS, Problem

DROP = 0.45


def _speed(key: str, title: str, need: float, times: dict) -> Result:
    note = f"{1 / times['a']:,.0f} and {1 / times['b']:,.0f} examples per CPU second"
    return Result.of_pairs(key, title, times, "higher", need, note=note)


def standard(problem: Problem, pairs: int = PAIRS) -> Result:
    """Examples per second of our epoch over the restated one, one network; both 401 steps, our figures included."""
    loader = released.train_loader(problem.folder, problem.given.tolist())
    network = released.MLP()
    optimiser = released.adam(network)
    running = ours.training(problem, "standard", test=False)
    times = paired(
        lambda: released.train_standard(network, optimiser, loader, STEPS)[0], lambda: ours.epoch(running), pairs
    )
    return _speed("standard_speed", "Standard, MLP: our examples per second over the released loop's", 4.5, times)


def coteaching(problem: Problem, pairs: int = PAIRS) -> Result:
    """The same for Co-teaching: two networks, selection and label precision on both sides."""
    loader = released.train_loader(problem.folder, problem.given.tolist())
    networks = [released.MLP(), released.MLP()]
    optimisers = [released.adam(network) for network in networks]
    running = ours.training(problem, "coteaching", test=False)
    times = paired(
        lambda: released.train_coteaching(networks, optimisers, loader, problem.is_clean, DROP, STEPS)[0],
        lambda: ours.epoch(running),
        pairs,
    )
    return _speed("coteaching_speed", "Co-teaching, MLP: our examples per second over the released loop's", 3.5, times)


class Products:
    """The five matrix products of one step of the 784-256-10 network at batch 128, into outputs that exist already."""

    def __init__(self, batch: int = released.BATCH, inputs: int = 784, hidden: int = 256, classes: int = 10) -> None:
        draw = torch.Generator().manual_seed(1)
        self.x = torch.rand(batch, inputs, generator=draw)
        self.first = torch.randn(hidden, inputs, generator=draw) / 28
        self.second = torch.randn(classes, hidden, generator=draw) / 16
        self.at_logits = torch.randn(batch, classes, generator=draw) / batch
        self.hidden, self.logits = torch.empty(batch, hidden), torch.empty(batch, classes)
        self.at_hidden = torch.empty(batch, hidden)
        self.d_first, self.d_second = torch.empty_like(self.first), torch.empty_like(self.second)

    def step(self) -> None:
        torch.mm(self.x, self.first.t(), out=self.hidden)
        torch.mm(self.hidden, self.second.t(), out=self.logits)
        torch.mm(self.at_logits.t(), self.hidden, out=self.d_second)
        torch.mm(self.at_logits, self.second, out=self.at_hidden)
        torch.mm(self.at_hidden.t(), self.x, out=self.d_first)

    def steps(self, count: int) -> int:
        for _ in range(count):
            self.step()
        return count


def distance_from_products(problem: Problem, method: str, precision: str, pairs: int = PAIRS) -> Result:
    """Our step over the matrix products that it cannot do without (twice as many with two networks).

    Both sides multiply with the same kernels: those of `precision`. With "highest", torch's usual ones, the ratio says
    what the rest of the step costs and is bounded; faster kernels shorten the products and leave the rest as it is.
    """
    running = ours.training(problem, method, test=False)
    networks = running.lead[-1]
    products = Products()

    def multiply() -> float:
        with ours.as_trained(precision):
            return products.steps(STEPS * networks) / networks

    times = paired(lambda: ours.epoch(running, precision) / running.batches.size, multiply, pairs)
    usual = precision == "highest"
    kernels = "torch's usual kernels" if usual else "the kernels of `lnl train`"
    title = f"{method}, MLP: our step over its {5 * networks} matrix products, {kernels}"
    key = f"{method}_products" if usual else f"{method}_products_as_trained"
    need = {"standard": 1.4, "coteaching": 1.7}.get(method) if usual else None
    return Result.of_pairs(key, title, times, "lower", need, note="a step", scale="ms")


def evaluation_share(problem: Problem, method: str = "standard", pairs: int = PAIRS) -> Result:
    """Share of an epoch (401 steps) that evaluating 10,000 test images takes."""
    running = ours.training(problem, method, test=True)
    training_only = ours.training(problem, method, test=False)

    def evaluate() -> int:
        with ours.as_trained():
            running.evaluation.accuracies("test", ours.EPOCH)
        return 1

    def train() -> int:
        ours.epoch(training_only)
        return 1

    times = paired(evaluate, train, pairs)
    for name in ("ratio", "low", "high"):
        times[name] = 100 * times[name] / (1 + times[name])
    title = "evaluation's share of an epoch, Standard, MLP"
    shared = Result.of_pairs("evaluation_share", title, times, "lower", 8, note="of training", scale="ms")
    return replace(shared, unit="%")
