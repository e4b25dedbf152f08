"""A user's labels from end to end: tables, figures, claims, report; and artefacts whose label file is not there."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from declared_datasets import load
from suite_copy import ROOT, SCALE, SuiteCopy, put

from lnl.cli import inspect, prepare, render, train
from lnl.declared import dependencies, label_needs
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Run, Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.results import records
from lnl.run.dag import Dag
from lnl.run.job import job
from lnl.run.worker.head import accompany

ANNOTATIONS = ("aggre_label", "random_label1", "random_label2", "random_label3", "worse_label")
STANDARD = [{"key": "standard", "label": "Standard", "method": "standard"}]
HUMAN = {
    "title": "Five annotations side by side",
    "source": {"paper": "lab", "where": "our labels"},
    "protocol": "s2e",
    "dataset": "mnist",
    "rows": STANDARD,
    "columns": [{"key": name, "label": name, "noise": f"file-human.{name}"} for name in ANNOTATIONS],
}
NEWS = HUMAN | {
    "title": "Seven classes",
    "protocol": "pumpout",  # whose drawn labels differ from repeat to repeat
    "dataset": "news7",
    "rows": [{"key": "mine", "label": "Mine", "noise": "file-news"}],
    "columns": STANDARD,
}
LOST = HUMAN | {
    "title": "Without its file",
    "rows": [{"key": "gone", "label": "Gone", "noise": "file-gone"}],
    "columns": STANDARD,
}
CLAIMS = {
    "title": "Claims about our labels",
    "source": {"paper": "lab", "where": "our labels"},
    "protocol": "s2e",
    "dataset": "mnist",
    "seeds": 1,
    "claims": [
        {
            "key": "lab-01",
            "where": "nowhere",
            "claim": "the aggregate of three annotations is better to learn from than the worst",
            "cores": "yes",
            "cells": {
                "aggregate": {"noise": "file-human.aggre_label", "method": "standard"},
                "worst": {"noise": "file-human.worse_label", "method": "standard"},
            },
            "test": {"kind": "GT", "a": "aggregate", "b": "worst", "match": "method"},
        }
    ],
}


def _bring(root: Path, cache: Path) -> None:
    """CIFAR-N's layout with labels of digits, ever more of them wrong; and a CSV of the seven classes in any order."""
    stream = np.random.default_rng(0)
    truth = np.array(load("digits", None, cache).train_labels)
    found = {"clean_label": truth}
    for share, name in zip((0.1, 0.2, 0.2, 0.2, 0.6), ANNOTATIONS, strict=True):
        found[name] = np.where(stream.random(len(truth)) < share, stream.integers(0, 10, len(truth)), truth)
    torch.save(found, root / "human.pt")
    news = np.array(load("standin-news", None, cache).train_labels)
    order = stream.permutation(len(news))
    (root / "news.csv").write_text("id,label\n" + "".join(f"{place},{news[place]}\n" for place in order))


@pytest.fixture
def own(tmp_path: Path) -> SuiteCopy:
    """A checkout with three tables, a figure and claims of labels that are brought, but for one file."""
    suite = SuiteCopy.make(tmp_path / "checkout")
    (suite.root / "tables/small.yaml").unlink()
    for name, table in {"human": HUMAN, "news": NEWS, "lost": LOST}.items():
        put(suite.root / f"tables/{name}.yaml", table)
    figure = (ROOT / "figures/tutorial_memorisation.py").read_text()
    figure = figure.replace('"noise": "symmetric-50"', '"noise": "file-human.worse_label"')
    shutil.copy(ROOT / "figures/style.mplstyle", suite.root / "figures")
    (suite.root / "figures/memory.py").write_text(figure.replace('"seeds": 5', '"seeds": 1'))
    put(suite.root / "claims/lab.yaml", CLAIMS)
    scale = SCALE | {"epochs": 2, "stand_ins": {k: dict(v) for k, v in SCALE["stand_ins"].items()}}
    scale["stand_ins"]["datasets"]["news7"] = "standin-news"
    scale["stand_ins"]["networks"]["softsign_mlp"] = "digits_mlp"
    put(suite.root / "config/scales/demo.yaml", scale)
    configuration = yaml.safe_load((suite.root / "config/config.yaml").read_text())
    brought = {"human": {"path": "human.pt"}, "news": {"path": "news.csv", "field": "label", "index": "id"}}
    put(suite.root / "config/config.yaml", configuration | {"device": "cpu", "label_files": brought})
    _bring(suite.root, tmp_path / "cache")
    return suite


def test_tables_figures_claims_and_the_report_work_with_own_labels(
    own: SuiteCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(own.root)
    suite = Suite.load(Path(), {"scale": "demo"})
    keys = label_needs.selected(suite)
    assert keys == ["human", "news", "memory", "lab_claims"]
    runs = list(dict.fromkeys(run for key in keys for run in suite.demand(key)))
    for dataset in dict.fromkeys(run.cell.dataset for run in runs):
        prepare.data(suite, dataset)
    for run in dict.fromkeys(replace(run, cell=replace(run.cell, method="standard")) for run in runs):
        noise = suite.spec(run.cell)["noise"]
        seed = dependencies.noise_seed(suite, run)
        prepare.noise(suite, run.cell.dataset, noise["key"], noise["generator"], seed)
    said = capsys.readouterr()
    assert "human.pt: 91.7% of 1197 labels are the true ones, fewest in class" in said.out
    assert said.err.count("which is more than half") == 1 and "file-human.worse_label on digits" in said.err
    for run in runs:
        points = handover_points(suite, run)
        job(suite, run, Places.of(suite.config, suite.root), "cpu", lambda: False, unwatched, None, points)
    render.everything(suite, [], partial=False)
    results = own.root / "results/demo"
    with (results / "tables/human.csv").open() as stream:
        row = list(csv.DictReader(stream))
    assert [line["column"] for line in row] == list(ANNOTATIONS) and {line["n"] for line in row} == {"1"}
    text = (results / "tables/human.md").read_text()
    assert (
        "digits, file-human.aggre_label: labels of a file, 8.27% of them differ" in text
        and "(read from a file)" in text
    )
    assert "file-human.worse_label: 55.2% of the labels differ from the true ones, which is more than half." in text
    of_seven = (results / "tables/news.md").read_text()
    assert "standin-news, file-news: labels of a file, 0.00% of them differ" in of_seven
    assert "Each repeat draws" not in of_seven  # as it does where labels are drawn
    for made in ("figures/memory.pdf", "claims/lab.md", "report.html"):
        assert (results / made).stat().st_size > 1000
    with pytest.raises(UserError, match="lost: noise 'file-gone': config key 'label_files' has no 'gone'"):
        render.everything(suite, ["lost"], partial=False)
    started = own.snakemake("-n")
    assert started.returncode == 0 and "lnl: lost is not made: noise 'file-gone'" in started.stderr
    _exchange(own, suite.demand("human"), suite.demand("news"))


def _exchange(own: SuiteCopy, exchanged: list[Run], others: list[Run]) -> None:
    """Runs on labels whose file is now another one are stale, whoever asks, until it is back."""

    def states(runs: list[Run]) -> set[str]:
        suite = Suite.load(Path(), {"scale": "demo"})
        return {records.state_of(suite, run.cell, run.seed).state for run in runs}

    file, kept = own.root / "human.pt", (own.root / "human.pt").read_bytes()
    assert states(exchanged) == {"ok"}
    answers = torch.load(file, weights_only=False)
    for name in ANNOTATIONS:
        answers[name][0] = (answers[name][0] + 1) % 10
    torch.save(answers, file)
    assert states(exchanged) == {"stale"} and states(others) == {"ok"}
    suite = Suite.load(Path(), {"scale": "demo"})
    with pytest.raises(UserError, match="the labels changed under existing results"):
        train.make_ready(suite, exchanged[0])
    file.write_bytes(kept)
    assert states(exchanged) == {"ok"}


def _dag(own: SuiteCopy, monkeypatch: pytest.MonkeyPatch, **config: Any) -> Dag:
    monkeypatch.chdir(own.root)
    for name in ("LNL_CONFIG", "LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, "")  # which a head sets
    return Dag(
        own.root, {"scale": "demo", **config}, True, lambda path: None, accompany(SimpleNamespace(remote_exec=False))
    )


def test_an_artefact_without_its_label_file_is_refused_and_blocks_no_other(
    own: SuiteCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dag = _dag(own, monkeypatch)
    lost, human = (SimpleNamespace(key=key) for key in ("lost", "human"))
    assert dag.demanded("tables")(lost) == ["tables/lost.yaml"]  # no run: its job says why
    assert capsys.readouterr().err.count("lnl: lost is not made: noise 'file-gone'") == 1
    with pytest.raises(UserError, match="nothing of what was asked for can be made"):
        dag.keep()
    assert len(dag.demanded("tables")(human)) == 1 + len(ANNOTATIONS)
    dag.keep()
    everything = dag.every(list(dag.suite.artefacts))(None)
    assert any("human" in file for file in everything) and not any("lost" in file for file in everything)
    assert any("lost" in file for file in dag.every(["lost"])(None))  # a paper of which nothing can be made is refused
    assert dag.selected(None) == dag.rendered(["human", "news", "memory", "lab_claims"])
    assert "lost" in label_needs.selected(Suite.load(own.root, {"artefacts": ["lost", "human"]}))


def test_status_and_plan_of_what_lacks_a_label_file_say_the_line_that_a_start_says(
    own: SuiteCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dag = _dag(own, monkeypatch)
    dag.demanded("tables")(SimpleNamespace(key="lost"))
    said = capsys.readouterr().err
    assert said.startswith("lnl: lost is not made: noise 'file-gone'")
    dag.suite.config["device"] = "cuda"  # which is not measured where there is none
    for command in (inspect.status, inspect.plan):
        command(dag.suite, ["lost", "human"])  # an end without error
        shown, lines = capsys.readouterr()
        assert lines.startswith(said) and lines.count("lost") == shown.count("lost") == 1  # and counted all the same
        command(dag.suite, "all")
        shown, lines = capsys.readouterr()
        assert "lost" not in lines and "lost is left out: noise 'file-gone'" in shown


def test_what_was_read_before_is_shown_without_the_file(own: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> None:
    suite = _dag(own, monkeypatch).suite
    assert label_needs.lacking(suite, "news") is None
    (own.root / "news.csv").rename(own.root / "old.csv")
    again = Suite.load(own.root, {"scale": "demo"})
    assert "news.csv does not exist (did you mean 'old.csv'?" in str(label_needs.lacking(again, "news"))
    manifest = dependencies.noise_manifest(again, again.demand("news")[0])
    sealed.write(Path(manifest), {"dataset": "standin-news", "noise": "file-news", "digest": "0" * 16})
    assert label_needs.lacking(Suite.load(own.root, {"scale": "demo"}), "news") is None


@pytest.mark.parametrize(
    ("scale", "dataset", "said"),
    [
        ("demo", "digits", "(which stands in for mnist at scale demo, and labels of mnist need scale=fast or scale="),
        ("lite", "mnist", "the training file of mnist"),
    ],
)
def test_labels_of_the_data_that_a_stand_in_replaces_are_told_where_they_belong(
    own: SuiteCopy, scale: str, dataset: str, said: str
) -> None:
    assert said in label_needs.training_file(Suite.load(own.root, {"scale": scale}), dataset)


def test_a_stand_in_of_the_suite_s_default_scale_names_the_scales_without_it() -> None:
    said = label_needs.training_file(Suite.load(ROOT, {"scale": "demo"}, validate=False), "digits")
    assert "stands in for cifar10, mnist," in said and "scale=lite or scale=paper" in said and "scale=smoke" not in said
