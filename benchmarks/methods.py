"""What a method's step costs beside Standard's: the MLP on MNIST, pair-45, whole epochs with their figures."""

from __future__ import annotations

from typing import Any

from benchmarks import ours
from benchmarks.harness import PAIRS, Result, paired
from benchmarks.ours import ROOT, Problem
from lnl.declared.reading import read_methods

#: By number of networks: what a step may cost at most, over Standard's with one.
BOUNDS = {1: 1.3, 2: 2.6}

#: What a step may cost that looks at more than its batch: at a hundred clean images, at five hundred candidates, at
#: mixed images beside plain ones.
LONGER = {"l2r": 3.3, "hard-mining": 4.0, "dynamic-bootstrap": 2.2}

#: In place of another cell's network, or of a search, which cost their own time.
GIVEN: dict[str, dict[str, Any]] = {
    "f-correction": {"transition": "true"},
    "s-model": {"initial": "identity"},
    "pumpout-sl": {"gamma": 0.1},
    "pumpout-bc": {"gamma": 0.1},
    "gce-truncated": {"pruned_by": "present"},
}

STANDARD = "s2e/mnist/pair-45/standard"

#: What the others are compared with, what needs photographs (`compared`), and what is a fit behind the last step.
ELSEWHERE = ("standard", "ieg", "mixmatch", "rog")


def steps(problem: Problem, pairs: int = PAIRS) -> list[Result]:
    """An epoch of every method with a class of its own, or other parameters of one, over one of Standard's."""
    standard = ours.training(problem, "standard", test=False)
    out = []
    for key, spec in read_methods(ROOT / "methods").items():
        if key in ELSEWHERE or spec["networks"] not in BOUNDS or key.startswith("s2e"):  # S2E's step is Co-teaching's
            continue
        running = ours.training(problem, key, test=False, parameters=GIVEN.get(key), **_with_sets(spec))
        times = paired(lambda running=running: ours.epoch(running), lambda: ours.epoch(standard), pairs)  # type: ignore[misc]
        networks = f"{spec['networks']} network{'s' if spec['networks'] > 1 else ''}"
        title = f"{spec['title']}: an epoch over Standard's, {networks}"
        out.append(
            Result.of_pairs(f"step_{key}", title, times, "lower", LONGER.get(key, BOUNDS[spec["networks"]]), scale="s")
        )
    return out


def _with_sets(spec: dict[str, Any]) -> dict[str, Any]:
    """What makes Standard's cell one of a method that reads sets: this protocol declares none."""
    sets = {name: {"count": 100, "balanced": True} for name in spec.get("sets", [])}
    method = {name: spec[name] for name in ("key", "version", "parameters")}
    return {"cell": STANDARD, "method": method, "sets": sets} if sets else {}
