"""CIFAR-10N and CIFAR-100N: label files in their published layout, one of which gives a table of five columns."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from declared_datasets import load
from suite_copy import ROOT

from lnl.cli import prepare, render
from lnl.declared import label_needs
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.networks import build
from lnl.run.job import job

ANNOTATIONS = ("aggre_label", "random_label1", "random_label2", "random_label3", "worse_label")
RATES = (0.09, 0.17, 0.18, 0.18, 0.40)  # of CIFAR-10N


def human(file: Path, truth: np.ndarray) -> None:
    """A file of CIFAR-10N's layout, as numpy arrays in a dictionary, with labels of other images."""
    stream = np.random.default_rng(0)
    found = {"clean_label": truth}
    for rate, name in zip(RATES, ANNOTATIONS, strict=True):
        found[name] = np.where(
            stream.random(len(truth)) < rate, (truth + stream.integers(1, 10, len(truth))) % 10, truth
        )
    torch.save(found, file)


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """The suite at scale smoke, in a folder of its own, with a file of the length of the stand-in."""
    for name in ("config", "tables", "figures", "claims", "methods", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    human(tmp_path / "CIFAR-10_human.pt", np.array(load("digits", None, tmp_path / "cache").train_labels))
    declared = {"cifar10n": {"path": "CIFAR-10_human.pt"}}
    return Suite.load(Path(), {"scale": "smoke", "device": "cpu", "label_files": declared}, validate=False)


def test_one_file_of_five_annotations_gives_a_table_of_five_columns(brought: Suite) -> None:
    prepare.data(brought, "digits")
    runs = [run for run in brought.demand("cifar10n") if run.cell.method == "standard"]
    assert [run.cell.noise for run in runs] == [f"file-cifar10n.{name}" for name in ANNOTATIONS]
    for run in runs:
        prepare.noise(brought, "digits", run.cell.noise, "as_released", 0)
        points = handover_points(brought, run)
        job(brought, run, Places.of(brought.config), "cpu", lambda: False, unwatched, None, points)
    render.artefact(brought, "cifar10n", "tables", partial=True)
    with Path("results/smoke/tables/cifar10n.csv").open() as stream:
        lines = [line for line in csv.DictReader(stream) if line["row"] == "standard"]
    assert [line["column"] for line in lines] == ["aggregate", "random-1", "random-2", "random-3", "worst"]
    assert [line["n"] for line in lines] == ["1"] * 5
    text = Path("results/smoke/tables/cifar10n.md").read_text()
    assert "digits, file-cifar10n.worse_label: labels of a file, 39." in text
    assert "| Standard |" in text and "83.26" in text  # and what is printed beside it


def test_labels_of_cifar_are_no_labels_of_its_stand_in(brought: Suite) -> None:
    human(Path("CIFAR-10_human.pt"), np.arange(50_000) % 10)
    prepare.data(brought, "digits")
    with pytest.raises(UserError) as caught:
        prepare.noise(brought, "digits", "file-cifar10n.worse_label", "as_released", 0)
    line = str(caught.value)
    assert "holds 50000 labels, too many: the training file of digits (which stands in for cifar10" in line
    assert "scale=lite" in line and "\n" not in line


def test_rows_that_are_numbered_are_told_so_as_well(brought: Suite) -> None:
    rows = "".join(f"{place},{place % 10}\n" for place in range(2_000))
    Path("labels.csv").write_text("id,label\n" + rows)
    files = {"cifar10n": {"path": "labels.csv", "field": "label", "index": "id"}}
    suite = Suite.load(Path(), {"scale": "smoke", "device": "cpu", "label_files": files}, validate=False)
    prepare.data(suite, "digits")
    with pytest.raises(UserError) as caught:
        prepare.noise(suite, "digits", "file-cifar10n", "as_released", 0)
    line = str(caught.value)
    assert "'id' has to number the 1197 examples of the training file of digits (which stands in for cifar10" in line
    assert "\n" not in line


def test_without_its_file_the_guest_is_left_out_and_blocks_nobody(brought: Suite) -> None:
    assert label_needs.lacking(brought, "cifar10n") is None
    assert "has neither 'cifar100n' nor 'cifar100n.noisy_label'" in str(label_needs.lacking(brought, "cifar100n"))
    chosen = label_needs.selected(brought)
    assert "cifar10n" in chosen and "cifar100n" not in chosen and len(chosen) == len(brought.artefacts) - 1


def test_every_method_of_the_suite_has_a_row_of_its_own_or_of_its_other_form(brought: Suite) -> None:
    rows = {row["method"] for row in brought.tables["cifar10n"]["rows"]}
    other_forms = {"decoupling-buffered", "s2e-sound", "standard-held-out"}
    # a clean set, or a matrix, which the protocol does not have, averaged weights, an answer to imbalance
    elsewhere = {"ieg", "supervised", "weighted", "l2r", "random-weights", "proportion", "resample", "hard-mining"}
    elsewhere |= {"gce", "gce-truncated", "dynamic-bootstrap"}  # what IEG is compared with
    elsewhere |= {"mixmatch", "rog"}  # the same: a labelled set; a stage of another row
    assert rows | other_forms | elsewhere == {
        key for key, spec in brought.methods.items() if not spec["title"].endswith("(example)")
    }
    assert rows == {row["method"] for row in brought.tables["cifar100n"]["rows"]}


def test_the_network_is_that_of_the_authors_code() -> None:
    network = build("resnet34", (3, 32, 32), 10)
    assert sum(parameter.numel() for parameter in network.parameters()) == 21_282_122
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
