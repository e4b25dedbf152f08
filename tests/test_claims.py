"""Claims: every test against scipy or numbers worked out by hand, verdicts on synthetic records, printed numbers."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lnl.claims import judge, render, tests
from lnl.claims.declarations import demanded, places
from lnl.claims.evidence import value
from lnl.claims.verdicts import judge as judge_at
from lnl.errors import UserError
from lnl.matrix import Suite
from lnl.schema import check

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def suite():
    return Suite.load(ROOT, {"scale": "paper", "seeds": None})


# ---- tests of two samples ------------------------------------------------------------------------------------------


def test_paired_gt_is_the_one_sided_t_test_of_the_differences():
    a, b = [87.6, 87.9, 87.2, 88.0, 87.5], [80.9, 85.1, 76.0, 82.3, 84.0]
    found = tests.greater(a, b)
    expected = stats.ttest_rel(a, b, alternative="greater")
    interval = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert found.n == "5 pairs"
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.p_against == pytest.approx(1 - expected.pvalue)


def test_gt_by_more_than_a_margin_shifts_the_threshold():
    a, b = [12.0, 11.5, 12.4], [1.0, 1.2, 0.9]
    shifted = stats.ttest_rel(np.subtract(a, 10), b, alternative="greater").pvalue
    assert tests.greater(a, b, margin=10).p == pytest.approx(shifted)


def test_wilcoxon_takes_over_at_eight_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 1, 8), rng.normal(0, 1, 8)
    found = tests.greater(list(a), list(b))
    assert found.note == "Wilcoxon"
    assert found.p == pytest.approx(stats.wilcoxon(a - b, alternative="greater").pvalue)
    assert tests.greater(list(a[:7]), list(b[:7])).note == ""


def test_wilcoxon_interval_is_made_of_the_exact_order_statistics():
    # n = 8: P(W <= 3) = 5/256 <= 0.025 < P(W <= 4) = 7/256: the 4th smallest and 4th largest of the 36 pairwise means
    d = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0])
    found = tests.greater(list(d), [0.0] * 8)
    assert (found.low, found.high) == (2.5, 72.0)
    assert found.p == pytest.approx(1 / 256)


def test_unpaired_gt_is_welch():
    a, b = [99.0, 99.1, 98.9], [56.0, 57.1, 55.9, 56.6]
    found = tests.greater(a, b, paired=False)
    expected = stats.ttest_ind(a, b, equal_var=False, alternative="greater")
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (found.n, found.p) == ("3 + 4", pytest.approx(expected.pvalue))
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_equality_needs_both_one_sided_tests():
    a, b = [90.1, 90.3, 89.9, 90.2, 90.0], [90.0, 90.2, 90.1, 90.1, 90.0]
    d = np.subtract(a, b)
    expected = max(
        stats.ttest_1samp(d, -1, alternative="greater").pvalue, stats.ttest_1samp(d, 1, alternative="less").pvalue
    )
    found = tests.equal(a, b, 1.0)
    assert found.p == pytest.approx(expected)
    assert found.inside


def test_a_difference_that_is_not_significant_is_not_equality():
    a, b = [80.0, 90.0, 85.0], [84.0, 82.0, 88.0]
    assert tests.greater(a, b).p > 0.05
    assert tests.equal(a, b, 1.0).p > 0.05


@given(st.lists(st.floats(0, 100), min_size=2, max_size=7), st.floats(-5, 5))
@settings(max_examples=60, deadline=None)
def test_a_claim_and_its_opposite_are_never_both_supported(values, margin):
    found = tests.greater(values, [50.0] * len(values), margin)
    assert found.p > 0.05 or found.p_against > 0.05
    assert not (found.inside and found.outside)


def test_repeats_without_any_spread_fall_back_on_the_sign_test():
    found = tests.greater([97.5, 97.5, 97.5], [95.0, 95.0, 95.0])
    assert found.p == 0.5**3
    assert "sign test" in found.note


@pytest.mark.parametrize(
    "outcome",
    [
        tests.greater([90.0], [80.0]),
        tests.greater([90.0], [80.0, 81.0], paired=False),
        tests.equal([90.0], [90.0], 1),
        tests.one_sample([90.0], 10),
        tests.fall([[1.0] * 30], 1),
        tests.more_varied([1.0], [2.0, 3.0]),
        tests.range_below([[1.0], [1.0]], 2),
        tests.reference([87.6], 87.63, 0.21, 5),
        tests.influence([1.0, 2.0], ["a", "b"], ["x", "x"]),
        tests.cross([50.0], 50),
    ],
)
def test_one_repeat_has_neither_p_nor_verdict(outcome):
    assert outcome.p is None
    assert outcome.holds is None


# ---- tests of one sample, curves and spreads -----------------------------------------------------------------------


def test_one_sample_below_is_the_other_tail():
    values = [0.24, 0.27, 0.21, 0.25]
    assert tests.one_sample(values, 10, "below").p == pytest.approx(
        stats.ttest_1samp(values, 10, alternative="less").pvalue
    )


def test_peak_minus_end_by_hand():
    # running medians of 5 peak at 90 (a lone 99 does not count); the last ten epochs average 70
    curve = [10, 50, 80, 90, 90, 90, 99, 90, 85, 80] + [70] * 10
    assert tests.peak_minus_end(curve) == 20


def rising_and_falling(seed, fall, epochs=200):
    t = np.arange(epochs)
    noise = 0 if seed is None else np.random.default_rng(seed).normal(0, 0.4, epochs)
    return list(95 * (1 - np.exp(-(t + 1) / 3)) - fall * (1 - np.exp(-np.maximum(t - 10, 0) / 30)) + noise)


def test_a_curve_that_falls_falls_and_does_not_hold():
    curves = [rising_and_falling(seed, 20) for seed in range(5)]
    assert tests.fall(curves, 1).p < 1e-5
    assert tests.fall(curves, 1).effect == pytest.approx(tests.peak_minus_end(rising_and_falling(None, 20)), abs=1)
    assert tests.hold(curves, 1).p_against < 1e-5


@pytest.mark.parametrize("first", range(5))
def test_noise_alone_does_not_fall(first):
    curves = [rising_and_falling(10 * first + seed, 0) for seed in range(5)]
    assert tests.fall(curves, 1).p > 0.99
    assert tests.hold(curves, 1).p < 0.05


def test_curves_too_short_for_a_peak_are_undecided():
    found = tests.fall([[1.0] * 8, [2.0] * 8], 1)
    assert (found.p, found.note) == (None, "fewer than 15 epochs")


def test_rise_is_the_theil_sen_slope_per_repeat():
    epochs = np.arange(60)
    rng = np.random.default_rng(1)
    curves = [list(0.1 * epochs + rng.normal(0, 0.2, 60)) for _ in range(4)]
    slopes = [stats.theilslopes(np.array(c)[20:51], epochs[20:51])[0] for c in curves]
    found = tests.rise(list(epochs), curves, 20, 50)
    assert found.effect == pytest.approx(np.mean(slopes))
    assert found.p == pytest.approx(stats.ttest_1samp(slopes, 0, alternative="greater").pvalue)


def test_crossing_is_the_first_epoch_from_which_a_stays_above():
    epochs = list(range(100))
    a, b = [0.9 * e for e in epochs], [45.0 - 1e-6] * 100
    assert tests.crossing(epochs, a, b) == 50
    assert math.isnan(tests.crossing(epochs, b, a))
    assert tests.cross([49.0, 50.0, 52.0], 50).holds is True
    assert tests.cross([49.0, 50.0, 52.0], 90).holds is False
    assert tests.cross([49.0, math.nan], 50).holds is None


def test_brown_forsythe_is_scipys_levene_about_the_median():
    rng = np.random.default_rng(3)
    a, b = rng.normal(80, 4.5, 10), rng.normal(87, 0.2, 10)
    two_sided = stats.levene(a, b, center="median").pvalue
    found = tests.more_varied(list(a), list(b), fewest=10)
    assert found.p == pytest.approx(two_sided / 2)
    assert tests.more_varied(list(b), list(a)).p == pytest.approx(1 - two_sided / 2)
    assert f"{a.var(ddof=1) / b.var(ddof=1):.3g}" in found.note


def test_too_few_repeats_for_a_variance_claim_are_undecided():
    found = tests.more_varied([80.0, 90.0, 70.0], [87.0, 87.1, 87.2], fewest=10)
    assert found.p is None
    assert "needs 10 repeats" in found.note


def test_two_way_layout_by_hand():
    # 2 x 2 cells of 2: factor a moves the mean by 4, factor b by nothing; within-cell squares are 4 * 0.5 = 2
    values = [0.0, 1.0, 0.0, 1.0, 4.0, 5.0, 4.0, 5.0]
    a, b = ["l"] * 4 + ["h"] * 4, ["x", "x", "y", "y"] * 2
    found = tests.influence(values, a, b)
    assert found.effect == 4
    assert found.p == pytest.approx(stats.f.sf((32 / 2) / (2 / 4), 2, 4))
    assert tests.influence(values, b, a).p == 1


def test_range_holds_only_if_every_pair_is_close():
    close = [[90.0, 90.2, 90.1], [90.5, 90.4, 90.6], [90.9, 91.0, 90.8]]
    assert tests.range_below(close, 2).p < 0.05
    assert tests.range_below(close, 2).effect == pytest.approx(0.8)
    apart = [*close, [75.5, 75.6, 75.7]]
    assert tests.range_below(apart, 2).p > 0.95
    assert tests.range_below(apart, 2).p_against < 0.01


def test_reference_adds_the_published_spread():
    ours = [87.0, 87.2, 87.1, 87.3, 86.9]
    assert tests.reference(ours, 87.63, None, None).holds is False
    assert tests.reference(ours, 87.63, 2.0, 5).holds is True


def test_interval_of_a_difference():
    clean = [99.0, 99.1, 99.2, 98.9, 99.0]
    assert tests.difference_in(clean, [66.0, 66.5, 65.9, 66.1, 66.3], 20, 40, paired=False).p < 0.001
    assert tests.difference_in(clean, [94.0, 94.1, 94.2, 93.9, 94.0], 20, 40, paired=False).p_against < 0.001


def test_holm_by_hand():
    # 0.01 * 4, 0.02 * 3, 0.03 * 2 raised to 0.06, 0.5; the claim without a p does not count
    assert tests.holm([0.5, 0.01, None, 0.03, 0.02]) == pytest.approx([0.5, 0.04, None, 0.06, 0.06], nan_ok=True)


# ---- declarations --------------------------------------------------------------------------------------------------


def test_declared_claims_are_valid_and_complete(suite):
    declared = suite.claims["tutorial"]
    check(declared, "claims", "claims/tutorial.yaml")
    keys = [claim["key"] for claim in declared["claims"]]
    assert keys == [f"tut-{n:02d}" for n in range(1, 22) if n != 4]


def test_lists_are_combined_and_a_setting_leaves_methods_out(suite):
    declared = suite.claims["tutorial"]
    claim = next(c for c in declared["claims"] if c["key"] == "tut-06")
    own, stand_in = places(declared, claim, 0), places(declared, claim, 1)
    assert (len(own["coteaching"]), len(own["others"])) == (2, 12)
    assert {place.at["method"] for place in stand_in["others"]} == {"standard", "mentornet"}
    assert {place.at["protocol"] for place in stand_in["others"]} == {"s2e"}


def test_the_grid_of_the_rt_table_is_the_tables_own_cells(suite):
    table = {slot.cell for slot in suite.slots("tutorial_rt")}
    grid = {suite.cell_of(p.parts, "test")[0] for p in demanded(suite.claims["tutorial"]) if p.claim == "tut-17"}
    assert grid == table
    assert len(grid) == 27


def test_a_misspelt_key_of_a_test_is_named():
    declared = {"title": "t", "claims": [{"key": "x-01", "where": "", "claim": "", "cores": "no", "identiy": "x"}]}
    with pytest.raises(UserError, match=r"claims/x.yaml.*"):
        check(declared, "claims", "claims/x.yaml")


# ---- printed numbers and identities --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(suite):
    nowhere = Path("/nonexistent")
    verdicts = judge_at(suite, "tutorial", lambda cell, seed: nowhere / cell.id / str(seed))
    return {v.key: v for v in verdicts if v.evidence == "printed"}


@pytest.mark.parametrize(
    ("key", "word", "fits", "effects"),
    [
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
    assert {key: v.word for key, v in verdicts.items()} == {"tut-05": "held"}
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
            found = judge_at(suite, "tutorial", self.path)
            return {(v.key, v.setting.split(";")[0]): v for v in found if v.evidence == "runs"}

    return Archive()


STAND_IN = "stand-in: protocol s2e (MLP, constant beta1, half the test images)"
NOISES = ("pair-45", "symmetric-50", "symmetric-20")


def fill(archive, levels, repeats=5, **more):
    """Accuracies by method with a spread of 0.3 between repeats."""
    rng = np.random.default_rng(7)
    for noise in NOISES:
        for method, level in levels.items():
            for seed in range(1, repeats + 1):
                archive.write(archive.cell(noise, method), seed, level + rng.normal(0, 0.3), **more)


def test_a_clear_order_is_held_on_the_stand_in_and_not_run_elsewhere(archive):
    fill(archive, {"standard": 60, "mentornet": 80, "coteaching": 90})
    verdicts = archive.judge()
    held = verdicts["tut-06", STAND_IN]
    assert held.word == "held"
    assert held.counts is False
    assert "conditional on one noise vector" in held.note
    assert "among standard, mentornet, coteaching only" in held.note
    assert held.p <= held.p_holm <= 0.05
    assert verdicts["tut-06", "protocol coteaching"].word == "not run"


def test_the_opposite_order_is_not_held(archive):
    fill(archive, {"standard": 60, "mentornet": 80, "coteaching": 70})
    assert archive.judge()["tut-06", STAND_IN].word == "not held"


def test_no_difference_is_undecided(archive):
    fill(archive, {"standard": 80, "mentornet": 80, "coteaching": 80})
    assert archive.judge()["tut-06", STAND_IN].word == "undecided"


def test_one_repeat_is_never_a_verdict(archive):
    fill(archive, {"standard": 60, "mentornet": 80, "coteaching": 90}, repeats=1)
    words = {v.word for v in archive.judge().values()}
    assert words == {"undecided", "not run"}


def test_a_missing_cell_leaves_a_supported_claim_undecided(archive):
    fill(archive, {"standard": 60, "coteaching": 90})
    verdict = archive.judge()["tut-06", STAND_IN]
    assert verdict.word == "undecided"
    assert "2 of 4 parts run" in verdict.note


def test_a_missing_cell_does_not_save_a_contradicted_claim(archive):
    fill(archive, {"mentornet": 95, "coteaching": 90})
    assert archive.judge()["tut-06", STAND_IN].word == "not held"


def test_fresh_noise_per_repeat_carries_no_condition(archive):
    fill(archive, {"standard": 60, "mentornet": 80, "coteaching": 90}, vector="per_repeat")
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


def test_stale_and_diverged_runs_are_named_and_never_counted(archive):
    fill(archive, {"standard": 60, "mentornet": 80, "coteaching": 90})
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
    assert "<html" not in files[2].read_text()


def test_an_unknown_document_is_one_line(suite):
    with pytest.raises(UserError, match="tutorial"):
        judge(suite, "tutoral")
