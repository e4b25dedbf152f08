"""The tests behind the claims: every one against scipy or against numbers worked out by hand."""

import math

import numpy as np
import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lnl.results.claims import groups, ranks, shapes, tests
from lnl.results.claims.outcome import shortage
from lnl.results.statistics import FEWEST

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


def test_unpaired_repeats_without_any_spread_have_the_chance_of_their_order():
    found = tests.greater([2.0, 2.0, 2.0], [1.0, 1.0, 1.0], paired=False)
    assert found.p == pytest.approx(1 / 20)  # one of the ways to choose three of six


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


@given(st.lists(st.floats(0, 100), min_size=3, max_size=7), st.floats(-5, 5))
@examples(60)
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
        shapes.fall([[1.0] * 30], 1),
        groups.more_varied([1.0], [2.0, 3.0]),
        groups.range_below([[1.0], [1.0]], 2),
        tests.reference([87.6], 87.63, 0.21, 5),
        groups.influence([1.0, 2.0], ["a", "b"], ["x", "x"]),
        shapes.cross([50.0], 50),
    ],
)
def test_one_repeat_has_neither_p_nor_verdict(outcome):
    assert (outcome.p, outcome.p_against, outcome.holds) == (None, None, None)
    assert outcome.note == "one repeat, three are needed"


FALLING = [*np.linspace(50, 95, 20), *[70.0] * 20]
ON_REPEATS = {  # every kind of test on repeats, on so many of them in its smallest cell
    "GT": lambda r: tests.greater(r, [80.0, 80.1, 80.3][: len(r)]),
    "GT, unpaired": lambda r: tests.greater(r, [80.0, 80.1, 80.3, 80.2], paired=False),
    "EQ": lambda r: tests.equal(r, [90.0, 90.1, 90.3][: len(r)], 5),
    "INTERVAL": lambda r: tests.difference_in(r, [60.0, 60.1, 60.3][: len(r)], 20, 40),
    "INTER": lambda r: tests.larger_margin(r, [1.0, 1.2, 1.1]),
    "ONE_SAMPLE": lambda r: tests.one_sample(r, 10),
    "REF": lambda r: tests.reference(r, 90, 0.2, 5),
    "FALL": lambda r: shapes.fall([[v + x / 100 for v in FALLING] for x in r], 1),
    "HOLD": lambda r: shapes.hold([[*[x] * 20, *[x - 0.01 * x] * 20] for x in r], 5),
    "RISE": lambda r: shapes.rise(list(range(40)), [[x * e for e in range(40)] for x in r], 1, 39),
    "CROSS": lambda r: shapes.cross(r, 90),
    "VAR": lambda r: groups.more_varied(r, [10.0, 10.1, 10.2]),
    "SPREAD": lambda r: groups.spread_below(r, 5),
    "ANOVA": lambda r: groups.influence([*r, 1.0, 2.0, 3.0], ["a"] * len(r) + ["b"] * 3, ["x"] * (len(r) + 3)),
    "KW": lambda r: groups.differ([r, [1.0, 2.0, 3.0]]),
    "RANGE": lambda r: groups.range_below([r, [90.0, 90.1, 90.2][: len(r)]], 5),
    "TREND": lambda r: groups.trend([[1.0, 2.0, 3.0], r]),
    "INTERIOR": lambda r: groups.best_inside([r], [[1.0, 2.0, 3.0][: len(r)]]),
    "SEARCH": lambda r: ranks.better(r, [1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("kind", ON_REPEATS)
def test_two_repeats_show_an_effect_and_have_no_verdict(kind):
    two, three = ON_REPEATS[kind]([90.0, 90.3]), ON_REPEATS[kind]([90.0, 90.3, 90.1])
    assert two.effect is not None
    assert (two.p, two.p_against, two.holds) == (None, None, None)
    assert shortage(2, of="search" if kind == "SEARCH" else "repeat") in two.note
    assert three.p is not None or three.holds is not None
    assert "needed" not in three.note


def test_what_is_missing_is_said_in_words():
    assert FEWEST == 3
    assert shortage(2) == "two repeats, three are needed"
    assert shortage(1, 10) == "one repeat, ten are needed"
    assert shortage(20, 60, "search") == "20 searches, 60 are needed"
    assert shortage(3) == ""


# ---- tests of one sample, curves and spreads -----------------------------------------------------------------------


def test_one_sample_below_is_the_other_tail():
    values = [0.24, 0.27, 0.21, 0.25]
    assert tests.one_sample(values, 10, "below").p == pytest.approx(
        stats.ttest_1samp(values, 10, alternative="less").pvalue
    )


def test_peak_minus_end_by_hand():
    # running medians of 5 peak at 90 (a lone 99 does not count); the last ten epochs average 70
    curve = [10, 50, 80, 90, 90, 90, 99, 90, 85, 80] + [70] * 10
    assert shapes.peak_minus_end(curve) == 20


def rising_and_falling(seed, fall, epochs=200):
    t = np.arange(epochs)
    noise = 0 if seed is None else np.random.default_rng(seed).normal(0, 0.4, epochs)
    return list(95 * (1 - np.exp(-(t + 1) / 3)) - fall * (1 - np.exp(-np.maximum(t - 10, 0) / 30)) + noise)


def test_a_curve_that_falls_falls_and_does_not_hold():
    curves = [rising_and_falling(seed, 20) for seed in range(5)]
    assert shapes.fall(curves, 1).p < 1e-5
    assert shapes.fall(curves, 1).effect == pytest.approx(shapes.peak_minus_end(rising_and_falling(None, 20)), abs=1)
    assert shapes.hold(curves, 1).p_against < 1e-5


@pytest.mark.parametrize("first", range(5))
def test_noise_alone_does_not_fall(first):
    curves = [rising_and_falling(10 * first + seed, 0) for seed in range(5)]
    assert shapes.fall(curves, 1).p > 0.99
    assert shapes.hold(curves, 1).p < 0.05


def test_curves_too_short_for_a_peak_are_undecided():
    found = shapes.fall([[1.0] * 8, [2.0] * 8], 1)
    assert (found.p, found.note) == (None, "fewer than 15 epochs")


def test_rise_is_the_theil_sen_slope_per_repeat():
    epochs = np.arange(60)
    rng = np.random.default_rng(1)
    curves = [list(0.1 * epochs + rng.normal(0, 0.2, 60)) for _ in range(4)]
    slopes = [stats.theilslopes(np.array(c)[20:51], epochs[20:51])[0] for c in curves]
    found = shapes.rise(list(epochs), curves, 20, 50)
    assert found.effect == pytest.approx(np.mean(slopes))
    assert found.p == pytest.approx(stats.ttest_1samp(slopes, 0, alternative="greater").pvalue)


def test_crossing_is_the_first_epoch_from_which_a_stays_above():
    epochs = list(range(100))
    a, b = [0.9 * e for e in epochs], [45.0 - 1e-6] * 100
    assert shapes.crossing(epochs, a, b) == 50
    assert math.isnan(shapes.crossing(epochs, b, a))
    assert shapes.cross([49.0, 50.0, 52.0], 50).holds is True
    assert shapes.cross([49.0, 50.0, 52.0], 90).holds is False
    assert shapes.cross([49.0, math.nan], 50).holds is None
    assert shapes.cross([50.0] * 3, 50).holds is True
    # all in one epoch: the rounding's deviation is 1 / sqrt(12), t(0.975, 2) = 4.302653, half width 4.302653 / 6
    rounded = shapes.cross([50.0] * 3, 90)
    assert (rounded.holds, rounded.high) == (False, pytest.approx(50 + 4.302653 / 6))
    assert shapes.cross([50.0] * 3, 50.8, step=2.0).holds is True  # every other epoch: half width 4.302653 / 3


def test_brown_forsythe_is_scipys_levene_about_the_median():
    rng = np.random.default_rng(3)
    a, b = rng.normal(80, 4.5, 10), rng.normal(87, 0.2, 10)
    two_sided = stats.levene(a, b, center="median").pvalue
    found = groups.more_varied(list(a), list(b), fewest=10)
    assert found.p == pytest.approx(two_sided / 2)
    assert groups.more_varied(list(b), list(a)).p == pytest.approx(1 - two_sided / 2)
    assert f"{a.var(ddof=1) / b.var(ddof=1):.3g}" in found.note


def test_too_few_repeats_for_a_variance_claim_are_undecided():
    found = groups.more_varied([80.0, 90.0, 70.0], [87.0, 87.1, 87.2], fewest=10)
    assert found.p is None
    assert "three repeats, ten are needed" in found.note


def test_two_way_layout_by_hand():
    # 2 x 2 cells of 3: factor a moves the mean by 4, factor b by nothing; within-cell squares are 4 * 2 = 8
    values = [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 4.0, 5.0, 6.0]
    a, b = ["l"] * 6 + ["h"] * 6, ["x", "x", "x", "y", "y", "y"] * 2
    found = groups.influence(values, a, b)
    assert found.effect == 4
    assert found.p == pytest.approx(stats.f.sf((48 / 2) / (8 / 8), 2, 8))
    assert groups.influence(values, b, a).p == 1


def test_range_holds_only_if_every_pair_is_close():
    close = [[90.0, 90.2, 90.1], [90.5, 90.4, 90.6], [90.9, 91.0, 90.8]]
    assert groups.range_below(close, 2).p < 0.05
    assert groups.range_below(close, 2).effect == pytest.approx(0.8)
    apart = [*close, [75.5, 75.6, 75.7]]
    assert groups.range_below(apart, 2).p > 0.95
    assert groups.range_below(apart, 2).p_against < 0.01


def test_reference_adds_the_published_spread():
    ours = [87.0, 87.2, 87.1, 87.3, 86.9]
    assert tests.reference(ours, 87.63, None, None).holds is False
    assert tests.reference(ours, 87.63, 2.0, 5).holds is True


def test_a_printed_spread_of_unknown_n_is_that_of_one_run_and_said():
    # without a spread of ours: 3 / sqrt(5) and t(0.975, 4) = 2.776445 give 3.7249; 3 and 1.959964 give 5.8799
    known, unknown = tests.reference([79.0] * 3, 84.8, 3.0, 5), tests.reference([79.0] * 3, 84.8, 3.0, None)
    assert (known.low, known.high) == (pytest.approx(79 - 3.7249, abs=1e-4), pytest.approx(79 + 3.7249, abs=1e-4))
    assert (unknown.low, unknown.high) == (pytest.approx(79 - 5.8799, abs=1e-4), pytest.approx(79 + 5.8799, abs=1e-4))
    assert (known.holds, unknown.holds) == (False, True)
    assert "n_p = 1, the widest reading" in unknown.note
    assert "n_p" not in known.note
    assert tests.reference([79.0] * 3, 84.9, 3.0, None).holds is False


def test_interval_of_a_difference():
    clean = [99.0, 99.1, 99.2, 98.9, 99.0]
    assert tests.difference_in(clean, [66.0, 66.5, 65.9, 66.1, 66.3], 20, 40, paired=False).p < 0.001
    assert tests.difference_in(clean, [94.0, 94.1, 94.2, 93.9, 94.0], 20, 40, paired=False).p_against < 0.001


@pytest.mark.parametrize("shift", [-3.0, 0.5, 2.0, 3.5, 9.0])
def test_what_speaks_against_an_interval_counts_both_of_its_ends(shift):
    """Bonferroni's over the two one-sided tests that the difference lies below the one end, or above the other."""
    d = np.array([0.3, -0.4, 0.1, 0.6, -0.2]) + shift
    found = tests.difference_in(list(80 + d), [80.0] * 5, 1, 3)
    low = stats.ttest_1samp(d, 1, alternative="less").pvalue
    high = stats.ttest_1samp(d, 3, alternative="greater").pvalue
    assert found.p_against == pytest.approx(min(1, 2 * min(low, high)))
    assert found.p == pytest.approx(max(1 - low, 1 - high))
    half = stats.t.ppf(0.975, 4) * d.std(ddof=1) / math.sqrt(5)
    assert (found.low, found.high) == pytest.approx((d.mean() - half, d.mean() + half))


def test_holm_by_hand():
    # 0.01 * 4, 0.02 * 3, 0.03 * 2 raised to 0.06, 0.5; the claim without a p does not count
    assert tests.holm([0.5, 0.01, None, 0.03, 0.02]) == pytest.approx([0.5, 0.04, None, 0.06, 0.06], nan_ok=True)


# ---- interactions and spreads --------------------------------------------------------------------------------------


def test_a_difference_of_differences_is_welch():
    hard, easy = [8.0, 8.4, 7.9, 8.1, 8.6], [0.1, 0.3, -0.2, 0.4]
    found = tests.larger_margin(hard, easy)
    expected = stats.ttest_ind(hard, easy, equal_var=False, alternative="greater")
    assert (found.n, found.effect) == ("5 + 4", pytest.approx(8.2 - 0.15))
    assert found.p == pytest.approx(expected.pvalue)
    assert tests.larger_margin([1.0], easy).p is None


def test_a_spread_is_held_against_its_limit_by_chi_squared():
    # five repeats with deviations of 1: the sum of squares is 4 s^2 = 10, s = 1.5811
    values = [10.0, 11.0, 12.0, 13.0, 14.0]
    found = groups.spread_below(values, 5.0)
    assert found.effect == pytest.approx(math.sqrt(2.5))
    assert found.p == pytest.approx(stats.chi2.cdf(10 / 25, 4))
    # the textbook interval of a variance: 10 / 11.143 and 10 / 0.4844
    assert (found.low, found.high) == pytest.approx((math.sqrt(10 / 11.1433), math.sqrt(10 / 0.484419)), rel=1e-4)
    assert groups.spread_below(values, 0.1).p_against < 1e-6
    assert groups.spread_below([1.0], 0.1).p is None


# ---- groups and shares ---------------------------------------------------------------------------------------------


def test_kruskal_wallis_is_scipys():
    samples = [[10.0, 12.0, 11.0], [20.0, 25.0, 22.0], [9.0, 14.0, 13.0]]
    found = groups.differ(samples)
    assert found.p == pytest.approx(stats.kruskal(*samples).pvalue)
    assert found.effect == 22.0 - 11.0
    assert found.p_against is None
    assert groups.differ([[1.0] * 3, [1.0] * 3]).p == 1.0
    assert groups.differ([[1.0, 2.0]]).note == "fewer than two groups"


def test_a_share_is_an_exact_binomial():
    found = groups.share_above(3, 60, 0.01)
    # 1 - sum over k < 3 of C(60, k) 0.01^k 0.99^(60 - k)
    by_hand = 1 - sum(math.comb(60, k) * 0.01**k * 0.99 ** (60 - k) for k in range(3))
    assert found.p == pytest.approx(by_hand)
    interval = stats.binomtest(3, 60).proportion_ci(0.95, "exact")
    assert (found.effect, found.low, found.high) == (0.05, pytest.approx(interval.low), pytest.approx(interval.high))
    assert groups.share_above(0, 60, 0.01).p == 1.0


# ---- peaks and slopes ----------------------------------------------------------------------------------------------


def test_the_peak_lies_in_the_middle_of_the_best_running_median():
    # epochs 6 to 10 have the median 94, epochs 7 to 11 are the first with 95; a lone 99 does not count
    curve = [10, 50, 99, 60, 70, 80, 93, 94, 95, 95, 95, 90] + [70] * 10
    assert shapes.peak_epoch(list(range(1, 23)), curve) == 9
    assert math.isnan(shapes.peak_epoch(list(range(8)), [1.0] * 8))


def test_a_slope_may_start_at_each_repeats_own_peak_and_fall():
    x = list(range(1, 31))
    curves = [[min(e, s) - 0.5 * max(0, e - s) for e in x] for s in (10, 12, 15)]
    found = shapes.rise(x, curves, [10.0, 12.0, 15.0], 30, "below")
    assert found.effect == pytest.approx(-0.5)
    assert found.p == 0.5**3  # no spread at all: the sign test
    assert shapes.rise(x, curves, 1, 8).effect == pytest.approx(1.0)


# ---- searches ------------------------------------------------------------------------------------------------------


def test_searches_are_compared_by_mann_whitney():
    rng = np.random.default_rng(2)
    a, b = list(rng.normal(0.02, 0.01, 60)), list(rng.normal(0.03, 0.01, 60))
    found = ranks.better(a, b, lower_is_better=True, fewest=60)
    assert found.p == pytest.approx(stats.mannwhitneyu(a, b, alternative="less").pvalue)
    assert found.effect == pytest.approx(np.median(np.subtract.outer(b, a)))
    assert found.low < found.effect < found.high
    assert found.inside
    wins = np.mean(np.subtract.outer(b, a) > 0)
    assert found.note == f"better in {100 * wins:.0f}% of pairs"


def test_the_interval_of_a_shift_is_made_of_the_exact_order_statistics():
    # n = m = 5: P(U <= 2) = 4/252 <= 0.025 < P(U <= 3) = 7/252: the third smallest and largest of the 25 differences
    a, b = [1.0, 3.0, 7.0, 13.0, 21.0], [0.0, 0.5, 0.6, 0.7, 0.8]
    differences = sorted(x - y for x in a for y in b)
    found = ranks.better(a, b)
    assert (found.low, found.high) == (differences[2], differences[-3])
    assert found.p == pytest.approx(1 / math.comb(10, 5))


@pytest.mark.parametrize(("n", "m"), [(4, 4), (4, 7), (6, 5)])
def test_the_null_distribution_behind_the_interval_by_counting(n, m):
    from itertools import combinations

    sums = [sum(r) - n * (n + 1) // 2 for r in combinations(range(1, n + m + 1), n)]  # U of every ordering
    expected = max((u for u in range(n * m + 1) if np.mean([s <= u for s in sums]) <= 0.025), default=-1) + 1
    assert ranks._pairs_outside(n, m) == expected


def test_so_few_searches_leave_the_interval_open():
    found = ranks.better([3.0, 4.0, 5.0], [0.0, 1.0, 2.0])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert not found.inside
    assert ranks.better([3.0, 4.0, 5.0], [0.0, 1.0, 2.0], fewest=5).p is None
    assert ranks.better([1.0] * 3, [1.0] * 3).p == 1.0


def test_many_searches_use_the_normal_distribution():
    exact, normal = ranks._pairs_outside(100, 100), ranks._pairs_outside(101, 101)
    assert abs(normal / (101 * 101) - exact / (100 * 100)) < 0.002


def test_rank_correlation_is_scipys_where_it_is_defined():
    a, b = [1.0, 2.0, 3.0, 4.0, math.nan], [2.0, 1.0, 4.0, 3.0, 9.0]
    assert ranks.correlation(a, b) == pytest.approx(stats.spearmanr(a[:4], b[:4]).statistic)
    assert ranks.correlation([1, 2, 3, 4], [10, 20, 30, 40]) == 1.0
    assert math.isnan(ranks.correlation([1, 2], [1, 2]))
    assert math.isnan(ranks.correlation([1, 2, 3], [5, 5, 5]))
