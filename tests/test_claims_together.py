"""Intervals that must all hold for one claim: together at 95%, by Student's quantiles worked out by hand."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lnl.declared.claim_tests import KINDS
from lnl.declared.schema import check
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.results.claims import shapes, tests
from lnl.results.claims.decisions import Verdict, decide, weighed
from lnl.results.claims.parts import Part
from lnl.results.claims.tests import holm
from lnl.results.claims.words import sentence

ROOT = Path(__file__).resolve().parent.parent
VALUES = [90.0, 91.0, 92.0]  # mean 91, standard error 1 / sqrt(3)

# With two degrees of freedom Student's distribution is arithmetic: P(|T| > t) = 1 - t / sqrt(t^2 + 2).
# 95%: t = 4.302653, half width 2.4842. 1 - 0.05 / 3 = 98.33%: t = 7.648804, half width 4.4160.
HALF, HALF_OF_THREE = (1 / math.sqrt(3) * t for t in (4.302653, 7.648804))


def judged(outcomes, joint, others=(1.0,)):
    """The verdict on a claim with these parts, beside claims whose opposites have the other p."""
    parts = tuple(Part(f"part {i}", outcome, joint=joint) for i, outcome in enumerate(outcomes))
    made = weighed(Verdict("x", "x-01", "", "", "yes", "", "runs", "", True, "not run", parts))
    adjusted = holm([made.p_against, *others])[0]
    return decide(replace(made, p_against_holm=adjusted), 1 + len(others))


def printed(*means):
    return [tests.reference(VALUES, mean, None, None) for mean in means]


def test_an_interval_misses_at_a_level_if_its_p_of_a_difference_is_below():
    inside, outside = printed(91 + HALF - 1e-3, 91 + HALF + 1e-3)
    assert (inside.holds, outside.holds) == (True, False)
    assert (inside.low, inside.high) == pytest.approx((91 - HALF, 91 + HALF), abs=1e-5)
    (far,) = printed(94.0)  # t = 3 sqrt(3) = 5.196: p = 1 - sqrt(27 / 29)
    assert far.p_against == pytest.approx(1 - math.sqrt(27 / 29))
    assert printed(91 + HALF_OF_THREE)[0].p_against == pytest.approx(0.05 / 3, abs=1e-7)


def test_three_intervals_together_may_miss_as_one_of_three_right_ones_does():
    # 3 points off: beyond 2.48, within 4.42. Alone it refutes; as one of three it is what chance makes of right values
    outcomes = printed(91.5, 90.5, 94.0)
    assert [outcome.holds for outcome in outcomes] == [True, True, False]
    held = judged(outcomes, joint=True)
    assert held.word == "held"
    assert "3 intervals tested together, each of 98.33%" in held.note
    assert held.weakest.outcome.effect == 91
    assert "misses 94" in held.weakest.outcome.note
    assert judged(outcomes, joint=False).word == "undecided"  # neither all of them at 95% nor one missed beyond chance
    assert judged(printed(94.0), joint=True, others=()).word == "not held"  # there are no others to share the 5% with


def test_one_interval_that_misses_at_the_level_of_three_refutes():
    # 6 points off: p = 1 - sqrt(108 / 110) = 0.00913, three times which is 0.0274
    outcomes = printed(91.5, 90.5, 97.0)
    assert judged(outcomes, joint=True, others=()).word == "not held"
    assert judged(outcomes, joint=True, others=()).p_against == pytest.approx(3 * (1 - math.sqrt(108 / 110)))
    # beside another claim tested in the same setting Holm doubles it
    assert judged(outcomes, joint=True).word == "undecided"


def test_intervals_still_to_come_share_the_level_from_the_start():
    missing = [*printed(97.0), None, None]
    assert judged(missing, joint=True, others=()).p_against == pytest.approx(3 * (1 - math.sqrt(108 / 110)))
    assert judged(missing, joint=True, others=()).word == "not held"
    assert judged([*printed(94.0), None, None], joint=True, others=()).word == "undecided"
    assert judged([*printed(91.0), None, None], joint=True, others=()).word == "undecided"


def test_two_repeats_of_one_of_them_leave_the_claim_undecided():
    found = judged([*printed(91.5, 90.5), tests.reference([90.0, 92.0], 91.0, None, None)], joint=True)
    assert found.word == "undecided"
    assert "two repeats, three are needed" in found.note


def test_a_verdict_says_that_a_printed_spread_counted_as_that_of_one_run():
    # ours 1 / 3, theirs 4: sqrt(13 / 3) = 2.08, many degrees of freedom; without theirs 94.5 would be missed
    alone, spread = tests.reference(VALUES, 94.5, None, None), tests.reference(VALUES, 94.5, 2.0, None)
    assert (alone.holds, spread.holds) == (False, True)
    assert spread.high == pytest.approx(91 + 1.96 * math.sqrt(13 / 3), abs=0.1)
    found = judged([spread], joint=True)
    assert found.word == "held"
    assert "n_p = 1, the widest reading of a printed spread of unknown n" in found.note


def test_crossings_are_tested_together_like_printed_values():
    epochs = [40.0, 50.0, 60.0]  # standard error 10 / sqrt(3): 95% 24.8 epochs, 97.5% 35.8 of either side
    near, far = shapes.cross(epochs, 50), shapes.cross(epochs, 80)
    assert (near.holds, far.holds) == (True, False)
    assert judged([near, far], joint=True).word == "held"
    assert judged([near, shapes.cross(epochs, 90)], joint=True, others=()).word == "not held"


def test_claims_with_several_intervals_test_them_together():
    suite = Suite.load(ROOT, {"scale": "paper", "seeds": None}, validate=False)
    kinds = {}
    for paper in suite.claims.values():
        for claim in paper["claims"]:
            listed = claim.get("test") or []
            for test in listed if isinstance(listed, list) else [listed]:
                if test["kind"] in ("REF", "CROSS"):
                    kinds.setdefault(claim["key"], set()).add(test.get("allow"))
                    assert sentence(test).endswith("all of them at once with 95%")
    assert {"s2e-21", "tut-09", "pum-22", "l2r-35", "ieg-46"} <= set(kinds)
    assert all(allowed == {"chance"} for allowed in kinds.values())


def test_only_intervals_that_contain_a_number_can_be_tested_so():
    declared = {
        "key": "x-01",
        "where": "here",
        "claim": "so",
        "cores": "no",
        "cells": {"a": {"method": "standard"}, "b": {"method": "coteaching"}},
        "test": {"kind": "VAR", "a": "a", "b": "b", "repeats": 2},  # two repeats are never a verdict
    }
    assert [kind for kind, test in KINDS.items() if "allow" in test.keys] == ["CROSS", "REF"]
    with pytest.raises(UserError, match=r"repeats"):
        check({"title": "t", "claims": [declared]}, "claims", "claims/x.yaml")
