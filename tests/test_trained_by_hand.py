"""`lnl train` of a declaration that cannot be meant: the line that the DAG says, before anything is read or trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_copy import SuiteCopy

from lnl.cli import common
from lnl.cli.commands.training import train
from lnl.errors import UserError
from lnl.run.worker.client import HEAD

IMBALANCE, RESTARTS = "config/protocols/l2r-imbalance.yaml", "config/protocols/ieg.yaml"
L2R, IEG = "l2r-imbalance/digits49/clean/l2r", "ieg/digits/uniform-80/ieg"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    made = SuiteCopy.make(tmp_path_factory.mktemp("by-hand") / "checkout")
    scale = made.root / "config/scales/demo.yaml"
    scale.write_text(
        "title: seconds\nepochs: 2\nlength: {steps: 4, period: 2}\nstand_ins:\n"
        "  datasets: {mnist49: digits49, cifar10: digits, cifar100: digits}\n"
        "  networks: {l2r_lenet: digits_mlp, ieg_wrn28_10: digits_mlp}\n"
    )
    return made


@pytest.mark.parametrize(
    ("cell", "file", "old", "new", "line"),
    [
        (L2R, IMBALANCE, "period: 500", "period: 8001", "'length.period': 8001, and the training has 8000 steps"),
        (
            *(L2R, IMBALANCE, "schedule: constant", "schedule: steps\n  milestones: [8000]\n  factor: 0.1"),
            "'optimiser.milestones': 8000, and the training ends after 8000 steps",
        ),
        (L2R, IMBALANCE, "{count: 10,", "{count: 2000,", "sets, clean: takes all of class 0 that set 'train' has"),
        (L2R, IMBALANCE, "{count: 10,", "{count: 1,", "sets, clean: 1 examples leave none of class 1"),
        (
            *(L2R, IMBALANCE, "count: 5000, shares: [0.005, 0.995]", "count: 100, shares: [0.005, 0.995]"),
            "sets, train: 100 examples leave none of class 0",
        ),
        (
            L2R,
            IMBALANCE,
            "  clean: {",
            "  trusted: {",
            "l2r reads a set 'clean', which protocol l2r-imbalance does not",
        ),
        (
            L2R,
            "methods/l2r.py",
            '"meta_rate": 1.0',
            '"meta_rate": 0.0',
            "meta_rate = 0.0; l2r takes numbers from 1e-12",
        ),
        (IEG, RESTARTS, "clock: cut", "clock: scaled", "a rate that restarts is never scaled, but cut"),
        (IEG, RESTARTS, "{count: 100,", "{count: 9,", "sets, probe: 9 examples leave none of class 9"),
        (IEG, "methods/ieg.py", '"strong_views": 1', '"strong_views": 0', "strong_views = 0; ieg takes 1 to 8"),
        (IEG, "methods/ieg.py", '"average": 0.999', '"average": 1.0', "average = 1.0; ieg takes 0 to 0.999999"),
        (IEG, "methods/ieg.py", '"autoaugment-95",', '"autoaugment-96",', "ieg knows autoaugment-95, autoaugment-25"),
    ],
)
def test_what_cannot_be_trained_is_one_line(
    copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch, cell: str, file: str, old: str, new: str, line: str
) -> None:
    monkeypatch.chdir(copy.root)
    monkeypatch.delenv(HEAD, raising=False)
    content = Path(file).read_text()
    assert old in content
    Path(file).write_text(content.replace(old, new, 1))
    try:
        with pytest.raises(UserError) as caught:
            train(cell, quiet=True)
    finally:
        Path(file).write_text(content)
    assert line in str(caught.value) and len(caught.value.lines) == 1
    assert not Path("results").exists() and not Path(".cache").exists()


def test_a_training_that_ends_beside_a_minimum_of_its_rate_says_where_the_next_one_is(
    copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(copy.root)
    monkeypatch.delenv(HEAD, raising=False)
    content = Path(RESTARTS).read_text()
    wrong = content.replace("{count: 100,", "{count: 9,")  # so that nothing is trained
    Path(RESTARTS).write_text(wrong.replace("steps: 85498", "steps: 80123"))  # said once a process of each length
    with pytest.raises(UserError):
        train(IEG, quiet=True)
    Path(RESTARTS).write_text(content)
    assert "80123 ends within a cycle of the rate" in (near := capsys.readouterr().err)
    assert "the nearest training that ends there has 85498 steps" in near


def test_a_job_leaves_the_checks_to_its_head(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HEAD, raising=False)
    assert common.by_hand()
    monkeypatch.setenv(HEAD, "4711")
    assert not common.by_hand()
