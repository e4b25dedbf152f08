"""What a step asks for, counted: host synchronisations between log points (none), and operations dispatched."""

from __future__ import annotations

from benchmarks import ours
from benchmarks.counts import Counting, counting
from benchmarks.harness import Result
from benchmarks.ours import EPOCH, Problem

METHODS = ("standard", "mentornet", "coteaching")
STEPS = 20


def count_steps(problem: Problem, method: str) -> Counting:
    """What twenty steps inside an epoch ask for, the first one of the process left out."""
    running = ours.training(problem, method, test=True)
    moment = running.begin_epoch(EPOCH)
    running.step(0, moment)
    with counting() as seen:
        for step in range(1, STEPS + 1):
            running.step(step, moment)
    return seen


def count_epoch_end(problem: Problem, method: str) -> Counting:
    """What the end of an epoch asks for: its figures, the evaluation, and the one transfer to the host."""
    running = ours.training(problem, method, test=True)
    moment = running.begin_epoch(EPOCH)
    running.batches.steps = STEPS
    for step in range(STEPS):
        running.step(step, moment)
    with counting() as seen:
        running.end_epoch(moment)
    return seen


def budgets(problem: Problem) -> list[Result]:
    """Host synchronisations in the steps of all methods together, and operations per step of each."""
    seen = {method: count_steps(problem, method) for method in METHODS}
    waits = {f"{name} in {method}": n for method, count in seen.items() for name, n in count.waits.items()}
    at_end = count_epoch_end(problem, METHODS[-1]).waits
    note = f"{STEPS} steps of each of {', '.join(METHODS)}{': ' + str(waits) if waits else ''}"
    out = [
        Result(
            "waits_in_steps", "host synchronisations between log points", sum(waits.values()), "", "lower", 0, note=note
        ),
        Result(
            "waits_at_epoch_end",
            "host synchronisations when an epoch ends",
            sum(at_end.values()),
            "",
            "lower",
            note=", ".join(f"{n} {name}" for name, n in at_end.items()),
        ),
    ]
    for method, count in seen.items():
        per_step = count.operations.total() / STEPS
        most = ", ".join(f"{n / STEPS:g} {name}" for name, n in count.operations.most_common(6))
        title = f"{method}, MLP: operations a step (no views, no allocations)"
        out.append(
            Result(
                f"{method}_operations",
                title,
                per_step,
                "",
                "lower",
                n=STEPS,
                note=f"{most}, …",
                details=dict(count.operations),
            )
        )
    return out
