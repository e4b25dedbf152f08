"""Rows of runs, counts of searches and arms of studies, by hand, without anything that was trained."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest

from lnl.declared import dependencies, paths
from lnl.declared.suite import Run, Suite
from lnl.files import sealed
from lnl.results import curve_rows, records, run_rows, studies
from lnl.results.run_rows import Found
from lnl.results.search_quality import Counts, Quality

ROOT = Path(__file__).resolve().parent.parent
CELL = "s2e/mnist/symmetric-50/standard"
ORIGIN = {"seconds": 12.5, "device": "cpu (one)", "mode": "single", "commit": "c0ffee", "finished": "2026-01-02"}


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "device": "cpu"}, validate=False)


def _record(suite: Suite, path: Path, cell: str = CELL, seed: int = 1, **content: Any) -> None:
    labels = {"requested_rate": 0.5, "realised_rate": 0.49, "digest": "l", "vector": "per_repeat"}
    whole = {"scale": suite.scale, "data_digest": "d", "curves": {}, "labels": labels} | content
    helpers.write_record(suite, path, suite.parse(cell), seed, 0.49, **whole)
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"provenance": ORIGIN | {"method_digest": "m"}}))


# ---- rows of runs --------------------------------------------------------------------------------------------------


def test_a_row_of_a_run_that_diverged_says_where_it_ended_and_how_it_came_about(
    paper: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with paths.results_in(tmp_path):
        cell = paper.parse(CELL)
        path = Path(paths.record(paper.scale, cell.id, 1))
        _record(paper, path, status="diverged", diverged={"epoch": 0, "reason": "a loss"}, summary={})
        found = Found(records.state_of(paper, cell, 1), str(path))
        columns, [row] = run_rows.rows(paper, [found])
        known = paper.datasets["mnist"]
        monkeypatch.setitem(paper.datasets, "mnist", replace(known, truth_known=False))  # type: ignore[index]
        _, [unsure] = run_rows.rows(paper, [found])
        _, [absent] = run_rows.rows(paper, [Found(records.state_of(paper, cell, 2), "")])
    assert (row["state"], row["epochs"], row["last10_mean"]) == ("diverged", 0, None)
    assert row["reason"] == "diverged in epoch 0: a loss"
    assert {name: row[name] for name in ORIGIN} == ORIGIN
    assert (row["method_digest"], row["data_digest"], row["label_digest"]) == ("m", "d", "l")
    assert (row["requested_rate"], row["realised_rate"], row["path"]) == (0.5, 0.49, str(path))
    assert unsure["requested_rate"] == 0.5 and unsure["realised_rate"] is None, "nobody has checked the labels"
    assert (absent["state"], absent["epochs"], absent["path"]) == ("missing", None, None)
    assert absent["spec_digest"] == row["spec_digest"] == paper.digest(cell)
    assert columns[: len(run_rows.COLUMNS)] == list(run_rows.COLUMNS) and set(row) <= set(columns)


def test_a_run_that_diverged_before_anything_was_evaluated_has_no_curve_and_nothing_wrong(
    paper: Suite, tmp_path: Path
) -> None:
    with paths.results_in(tmp_path):
        cell = paper.parse(CELL)
        path = Path(paths.record(paper.scale, cell.id, 1))
        _record(paper, path, status="diverged", diverged={"epoch": 0, "reason": "a loss"}, summary={})
        said: list[str] = []
        about, found = curve_rows.curves(paper, [run_rows.one(paper, Run(cell, 1))], None, said.append)
    assert [run["state"] for run in about] == ["diverged"] and found == said == []


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "ok"),
        ({"seed": 11}, "stale"),
        ({"scale": "lite"}, "stale"),
        ({"digest": "0" * 16}, "stale"),
    ],
)
def test_a_record_counts_for_its_own_run_alone_whoever_asks(
    paper: Suite, tmp_path: Path, changes: dict[str, Any], state: str
) -> None:
    with paths.results_in(tmp_path):
        run = records.Run(paper.parse(CELL), 1)
        path = Path(paths.record(paper.scale, run.cell.id, 1))
        _record(paper, path, **{"summary": {}} | changes)
        sealed.write(path, json.loads(path.read_text()))  # as the suite writes it, and is looked through quickly
        assert records.current(paper, run) is (state == "ok")
        assert records.state_of(paper, run.cell, 1).state == state
        other = {"digest": "0" * 16} if state == "ok" else {}
        _record(paper, path, **{"summary": {}} | other)
        sealed.write(path, json.loads(path.read_text()))
        assert records.current(paper, run) is (state != "ok"), "another file is looked at anew"
        path.unlink()
        assert not records.current(paper, run)


# ---- searches and studies ------------------------------------------------------------------------------------------


def _searches(algorithm: str, target: str, shift: float, budget: str = "small", **more: Any) -> dict[str, Any]:
    final = (np.linspace(0.0, 1.0, 20) + shift).tolist()
    place = {"space": "free", "target": target, "budget": budget, "algorithm": algorithm}
    return {**place, "final": final, "options": {}} | more


def test_an_algorithm_is_better_where_its_error_is_surely_lower_and_only_where_both_searched() -> None:
    entries = [_searches("random", target, 1.0) for target in ("a", "b", "c", "d", "e")]
    entries += [_searches("newton", "a", 0.0), _searches("newton", "b", 0.1), _searches("newton", "c", 2.0)]
    entries += [_searches("newton", "d", 1.05), _searches("newton", "f", 0.0)]  # too close to tell, and without another
    entries += [_searches("newton", "e", 0.0, options={"step": 2})]  # one that tuned an option
    entries += [_searches("newton", "a", 9.0, budget="large")]
    quality, every = Quality(entries), ("a", "b", "c", "d", "e", "f")
    assert quality.counts("small", "newton", "random", every) == Counts(better=2, worse=1, of=4)
    assert quality.counts("small", "random", "newton", every) == Counts(better=1, worse=2, of=4)
    assert quality.counts("small", "newton", "random", ("a", "d")) == Counts(better=1, worse=0, of=2)
    assert quality.counts("large", "newton", "random", every) == Counts(0, 0, 0)


def test_an_arm_of_a_study_is_there_missing_or_of_another_declaration(paper: Suite, tmp_path: Path) -> None:
    key = next(key for key in paper.artefacts if dependencies.studies(paper, key) and paper.artefacts[key] == "figures")
    (study, first), (_, second), *_ = dependencies.studies(paper, key)
    with paths.results_in(tmp_path):
        made = dependencies.arm_digest(paper, study, first), "0" * 16
        for arm, told in zip((first, second), made, strict=True):
            sealed.write(paths.synthetic(paper.scale, study, arm), {"digest": told, "best": [[0.5, 0.25], [1, 1]]})
        one, two, *others = studies.arms(paper, key)
    assert (one.name, one.state, two.name, two.state) == (first, "ok", second, "stale")
    assert one.best is not None and one.best.tolist() == [[0.5, 0.25], [1.0, 1.0]] and two.best is None
    assert others and all(arm.state == "missing" and arm.best is None for arm in others)
    assert one.label == paper.synthetic["studies"][study]["arms"][first]["title"]
