"""What a stack of runs costs: time per run of a stack over the time of a run alone, linear networks on a CPU."""

from __future__ import annotations

from pathlib import Path

from benchmarks import ours
from benchmarks.harness import PAIRS, Result, paired
from benchmarks.ours import Problem
from lnl.engine.loop import Training


def _epochs(running: Training, count: int) -> int:
    for _ in range(count):
        ours.epoch(running)
    return count


def _result(key: str, title: str, alone: Training, stack: Training, epochs: int, need: float, pairs: int) -> Result:
    runs = len(stack.runs)
    times = paired(lambda: _epochs(stack, epochs) * runs, lambda: _epochs(alone, epochs), pairs)
    return Result.of_pairs(key, title, times, "lower", need, note="an epoch and run", scale="ms")


def mnist(problem: Problem, runs: int = 5, pairs: int = PAIRS) -> Result:
    """Products dominate: a stack must cost nothing beside its runs one after another."""
    alone = ours.training(problem, "coteaching", test=True)
    stack = ours.training(problem, "coteaching", test=True, runs=runs)
    title = f"{runs} MNIST MLPs in a stack, Co-teaching: time per run over a run alone"
    return _result("stack_mnist", title, alone, stack, 1, 1.1, pairs)


def digits(scratch: Path, runs: int = 20, pairs: int = PAIRS) -> Result:
    """Starting operations dominates: a stack shares it."""
    alone, stack = ours.digits("coteaching", scratch), ours.digits("coteaching", scratch, runs)
    title = f"{runs} digits networks in a stack, Co-teaching: time per run over a run alone"
    return _result("stack_digits", title, alone, stack, 5, 0.5, pairs)
