"""The synthetic experiment: its declarations and arms; a sound search beats random, the printed one does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.stats import mannwhitneyu

from benchmarks import quality_store, quality_tables, search_quality
from lnl.declared.schema import check
from lnl.errors import UserError
from lnl.results.search_quality import effect
from lnl.search import synthetic
from tests.helpers import ROOT

DECLARED = synthetic.load(ROOT)
T = synthetic.epochs(DECLARED)


def test_everything_that_the_studies_name_is_declared() -> None:
    for study in DECLARED["studies"].values():
        assert study["target"] in DECLARED["targets"] and study["budget"] in DECLARED["budgets"]
        for arm in study["arms"].values():
            assert arm["algorithm"] in DECLARED["algorithms"]
            assert (ROOT / "config" / "spaces" / f"{arm['space']}.yaml").is_file()
    assert set(DECLARED["targets"]).isdisjoint(DECLARED["tuning_targets"])
    tested, tuned = (json.dumps(list(DECLARED[k].values())) for k in ("targets", "tuning_targets"))
    assert all(json.dumps(t.get("x", t.get("optimum"))) not in tuned for t in json.loads(tested) if "points" not in t)
    assert DECLARED["budgets"]["published"] == {"rounds": 10, "samples": 10}


def test_targets_start_at_one_and_stay_in_range() -> None:
    for name, target in {**DECLARED["targets"], **DECLARED["tuning_targets"]}.items():
        curve = synthetic.target_curve(DECLARED, name, np.arange(0.0, 201.0))
        if "optimum" in target:
            assert curve is None
        else:
            assert curve is not None and curve[0] == 1.0 and curve.min() >= 0.0 and curve.max() <= 1.0


def test_the_late_rise_rises_and_no_curve_of_two_decays_does() -> None:
    curve = synthetic.target_curve(DECLARED, "late-rise", T)
    assert curve is not None and curve[-1] > curve.min() + 0.1


@pytest.mark.parametrize(
    ("space", "target", "low", "high"),
    [
        ("two-decays", "inside", 0.0, 1e-3),
        ("coteaching", "coteaching", 0.0, 1e-3),
        ("two-decays", "coteaching", 0.01, 0.1),  # Remark 3.1 of S2E says 0: that it is a special case
        ("two-decays", "late-rise", 0.05, 0.1),
        ("two-decays", "quadratic", 0.0, 1e-6),
    ],
)
def test_what_each_space_can_reach(space: str, target: str, low: float, high: float) -> None:
    assert low <= quality_store.floor(ROOT, DECLARED, space, target) <= high


def test_an_error_is_the_root_mean_square_over_the_epochs() -> None:
    where = synthetic.bed(ROOT, DECLARED, "coteaching-tau", "coteaching")
    found = where.error(np.array([[0.4]]))[0]
    curve = 1 - 0.4 * np.minimum(T / 9, 1)
    assert found == pytest.approx(float(np.sqrt(np.mean((curve - (1 - 0.5 * np.minimum(T / 10, 1))) ** 2))))


def test_an_arm_is_a_curve_that_never_rises_and_is_the_same_every_time() -> None:
    found = synthetic.run_arm(ROOT, "algorithms", "random")
    best = np.array(found["best"])
    assert best.shape == (DECLARED["repeats"], 100) and (np.diff(best, axis=1) <= 0).all()
    assert synthetic.run_arm(ROOT, "algorithms", "random") == found
    assert json.loads(json.dumps(found)) == found
    assert synthetic.run_arm(ROOT, "algorithms", "random", repeats=3)["best"] == found["best"][:3]


def test_a_distribution_that_stays_uniform_has_all_of_its_spread_and_nothing_pinned() -> None:
    found = synthetic.search(synthetic.Bed(2, lambda u: u.mean(-1)), {"name": "random"}, 2, 3, 2)
    for name, value in (("theta", 1.0), ("spread", 1.0), ("pinned", 0.0)):
        np.testing.assert_allclose(found[name], np.full((2, 2), value))


def _final(name: str, target: str, rounds: int, repeats: int) -> dict[str, Any]:
    where = synthetic.bed(ROOT, DECLARED, "two-decays", target)
    algorithm = {**DECLARED["algorithms"][name]["algorithm"]}
    if "fisher_samples" in algorithm:
        algorithm["fisher_samples"] = 1000
    return synthetic.search(where, algorithm, rounds, 10, repeats)


@pytest.mark.parametrize("target", ["inside", "quadratic"])
@pytest.mark.parametrize("name", ["natural-gradient", "newton"])
def test_400_evaluations_of_a_sound_search_end_well_below_random(name: str, target: str) -> None:
    ours, random = (_final(n, target, 40, 12)["best"][:, -1] for n in (name, "random"))
    assert np.median(ours) < 0.95 * np.median(random)
    assert mannwhitneyu(ours, random).pvalue < 0.01


def test_the_printed_search_freezes_after_one_step_and_is_no_better_than_random() -> None:
    printed, random = (_final(n, "inside", 10, 30) for n in ("natural-gradient-printed", "random"))
    assert np.median(printed["theta"][:, 0]) > 10
    assert np.median(printed["spread"][:, -1]) < 0.5
    assert np.median(printed["best"][:, -1]) > np.median(random["best"][:, -1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: synthetic.run_arm(ROOT, "algorithm", "random"),
            "unknown study 'algorithm' .did you mean 'algorithms'",
        ),
        (lambda: synthetic.run_arm(ROOT, "algorithms", "rando"), "unknown arm of study 'algorithms' 'rando'"),
        (lambda: synthetic.target_curve(DECLARED, "insid", T), "unknown target 'insid' .did you mean 'inside'"),
    ],
)
def test_unknown_names_are_one_clear_line(call: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("budgets", "published", "rounds"), 0, "budgets.published.rounds"),
        (("reward",), "-RMSE", "reward"),
        (("targets", "inside", "points"), {"t": [0, 1], "R": [1, 0]}, "targets.inside"),
        (("targets", "late-rise", "points", "R"), [1, 2], "targets.late-rise.points.R.1"),
    ],
)
def test_bad_declarations_are_one_clear_line(tmp_path: Path, path: tuple[str, ...], value: Any, message: str) -> None:
    declared = yaml.safe_load((ROOT / synthetic.FILE).read_text())
    place = declared
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    (tmp_path / "config").mkdir()
    (tmp_path / synthetic.FILE).write_text(yaml.safe_dump(declared))
    with pytest.raises(UserError, match=message) as error:
        check(synthetic.load(tmp_path), "synthetic", synthetic.FILE)  # as the suite does, with all declarations
    assert "\n" not in str(error.value)


def test_a_target_with_the_wrong_number_of_numbers_is_refused() -> None:
    wrong = {**DECLARED, "targets": {"inside": {"formula": "two_decays", "x": [1, 2]}}}
    with pytest.raises(UserError, match="no formula 'two_decays' of 2 numbers"):
        synthetic.target_curve(wrong, "inside", T)


def test_the_benchmark_runs_every_variant_in_every_space_and_writes_between_its_markers(tmp_path: Path) -> None:
    every = list(search_quality.cases(DECLARED))
    there = {(c["space"], c["algorithm"]) for c in every if c["budget"] == "published" and c["target"] == "inside"}
    assert there == {(space, name) for space in search_quality.spaces() for name in DECLARED["algorithms"]}
    assert len({c["digest"] for c in every}) == len(every)
    small = {**DECLARED, "repeats": 4}
    picked = [
        search_quality.case(small, "coteaching", "coteaching", "small", name) for name in ("random", "natural-gradient")
    ]
    entries = quality_store.with_intervals([search_quality.run(c) for c in picked])
    assert quality_store.with_intervals(entries) == entries and "against_random" not in entries[0]
    page = tmp_path / "quality.md"
    page.write_text(f"Words.\n\n{quality_tables.BEGIN}\nREPLACED\n{quality_tables.END}\n\nMore.\n")
    quality_tables.insert(page, quality_tables.render(small, entries, []))
    text = page.read_text()
    assert text.startswith("Words.") and text.rstrip().endswith("More.") and "REPLACED" not in text
    assert "natural gradient" in text and "random: median RMSE" in text


def test_the_benchmark_searches_again_where_a_space_has_other_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(target: str) -> str:
        return str(search_quality.case(DECLARED, "simplex-basis", target, "small", "random")["digest"])

    curve, bed = digest("inside"), digest("quadratic")
    known = search_quality.curves("simplex-basis")
    monkeypatch.setattr(search_quality, "curves", lambda space: {**known, "written": "R = 1"})
    assert digest("inside") != curve
    assert digest("quadratic") == bed  # distances to a point, whatever the space


def test_an_effect_is_in_percent_of_the_medians_with_its_interval() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(mean, 0.1, 60).tolist() for mean in (0.8, 1.0))
    found = effect(a, b)
    assert found["low"] < found["percent"] < found["high"] < 0 and found["p"] < 0.01
    assert found["percent"] == pytest.approx(-20, abs=5)
