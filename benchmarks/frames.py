"""What a frame of many runs costs (`lnl.open(…).runs()`), beside what parsing the same records would cost alone."""

import hashlib
import json
import shutil
import time
from pathlib import Path

import lnl
from benchmarks.harness import Result, paired
from lnl.files import read_file, sealed

ROOT = Path(__file__).resolve().parent.parent
RUNS = 10_000
KEPT = "docs/reproduction/*/records/paper/**/seed1.json.gz"  # one of each cell that is committed


def checkout(scratch: Path) -> Path:
    """A checkout whose results are RUNS sealed records: those that are committed, over and over with other seeds."""
    for name in ("config", "methods", "tables", "figures", "claims", "workflow"):
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).symlink_to(ROOT / name)
    kept = [file for file in sorted(ROOT.glob(KEPT)) if "searches" not in file.parts]
    for place, file in enumerate(kept):
        record = json.loads(read_file(file))
        text = sealed.sealed(record).partition(f',\n "{sealed.KEY}"')[0]
        result = record["result"]
        at = [result[name] for name in ("scale", "protocol", "dataset", "noise", "method")]
        folder = scratch.joinpath("results", at[0], "cells", *at[1:])
        folder.mkdir(parents=True)
        for seed in range(1, RUNS // len(kept) + 1 + (place < RUNS % len(kept))):
            body = text.replace('\n  "seed": 1,', f'\n  "seed": {seed},')
            seal = hashlib.sha256(body.encode()).hexdigest()[:32]
            (folder / f"seed{seed}.json").write_text(f'{body},\n "{sealed.KEY}": "{seal}"\n}}\n')
    return scratch


def of_runs(scratch: Path) -> list[Result]:
    """Seconds for a frame of RUNS runs from their files, and the same over what parsing every file takes."""
    root = checkout(scratch / "frames")
    suite = lnl.open(root, "paper")
    files = sorted((root / "results").rglob("seed*.json"))
    seconds: list[float] = []

    def frame() -> float:
        begin = time.process_time()
        found = len(suite.runs())
        seconds.append(time.process_time() - begin)
        return found

    def parse() -> float:
        return float(sum(bool(json.loads(file.read_bytes())) for file in files))

    times = paired(frame, parse, pairs=7)
    title = f"frame of {RUNS:,} runs of up to 200 epochs, from their records"
    shutil.rmtree(root)
    return [
        Result.of_values("frame_seconds", title, seconds[1:], "s", "lower", 5.0),
        Result.of_pairs("frame_parsing", f"{title}, over parsing them", times, "lower", scale="ms"),
    ]
