"""The smallest suite with everything in it that can be lost or mixed, in a folder that can be put back in a moment.

One table: labels that are drawn and labels of a user's file; a run, a run that reads its hand-over, repeats that are
trained as one stack, and a parameter that a search of one round chooses. A training is two steps.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import warm_commands
import yaml
from suite_copy import TABLE, SuiteCopy

from lnl.run.worker import client

from .warm_call import Call, Ended

SCALE = {
    "title": "two steps",
    "epochs": 2,  # of which the first trains nothing
    "seeds": 9,
    "steps_per_epoch": 2,
    "batch_size": 8,
    "learning_rate": 0.05,
    "mode": {"cpu": "stacked"},
    "search": {"rounds": 1, "samples": 2, "brackets": 1},
    "stand_ins": {"datasets": {"mnist": "digits"}, "networks": {"mlp": "digits_mlp", "cnn9": "digits_mlp"}},
}
TINY = {
    **{key: value for key, value in TABLE.items() if key not in ("published", "tolerance")},
    "title": "The tiniest table",
    "rows": [
        {"key": "drawn", "label": "Symmetry-50%", "noise": "symmetric-50"},
        {"key": "brought", "label": "a file's", "noise": "file-mine"},
    ],
    "columns": [
        {"key": "standard", "label": "Normal", "method": "standard"},
        {"key": "forward", "label": "F", "method": "f-correction", "variant": "end", "set": {"stage": "final"}},
        {"key": "stacked", "label": "Co-teaching", "method": "coteaching"},
        {
            "key": "searched",
            "label": "Searched",
            "method": "coteaching",
            "variant": "tau",
            "set": {"R": {"search": "tau-grid"}},
        },
    ],
    "skips": [
        {"row": "brought", "column": "forward", "reason": "its noise is drawn"},
        {"row": "brought", "column": "stacked", "reason": "its noise is drawn"},
        {"row": "drawn", "column": "searched", "reason": "its labels are a file's"},
    ],
}
STATE = ("results", ".cache", ".snakemake")  # what commands may write
LABELS = "mine.npz"


class TinySuite:
    """The suite in `root`; `kept` holds copies of its state by name."""

    def __init__(self, root: Path, kept: Path) -> None:
        self.root, self.kept = root, kept
        SuiteCopy.make(root)
        (root / "tables/small.yaml").unlink()
        (root / "tables/tiny.yaml").write_text(yaml.safe_dump(TINY, sort_keys=False))
        (root / "config/scales/demo.yaml").write_text(yaml.safe_dump(SCALE))
        configuration = yaml.safe_load((root / "config/config.yaml").read_text())
        configuration |= {"artefacts": ["tiny"], "device": "cpu", "label_files": {"mine": {"path": LABELS}}}
        (root / "config/config.yaml").write_text(yaml.safe_dump(configuration))
        self.bring_labels(0)

    def bring_labels(self, shift: int) -> None:
        """The user's label file: true labels, a third of them shifted by 1 + shift."""
        from declared_datasets import load

        labels = np.array(load("digits", None, self.kept / "truth").train_labels)
        labels[::3] = (labels[::3] + 1 + shift) % 10
        np.savez(self.root / LABELS, labels=labels)

    # ---- commands --------------------------------------------------------------------------------------------------

    def call(self, *words: str, **environment: str) -> Call:
        """A command under way: `snakemake …`, or what `lnl` is called with."""
        keep = {key: value for key, value in os.environ.items() if not key.startswith("LNL_")}
        warm = {client.VARIABLE: warm_commands.address() or "", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        return Call(self.root, list(words), keep | warm | environment)

    def start(self, *words: str, **environment: str) -> Ended:
        """A start of Snakemake."""
        return self.call("snakemake", "--cores", "2", *words, **environment).end()

    def lnl(self, *words: str, **environment: str) -> Ended:
        return self.call(*words, **environment).end()

    # ---- states ----------------------------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Remember the state as it is."""
        for folder in STATE:
            if (self.root / folder).exists():
                shutil.copytree(self.root / folder, self.kept / name / folder)

    def put_back(self, name: str) -> None:
        """The state that was remembered, dates included."""
        for folder in STATE:
            shutil.rmtree(self.root / folder, ignore_errors=True)
            if (self.kept / name / folder).exists():
                shutil.copytree(self.kept / name / folder, self.root / folder)

    def results(self) -> dict[str, Any]:
        """What was found, by file: `result` of published records, and the pages of searches."""
        found: dict[str, Any] = {}
        for file in sorted((self.root / "results").glob("*/*/**/*.json")):
            kind = file.relative_to(self.root / "results").parts[1]
            if kind in ("cells", "searches"):
                content = json.loads(file.read_bytes())
                found[str(file.relative_to(self.root))] = content["result"] if kind == "cells" else content
        return found

    def logs(self) -> str:
        """All that jobs have said, as their logs hold it."""
        return "\n".join(file.read_text(errors="replace") for file in self.root.glob("results/*/logs/**/*.log"))


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder, in memory where there is such a place: hundreds of small files come and go."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lnl-faults-", dir=memory) as folder:
        yield Path(folder)


@contextmanager
def tiny_suite() -> Iterator[TinySuite]:
    """The suite in a temporary folder."""
    with temporary_folder() as folder:
        yield TinySuite(folder / "checkout", folder / "kept")
