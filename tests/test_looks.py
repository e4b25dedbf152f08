"""`lnl train CELL --epochs N`: curves on the terminal, and nothing that a table, a statistic or an export finds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from suite_copy import SuiteCopy

from lnl.cli import look
from lnl.cli.clean import clean
from lnl.cli.exchange import export
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.results import rendered

CELL = "s2e/digits/symmetric-50/standard"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    return SuiteCopy.make(tmp_path_factory.mktemp("looks") / "checkout")


def rows(said: str) -> list[list[str]]:
    """The numbers of the printed curves, an epoch a row."""
    found = [re.findall(r"[\d.]+", line) for line in said.splitlines() if line.startswith("│")]
    return [line for line in found if line]


def test_a_look_is_seen_by_nobody_else_and_is_trained_anew(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    first = copy.lnl("train", CELL, "--epochs", "4", "--quiet")
    assert first.returncode == 0, first.stderr
    assert [line[0] for line in rows(first.stdout)] == ["0", "1", "2", "3"]
    assert "4 of 200 epochs" in first.stdout and "apart from the records" in first.stdout
    place = copy.root / "results/demo/looks/4-epochs"
    (record,) = place.glob("demo/cells/*/*/*/*/seed1.json")
    assert str(record.relative_to(copy.root)) in first.stdout
    assert json.loads(record.read_text())["result"]["spec"]["epochs"] == 4
    assert not (copy.root / "results/demo/cells").exists() and copy.stored() == []

    method = copy.root / "methods/standard.py"
    code = method.read_text()
    method.write_text(code.replace("losses.mean(-1)", "0.0 * losses.mean(-1)"))  # and its version is as before
    again = copy.lnl("train", CELL, "--epochs", "4", "--quiet")
    method.write_text(code)
    accuracies = [line[1] for line in rows(again.stdout)]
    assert len(set(accuracies)) == 1 and accuracies != [line[1] for line in rows(first.stdout)]

    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo"}, validate=False)
    assert len(rendered.missing(suite, "small")) == len(suite.demand("small"))
    with pytest.raises(UserError, match="no run of scale demo to export"):
        export(suite, Path("runs.csv"))


def test_a_method_that_begins_with_another_s_networks_gets_them_in_the_same_place(copy: SuiteCopy) -> None:
    done = copy.lnl("train", "s2e/digits/symmetric-50/f-correction", "--epochs", "3", "--quiet")
    assert done.returncode == 0, done.stderr
    assert list((copy.root / "results/demo/looks/3-epochs").rglob("standard-held-out/*.safetensors"))
    assert not (copy.root / "results/demo/handovers").exists()


def test_a_look_is_deleted_with_its_like_alone(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.root)
    mine = copy.root / "results/demo/looks/5-epochs/notes.txt"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("my own")
    assert copy.lnl("train", CELL, "--epochs", "2", "--quiet").returncode == 0
    clean(Suite.load(config={"scale": "demo"}, validate=False), {"looks"}, store=False, yes=True, say=lambda line: None)
    left = [path for path in (copy.root / "results/demo/looks").rglob("*") if path.is_file()]
    assert left == [mine]


def test_what_waits_for_a_search_is_refused_in_a_line(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy.root)
    suite = Suite.load(config={"scale": "demo"}, validate=False)
    with pytest.raises(UserError, match="--epochs searches nothing; look at a method whose parameters are given"):
        look.command(suite, "s2e/digits/symmetric-50/s2e", 1, 3, quiet=True)
    assert suite.scales["demo"]["epochs"] == 6  # the suite itself is as before


def test_a_look_of_one_epoch_is_refused_with_the_reason(copy: SuiteCopy) -> None:
    done = copy.lnl("train", CELL, "--epochs", "1", "--quiet")
    assert done.returncode == 2
    assert done.stderr.strip() == "lnl: --epochs 1: a look has two or more; the first may be of the untrained network"
