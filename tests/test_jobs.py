"""A plan counts the jobs that Snakemake will start, and what each takes beside its training is in the price once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from suite_copy import SCALE, TABLE, SuiteCopy, put

from lnl.declared import dependencies
from lnl.declared.suite import Suite
from lnl.run.price.jobs import jobs

ROOT = Path(__file__).resolve().parent.parent


def _jobs(suite: Suite, key: str) -> int:
    return jobs(suite, dependencies.trained(suite, key), dependencies.searches(suite, key), [key])


@pytest.mark.parametrize("mode", ["single", "stacked"])
def test_as_many_as_a_dry_run_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    put(copy.root / "config/scales/demo.yaml", {**SCALE, "mode": {"cpu": mode}})
    put(copy.root / "tables/small.yaml", {**TABLE, "seeds": 3})
    monkeypatch.chdir(copy.root)
    said = copy.snakemake("small", "-n")
    total = re.search(r"^total +(\d+)$", said.stdout + said.stderr, re.MULTILINE)
    assert total is not None, said.stderr
    assert _jobs(Suite.load(config={"scale": "demo"}), "small") == int(total[1]) - 1  # small itself is no process


def test_a_search_is_walked_by_jobs_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # nothing is there
    suite: Any = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    one = dependencies.searches(suite, "s2e_table3")[:1]
    assert jobs(suite, [], one, []) == 2 + 2 * 3 + 1  # data and labels; two rounds, each a block; the end
    assert jobs(suite, [], [], []) == 0
