"""`make bench` and `make bench-check`: run the benchmarks, print a table, write bench.json and bench.md.

    python -m benchmarks                everything
    python -m benchmarks steps equal    some sections
    python -m benchmarks --check        ratios, compared with baseline.json: exit 1 on what became worse
    python -m benchmarks --keep         everything, and make it the new baseline.json

Ratios are robust against a busy machine; seconds and the second core's gain are not: measure those on an idle one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import frozen, harness
from benchmarks.harness import Result

if TYPE_CHECKING:
    from benchmarks.ours import Problem

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "results" / "benchmarks"
BASELINE = Path(__file__).resolve().parent / "baseline.json"


def _steps(scratch: Path) -> list[Result]:
    from benchmarks import ours, steps

    problem = _problem(scratch)
    chosen = ours.matmul()
    faster = [steps.distance_from_products(problem, "standard", chosen)] if chosen != "highest" else []
    return [
        steps.standard(problem),
        steps.coteaching(problem),
        steps.distance_from_products(problem, "standard", "highest"),
        steps.distance_from_products(problem, "coteaching", "highest"),
        *faster,
        steps.evaluation_share(problem),
    ]


def _methods(scratch: Path) -> list[Result]:
    from benchmarks import methods

    return methods.steps(_problem(scratch))


def _reweighting(scratch: Path) -> list[Result]:
    from benchmarks import reweighting

    return reweighting.steps(_problem(scratch))


def _precision(scratch: Path) -> list[Result]:
    from benchmarks import precision

    return [precision.weights(_problem(scratch))]


def _compared(scratch: Path) -> list[Result]:
    from benchmarks import compared

    return compared.steps()


def _equal(scratch: Path) -> list[Result]:
    from benchmarks import equal

    return equal.same_numbers(_problem(scratch))


def _budget(scratch: Path) -> list[Result]:
    from benchmarks import budget

    return budget.budgets(_problem(scratch))


def _stacks(scratch: Path) -> list[Result]:
    from benchmarks import stacks

    return [stacks.mnist(_problem(scratch)), stacks.digits(scratch / "digits")]


def _convolutions(scratch: Path) -> list[Result]:
    from benchmarks import convolutions

    return [*convolutions.cnn9(_problem(scratch)), convolutions.augmentation()]


def _views(scratch: Path) -> list[Result]:
    from benchmarks import views

    return [views.strong_view()]


def _images(scratch: Path) -> list[Result]:
    from benchmarks import images

    return images.loader(scratch / "webvision")


def _users(scratch: Path) -> list[Result]:
    from benchmarks import users

    return [users.coteaching_epoch(_problem(scratch))]


def _startup(scratch: Path) -> list[Result]:
    from benchmarks import startup

    folder = _checkout(scratch)
    return [
        startup.import_lnl(),
        startup.parsing_adds(folder, scratch),
        startup.first_step(folder),
        startup.tiny_cells(folder),
    ]


def _dag(scratch: Path) -> list[Result]:
    from benchmarks import dag

    folder = _checkout(scratch)
    return [
        *dag.everything_declared(folder),
        *dag.ten_thousand(folder),
    ]


def _many(scratch: Path) -> list[Result]:
    from benchmarks import dag

    return [dag.nothing_to_do(_checkout(scratch)), dag.hundred_thousand(_checkout(scratch))]


def _search(scratch: Path) -> list[Result]:
    from benchmarks import search

    folder = _checkout(scratch)
    return [
        search.steps(folder, "natural-gradient-as-released"),
        search.through_snakemake(folder, "natural-gradient-as-released"),
        search.steps(folder, "newton-as-released"),
    ]


def _frames(scratch: Path) -> list[Result]:
    from benchmarks import frames

    return frames.of_runs(scratch)


def _cores(scratch: Path) -> list[Result]:
    from benchmarks import dag

    return [dag.second_core(_checkout(scratch))]


def _plan(scratch: Path) -> list[Result]:
    from benchmarks import plan

    return [plan.prices(scratch / "price.json")]


def _cells(scratch: Path) -> list[Result]:
    from benchmarks import cells

    folder, problem = _checkout(scratch), _problem(scratch)
    return [
        cells.per_hour(folder, problem, "standard", 12),
        cells.per_hour(folder, problem, "coteaching", 8),
        cells.search(folder, problem),
    ]


SECTIONS: dict[str, Callable[[Path], list[Result]]] = {
    "equal": _equal,
    "budget": _budget,
    "steps": _steps,
    "methods": _methods,
    "reweighting": _reweighting,
    "precision": _precision,
    "compared": _compared,
    "stacks": _stacks,
    "convolutions": _convolutions,
    "views": _views,
    "images": _images,
    "users": _users,
    "startup": _startup,
    "dag": _dag,
    "many": _many,
    "search": _search,
    "plan": _plan,
    "frames": _frames,
    "cores": _cores,
    "cells": _cells,
}


#: What `--check` runs when nothing is named: ratios that carry over between machines, within ten minutes.
CHECKED = (
    "equal",
    "budget",
    "steps",
    "methods",
    "reweighting",
    "compared",
    "stacks",
    "convolutions",
    "views",
    "startup",
)


@cache
def _problem(scratch: Path) -> Problem:
    """MNIST's files, laid out once."""
    from benchmarks.ours import Problem

    return Problem.lay_out(scratch / "mnist")


@cache
def _checkout(scratch: Path) -> Path:
    """A copy of the suite, made once."""
    from benchmarks import dag

    return dag.checkout(scratch / "checkout")


def baseline() -> dict[str, float]:
    """The committed ratios by key."""
    return json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}


def worse(results: list[Result]) -> list[str]:
    """What is more than 20% worse than the committed baseline; without one, what misses a bound other than seconds."""
    kept = baseline()
    out = []
    for result in results:
        before = kept.get(result.key)
        if result.ratio and before is not None and result.worse_than(before):
            out.append(f"{result.title}: {result.value:.4g}, was {before:.4g}")
        elif before is None and result.reached is False and result.unit != "s":
            out.append(f"{result.title}: {result.value:.4g} misses {result.need}")
    return out


def run(names: list[str], scratch: Path, check: bool) -> tuple[list[Result], list[str]]:
    """Results of the named sections and, if checked, what is worse; a section that is worse runs once more."""
    results, failures = [], []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        found = SECTIONS[name](scratch)
        if check and worse(found):
            found = SECTIONS[name](scratch)  # a neighbour may have been at work
        results += found
        failures += worse(found) if check else []
    return results, failures


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=f"{', '.join(SECTIONS)}; none: all of them")
    parser.add_argument("--check", action="store_true", help="compare with baseline.json, exit 1 on what became worse")
    parser.add_argument("--keep", action="store_true", help="write the ratios to benchmarks/baseline.json")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of bench.json and bench.md")
    given = parser.parse_args(arguments)
    names = given.sections or list(CHECKED if given.check else SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"unknown section {unknown[0]!r}; choose from {', '.join(SECTIONS)}")
    if frozen.restatement_digest() != frozen.recorded_digest():
        parser.error("benchmarks/released_loops.py is frozen and has changed: its ratios would mean nothing")

    harness.one_thread()
    with tempfile.TemporaryDirectory(prefix="lnl-bench-") as folder:
        results, failures = run(names, Path(folder), given.check)
    print(harness.markdown(results))
    as_json, as_markdown = harness.write(results, given.out)
    print(f"{as_json}\n{as_markdown}")
    if given.keep:
        kept = baseline() | {result.key: float(f"{result.value:.4g}") for result in results if result.ratio}
        BASELINE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for failure in failures:
        print(f"worse: {failure}", file=sys.stderr)
    return 1 if failures else 0
