"""Benchmarks declare cells of their own: a start takes them as it takes anybody's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from suite_copy import ROOT

from lnl.declared import dependencies
from lnl.declared.suite import Suite

#: Written in a process of its own: importing a benchmark sets how many threads this one may use.
TABLES = {
    "to look at": "from benchmarks.dag import generate; generate(folder, 100)",
    "to train": "from benchmarks.dag import _cells_to_train; _cells_to_train(folder)",
    "to train on MNIST": "from benchmarks.cells import GENERATED, TABLE; "
    "(folder / f'tables/{GENERATED}.yaml').write_text(TABLE.format(method='standard', cells=4))",
}


@pytest.mark.parametrize("what", TABLES)
def test_the_cells_of_a_benchmark_can_be_trained(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    made = f"from pathlib import Path; from benchmarks.dag import checkout; folder = checkout(Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", f"{made}; {TABLES[what]}"], cwd=ROOT, check=True)
    suite = Suite.load(folder, {"scale": "paper"})
    dependencies.check(suite)
    assert suite.demand("generated_cells")
