"""A small suite in a folder of its own, and Snakemake run on it: what a user's checkout is to a user."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TABLE = {
    "title": "A small table",
    "source": {"paper": "tutorial", "where": "test"},
    "protocol": "s2e",
    "dataset": "mnist",
    "rows": [{"key": "symmetric-50", "label": "Symmetry-50%", "noise": "symmetric-50"}],
    "columns": [
        {"key": "standard", "label": "Normal", "method": "standard"},
        {"key": "coteaching", "label": "Co-teaching", "method": "coteaching"},
    ],
    "joins": "columns",
    "seeds": 2,
    "statistic": "last10_mean",
    "spread": {"kind": "std", "ddof": 1},
    "tolerance": {"points": 1.0, "reason": "a table of a test"},
    "published": {"spread": {"kind": "std", "n": 5}, "values": {"symmetric-50": {"standard": [66.05, 0.61]}}},
}
SCALE = {
    "title": "seconds",
    "epochs": 6,
    "seeds": 9,
    "stand_ins": {"datasets": {"mnist": "digits"}, "networks": {"mlp": "digits_mlp", "cnn9": "digits_mlp"}},
}


class SuiteCopy:
    """Declarations in `root`: the repository's methods and protocols, one table, a scale of a few epochs."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def make(cls, root: Path) -> SuiteCopy:
        for name in ("config", "methods", "workflow", "profiles"):
            ignored = shutil.ignore_patterns("__pycache__", "decisions")  # which name tables that are not here
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        for name in ("tables", "figures", "claims"):
            (root / name).mkdir()
        shutil.copy(ROOT / "Snakefile", root)
        shutil.copy(ROOT / "environment.yml", root)
        (root / "config/scales/demo.yaml").write_text(yaml.safe_dump(SCALE))
        (root / "tables/small.yaml").write_text(yaml.safe_dump(TABLE, sort_keys=False))
        return cls(root)

    def copy(self, root: Path) -> SuiteCopy:
        """The same with its results; modification times are kept."""
        shutil.copytree(self.root, root)
        return SuiteCopy(root)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *words]

    def environment(self, **extra: str) -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if not k.startswith("LNL_")}
        return {**keep, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", **extra}

    def snakemake(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.root,
            env=self.environment(**extra),
            capture_output=True,
            text=True,
            check=False,
        )

    def jobs(self, *words: str) -> dict[str, int]:
        """Jobs by rule that a dry run would start; empty if there is nothing to do."""
        out = self.snakemake("-n", *words)
        assert out.returncode == 0, out.stderr
        text = out.stdout + out.stderr
        table = re.search(r"Job stats:\njob\s+count\n[- ]+\n(.*?)\n\n", text, re.S)
        return {k: int(v) for k, v in re.findall(r"^(\w+)\s+(\d+)$", table[1], re.M)} if table else {}

    def lnl(self, *words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "lnl"), *words],
            cwd=self.root,
            env=self.environment(**extra),
            capture_output=True,
            text=True,
            check=False,
        )

    def records(self) -> dict[str, dict[str, Any]]:
        """`result` of every published record by path."""
        files = sorted((self.root / "results").glob("*/cells/*/*/*/*/seed*.json"))
        return {str(f.relative_to(self.root)): json.loads(f.read_text())["result"] for f in files}

    def times(self) -> dict[str, int]:
        """When each published record was written."""
        return {name: (self.root / name).stat().st_mtime_ns for name in self.records()}
