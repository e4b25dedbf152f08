"""A run is tied to the bytes it was trained on: other data, labels, seed or cell are named and never averaged."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from suite_copy import SuiteCopy

from lnl.files import sealed
from lnl.run import checkpoints

CELLS = "results/demo/cells/s2e/digits/symmetric-50"
STORE = "results/demo/store/s2e/digits/symmetric-50"
LABELS = "results/demo/noise/digits/symmetric-50/as_released-seed0.json"
OTHER = "0" * 16


def _alter(file: Path, where: tuple[str, ...], value: Any) -> None:
    content = sealed.read(file)
    inner = content
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    sealed.write(file, content)


def _row(suite: SuiteCopy, method: str) -> dict[str, str]:
    """A line of the table as CSV has it, and with it, as `said`, what the table says in words."""
    assert suite.lnl("table", "small", "--partial").returncode == 0
    with (suite.root / "results/demo/tables/small.csv").open() as stream:
        row = next(row for row in csv.DictReader(stream) if method in row.values())
    return {**row, "said": (suite.root / "results/demo/tables/small.md").read_text()}


@pytest.mark.parametrize("where", [("data_digest",), ("labels", "digest")], ids=["data", "labels"])
def test_a_record_of_other_bytes_is_stale_with_its_reason_and_is_trained_again(
    suite: SuiteCopy, where: tuple[str, ...]
) -> None:
    for file in (f"{CELLS}/standard/seed1.json", *_stored(suite, "standard", 1)):
        _alter(suite.root / file, ("result", *where), OTHER)
    row = _row(suite, "standard")
    assert row["n"] == "1" and "trained on other" in row["said"] and OTHER in row["said"]
    kept = (suite.root / CELLS / "standard/seed2.json").stat().st_mtime_ns
    assert suite.snakemake().returncode == 0
    assert (suite.root / CELLS / "standard/seed2.json").stat().st_mtime_ns == kept
    assert OTHER not in (suite.root / CELLS / "standard/seed1.json").read_text()
    assert any(OTHER in (suite.root / file).read_text() for file in _stored(suite, "standard", 1))  # set aside
    assert suite.jobs() == {}


def _stored(suite: SuiteCopy, method: str, seed: int) -> list[str]:
    found = (suite.root / STORE / method / f"seed{seed}").glob("record-*.json")
    return [str(file.relative_to(suite.root)) for file in found]


def test_without_manifests_runs_of_different_labels_are_not_averaged(suite: SuiteCopy) -> None:
    shutil.rmtree(suite.root / "results/demo/noise")
    _alter(suite.root / CELLS / "standard/seed1.json", ("result", "labels", "digest"), OTHER)
    row = _row(suite, "standard")
    assert row["n"] == "0" and "trained on different labels" in row["said"]
    assert _row(suite, "coteaching")["n"] == "2"


@pytest.mark.parametrize("stored", [True, False], ids=["", "without a store"])
@pytest.mark.parametrize("source", ["standard/seed2.json", "coteaching/seed1.json"], ids=["seed", "cell"])
def test_a_record_under_another_name_is_named_and_not_averaged(suite: SuiteCopy, source: str, stored: bool) -> None:
    own = suite.root / CELLS / "standard/seed1.json"
    sound = own.read_bytes()
    shutil.copyfile(suite.root / CELLS / source, own)
    row = _row(suite, "standard")
    assert row["n"] == "1" and "is the record of another run" in row["said"]
    if not stored:
        shutil.rmtree(suite.root / STORE / "standard/seed1")
    assert suite.snakemake().returncode == 0
    assert json.loads(own.read_text())["result"] == json.loads(sound)["result"]
    assert suite.jobs() == {}


def test_labels_that_a_user_edits_train_their_runs_again(suite: SuiteCopy) -> None:
    labels = np.load(next((suite.root / ".cache").rglob("noise/**/*.npy")))
    file = suite.root / "mine.npz"
    np.savez(file, labels=labels)
    table = yaml.safe_load((suite.root / "tables/small.yaml").read_text())
    table["rows"] = [{"key": "mine", "label": "Mine", "noise": "file-mine"}]
    table["columns"] = table["columns"][:1]
    del table["published"], table["tolerance"]
    (suite.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    config = ("--config", "label_files={mine: {path: mine.npz}}", "seeds=1")
    first = suite.snakemake("small", *config)
    assert first.returncode == 0, first.stderr
    record = suite.root / "results/demo/cells/s2e/digits/file-mine/standard/seed1.json"
    before = json.loads(record.read_text())["result"]["labels"]["digest"]
    labels[:100] = (labels[:100] + 1) % 10
    np.savez(file, labels=labels)
    again = suite.snakemake("small", *config)
    assert again.returncode == 0, again.stderr
    manifest = next((suite.root / "results/demo/noise/digits/file-mine").glob("*.json"))
    now = json.loads(record.read_text())["result"]["labels"]["digest"]
    assert now == json.loads(manifest.read_text())["digest"] != before
    kept = (suite.root / "results/demo/store/s2e/digits/file-mine/standard/seed1").glob("record-*.json")
    assert {json.loads(each.read_text())["result"]["labels"]["digest"] for each in kept} == {before, now}


def test_records_of_other_labels_are_not_imported(suite: SuiteCopy, tmp_path: Path) -> None:
    there = suite.copy(tmp_path / "there")
    _alter(there.root / CELLS / "standard/seed1.json", ("result", "labels", "digest"), OTHER)
    shutil.rmtree(suite.root / CELLS / "standard")
    shutil.rmtree(suite.root / STORE / "standard")
    out = suite.lnl("import", str(there.root / "results"))
    assert out.stdout.strip() == "1 imported, 2 here already, 1 other data or labels"
    assert not (suite.root / CELLS / "standard/seed1.json").exists()


@pytest.mark.parametrize("stored", [True, False], ids=["", "without a store"])
def test_a_record_of_former_labels_gives_its_place_to_an_imported_one_of_today(
    suite: SuiteCopy, tmp_path: Path, stored: bool
) -> None:
    there = suite.copy(tmp_path / "there")
    for file in (f"{CELLS}/standard/seed1.json", *_stored(suite, "standard", 1)):
        _alter(suite.root / file, ("result", "labels", "digest"), OTHER)
    if not stored:
        shutil.rmtree(suite.root / STORE / "standard/seed1")
    out = suite.lnl("import", str(there.root / "results"))
    assert out.stdout.strip() == "1 imported, 3 here already"
    own = f"{CELLS}/standard/seed1.json"
    assert (suite.root / own).read_bytes() == (there.root / own).read_bytes()
    assert any(OTHER in (suite.root / file).read_text() for file in _stored(suite, "standard", 1))  # nothing is lost


def test_a_checkpoint_of_other_labels_is_not_resumed(tmp_path: Path) -> None:

    mine, other = ({"data": "a", "labels": labels} for labels in ("b", "c"))
    file, run = tmp_path / "checkpoint.pt", ["p/d/n/m", 1, "key"]
    assert checkpoints.begun(file, [run], [mine]) is None
    checkpoints.save(file, {"step": torch.ones(3)}, [run], [mine], seconds=1.0)
    assert checkpoints.begun(file, [run], [other]) is None
    unknown = {"data": None, "labels": None}
    for today in (mine, unknown):
        begun = checkpoints.begun(file, [run], [today])
        assert begun is not None and begun["seconds"] == 1.0 and begun["training"]["step"].sum() == 3
