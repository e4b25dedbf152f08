"""A checkout with one small table, its committed records made by hand, and a page: what the tests of pages edit."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from lnl.declared.suite import Cell, Suite

ROOT = Path(__file__).resolve().parent.parent
EPOCHS = 20
TABLE = {
    "title": "A table of hand-made records",
    "source": {"paper": "suite", "where": "test"},
    "protocol": "coteaching",
    "dataset": "mnist",
    "rows": [
        {"key": "low", "label": "Symmetric 20%", "noise": "symmetric-20"},
        {"key": "high", "label": "Symmetric 50%", "noise": "symmetric-50"},
    ],
    "columns": [
        {"key": "standard", "label": "Standard", "method": "standard"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching", "against": "standard"},
        {"key": "bootstrap", "label": "Bootstrap", "method": "bootstrap"},
    ],
    "seeds": 3,
    "statistic": "last10_mean",
    "spread": {"kind": "std", "ddof": 1},
}
FOLDER = "docs/reproduction/small"


def make(root: Path) -> Path:
    """The declarations of the repository with table `small` alone, no figure and no claim. Records:

    standard at low: 80 and 82 in the last ten epochs, after a peak of 90; coteaching at low: 85 and 89, without one;
    standard at high: one repeat of 50. Label precision of coteaching is 95 throughout.
    """
    for name in ("config", "methods"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tables", "figures", "claims", "docs"):
        (root / name).mkdir()
    (root / "tables/small.yaml").write_text(yaml.safe_dump(TABLE, sort_keys=False))
    for method in (root / "methods").glob("*.py"):  # what joins other tables joins none here
        text = method.read_text()
        method.write_text("\n".join(line for line in text.splitlines() if '"joins"' not in line) + "\n")
    suite = Suite.load(root, {"scale": "paper"}, validate=False)
    for row, method, seed, peak, end in (
        ("symmetric-20", "standard", 1, 90.0, 80.0),
        ("symmetric-20", "standard", 2, 90.0, 82.0),
        ("symmetric-20", "coteaching", 1, 85.0, 85.0),
        ("symmetric-20", "coteaching", 2, 89.0, 89.0),
        ("symmetric-50", "standard", 1, 70.0, 50.0),
    ):
        record(root, suite, Cell("coteaching", "mnist", row, method), seed, [peak] * 10 + [end] * 10)
    return root


def record(root: Path, suite: Suite, cell: Cell, seed: int, accuracy: list[float], folder: str = FOLDER) -> Path:
    """Write one committed record whose test accuracy over the trained epochs is given."""
    curves: dict[str, Any] = {
        "epoch": list(range(len(accuracy) + 1)),
        "loss": [[None] + [1.0] * len(accuracy)],
        "test_accuracy": [[10.0, *accuracy]],
    }
    if cell.method == "coteaching":
        curves["label_precision"] = [[None] + [95.0] * len(accuracy)]
    result = {
        "scale": suite.scale,
        **{k: getattr(cell, k) for k in ("protocol", "dataset", "noise", "method")},
        "seed": seed,
        "digest": suite.digest(cell),
        "spec": suite.spec(cell),
        "status": "ok",
        "stand_in_for": None,
        "curves": curves,
        "labels": {
            "digest": f"{cell.noise[-2:]}aa",
            "vector": "fixed",
            "generator": "as_released",
            "noise_seed": 0,
            "requested_rate": int(cell.noise[-2:]) / 100,
            "realised_rate": int(cell.noise[-2:]) / 100 - 0.002,
        },
    }
    origin = {
        "commit": "0123456789abcdef",
        "device": "cpu (a test)",
        "finished": f"2026-01-0{seed}",
        "seconds": 60 * seed,
    }
    place = root / folder / "records" / suite.scale / cell.id / f"seed{seed}.json.gz"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(gzip.compress(json.dumps({"result": result, "provenance": origin}).encode(), mtime=0))
    return place


def page(root: Path, text: str, name: str = f"{FOLDER}/README.md") -> Path:
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place
