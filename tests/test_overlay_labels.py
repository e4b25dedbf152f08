"""Label files that an overlay declares: labels of one's own without a change in the checkout."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import suite_copy
from declared_datasets import load
from suite_copy import OWN, SuiteCopy

from lnl.declared import kept_suites, overlay_folders
from lnl.declared.data_places import Places
from lnl.declared.label_needs import lacking, makeable
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import sealed
from lnl.run.dag import Dag

ENTRY = {"path": "labels/ours.csv", "field": "label", "index": "id"}
CELL = "s2e/digits/file-mine/standard"
TABLE = OWN | {
    "seeds": 1,
    "rows": [{"key": "a", "label": "A", "noise": "file-mine"}],
    "columns": [{"key": "m", "label": "M", "method": "standard"}],
}
Put = Callable[[str, Any], Path]  # a file below the folder in which the checkout is


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    copy = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(copy.root)
    monkeypatch.delenv(overlay_folders.VARIABLE, raising=False)
    return copy


@pytest.fixture
def put(tmp_path: Path) -> Put:
    return lambda name, content: suite_copy.put(tmp_path / name, content)


@pytest.fixture
def labels(tmp_path: Path, put: Put) -> np.ndarray:
    """An overlay `mylab` with digits' labels, every fifth of them 0, and a table of them."""
    given = np.array(load("digits", None, tmp_path / "cache").train_labels)
    given[::5] = 0
    put("mylab/config/label_files.yaml", {"mine": ENTRY})
    put("mylab/labels/ours.csv", "id,label\n" + "".join(f"{at},{label}\n" for at, label in enumerate(given)))
    put("mylab/tables/ours.yaml", TABLE)
    return given


def _suite(**config: Any) -> Suite:
    return Suite.load(config={"scale": "demo", "overlay": ["../mylab"], **config})


def _path(suite: Suite, noise: str = "file-mine") -> Path:
    file = Places.of(suite.config, suite.root).label_file(noise)
    assert file is not None
    return file.path


def test_a_run_on_labels_of_an_overlay_changes_nothing_in_the_checkout(checkout: SuiteCopy, labels: np.ndarray) -> None:
    before = {file: file.read_bytes() for file in (checkout.root / "config").rglob("*") if file.is_file()}
    out = checkout.snakemake("ours", LNL_OVERLAY="../mylab")
    assert out.returncode == 0, out.stderr
    [manifest] = checkout.root.glob("results/demo/noise/digits/file-mine/*.json")
    assert "|  | M |" in (checkout.root / "results/demo/tables/ours.md").read_text()
    out = checkout.lnl("train", CELL, "--seed", "2", LNL_OVERLAY="../mylab")
    assert out.returncode == 0, out.stderr
    truth = np.array(load("digits", None, checkout.root.parent / "cache").train_labels)
    for seed in (1, 2):
        told = sealed.read(checkout.root / f"results/demo/cells/{CELL}/seed{seed}.json")["result"]["labels"]
        assert told["realised_rate"] == pytest.approx((labels != truth).mean(), abs=1e-4)
        assert told["digest"] == sealed.read(manifest)["digest"]
    assert {file: file.read_bytes() for file in before} == before


def test_jobs_see_the_label_files_of_their_head(
    checkout: SuiteCopy, labels: np.ndarray, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNL_CONFIG", "{}")
    Dag(Path(), {"scale": "demo", "overlay": "../mylab", "label_files": {"other": {"path": "here.csv"}}}, head=True)
    put("mylab/config/label_files.yaml", {"mine": {"path": "elsewhere.csv"}, "late": ENTRY})  # after the head has begun
    job = kept_suites.suite(json.loads(os.environ["LNL_CONFIG"]), False)
    names = ["other", "mine"]
    assert [name for name, _ in Places.of(job.config, job.root).label_files] == names
    assert _path(job).read_text().startswith("id,label")
    assert [name for name, _ in Places.of(job.at("paper").config, job.root).label_files] == names


def test_relative_paths_begin_at_the_overlay_and_what_is_not_there_is_told_so(
    checkout: SuiteCopy, labels: np.ndarray, tmp_path: Path
) -> None:
    suite = _suite(label_files={"other": {"path": "here.csv"}})
    assert _path(suite).samefile(tmp_path / "mylab/labels/ours.csv") and _path(suite).is_absolute()
    assert "ours" in makeable(suite, suite.artefacts)
    (tmp_path / "mylab/labels/ours.csv").unlink()
    line = "../mylab/config/label_files.yaml, 'mine': "
    with pytest.raises(UserError, match=rf"^{line}.*ours.csv does not exist; relative paths begin at the overlay$"):
        _path(suite)
    with pytest.raises(UserError, match=r"^config key 'label_files.other': here.csv .* begin at the checkout$"):
        _path(suite, "file-other")
    with pytest.raises(UserError, match=r"has no 'mien' \(did you mean 'mine'\?.*to an overlay's config/label_files"):
        _path(suite, "file-mien")


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"mine": ENTRY, "more": {"field": "label"}}, "'path' is missing"),
        ({"mine": {**ENTRY, "fild": "x"}}, "fild"),
        ({"mine": {**ENTRY, "path": 3}}, "path"),
        ({"mi ne": ENTRY}, "mi ne"),
        ("mine: [", "label_files.yaml"),
        ("- mine", "label_files.yaml"),
        ({"mine": {"path": "~nobody-of-this-name/labels.csv"}}, "~nobody"),
    ],
)
def test_what_is_wrong_in_it_is_a_line_and_it_is_left_out(
    checkout: SuiteCopy, labels: np.ndarray, put: Put, entries: Any, said: str
) -> None:
    put("mylab/config/label_files.yaml", entries)
    suite = _suite()
    [line] = suite.layers.remarks()
    assert line.startswith("../mylab/config/label_files.yaml") and said in line and line.endswith("; left out")
    assert "label_files" in str(lacking(suite, "ours")) and "small" in makeable(suite, suite.artefacts)


def test_a_name_that_the_checkout_has_too_is_a_line_with_both_files(checkout: SuiteCopy, labels: np.ndarray) -> None:
    said = r"^../mylab/config/label_files.yaml: key 'mine' is already taken by config/config.yaml; rename one of them$"
    with pytest.raises(UserError, match=said):
        _suite(label_files={"mine": {"path": "here.csv"}})
    assert _path(_suite(label_files={"other": {"path": "here.csv"}}))


def test_two_overlays_have_label_files_side_by_side_but_none_of_one_name(
    checkout: SuiteCopy, labels: np.ndarray, put: Put, tmp_path: Path
) -> None:
    both = ["../mylab", "../team"]
    put("team/labels.csv", "0\n")
    put("team/config/label_files.yaml", {"theirs": {"path": "labels.csv"}})
    suite = _suite(overlay=both)
    assert [name for name, _ in Places.of(suite.config, suite.root).label_files] == ["mine", "theirs"]
    assert _path(suite, "file-theirs").samefile(tmp_path / "team/labels.csv")
    put("team/config/label_files.yaml", {"mine": {"path": "labels.csv"}})
    with pytest.raises(UserError, match=r"^../team/config/label_files.yaml: key 'mine' .* by ../mylab/config/label_"):
        _suite(overlay=both)
    assert not Places.of(_suite(overlay=None).config).label_files
