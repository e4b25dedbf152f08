"""What the suite makes of label files with one thing wrong: a line, a remark, a traceback, or a silent misreading.

    python -m tests.faults.malformed_labels [--count 200] [--seed 0]

Each file is read as a job reads it. One that is wrong has to be refused in a line that names it, or remarked on; one
that is sound in unusual dress has to be read as it is meant. One line of counts; exit status 1 unless all are 0.
"""

from __future__ import annotations

import os
import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from declared_datasets import load

from lnl.declared.data_places import Places
from lnl.errors import UserError
from lnl.noise.label_remarks import remarks
from lnl.noise.label_source import LabelFile
from lnl.noise.labelfile import read_labels

from .counted import counted_command
from .label_mutations import CLASSES, FAULTS, SOUND, Case
from .tiny_suite import temporary_folder


@dataclass
class Counts:
    """How many files were badly dealt with, by how, and what they were."""

    tracebacks: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)  # misread, and nothing said
    nameless: list[str] = field(default_factory=list)  # refused in a line that does not name the file, or in several
    refused: list[str] = field(default_factory=list)  # though sound
    ran: list[str] = field(default_factory=list)  # something of the file's own was run

    def line(self, files: int) -> str:
        return f"{files} files: " + ", ".join(f"{len(found)} {name}" for name, found in vars(self).items())


def one(case: Case, kind: str, counts: Counts) -> None:
    """Make a file of this kind, read it, and count what went wrong."""
    file = (FAULTS | SOUND)[kind](case)
    name = f"{kind}: {file.path.name}"
    said: list[str] = []
    labels = None
    try:
        labels = _read(file, case)
        said = remarks(labels, case.truth, CLASSES, file.classes)
    except UserError as error:
        said = [str(error)]
        if file.path.name not in said[0] or "\n" in said[0] or len(said[0]) > 700:
            counts.nameless.append(f"{name}: {said[0]}")
    except BaseException as error:
        counts.tracebacks.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
        return
    if Path("ran").exists():
        counts.ran.append(name)
    misread = labels is not None and not np.array_equal(labels, case.labels)
    if misread and not said:
        counts.silent.append(name)
    if kind in FAULTS and labels is not None and not said:
        counts.silent.append(f"{name}: taken for sound")
    if kind in SOUND and (misread or said):
        counts.refused.append(f"{name}: {said}")


def _read(file: LabelFile, case: Case) -> np.ndarray:
    """The labels of a file, as the noise `file-mine` has them."""
    places = Places(None, "", label_files=(("mine", file),))
    found = places.label_file("file-mine")
    assert found is not None
    return read_labels(found, case.truth, CLASSES, "the training file of digits")


def run(count: int, seed: int) -> Counts:
    """Make and read `count` files; the same ones for the same seed, and all kinds before any comes twice."""
    counts, kinds = Counts(), [*FAULTS, *SOUND]
    random.Random(seed).shuffle(kinds)
    before = os.getcwd()
    with temporary_folder() as folder:
        truth = np.array(load("digits", None, folder / "data").train_labels)
        os.chdir(folder)
        try:
            for number in range(count):
                (here := folder / str(number)).mkdir()
                rng = random.Random(f"{seed} {number}")
                wrong = np.array([rng.random() < 0.25 for _ in truth])
                given = np.where(wrong, [rng.randrange(CLASSES) for _ in truth], truth)
                one(Case(here, given, truth, rng), kinds[number % len(kinds)], counts)
        finally:
            os.chdir(before)
    return counts


def main() -> int:
    return counted_command(__doc__, run, count=200)


if __name__ == "__main__":
    sys.exit(main())
