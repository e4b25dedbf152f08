"""What the DAG costs: a dry run of everything declared, of ten thousand cells, and what a second core brings."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.harness import Result
from lnl.declared import dependencies, paths
from lnl.declared.suite import Suite
from lnl.results.rendered import SUFFIXES

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = ("results", ".*", "docs", "tests", "benchmarks", "__pycache__", "data", "*.egg-info")
GENERATED = "generated_cells"


EMPTY = """
from snakemake.utils import min_version

min_version("9.14.1")


rule all:
    input:
        [],
"""


def empty_suite(folder: Path) -> Path:
    """A Snakefile that does nothing: what Snakemake itself costs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Snakefile").write_text(EMPTY)
    return folder


def checkout(folder: Path) -> Path:
    """A copy of the suite without results, so that everything is still to be done whatever this checkout holds."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    return folder


class Ran(NamedTuple):
    """A run of Snakemake: wall and CPU seconds, its children's included, and what it printed."""

    wall: float
    cpu: float
    output: str


def snakemake(folder: Path, *arguments: str) -> Ran:
    """Run Snakemake in `folder`. RuntimeError if it fails."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    before, begin = os.times(), time.perf_counter()
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begin, os.times()
    if run.returncode:
        raise RuntimeError(f"{' '.join(command[2:])} failed:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Ran(wall, cpu, run.stdout + run.stderr)


def dry_run(folder: Path, *targets: str, runs: int = 3) -> list[Ran]:
    """Dry runs at paper scale, after one that fills the caches for byte code."""
    arguments = (*targets, "-n", "--quiet", "--cores", "1", "--config", "scale=paper")
    return [snakemake(folder, *arguments) for _ in range(runs + 1)][1:]


def jobs(folder: Path, *targets: str) -> int:
    """Jobs of a dry run at paper scale, as Snakemake counts them."""
    ran = snakemake(folder, *targets, "-n", "--quiet", "rules", "--cores", "1", "--config", "scale=paper")
    return int(re.findall(r"^total +([0-9]+)$", ran.output, re.MULTILINE)[0])


def without_searches(folder: Path) -> list[str]:
    """Artefacts whose cells need no search at paper scale: a search multiplies the jobs of an artefact by a hundred."""
    suite = Suite.load(folder, {"scale": "paper"}, validate=False)
    return [key for key in suite.artefacts if not dependencies.searches(suite, key)]


def everything_declared(folder: Path) -> list[Result]:
    some = dry_run(folder, *without_searches(folder), runs=5)
    nothing = statistics.median(ran.cpu for ran in dry_run(empty_suite(folder.parent / "empty"), "all"))
    whole = dry_run(folder, "all")
    count = jobs(folder, "all")
    cpu = statistics.median(ran.cpu for ran in some)
    return [
        Result.of_values(
            "dry_run_declared",
            "dry run of all artefacts that need no search, paper scale",
            [ran.wall for ran in some],
            "s",
            "lower",
            4,
            note=f"{cpu:.2f} s of CPU time; an empty Snakefile: {nothing:.2f} s",
        ),
        Result.of_values(
            "dry_run_all",
            "dry run of everything declared with its searches, paper scale, a thousand jobs",
            [1000 * ran.wall / count for ran in whole],
            "s",
            "lower",
            1.2,
            note=f"{count:,} jobs in {statistics.median(ran.wall for ran in whole):.1f} s",
        ),
    ]


def generate(folder: Path, cells: int) -> None:
    """Write a table that demands `cells` cells: rates of pair and symmetric noise x values of Co-teaching's tau."""
    noises = [f"pair-{rate}" for rate in range(1, 50)] + [f"symmetric-{rate}" for rate in range(1, 52)]
    values = range(1, 1 + max(100, cells // len(noises)))
    lines = [
        "title: cells that only a benchmark demands",
        "source: {paper: benchmarks, where: nowhere}",
        "protocol: coteaching",
        "dataset: mnist",
        "rows:",
        *(f"  - {{key: {noise}, label: {noise}, noise: {noise}}}" for noise in noises[: cells // len(values)]),
        "columns:",
        *(
            f"  - {{key: t{k}, label: t{k}, method: coteaching, variant: generated{k}, set: {{tau: {k / 1000:g}}}}}"
            for k in values
        ),
        "seeds: 1",
        "statistic: last10_mean",
        "spread: {kind: std, ddof: 1}",
    ]
    (folder / "tables" / f"{GENERATED}.yaml").write_text("\n".join(lines) + "\n")


def ten_thousand(folder: Path) -> list[Result]:
    """Dry runs of 1,000, 5,000 and 10,000 cells: seconds, and whether a cell costs more where there are many."""
    sizes, ran = (1000, 5000, 10000), {}
    for size in sizes:
        generate(folder, size)
        ran[size] = dry_run(folder, GENERATED)
    (folder / "tables" / f"{GENERATED}.yaml").unlink()
    cpu = {size: min(r.cpu for r in found) for size, found in ran.items()}
    early, late = (cpu[5000] - cpu[1000]) / 4000, (cpu[10000] - cpu[5000]) / 5000
    note = ", ".join(f"{size:,}: {statistics.median(r.wall for r in found):.1f} s" for size, found in ran.items())
    return [
        Result.of_values(
            "dry_run_10000", "dry run of 10,000 cells", [r.wall for r in ran[10000]], "s", "lower", 12, note=note
        ),
        Result(
            "dry_run_growth",
            "cost of a further cell, 5,000 to 10,000 over 1,000 to 5,000",
            late / early,
            "x",
            "lower",
            need=1.25,
            note=f"{early * 1000:.2f} and {late * 1000:.2f} ms of CPU time a cell; 1 is linear, 1.25 allows for noise",
        ),
    ]


def hundred_thousand(folder: Path) -> Result:
    """One dry run of 100,000 cells."""
    generate(folder, 100_000)
    ran = snakemake(folder, GENERATED, "-n", "--quiet", "--cores", "1", "--config", "scale=paper")
    (folder / "tables" / f"{GENERATED}.yaml").unlink()
    return Result.of_values("dry_run_100000", "dry run of 100,000 cells", [ran.wall], "s", "lower", 150)


def nothing_to_do(folder: Path, cells: int = 10_000) -> Result:
    """Snakemake asked again for a table of finished cells, made here as files that Snakemake believes."""
    generate(folder, cells)
    config = ("--quiet", "rules", "--cores", "1", "--config", "scale=paper")
    suite = Suite.load(folder, {"scale": "paper"}, validate=False)
    runs = suite.demand(GENERATED)
    noises = {dependencies.noise_manifest(suite, run) for run in runs}
    records = [paths.record("paper", run.cell.id, run.seed) for run in runs]
    rendered = [paths.artefact("paper", "tables", GENERATED, suffix) for suffix in SUFFIXES["tables"]]
    for path in (paths.data("paper", "mnist"), *sorted(noises), *records, *rendered):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    snakemake(folder, GENERATED, "--touch", *config)  # writes what Snakemake keeps of every output
    ran = [snakemake(folder, GENERATED, *config) for _ in range(3)]
    if any("Nothing to be done" not in r.output for r in ran):
        raise RuntimeError(f"there was something to do:\n{ran[0].output[-2000:]}")
    shutil.rmtree(folder / "results")
    (folder / "tables" / f"{GENERATED}.yaml").unlink()
    title = f"Snakemake again on {cells:,} finished cells"
    return Result.of_values("nothing_to_do", title, [r.wall for r in ran], "s", "lower", 20)


def _cells_to_train(folder: Path) -> None:
    lines = [
        "title: cells that only a benchmark trains",
        "source: {paper: benchmarks, where: nowhere}",
        "protocol: coteaching",
        "dataset: mnist",
        "rows:",
        "  - {key: pair-45, label: pair-45, noise: pair-45}",
        "  - {key: symmetric-50, label: symmetric-50, noise: symmetric-50}",
        "columns: [{key: coteaching, label: Co-teaching, method: coteaching}]",
        "seeds: 3",
        "statistic: last10_mean",
        "spread: {kind: std, ddof: 1}",
    ]
    (folder / "tables" / f"{GENERATED}.yaml").write_text("\n".join(lines) + "\n")


def second_core(folder: Path, turns: int = 2) -> Result:
    """Cells per hour of `snakemake -c2` over `snakemake -c1`, wall time, six runs from nothing, by turns.

    Runs of twelve times the demo's epochs, so that a run outweighs the start of a process as a paper's cell does. The
    machine must be idle otherwise: this is the one benchmark that a neighbour spoils.
    """
    _cells_to_train(folder)
    scale = folder / "config" / "scales" / "demo.yaml"
    declared = scale.read_text(encoding="utf-8")
    scale.write_text(declared.replace("epochs: 100\n", "epochs: 1200\n"), encoding="utf-8")
    wall: dict[str, list[float]] = {"-c1": [], "-c2": []}
    cpu: dict[str, list[float]] = {"-c1": [], "-c2": []}
    for _ in range(turns):
        for cores in ("-c1", "-c2"):
            for leftover in ("results", ".snakemake"):
                shutil.rmtree(folder / leftover, ignore_errors=True)
            seconds = snakemake(folder, GENERATED, cores, "--quiet", "--config", "scale=demo", "seeds=3")
            wall[cores].append(seconds.wall)
            cpu[cores].append(seconds.cpu)
    shutil.rmtree(folder / "results", ignore_errors=True)
    (folder / "tables" / f"{GENERATED}.yaml").unlink()
    scale.write_text(declared, encoding="utf-8")
    ratios = [one / two for one, two in zip(wall["-c1"], wall["-c2"], strict=True)]
    times = [f"{statistics.median(values):.0f}" for values in (*wall.values(), *cpu.values())]
    return Result(
        "second_core",
        "cells per hour, `-c2` over `-c1`",
        statistics.median(ratios),
        "x",
        "higher",
        need=1.7,
        low=min(ratios),
        high=max(ratios),
        n=turns,
        note=f"six runs: {times[0]} s and {times[1]} s on the clock, {times[2]} and {times[3]} s of CPU time",
    )
