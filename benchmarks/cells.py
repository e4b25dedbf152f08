"""Cells per hour of this machine, each side as its users run it, evaluation after every epoch included.

The released loops: one cell after another, torch's usual threads, four loader workers. The suite: `snakemake -c2`. Wall
time, so the machine must be idle. Our side pays its whole start, the DAG and its processes; theirs pays for epochs
alone, of which one is measured.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.dag import GENERATED, snakemake
from benchmarks.harness import Result
from benchmarks.mnist_files import NOISE_RATE
from benchmarks.ours import STEPS, Problem

ROOT = Path(__file__).resolve().parent.parent
CELLS = 4
SEARCH = "results/lite/searches/s2e/mnist/pair-45/coteaching/natural-gradient-as-released/seed1/best.json"
#: argv: folder of the data, method. Prints the seconds of an epoch with its evaluations, the second of two.
THEIRS = f"""
import sys, time, warnings
from pathlib import Path
from benchmarks import mnist_files
from benchmarks import released_loops as released
warnings.filterwarnings("ignore")
folder, method = Path(sys.argv[1]), sys.argv[2]
images, labels = mnist_files.read_idx(folder, "train")
given = mnist_files.pair_flipped(labels)
train = released.train_loader(folder, given.tolist(), 4)
test = released.evaluation_loader(folder, 4)
networks = [released.MLP() for _ in range(1 if method == "standard" else 2)]
optimisers = [released.adam(network) for network in networks]
for _ in range(2):
    begin = time.perf_counter()
    if method == "standard":
        released.train_standard(networks[0], optimisers[0], train, {STEPS})
    else:
        released.train_coteaching(networks, optimisers, train, given == labels, {NOISE_RATE}, {STEPS})
    for network in networks:
        released.evaluate(network, test)
    seconds = time.perf_counter() - begin
print(seconds)
"""
TABLE = """
title: cells that only a benchmark trains
source: {{paper: benchmarks, where: nowhere}}
protocol: s2e
dataset: mnist
rows: [{{key: pair-45, label: pair-45, noise: pair-45}}]
columns: [{{key: {method}, label: {method}, method: {method}}}]
seeds: {cells}
statistic: last10_mean
spread: {{kind: std, ddof: 1}}
"""


def their_epoch(problem: Problem, method: str) -> float:
    """Wall seconds of an epoch and its evaluations by the released loop, threads and workers as its users have them."""
    usual = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", THEIRS, str(problem.folder), method]
    run = subprocess.run(command, cwd=ROOT, env=usual, capture_output=True, text=True, check=True)
    return float(run.stdout)


def our_seconds(folder: Path, problem: Problem, epochs: int, *wanted: str) -> float:
    """Wall seconds of the DAG for what is wanted, from nothing but prepared data."""
    scale = folder / "config" / "scales" / "lite.yaml"
    declared = scale.read_text(encoding="utf-8")
    scale.write_text(
        f"title: of a benchmark\nepochs: {epochs}\nseeds: {CELLS}\nsearch: {{rounds: 5, samples: 4, brackets: 2}}\n"
    )
    files = sorted((problem.folder / "MNIST" / "raw").iterdir())
    accepted = [hashlib.md5(file.read_bytes()).hexdigest() for file in files]
    config = ["scale=lite", "device=cpu", f"data_root={problem.folder}", f"accepted_digests={accepted}"]
    try:
        snakemake(folder, "results/lite/noise/mnist/pair-45/as_released-seed0.json", "-c1", "--config", *config)
        begin = time.perf_counter()
        snakemake(folder, *wanted, "-c2", "--quiet", "--config", *config)
        return time.perf_counter() - begin
    finally:
        scale.write_text(declared, encoding="utf-8")
        shutil.rmtree(folder / "results", ignore_errors=True)


def per_hour(folder: Path, problem: Problem, method: str, need: float, epochs: int = 200) -> Result:
    """Cells of one method, at the paper's budget."""
    table = folder / "tables" / f"{GENERATED}.yaml"
    table.write_text(TABLE.format(method=method, cells=CELLS), encoding="utf-8")
    try:
        ours = our_seconds(folder, problem, epochs, GENERATED)
    finally:
        table.unlink()
    theirs = CELLS * (epochs - 1) * their_epoch(problem, method)  # our first epoch is evaluated only
    title = f"cells per hour, {method}, MNIST MLP: the DAG with -c2 over the released loop"
    note = f"{CELLS} cells of {epochs} epochs: {theirs:.0f} s and {ours:.0f} s"
    return Result(f"cells_{method}", title, theirs / ours, "x", "higher", need, ratio=False, note=note)


def search(folder: Path, problem: Problem, need: float = 8, epochs: int = 20) -> Result:
    """A search of twenty candidates; the released one trains them one after another in one process."""
    ours = our_seconds(folder, problem, epochs, SEARCH)
    theirs = 20 * (epochs - 1) * their_epoch(problem, "coteaching")
    note = f"20 candidates of {epochs} epochs: {theirs:.0f} s and {ours:.0f} s"
    title = "searches per hour, S2E, MNIST MLP: the DAG with -c2 over the released loop"
    return Result("cells_search", title, theirs / ours, "x", "higher", need, ratio=False, note=note)
