"""As users run it: epochs with evaluation, on the clock, the released loop with its four loader workers. No bound."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

from benchmarks import ours
from benchmarks import released_loops as released
from benchmarks.harness import Result
from benchmarks.ours import STEPS, Problem
from benchmarks.steps import DROP

WORKERS = 4


def wall_seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def coteaching_epoch(problem: Problem, turns: int = 3) -> Result:
    """Wall time of a Co-teaching epoch and the evaluation of both networks, the released loop's over ours, by turns."""
    train = released.train_loader(problem.folder, problem.given.tolist(), WORKERS)
    test = released.evaluation_loader(problem.folder, WORKERS)
    networks = [released.MLP(), released.MLP()]
    optimisers = [released.adam(network) for network in networks]
    running = ours.training(problem, "coteaching", test=True)

    warnings.filterwarnings(
        "ignore", message="This DataLoader will create", category=UserWarning
    )  # fewer cores than four

    def theirs() -> None:
        released.train_coteaching(networks, optimisers, train, problem.is_clean, DROP, STEPS)
        for network in networks:
            released.evaluate(network, test)

    ours.epoch(running)
    pairs = [(wall_seconds(theirs), wall_seconds(lambda: ours.epoch(running))) for _ in range(turns)]
    ratios = [one / other for one, other in pairs]
    return Result.of_values(  # no ratio for --check: it depends on how many cores there are and what else they do
        "users_epoch",
        f"Co-teaching, MLP: epoch with evaluation, released loop with {WORKERS} workers over ours, wall time",
        ratios,
        "x",
        "higher",
        note=f"{statistics.median(p[0] for p in pairs):.1f} s and {statistics.median(p[1] for p in pairs):.1f} s",
    )
