"""Tests that Pumpout's claims brought: trends, grids, signs, ranks within a run, estimates, and its identities."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnl.declared.claims import Place
from lnl.results.claims import estimates, groups, identities
from lnl.results.claims.evidence import Repeats
from lnl.results.claims.measured import parts
from lnl.results.claims.run_values import value

ROOT = Path(__file__).resolve().parent.parent
NOISES = ("pair-45", "symmetric-50", "symmetric-20")
E = 30


def test_the_distance_of_an_estimate_by_hand() -> None:
    spec = {"noise": {"key": "pair-45"}}
    made = {"spec": spec, "estimates": {"transition": np.eye(4).tolist()}}
    # each row of T differs from that of the identity by 0.45 in two places; the shifted rows have no weight there
    assert estimates.distances(made) == pytest.approx((0.45, 0.55))
    assert estimates.value(made, "transition_shift") == pytest.approx(-0.1)
    assert np.isnan(estimates.value({"spec": spec}, "transition_error"))


def test_early_and_fluctuation_by_hand() -> None:
    accuracy = [10.0, 30.0, *[50.0] * 18]
    accuracy[10] = 56.0
    made = {"curves": {"epoch": list(range(20)), "test_accuracy": [accuracy], "loss": [[1.0] * 20]}}
    assert value(made, "test_accuracy", "early") == 20.0  # the first two of twenty epochs
    inner = [0.0] * 16
    inner[8] = 6.0  # the running median of five is 50 throughout
    assert value(made, "test_accuracy", "fluctuation") == pytest.approx(np.std(inner))


def test_a_trend_needs_the_declared_order() -> None:
    rising = groups.trend([[1.0, 1.1, 1.2], [2.0, 2.1, 2.2], [3.0, 3.1, 3.2]])
    assert rising.p is not None
    assert rising.p < 0.01
    assert rising.effect == pytest.approx(27 / np.sqrt(27 * 36))  # tau-b: 27 of 36 pairs are not tied in the order
    falling = groups.trend([[3.0, 3.1, 3.2], [2.0, 2.1, 2.2], [1.0, 1.1, 1.2]])
    assert falling.p_against is not None
    assert falling.p_against < 0.01
    assert groups.trend([[1.0], [2.0]]).p is None


def test_the_best_inside_is_found_and_an_end_refutes_it() -> None:
    low, high = [60.0, 61.0, 62.0, 60.5, 61.5], [70.0, 71.0, 72.0, 70.5, 71.5]
    inside = groups.best_inside([low, high], [low, low])
    assert inside.effect == pytest.approx(10)
    assert (inside.p, inside.inside) == (pytest.approx(1e-4, rel=0.1), True)
    outside = groups.best_inside([low, low], [low, high])
    assert outside.p_against == pytest.approx(1e-4, rel=0.1)
    assert groups.best_inside([[1.0]], [[2.0]]).p is None


def repeats(noise: str, method: str, values: list[float], level: str = "", **curves: list[float]) -> Repeats:
    found = {}
    for seed, number in enumerate(values, 1):
        listed = {name: [curve] for name, curve in curves.items()}
        listed |= {"epoch": list(range(E)), "test_accuracy": [[number] * E], "loss": [[1.0] * E]}
        found[seed] = {
            "curves": {**listed, **({"test_accuracy": [curves["test_accuracy"]]} if "test_accuracy" in curves else {})},
            "spec": {"epochs": E, "paper_epochs": 2 * E, "split": "none"},
            "labels": {"digest": noise, "vector": "per_repeat", "realised_rate": 0.5},
            "data_digest": "d",
        }
    at = {"noise": noise, "dataset": "news7", "method": method}
    place = Place("x-01", 0, "a", [at], None, (level,) if level else ())
    return Repeats(place, f"{method}{level} at {noise}", (noise, method, level), "", len(values), found)


def test_grids_are_compared_within_their_method_and_noise() -> None:
    inside = [repeats("pair-45", m, [n, n + 1, n + 2], "g1") for m, n in (("pumpout-sl", 70.0), ("pumpout-bc", 50.0))]
    ends = [repeats("pair-45", m, [60.0, 61.0, 62.0], "g0") for m in ("pumpout-sl", "pumpout-bc")]
    found = parts({"kind": "INTERIOR", "a": "a", "b": "b"}, {"a": inside, "b": ends}, None)
    assert [part.outcome.effect for part in found if part.outcome] == pytest.approx([10, -10])


def test_signs_are_counted_over_cells_and_each_comparison_is_shown() -> None:
    up = [repeats(noise, "pumpout-sl", [70.0, 71.0, 72.0]) for noise in NOISES]
    base = [repeats(noise, "mentornet", [60.0, 62.0, 61.0]) for noise in NOISES[:2]]
    base += [repeats(NOISES[2], "mentornet", [80, 82, 81])]
    found = parts({"kind": "SIGN", "a": "a", "b": "b"}, {"a": up, "b": base}, None)
    assert [part.counted for part in found] == [True, False, False, False]
    assert found[0].outcome is not None
    assert (found[0].outcome.note, found[0].outcome.n) == ("2 of 3", "3 cells")
    few = [*base[:2], repeats(NOISES[2], "mentornet", [80, 82])]
    short = parts({"kind": "SIGN", "a": "a", "b": "b"}, {"a": up, "b": few}, None)[0].outcome
    assert short is not None
    assert (short.p, short.note) == (None, "2 of 3; two repeats, three are needed")  # cells count, means need repeats
    missing = parts(
        {"kind": "SIGN", "a": "a", "b": "b"}, {"a": up[:1], "b": [repeats("pair-45", "mentornet", [])]}, None
    )
    assert missing[0].outcome is None
    assert "1 of 1 cells: mentornet at pair-45: not run" in missing[0].missing


def test_two_curves_of_a_run_are_ranked_after_its_peak() -> None:
    accuracy = [float(min(e, 20 - e / 2)) for e in range(E)]  # up to 13 or 14, then down
    risk = [float(e) for e in range(E)]
    a = repeats("pair-45", "bc", [0.0, 0.0, 0.0], negative_risk=risk, test_accuracy=accuracy)
    test = {"kind": "SPEARMAN", "a": "a", "of": "negative_risk", "of_b": "test_accuracy", "threshold": 0}
    (whole,) = parts(test, {"a": [a]}, None)
    (after,) = parts({**test, "from": "peak"}, {"a": [a]}, None)
    assert whole.outcome is not None
    assert after.outcome is not None
    assert after.outcome.effect == pytest.approx(-1, abs=0.02)
    assert whole.outcome.effect is not None
    assert whole.outcome.effect > -0.5


def test_a_crossing_is_read_on_the_papers_clock() -> None:
    behind = [0.0] * 10 + [2.0] * 20
    a = repeats("pair-45", "pumpout-bc", [0.0] * 3, test_accuracy=behind)
    b = repeats("pair-45", "bc", [1.0] * 3)
    (part,) = parts({"kind": "CROSS", "a": "a", "b": "b", "near": 20}, {"a": [a], "b": [b]}, None)
    assert part.outcome is not None
    assert (part.outcome.effect, part.outcome.holds) == (20, True)  # epoch 10 of 30 that stand for 60


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("backward_correction_is_unbiased", [True] * 3),
        ("corrected_loss_of_a_sure_network", [True] * 3),
        ("row_of_ones_below_zero", [False] * 3 + [True] * 3),
        ("without_ascent_the_base_methods", [True] * 2),
        ("printed_margins", [True, True, True, False]),
    ],
)
def test_identities(name: str, fits: list[bool]) -> None:
    found = identities.comparisons(name, ROOT)
    assert [c.fits for c in found] == fits
    if name == "row_of_ones_below_zero":
        assert [c.counts for c in found] == [True] * 3 + [False] * 3
    if name == "printed_margins":
        assert [round(c.effect, 1) for c in found] == [10.0, 37.5, 10.0, 44.4]
        assert [c.counts for c in found] == [True, True, False, False]


def test_a_value_that_makes_runs_diverge_is_the_worst_and_costs_no_repeat() -> None:
    inside = repeats("pair-45", "pumpout-bc", [70.0, 71.0, 72.0, 70.5, 71.5], "gamma01")
    end = replace(repeats("pair-45", "pumpout-bc", [90.0], "gamma1"), wanted=5, diverged=frozenset({2, 3, 4, 5}))
    [part] = parts({"kind": "INTERIOR", "a": "inside", "b": "ends"}, {"inside": [inside], "ends": [end]}, None)
    assert part.outcome is not None
    assert part.outcome.n == "5 x 2 cells"
    assert part.outcome.effect == pytest.approx(71 - 90 / 5)
    nowhere = replace(end, results={}, diverged=frozenset(range(1, 6)))
    [gone] = parts({"kind": "GT", "a": "a", "b": "b"}, {"a": [inside], "b": [nowhere]}, None)
    assert gone.missing.endswith("diverged")
