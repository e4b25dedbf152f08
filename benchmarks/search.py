"""What a search costs beside its trainings: proposing, scoring, concluding, and Snakemake around them."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.dag import snakemake
from benchmarks.harness import Result

SEARCH = "s2e/mnist/pair-45/coteaching/{}"
SCALE = "lite"
TRAINING = 60.0  # seconds of one candidate: the shortest for which the bound holds


def _step(folder: Path, search: str, *words: str) -> float:
    """Seconds of one step of the chain as a process of its own."""
    command = [
        str(Path(sys.executable).parent / "lnl"),
        "search",
        SEARCH.format(search),
        "--scale",
        SCALE,
        "--step",
        *words,
    ]
    begin = time.perf_counter()
    run = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise RuntimeError(f"{' '.join(command[2:])} failed:\n{run.stderr[-2000:]}")
    return time.perf_counter() - begin


def _answer(folder: Path, search: str, round: int) -> int:
    """Put made-up scores in place of a round's trainings; returns how many."""
    root = folder / f"results/{SCALE}/searches/{SEARCH.format(search)}/seed1/round{round}"
    page = json.loads((root / "proposals.json").read_text())
    rng = random.Random(round)
    for candidate in page["candidates"]:
        entry = {
            "candidate": candidate["candidate"],
            "u": candidate["u"],
            "score": rng.random(),
            "test": None,
            "diverged": None,
            "epochs": 60,
        }
        block = {**{k: page[k] for k in ("search", "digest", "seed")}, "round": round, "candidates": [entry]}
        (root / f"block{candidate['candidate']}.json").write_text(json.dumps(block))
    return len(page["candidates"])


def steps(folder: Path, search: str, rounds: int) -> Result:
    """Seconds of all steps of a whole search but the trainings, over the seconds of its trainings on two cores."""
    spent, candidates = 0.0, 0
    for round in range(1, rounds + 1):
        spent += _step(folder, search, "propose", "--round", str(round))
        candidates += _answer(folder, search, round)
        spent += _step(folder, search, "score", "--round", str(round))
    spent += _step(folder, search, "conclude")
    trained = candidates * TRAINING / 2
    return Result(
        f"search_steps_{search}".replace("-", "_"),
        f"search `{search}`: its steps over its trainings ({candidates} of {TRAINING:.0f} s on two cores)",
        100 * spent / trained,
        "%",
        "lower",
        need=5.0,
        note=f"{spent:.1f} s for {2 * rounds + 1} steps, each a process",
    )


def through_snakemake(folder: Path, search: str) -> Result:
    """The same with Snakemake around it, and with the start of a process for each candidate, on two cores."""
    root = folder / f"results/{SCALE}/searches/{SEARCH.format(search)}/seed1"
    for file in [*root.glob("round*/proposals.json"), *root.glob("round*/block*.json"), root / "best.json"]:
        file.unlink()  # the scores stay: every job runs, and none of them trains
    manifests = {"data/mnist.json": "{}", "noise/mnist/pair-45/as_released-seed0.json": "{}"}
    for name, text in manifests.items():
        file = folder / f"results/{SCALE}/{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    candidates = sum(len(json.loads(f.read_text())["candidates"]) for f in root.glob("round*/scores.json"))
    target = str((root / "best.json").relative_to(folder))
    wall = snakemake(folder, target, "--cores", "2", "--config", f"scale={SCALE}", "device=cpu").wall
    trained = candidates * TRAINING / 2
    return Result(
        "search_through_snakemake",
        f"search `{search}`: all that is not training, Snakemake and process starts included, over its trainings",
        100 * wall / trained,
        "%",
        "lower",
        note=f"{wall:.0f} s for {candidates} candidates",
    )
