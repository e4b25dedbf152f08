"""Statistics of a run, spreads over runs and verdicts, against numbers worked out by hand."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lnl.errors import UserError
from lnl.results.chance import chance_of_mean
from lnl.results.statistics import (
    Difference,
    Summary,
    difference,
    published_std,
    run_statistic,
    std_of_interval,
    summarise,
    verdict,
)


def curves(*networks, loss=None, validation=None):
    made = {"epoch": list(range(len(networks[0]))), "test_accuracy": [list(n) for n in networks]}
    if loss is not None:
        made["loss"] = [list(loss) for _ in networks]
    if validation is not None:
        made["validation_accuracy"] = [list(validation) for _ in networks]
    return made


def test_last_ten_epochs_of_both_networks():
    # 12 epochs: the first two are outside; network means 1..10 -> 5.5 and 11..20 -> 15.5
    value = run_statistic(curves([99, 99, *range(1, 11)], [0, 0, *range(11, 21)]), "last10_mean")
    assert value.networks == (5.5, 15.5)
    assert value.value == 10.5
    assert value.epochs == tuple(range(2, 12))
    assert value.remark == ""


def test_fewer_than_ten_epochs_says_so_and_leaves_the_untrained_evaluation_out():
    value = run_statistic(curves([10, 80, 90], loss=[None, 1.0, 0.5]), "last10_mean")
    assert value.value == 85
    assert "2 epochs" in value.remark


def test_an_untrained_evaluation_alone_is_still_a_number():
    assert run_statistic(curves([10], loss=[None]), "final").value == 10


def test_final_and_best():
    c = curves([10, 90, 70], [20, 80, 60])
    assert run_statistic(c, "final").value == 65
    best = run_statistic(c, "best")
    assert (best.value, best.networks, best.epochs) == (85, (90, 80), (1,))


def test_validation_chooses_the_epoch_and_the_earliest_of_equals():
    value = run_statistic(curves([50, 60, 99], validation=[70, 80, 80]), "at_validation_best")
    assert (value.value, value.epochs) == (60, (1,))
    best = run_statistic(curves([50, 99, 60, 99], [50, 97, 60, 97]), "best")
    assert (best.value, best.epochs) == (98, (1,))


def test_an_epoch_in_which_a_network_has_no_number_does_not_count():
    c = curves([10, 20, 30, 90], [20, 30, None, None])
    assert run_statistic(c, "last10_mean").networks == (15, 25)
    assert run_statistic(c, "final").epochs == (1,)
    watched = c | {"validation_accuracy": [[70, 80, 90, 90], [None, 80, 99, 99]]}
    assert run_statistic(watched, "at_validation_best").epochs == (1,)
    first_alone = curves([10, 20], [20, 30]) | {"validation_accuracy": [[99, 80], [None, 80]]}
    assert run_statistic(first_alone, "at_validation_best").epochs == (1,)


def test_an_epoch_is_trained_where_one_of_two_networks_is_and_is_called_by_its_number():
    c = curves([10, 20, 30], [10, 40, 50]) | {"epoch": [1, 2, 3], "loss": [[None, None, 1.0], [None, 1.0, 1.0]]}
    value = run_statistic(c, "last10_mean")
    assert (value.networks, value.epochs) == ((25, 45), (2, 3))
    assert run_statistic(c, "final").epochs == run_statistic(c, "best").epochs == (3,)


def test_the_share_among_the_five_highest_is_that_of_the_last_epoch_and_needs_to_be_recorded():
    c = curves([10, 90, 70], [20, 80, 60])
    value = run_statistic(c | {"test_top5": [[50, 99, 97], [50, 98, 95]]}, "final_top5")
    assert (value.value, value.networks, value.epochs) == (96, (97, 95), (2,))
    with pytest.raises(UserError, match="final_top5 needs a protocol with top5: true; use final"):
        run_statistic(c, "final_top5")


def test_networks_of_runs_are_averaged_as_far_as_every_run_has_them():
    pair, alone = run_statistic(curves([80], [90]), "final"), run_statistic(curves([60]), "final")
    assert summarise([pair, alone]).networks == summarise([alone, pair]).networks == (70,)
    assert summarise([pair, alone]).mean == 72.5


def test_selection_on_validation_needs_a_validation_split():
    with pytest.raises(UserError, match="validation split"):
        run_statistic(curves([50, 60]), "at_validation_best")
    with pytest.raises(UserError, match="validation split"):  # a curve that has no value is none
        run_statistic(curves([50, 60], validation=[None, None]), "at_validation_best")


def test_unknown_statistic_names_the_known_ones():
    with pytest.raises(UserError, match="last10_mean"):
        run_statistic(curves([50]), "median")


def runs(*values):
    return [run_statistic(curves([v]), "final") for v in values]


def test_spread_over_runs():
    # 1, 2, 3, 4: squares about 2.5 sum to 5
    sample = summarise(runs(1, 2, 3, 4), "std", 1)
    assert sample.mean == 2.5
    assert sample.std == sample.spread == pytest.approx(math.sqrt(5 / 3))
    population = summarise(runs(1, 2, 3, 4), "std", 0)
    assert population.spread == pytest.approx(math.sqrt(5 / 4))
    assert population.std == sample.std  # verdicts use the sample deviation whatever is shown
    assert summarise(runs(1, 2), "std", 2).spread is None


def test_confidence_interval_and_back():
    # t(0.975, 4 degrees of freedom) = 2.7764: values 1..5 have s = sqrt(2.5), half width 2.7764 sqrt(2.5 / 5)
    made = summarise(runs(1, 2, 3, 4, 5), "ci95")
    assert made.spread == pytest.approx(2.7764 * math.sqrt(0.5), abs=1e-4)
    assert std_of_interval(made.spread, 5) == pytest.approx(math.sqrt(2.5))
    assert published_std(made.spread, "ci95", 5) == pytest.approx(math.sqrt(2.5))


def test_a_published_spread_is_a_deviation_with_or_without_its_n():
    assert published_std(0.31, "std", 5) == published_std(0.31, "std", None) == 0.31
    # a 95% interval of unknown n is widest as a standard error where n is large: half of it over 1.959964
    assert published_std(0.98, "ci95", None) == pytest.approx(0.5, abs=1e-4)
    assert published_std(0.98, "ci95", None) > published_std(0.98, "ci95", 5) / math.sqrt(5)
    assert published_std(None, "std", 5) is None


def test_a_published_deviation_of_unknown_n_enters_as_that_of_one_run():
    # 2 sqrt(1²/4 + 3.30²/1) = 6.6753; over five runs it would be 2 sqrt(1²/4 + 3.30²/5) = 3.1155
    found = verdict(81.2, 1.0, 4, 87.76, 3.30, None, 0.7)
    assert (found.word, found.allowed) == ("agrees (n_p = 1)", pytest.approx(6.6753, abs=1e-4))
    assert verdict(81.0, 1.0, 4, 87.76, 3.30, None, 0.7).word == "below (n_p = 1)"
    assert verdict(94.5, 1.0, 4, 87.76, 3.30, None, 0.7).word == "above (n_p = 1)"
    assert verdict(81.2, 1.0, 4, 87.76, 3.30, 5, 0.7).word == "below"
    assert verdict(81.2, 1.0, 2, 87.76, 3.30, None, 0.7).word == "too few"


def test_one_run_has_no_spread_and_no_runs_no_mean():
    assert summarise(runs(7)) == Summary(1, 7, None, None, (7,))
    assert summarise([]).mean is None


def test_verdict_within_tolerance():
    # 2 sqrt(0.3²/5 + 0.2²/5) = 2 sqrt(0.026) = 0.3225 < tolerance 0.7
    found = verdict(88.2, 0.3, 5, 87.63, 0.2, 5, 0.7)
    assert found.word == "agrees"
    assert found.difference == pytest.approx(0.57)
    assert found.allowed == 0.7


def test_verdict_by_the_spread_of_both():
    # 2 sqrt(1²/4 + 4.45²/5) = 2 sqrt(0.25 + 3.9605) = 4.1039: 84.9 agrees with 80.88, 85.0 does not
    assert verdict(84.9, 1.0, 4, 80.88, 4.45, 5, 0.7).word == "agrees"
    assert verdict(85.0, 1.0, 4, 80.88, 4.45, 5, 0.7).word == "above"
    assert verdict(76.7, 1.0, 4, 80.88, 4.45, 5, 0.7).word == "below"


def test_a_missing_published_deviation_adds_nothing():
    # 2 sqrt(1²/4) = 1
    assert verdict(51.0, 1.0, 4, 50.0, None, None, 0.7).word == "agrees"
    assert verdict(51.1, 1.0, 4, 50.0, None, None, 0.7).word == "above"


def test_a_difference_of_exactly_the_tolerance_agrees():
    assert verdict(87.63 + 0.7, 0.0, 5, 87.63, 0.0, 5, 0.7).word == "agrees"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((None, None, 0, 50.0), "not run"),
        ((50.0, 1.0, 5, None), "no published number"),
        ((50.0, 1.0, 2, 50.0), "too few"),
        ((50.0, None, 1, 90.0), "too few"),
    ],
)
def test_no_verdict(arguments, word):
    assert verdict(*arguments).word == word


def test_reduced_scales_are_not_comparable_even_with_few_runs():
    found = verdict(50.0, 1.0, 2, 90.0, comparable="lite: 60 of 200 epochs")
    assert found.word == "not comparable (lite: 60 of 200 epochs)"
    assert found.difference == -40


percent = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)
positive = st.integers(0, 2_000).map(lambda hundredths: hundredths / 100)


@given(percent, percent, positive, positive, st.integers(3, 50), st.integers(2, 50), positive)
def test_verdict_is_symmetric_and_widens_with_the_tolerance(a, b, s, s_p, n, n_p, tolerance):
    mirror = {"above": "below", "below": "above", "agrees": "agrees"}
    word = verdict(a, s, n, b, s_p, n_p, tolerance).word
    assert verdict(b, s, n, a, s_p, n_p, tolerance).word == mirror[word]
    if word == "agrees":
        assert verdict(a, s, n, b, s_p, n_p, tolerance + 1).word == "agrees"
    assert verdict(a, s, n, b, s_p, n_p, abs(a - b)).word == "agrees"


def test_the_whole_test_file_is_the_mean_of_its_halves() -> None:
    c = curves([10, 60, 70], loss=[None, 1.0, 0.5])
    c["validation_accuracy"] = [[20, 40, 60] for _ in c["test_accuracy"]]
    assert run_statistic(c, "last10_mean_file", "test-halves").value == 57.5
    assert run_statistic(c, "last10_mean_file", "none").value == 65  # nothing was halved
    assert run_statistic(c, "last10_mean", "test-halves").value == 65


def test_a_difference_is_that_of_common_repeats_with_students_interval() -> None:
    found = difference({1: 90.0, 2: 91.0, 3: 92.0, 5: 0.0}, {3: 56.5, 2: 57.0, 1: 56.0, 4: 99.0})  # 34, 34, 35.5
    assert found is not None
    assert (found.pairs, found.mean) == (3, pytest.approx(34.5))
    half = 4.302653 * math.sqrt(0.75 / 3)  # t(0.975, 2), deviation sqrt(0.75)
    assert (found.low, found.high) == (pytest.approx(34.5 - half), pytest.approx(34.5 + half))


def test_one_pair_has_no_interval_and_none_no_difference() -> None:
    assert difference({1: 2.0}, {1: 1.5, 2: 9.0}) == Difference(1, 0.5)
    assert difference({1: 2.0}, {2: 9.0}) is None


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=5), st.integers(0, 1000), st.integers(1, 3))
def test_the_chance_of_a_mean_is_that_of_every_sample_counted(values, least, mean_of):
    found = chance_of_mean(values, least, mean_of)
    samples = list(itertools.product(values, repeat=mean_of))
    assert found.resampled == sum(sum(sample) >= mean_of * least for sample in samples) / len(samples)
    assert 0 <= found.student <= 1


def test_the_chance_of_a_mean_by_student():
    # 1, 2, 3: mean 2, s 1; a mean of three more than 1 + 2 away: 3 / sqrt(1/3 + 1/3) = 3.674, two degrees of freedom
    t = 3 / math.sqrt(2 / 3)
    assert chance_of_mean([1, 2, 3], 5, 3).student == pytest.approx(0.5 - t / (2 * math.sqrt(2 + t * t)))
    assert chance_of_mean([1, 2, 3], 2, 3).student == pytest.approx(0.5)  # half of new means lie above the mean
    assert chance_of_mean([1, 2], 2, 3) is None
    assert (chance_of_mean([2, 2, 2], 2, 3).student, chance_of_mean([2, 2, 2], 3, 3).student) == (1, 0)
