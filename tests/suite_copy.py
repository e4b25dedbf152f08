"""A small suite in a folder of its own, and Snakemake run on it: what a user's checkout is to a user."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import warm_commands
import yaml
from contributed import contributed

from lnl.declared.reading import read_methods
from lnl.run.worker import client

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

#: A table of somebody's own, with one row and one column: of a method of theirs, or of noise.
OWN = {
    "title": "Mine",
    "source": {"paper": "mine", "where": "ours"},
    "protocol": "s2e",
    "dataset": "mnist",
    "rows": [{"key": "a", "label": "A", "noise": "symmetric-20"}],
    "columns": [{"key": "m", "label": "M", "method": "mine"}],
}

CHECKPOINTS = "0.02"  # seconds between checkpoints where runs are killed: a run of SCALE takes a tenth


def until(condition: Callable[[], bool], over: Callable[[], bool] = lambda: False, seconds: float = 120) -> None:
    """Wait for something that happens soon; not longer than what would make it happen."""
    end = time.monotonic() + seconds
    while True:
        last = over() or time.monotonic() > end  # asked first: what it made in its last moment counts
        if condition():
            return
        assert not last, "it did not happen in time"
        time.sleep(0.01)


def put(file: Path, content: Any) -> Path:
    """A file as a user leaves it, in folders that are made: a text as it is, anything else as YAML."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
    return file


class SuiteCopy:
    """Declarations in `root`: the repository's methods and protocols, one table, a scale of a few epochs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.said = ""  # on the terminal, when it was made

    @classmethod
    def make(cls, root: Path) -> SuiteCopy:
        specs = read_methods(ROOT / "methods").items()  # somebody's own may join tables that are not here
        own = [Path(spec["file"]).name for key, spec in specs if key not in contributed()["methods"]]
        for name in ("config", "methods", "workflow", "profiles"):
            ignored = shutil.ignore_patterns("__pycache__", "decisions", *own)  # which name tables that are not here
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
        """Snakemake in a process of its own."""
        return [sys.executable, "-m", "snakemake", "--cores", "2", *words]

    def environment(self, **extra: str) -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if not k.startswith("LNL_")}
        return {**keep, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", **extra}

    def snakemake(self, *words: str, afresh: bool = False, **extra: str) -> subprocess.CompletedProcess[str]:
        """afresh: in a process of its own with a worker of its own, as users run it, which takes seconds longer."""
        warm = [sys.executable, warm_commands.__file__, warm_commands.SNAKEMAKE, "--cores", "2", *words]
        return self._run(self.command(*words) if afresh else warm, afresh, extra)

    def lnl(self, *words: str, afresh: bool = False, **extra: str) -> subprocess.CompletedProcess[str]:
        """afresh: in a process of its own that imports all it needs."""
        return self._run([str(Path(sys.executable).parent / "lnl"), *words], afresh, extra)

    def warm_environment(self, **extra: str) -> dict[str, str]:
        """In which `lnl` runs in a copy of a warm process."""
        return self.environment(**{client.VARIABLE: warm_commands.address() or ""} | extra)

    def _run(self, command: list[str], afresh: bool, extra: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(**extra) if afresh else self.warm_environment(**extra),
            capture_output=True,
            text=True,
            check=False,
        )

    def killed(self, *words: str, when: Callable[[], bool], head_alone: bool = False, warm_jobs: bool = False) -> None:
        """Snakemake in a process of its own, killed with its jobs, or without them, as soon as something is there.

        warm_jobs: it has no worker of its own.
        """
        sooner = [sys.executable, warm_commands.__file__, "head", "--cores", "2", *words]
        head = subprocess.Popen(
            sooner if warm_jobs else self.command(*words),
            cwd=self.root,
            env=(self.warm_environment if warm_jobs else self.environment)(LNL_CHECKPOINT_SECONDS=CHECKPOINTS),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            until(when, lambda: head.poll() is not None)
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself
                (os.kill if head_alone else os.killpg)(head.pid, signal.SIGKILL)
            head.wait()

    def begun(self) -> bool:
        """Whether a training has come to a first checkpoint, or to its end."""
        return bool(self.stored("checkpoint") or self.stored())

    def stored(self, what: str = "record") -> list[Path]:
        """Files of the store: records, or states of what is under way."""
        return list((self.root / "results/demo/store").glob(f"*/*/*/*/*/{what}-*"))

    def jobs(self, *words: str) -> dict[str, int]:
        """Jobs by rule that a dry run would start; empty if there is nothing to do."""
        out = self.snakemake("-n", *words)
        assert out.returncode == 0, out.stderr
        text = out.stdout + out.stderr
        table = re.search(r"Job stats:\njob\s+count\n[- ]+\n(.*?)\n\n", text, re.S)
        return {k: int(v) for k, v in re.findall(r"^(\w+)\s+(\d+)$", table[1], re.M)} if table else {}

    def records(self) -> dict[str, dict[str, Any]]:
        """`result` of every published record by path."""
        files = sorted((self.root / "results").glob("*/cells/*/*/*/*/seed*.json"))
        return {str(f.relative_to(self.root)): json.loads(f.read_text())["result"] for f in files}

    def times(self) -> dict[str, int]:
        """When each published record was written."""
        return {name: (self.root / name).stat().st_mtime_ns for name in self.records()}
