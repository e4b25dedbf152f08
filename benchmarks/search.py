"""What a search costs beside its trainings: proposing, scoring, concluding, and Snakemake around them."""

import json
import os
import random
import subprocess
import sys
import time
from contextlib import chdir
from pathlib import Path

import yaml

from benchmarks.dag import snakemake
from benchmarks.harness import Result
from lnl.declared import dependencies, searches
from lnl.declared.suite import Run, Suite
from lnl.run.searching.page import Page

CELL = "s2e/digits/pair-45/coteaching"
SEARCH = f"{CELL}/{{}}"
SCALE = "searched"  # `demo` with the searches of `lite`, written by `_prepare`
BUDGET = {"rounds": 5, "samples": 8, "brackets": 2}
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


def _prepare(folder: Path, search: str) -> int:
    """Make the data and labels whose digests the files of a search carry; returns how many rounds it has."""
    scales = folder / "config" / "scales"
    demo = yaml.safe_load((scales / "demo.yaml").read_text(encoding="utf-8"))
    (scales / f"{SCALE}.yaml").write_text(yaml.safe_dump(demo | {"search": BUDGET}), encoding="utf-8")
    suite = Suite.load(folder, {"scale": SCALE}, validate=False)
    labels = dependencies.noise_manifest(suite, Run(suite.parse(CELL), 1))
    snakemake(folder, labels, "--cores", "1", "--config", f"scale={SCALE}", "device=cpu")
    return len(searches.rounds(suite, suite.parse_search(SEARCH.format(search), 1)))


def _answer(folder: Path, search: str, round: int) -> int:
    """Put made-up scores in place of a round's trainings; returns how many."""
    rng = random.Random(round)
    with chdir(folder):
        suite = Suite.load(config={"scale": SCALE, "device": "cpu"}, validate=False)
        page = Page(suite, suite.parse_search(SEARCH.format(search), 1), round - 1)
        entries = [
            {
                "candidate": number,
                "u": candidate["u"],
                "score": rng.random(),
                "test": None,
                "diverged": None,
                "epochs": page.until(number - 1),
            }
            for number, candidate in enumerate(page.proposed, start=1)
        ]
        page.write_block(0, entries)
    return len(entries)


def steps(folder: Path, search: str) -> Result:
    """Seconds of all steps of a whole search but the trainings, over the seconds of its trainings on two cores."""
    rounds = _prepare(folder, search)
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
