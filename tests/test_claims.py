"""Claims: declarations, verdicts on synthetic records, printed numbers, the page."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from lnl.cli.render import artefact
from lnl.declared.claims import demanded, places
from lnl.declared.schema import check
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render.claims import render
from lnl.render.html import inner
from lnl.results.claims import identities
from lnl.results.claims.evidence import value
from lnl.results.claims.printed import Comparison
from lnl.results.claims.verdicts import judge
from lnl.results.claims.words import sentence

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def suite():
    return Suite.load(ROOT, {"scale": "paper", "seeds": None})


# ---- declarations --------------------------------------------------------------------------------------------------


def test_declared_claims_are_valid_and_complete(suite):
    declared = suite.claims["tutorial"]
    check(declared, "claims", "claims/tutorial.yaml")
    keys = [claim["key"] for claim in declared["claims"]]
    assert keys == [f"tut-{n:02d}" for n in range(1, 33)]
    check(suite.claims["s2e"], "claims", "claims/s2e.yaml")
    assert [claim["key"] for claim in suite.claims["s2e"]["claims"]] == [f"s2e-{n:02d}" for n in range(1, 34)]
    check(suite.claims["pumpout"], "claims", "claims/pumpout.yaml")
    assert [claim["key"] for claim in suite.claims["pumpout"]["claims"]] == [f"pum-{n:02d}" for n in range(1, 38)]


def test_a_claim_on_every_data_set_is_judged_on_each_and_on_one_stand_in_once(suite, monkeypatch):
    monkeypatch.setattr(identities, "comparisons", lambda name, root: (Comparison("not computed here", 0.0, True),))
    nowhere = Path("/nonexistent")

    def settings_of(suite, key):
        found = judge(suite, "s2e", lambda cell, seed: nowhere / cell.id / str(seed))
        return [v.setting.split(";")[0] for v in found if v.key == key and v.evidence == "runs"]

    assert settings_of(suite, "s2e-17") == [f"protocol s2e, {d}" for d in ("mnist", "cifar10", "cifar100")]
    demo = Suite.load(ROOT, {"scale": "demo", "seeds": None})
    same = {demo.cell_of([{"protocol": "s2e", "dataset": d, "noise": "pair-45", "method": "s2e"}], "test")[0]
            for d in ("mnist", "cifar10", "cifar100")}  # fmt: skip
    assert len(settings_of(demo, "s2e-17")) == len(same)


def test_what_is_not_in_the_suite_says_so(suite, monkeypatch):
    about = {"where": "", "claim": "", "cores": "no"}
    cells = {"a": {"dataset": "mnist", "noise": "pair-45", "method": "mentornet-dd"}}
    unnamed = about | {"key": "x-01", "waits": "the data set is not public"}
    claims = [unnamed, about | {"key": "x-02", "cells": cells, "test": {"kind": "FALL", "a": "a", "margin": 1}}]
    monkeypatch.setitem(suite.claims, "x", {"title": "t", "protocol": "s2e", "claims": claims})
    verdicts = {v.key: v for v in judge(suite, "x", lambda cell, seed: Path("/nonexistent"))}
    for key, words in (
        ("x-01", "the data set is not public"),
        ("x-02", "mentornet-dd at pair-45, mnist: not in the suite yet"),
    ):
        assert verdicts[key].word == "not run"
        assert words in verdicts[key].note


def test_lists_are_combined_and_a_setting_leaves_methods_out(suite):
    declared = suite.claims["tutorial"]
    claim = next(c for c in declared["claims"] if c["key"] == "tut-06")
    own, stand_in = places(declared, claim, 0), places(declared, claim, 1)
    assert (len(own["coteaching"]), len(own["others"])) == (2, 12)
    assert {place.at["method"] for place in stand_in["others"]} == {
        "standard",
        "f-correction",
        "decoupling",
        "mentornet",
    }
    assert {place.at["protocol"] for place in stand_in["others"]} == {"s2e"}


def test_the_grid_of_the_rt_table_is_the_tables_own_cells(suite):
    table = {slot.cell for slot in suite.slots("tutorial_rt")}
    grid = {suite.cell_of(p.parts, "test")[0] for p in demanded(suite.claims["tutorial"]) if p.claim == "tut-17"}
    assert grid == table
    assert len(grid) == 27


def test_a_misspelt_key_of_a_test_is_named():
    declared = {
        "title": "t",
        "claims": [{"key": "x-01", "where": "here", "claim": "so", "cores": "no", "identiy": "x"}],
    }
    with pytest.raises(UserError, match=r"claims/x.yaml.*identiy"):
        check(declared, "claims", "claims/x.yaml")


# ---- printed numbers and identities --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(suite):
    nowhere = Path("/nonexistent")
    verdicts = [v for p in ("tutorial", "ieg") for v in judge(suite, p, lambda cell, seed: nowhere / cell.id)]
    return {v.key: v for v in verdicts if v.evidence == "printed"}


@pytest.mark.parametrize(
    ("key", "word", "fits", "effects"),
    [
        ("ieg-05", "not held", "0 of 2", [0.3, 1.0]),
        ("ieg-08", "held", "12 of 12", [4.0, 4.0, 4.8, 4.6, 13.4, 32.3, 26.3, 18.8, 9.4, 28.3, 21.5, 14.2]),
        ("ieg-26", "held", "3 of 3", [6.33, 20.66, 14.33]),
        ("tut-01", "not held", "1 of 3", [42.48, 32.95, 4.95]),
        ("tut-05", "held", "7 of 7", [9.53, 10.32, 5.41, 79.37, 23.12, 9.17, 3.69]),
        ("tut-06", "held", "12 of 12", None),
        ("tut-07", "held", "6 of 6", None),
        ("tut-08", "held", "1 of 1", [0.24]),
        ("tut-10", "held", "8 of 8", None),
        ("tut-11", "held", "1 of 1", [4.24]),
        ("tut-18", "not held", "2 of 3", [12.87, 1.00, 0.54]),
        ("tut-19", "held", "3 of 3", [0.87, 0.65, 0.54]),
        ("tut-21", "not held", "1 of 3", [0.07, 0.23, 0.28]),
    ],
)
def test_printed_numbers_against_their_sentence(printed, key, word, fits, effects):
    verdict = printed[key]
    assert verdict.word == word
    assert fits in verdict.note
    if effects:
        assert [part.outcome.effect for part in verdict.parts] == pytest.approx(effects, abs=1e-6)


def test_identities_hold(suite):
    verdicts = {v.key: v for v in judge(suite, "tutorial") if v.evidence == "identity"}
    assert {key: v.word for key, v in verdicts.items()} == {"tut-05": "held", "tut-22": "held", "tut-24": "held"}
    assert "4 of 4" in verdicts["tut-22"].note  # the two that fail are exponents of exactly zero: shown, not counted
    assert verdicts["tut-05"].parts[0].outcome.effect == pytest.approx(10 - 400 / 9)


# ---- verdicts on records -------------------------------------------------------------------------------------------


def record(suite, cell, seed, test_accuracy, vector="fixed", **curves):
    """A record whose every network has these curves (constants become 40 epochs)."""
    epochs = 41
    rate = int(cell.noise.split("-")[1]) / 100 if "-" in cell.noise else 0.0

    def listed(values):
        return [[None, *(values if isinstance(values, list) else [values] * (epochs - 1))]]

    accuracy = listed(test_accuracy)
    accuracy[0][0] = 10.0
    result = {
        "dataset": cell.dataset,
        "stand_in_for": None,
        "seed": seed,
        "status": "ok",
        "spec": suite.spec(cell),
        "digest": suite.digest(cell),
        "data_digest": "d",
        "labels": {"requested_rate": rate, "realised_rate": rate, "digest": cell.noise, "vector": vector},
        "curves": {
            "epoch": list(range(epochs)),
            "test_accuracy": accuracy,
            "loss": listed(1.0),
            **{k: listed(v) for k, v in curves.items()},
        },
    }
    return {"result": result, "provenance": {}}


@pytest.fixture
def archive(suite, tmp_path):
    """A folder of records: write(cell, seed, accuracy, ...) and judge()."""

    class Archive:
        def path(self, cell, seed):
            return tmp_path / cell.id / f"seed{seed}.json"

        def write(self, cell, seed, accuracy, **more):
            path = self.path(cell, seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(record(suite, cell, seed, accuracy, **more)))

        def cell(self, noise, method, protocol="s2e"):
            at = {"protocol": protocol, "dataset": "mnist", "noise": noise, "method": method}
            return suite.cell_of([at], "test")[0]

        def judge(self):
            found = judge(suite, "tutorial", self.path)
            return {(v.key, v.setting.split(";")[0]): v for v in found if v.evidence == "runs"}

    return Archive()


STAND_IN = "stand-in: protocol s2e (MLP, constant beta1, half the test images)"
NOISES = ("pair-45", "symmetric-50", "symmetric-20")
OTHERS = {"f-correction": 55, "decoupling": 65}  # of the methods that are compared on the stand-in


def fill(archive, levels, repeats=5, **more):
    """Accuracies by method with a spread of 0.3 between repeats."""
    rng = np.random.default_rng(7)
    for noise in NOISES:
        for method, level in levels.items():
            for seed in range(1, repeats + 1):
                archive.write(archive.cell(noise, method), seed, level + rng.normal(0, 0.3), **more)


def test_a_clear_order_is_held_on_the_stand_in_and_not_run_elsewhere(archive):
    fill(archive, {**OTHERS, "standard": 60, "mentornet": 80, "coteaching": 90})
    verdicts = archive.judge()
    held = verdicts["tut-06", STAND_IN]
    assert held.word == "held"
    assert held.counts is False
    assert "conditional on one noise vector" in held.note
    assert "among standard, f-correction, decoupling, mentornet, coteaching only" in held.note
    assert held.p <= held.p_holm <= 0.05
    assert verdicts["tut-06", "protocol coteaching"].word == "not run"


def test_the_opposite_order_is_not_held(archive):
    fill(archive, {"standard": 60, "mentornet": 80, "coteaching": 70})
    assert archive.judge()["tut-06", STAND_IN].word == "not held"


def test_no_difference_is_undecided(archive):
    fill(archive, {"standard": 80, "mentornet": 80, "coteaching": 80})
    assert archive.judge()["tut-06", STAND_IN].word == "undecided"


@pytest.mark.parametrize(("repeats", "said"), [(1, "one repeat"), (2, "two repeats")])
def test_one_repeat_or_two_are_never_a_verdict(archive, repeats, said):
    fill(archive, {**OTHERS, "standard": 60, "mentornet": 80, "coteaching": 90}, repeats=repeats)
    verdicts = archive.judge()
    assert {v.word for v in verdicts.values()} == {"undecided", "not run"}
    assert f"{said}, three are needed" in verdicts["tut-06", STAND_IN].note


def test_two_repeats_of_one_cell_leave_a_supported_claim_undecided(archive):
    fill(archive, {**OTHERS, "standard": 60, "mentornet": 80, "coteaching": 90})
    for seed in (3, 4, 5):
        archive.path(archive.cell("pair-45", "decoupling"), seed).unlink()
    verdict = archive.judge()["tut-06", STAND_IN]
    assert (verdict.word, verdict.weakest.outcome.n) == ("undecided", "2 pairs")
    assert "two repeats, three are needed" in verdict.note


def test_a_control_of_two_repeats_says_nothing(archive):
    falling = [*np.linspace(50, 95, 10), *np.linspace(95, 70, 20), *[70.0] * 10]
    for noise in NOISES:
        for seed in range(1, 6):
            archive.write(archive.cell(noise, "standard"), seed, [v - seed * i / 400 for i, v in enumerate(falling)])
            archive.write(archive.cell(noise, "coteaching"), seed, [90 - 0.001 * seed * i for i in range(40)])
    for seed in (1, 2):
        archive.write(archive.cell("clean", "standard"), seed, [v - seed * i / 400 for i, v in enumerate(falling)])
    verdict = archive.judge()["tut-12", STAND_IN]
    assert verdict.word == "held"
    assert "control: two repeats, three are needed" in verdict.note


def test_a_missing_cell_leaves_a_supported_claim_undecided(archive):
    fill(archive, {"standard": 60, "coteaching": 90})
    verdict = archive.judge()["tut-06", STAND_IN]
    assert verdict.word == "undecided"
    assert "2 of 8 parts run" in verdict.note


def test_a_missing_cell_does_not_save_a_contradicted_claim(archive):
    fill(archive, {"mentornet": 95, "coteaching": 90})
    assert archive.judge()["tut-06", STAND_IN].word == "not held"


def test_fresh_noise_per_repeat_carries_no_condition(archive):
    fill(archive, {**OTHERS, "standard": 60, "mentornet": 80, "coteaching": 90}, vector="per_repeat")
    assert "conditional" not in archive.judge()["tut-06", STAND_IN].note


def test_the_control_can_take_a_fall_back(archive):
    falling = [*np.linspace(50, 95, 10), *np.linspace(95, 70, 20), *[70.0] * 10]
    for seed in range(1, 6):
        jitter = 0.1 * seed
        for noise in NOISES:
            archive.write(archive.cell(noise, "standard"), seed, [v - jitter * i / 40 for i, v in enumerate(falling)])
            flat = [90 - 0.01 * jitter * i for i in range(40)]
            archive.write(archive.cell(noise, "coteaching"), seed, flat)
    verdict = archive.judge()["tut-12", STAND_IN]
    assert verdict.word == "held"
    assert "control not run" in verdict.note
    for seed in range(1, 6):
        archive.write(archive.cell("clean", "standard"), seed, [v - seed * i / 400 for i, v in enumerate(falling)])
    verdict = archive.judge()["tut-12", STAND_IN]
    assert verdict.word == "undecided"
    assert "the control shows the same" in verdict.note


def test_one_part_that_speaks_against_a_claim_is_named_though_it_does_not_decide(archive):
    falling = [*np.linspace(50, 95, 10), *np.linspace(95, 70, 20), *[70.0] * 10]
    for noise in NOISES:
        for seed in (1, 2, 3):
            archive.write(
                archive.cell(noise, "standard"), seed, [v - 0.1 * seed * i / 40 for i, v in enumerate(falling)]
            )
            drop = 1.3 + 0.12 * seed if noise == "pair-45" else 0.01 * seed
            archive.write(archive.cell(noise, "coteaching"), seed, [90.0] * 20 + [90.0 - drop] * 20)
    verdict = archive.judge()["tut-12", STAND_IN]
    assert verdict.word == "undecided"
    assert "1 of 6 parts is not held, seen alone; not so once 6 parts and" in verdict.note


def test_printed_values_are_compared_in_their_own_setting_only(archive, suite):
    level = {
        ("pair-45", "standard"): 56.5,
        ("pair-45", "mentornet"): 81.0,
        ("pair-45", "coteaching"): 87.6,
        ("symmetric-50", "standard"): 66.0,
        ("symmetric-50", "mentornet"): 90.0,
        ("symmetric-50", "coteaching"): 91.3,
        ("symmetric-20", "standard"): 94.0,
        ("symmetric-20", "mentornet"): 96.7,
        ("symmetric-20", "coteaching"): 97.2,
    }
    rng = np.random.default_rng(3)
    for (noise, method), value_ in level.items():
        cell = archive.cell(noise, method, "coteaching")
        for seed in range(1, 6):
            archive.write(cell, seed, value_ + rng.normal(0, 0.3))
    verdict = archive.judge()["tut-09", "protocol coteaching"]
    assert verdict.word == "undecided"  # twelve values are still to come
    assert "9 of 21 parts run; 21 intervals tested together, each of 99.76%" in verdict.note
    for seed in range(1, 6):
        archive.write(archive.cell("pair-45", "mentornet", "coteaching"), seed, 40 + 0.1 * seed)
    assert archive.judge()["tut-09", "protocol coteaching"].word == "not held"  # one miss at that level is enough
    demo = Suite.load(ROOT, {"scale": "demo", "seeds": None})
    found = [v for v in judge(demo, "tutorial", archive.path) if v.key == "tut-09"]
    assert found[0].word == "not run"
    assert "only, at scale paper" in found[0].note


def test_stale_and_diverged_runs_are_named_and_never_counted(archive):
    fill(archive, {**OTHERS, "standard": 60, "mentornet": 80, "coteaching": 90})
    cell = archive.cell("pair-45", "coteaching")
    for seed, change in (
        (1, {"digest": "0" * 16}),
        (2, {"status": "diverged", "diverged": {"epoch": 3, "reason": "nan"}}),
    ):
        path = archive.path(cell, seed)
        made = json.loads(path.read_text())
        made["result"] |= change
        path.write_text(json.dumps(made))
    verdict = archive.judge()["tut-06", STAND_IN]
    assert "pair-45 coteaching seed 1 stale" in verdict.note
    assert "pair-45 coteaching seed 2 diverged" in verdict.note
    assert {part.outcome.n for part in verdict.parts if "pair-45" in part.label} == {"3 pairs"}


def test_precision_is_measured_against_the_realised_share_of_clean_labels(suite, archive):
    cell = archive.cell("pair-45", "coteaching")
    made = record(suite, cell, 1, 90.0, label_precision=75.0)["result"]
    assert value(made, "label_precision", "last10", "clean_rate") == pytest.approx(20.0)
    assert math.isnan(value(made, "loss_auc", "lowest"))


# ---- the page ------------------------------------------------------------------------------------------------------


def test_several_pages_are_rendered_by_one_process(suite, tmp_path, monkeypatch):
    """As after an error, when whatever exists is rendered."""
    monkeypatch.chdir(tmp_path)
    for key in ("tutorial_claims", "suite_claims"):
        artefact(suite, key, "claims", partial=True)
    assert {file.name for file in (tmp_path / "results/paper/claims").glob("*.md")} == {"tutorial.md", "suite.md"}


def test_the_page_renders_without_any_record(suite, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = render(suite, "tutorial", tmp_path / "claims")
    assert [f.name for f in files] == ["tutorial.csv", "tutorial.md", "tutorial.html"]
    rows = list(csv.DictReader(files[0].open()))
    whole = [r for r in rows if not r["part"]]
    assert {r["verdict"] for r in whole if r["evidence"] == "runs"} == {"not run"}
    assert {r["claim"] for r in whole if r["evidence"] == "printed" and r["verdict"] == "not held"} == {
        "tut-01", "tut-18", "tut-21",
    }  # fmt: skip
    assert "12.87" in files[1].read_text()
    for sentences in ("Test", "Notes"):  # side by side with numbers they would leave each other no room
        assert f"<th>{sentences}</th>" not in files[2].read_text() and f"<p><b>{sentences}</b> " in files[2].read_text()
    html = files[2].read_text()
    assert html.startswith("<!DOCTYPE html>")
    assert "<style>" in html
    assert inner(html).startswith("<h2>Claims of the tutorial")
    assert "<html" not in inner(html)


def test_the_report_counts_the_runs_of_claims_too(suite, tmp_path, monkeypatch):
    from lnl.render.report import _header

    monkeypatch.chdir(tmp_path)
    runs = {run for paper in suite.claims for run in suite.demand(f"{paper}_claims")}
    assert f"0 of {len(runs)} done" in _header(suite, [])


def test_tests_are_said_in_plain_words(suite):
    said = [sentence(t) for paper in suite.claims.values() for c in paper["claims"] for t in listed(c.get("test"))]
    assert not [
        text
        for text in said
        if re.search(r"[A-Z]{2,}|_|\(;|None", re.sub("ROC|RMSE|T_k|nnBC|BC|SL|IEG|CIFAR|ResNet|WRN", "", text))
    ]
    known = {
        "label precision of 'small-loss' above the share of clean labels",
        "test accuracy of 'standard' falls by more than 1 from its smoothed peak",
        "control: test accuracy of 'clean' stays within 1 of its smoothed peak",
        "lead of 's2e' over each of 'others' larger at symmetric-50 and pair-45 than at symmetric-20",
        "'newton' better than each of 'others': best so far, averaged over the whole search (Mann-Whitney)",
        "training accuracy against given labels of 'standard' rises from the peak of test accuracy on",
        "test accuracy of 'default' at most 1 behind that of each of 'grid'",
    }
    assert known <= set(said)


def test_a_claim_without_a_test_says_what_stands_in_its_way(suite):
    waiting = [c["waits"] for paper in suite.claims.values() for c in paper["claims"] if "waits" in c]
    assert waiting and not [reason for reason in waiting if re.search(r"\byet\b|to do|to come", reason)]


def listed(tests):
    return tests if isinstance(tests, list) else [tests] if tests else []


def test_an_unknown_document_is_one_line(suite):
    with pytest.raises(UserError, match="tutorial"):
        judge(suite, "tutoral")
