"""A claim that could not be judged is refused when it is declared, and not when everything is trained for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lnl.declared import claim_checks
from lnl.declared.suite import Suite
from lnl.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
HERE = {"protocol": "s2e", "dataset": "mnist"}
NOISES = ["pair-45", "symmetric-20", "symmetric-50"]
ARM = {"study": "algorithms", "arm": "random"}
VARY = [[{"variant": f"tau{n}", "set": {"tau": n}} for n in (1, 2)], [{"variant": "c1", "set": {"c": 1}}]]
CELLS: dict[str, Any] = {
    "coteaching": {"noise": NOISES, "method": "coteaching"},
    "others": {"noise": NOISES, "method": ["standard", "mentornet"]},
    "clean": {"noise": "clean", "method": "standard"},
    "one": {"noise": "pair-45", "method": "standard"},
    "found": {"noise": "pair-45", "method": "coteaching", "search": ["tau-grid", "random"]},
    "gamma": {"noise": "pair-45", "method": "pumpout-sl", "protocol": "pumpout", "search": "gamma-grid"},
    "arm": ARM,
    "newton": {**ARM, "arm": "newton"},
    "elsewhere": {**ARM, "study": "quadratic"},
    "grid": {"noise": "pair-45", "method": "coteaching", "vary": VARY},
}


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "paper"}, validate=False)


def judged(suite: Suite, *tests: dict[str, Any], cells: dict[str, Any] | None = None, **more: Any) -> None:
    """Check a claims file of one claim with these tests."""
    known = CELLS if cells is None else cells
    named = {side: known[test[side]] for test in tests for side in ("a", "b") if test.get(side) in known}
    used = {test[side]: known[test[side]] for test in tests for side in named if test.get(side) in known}
    claim = {"key": "x-01", "where": "here", "claim": "so", "cores": "no", **more}
    if tests:
        claim |= {"cells": used, "test": list(tests)}
    catalogue = {k: getattr(suite, k) for k in ("protocols", "methods", "searches", "synthetic", "tables")}
    claim_checks.check(SimpleNamespace(**catalogue, claims={"x": {"title": "t", **HERE, "claims": [claim]}}))


GOOD: list[dict[str, Any]] = [
    {"kind": "GT", "a": "coteaching", "b": "others"},
    {"kind": "GT", "a": "clean", "of": "clean_accuracy", "of_b": "train_accuracy_given", "at": "first"},
    {"kind": "KW", "a": "others"},
    {"kind": "INTER", "a": "coteaching", "b": "others", "harder": ["pair-45"], "easier": "symmetric-20"},
    {"kind": "ONE_SAMPLE", "a": "found", "of": "late_rise"},
    {"kind": "SEARCH", "a": "arm", "b": "newton", "by": "best"},
    {"kind": "ANOVA", "a": "grid", "factors": ["tau", "c"]},
    {"kind": "SHARE", "a": "found", "b": "one", "threshold": 0.5},
    {"kind": "SPEARMAN", "a": "found", "b": "one", "threshold": 0},
]


@pytest.mark.parametrize("test", GOOD, ids=lambda test: test["kind"])
def test_what_can_be_judged_is_accepted(suite: Suite, test: dict[str, Any]) -> None:
    judged(suite, test)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"kind": "GT", "a": "cotaching", "b": "others"}, "unknown cell 'cotaching'"),
    ({"kind": "GT", "a": "coteaching", "b": "others", "low": 1}, "takes no 'low'"),
    ({"kind": "EQ", "a": "coteaching", "b": "others"}, "'margin' is missing"),
    ({"kind": "EQ", "a": "coteaching", "b": "others", "margin": 0}, "'margin' 0 leaves nothing"),
    ({"kind": "GT", "a": "coteaching"}, "names no 'b' to compare with, and no 'of_b'"),
    (
        {"kind": "GT", "a": "coteaching", "of_b": "test_accuracy"},
        "compares 'test_accuracy' of 'coteaching' with itself",
    ),
    ({"kind": "GT", "a": "coteaching", "b": "coteaching"}, "compares nothing"),
    ({"kind": "GT", "a": "clean", "b": "coteaching"}, "compares nothing"),
    ({"kind": "SEARCH", "a": "arm", "b": "elsewhere", "by": "best"}, "compares nothing"),
    ({"kind": "GT", "a": "one", "b": "others", "of": "label_precison"}, "(did you mean 'label_precision'?"),
    ({"kind": "GT", "a": "one", "b": "others", "of": "late_rise"}, "trainings have no 'late_rise'"),
    ({"kind": "ONE_SAMPLE", "a": "found"}, "searches have no 'test_accuracy' ('of')"),
    ({"kind": "ONE_SAMPLE", "a": "gamma", "of": "late_rise"}, "search 'gamma-grid' finds a value, no schedule"),
    ({"kind": "ONE_SAMPLE", "a": "found", "of": "best_test", "at": "final"}, "is one number, and has no 'at'"),
    ({"kind": "ONE_SAMPLE", "a": "arm", "of": "error", "minus": "clean_rate"}, "synthetic arms have no labels"),
    ({"kind": "GT", "a": "one", "b": "others", "of": "loss_auc", "at": "last10_file"}, "is of test_accuracy alone"),
    ({"kind": "FALL", "a": "found", "margin": 1}, "'found' are searches; a has to be trainings"),
    ({"kind": "RISE", "a": "one", "from": 20}, "'to' is missing"),
    ({"kind": "RISE", "a": "one", "from": 20, "to": 10}, "'from' 20 is no epoch before 'to' 10"),
    (
        {"kind": "INTERVAL", "a": "clean", "b": "others", "match": "method", "low": 40, "high": 20},
        "is not below 'high'",
    ),
    ({"kind": "SPREAD", "a": "one", "below": 0}, "'below' is a spread above 0"),
    ({"kind": "SHARE", "a": "found", "b": "one", "threshold": 1.5}, "'threshold' lies between 0 and 1"),
    ({"kind": "SHARE", "a": "one", "b": "one", "threshold": 0.5}, "'one' are trainings; a has to be searches"),
    ({"kind": "SPEARMAN", "a": "one", "threshold": 0, "of_b": "loss_auc"}, "'of' is missing"),
    ({"kind": "SPEARMAN", "a": "one", "b": "found", "threshold": 0}, "'one' have to be searches, with a b"),
    ({"kind": "SEARCH", "a": "arm", "b": "newton", "by": "best", "from": "peak"}, "'from' is a cost in full trainings"),
    ({"kind": "SIGN", "a": "coteaching", "b": "others"}, "'coteaching' are 3 places and 'others' 6"),
    ({"kind": "INTERIOR", "a": "coteaching", "b": "others"}, "'others' has no place at mnist, pair-45, coteaching"),
    ({"kind": "ANOVA", "a": "grid", "factors": ["tau"]}, "'factors' names 1, and 'grid' vary 2"),
    ({"kind": "KW", "a": "coteaching"}, "compares nothing"),
    (
        {"kind": "INTER", "a": "one", "b": "others", "harder": "clean", "easier": "pair-45"},
        "has no standard at 'clean'",
    ),
    ({"kind": "VAR", "a": "clean", "b": "coteaching"}, "have no noise in common"),
    ({"kind": "SPREAD", "a": "one", "below": 1, "pool": "b"}, "'pool': b, and there is no b"),
    ({"kind": "REF", "a": "one", "table": "s2e_tabel3"}, "unknown table 's2e_tabel3' (did you mean 's2e_table3'?"),
    ({"kind": "REF", "a": "one", "table": "tutorial_networks"}, "has no published accuracies"),
    ({"kind": "REF", "a": "one", "table": "s2e_table3", "row": "{nose}"}, "coordinate to fill in 'nose'"),
    ({"kind": "REF", "a": "one", "table": "s2e_table3", "row": "{"}, "cannot be filled in"),
    ({"kind": "REF", "a": "one", "table": "s2e_table3"}, "unknown printed row of s2e_table3 'pair-45'"),
    ({"kind": "FALL", "a": "one", "margin": 1, "aside": True}, "all of its tests are controls or set aside"),
]


@pytest.mark.parametrize(("test", "line"), BAD, ids=[f"{test['kind']}-{n}" for n, (test, _) in enumerate(BAD)])
def test_what_could_not_be_judged_is_one_line(suite: Suite, test: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as caught:
        judged(suite, test)
    said = str(caught.value)
    assert line in said and said.startswith("claims/x.yaml, claim 'x-01'") and "\n" not in said


LEAD = {"kind": "INTER", "a": {"table": "ieg_table2", "row": "ieg"}, "b": {"row": "gce"}}


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"identity": "printed_margns"}, "unknown identity 'printed_margns' (did you mean 'printed_margins'?"),
        ({"printed": [{"kind": "RANGE", "a": {"table": "tutorial_rt"}, "below": 1}]}, "'label' is missing"),
        ({"printed": [{"kind": "BELOW", "a": {"table": "tutorial_rt"}, "threshold": 1}]}, "'row' is missing"),
        (
            {
                "printed": [
                    {"kind": "BELOW", "a": {"table": "tutorial_rt", "row": "x", "column": "all"}, "threshold": 1}
                ]
            },
            "unknown printed row of tutorial_rt 'x'",
        ),
        ({"printed": [LEAD | {"harder": "r80", "easier": "r20", "a": LEAD["a"] | {"column": "r40"}}]}, "takes no 'col"),
        ({"printed": [LEAD | {"harder": ["r80"], "easier": "r80"}]}, "'r80' is the harder and the easier column"),
        (
            {"printed": [LEAD | {"harder": "r81", "easier": "r20"}]},
            "unknown printed column of ieg_table2 at ieg 'r81'",
        ),
        ({"printed": [LEAD | {"harder": "r80"}]}, "'easier' is missing"),
        ({"settings": [{"protocol": "s2"}], "waits": "so"}, "unknown protocol 's2'"),
        ({"settings": [{"methods": ["standrd"]}], "waits": "so"}, "unknown method 'standrd'"),
    ],
)
def test_what_a_claim_says_without_runs_is_checked_as_well(suite: Suite, more: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as caught:
        judged(suite, **more)
    assert line in str(caught.value)


def test_a_cell_that_no_test_looks_at_is_not_trained_for_nothing(suite: Suite) -> None:
    declared = {"title": "t", **HERE, "claims": []}
    claim = {
        "key": "x-01",
        "where": "h",
        "claim": "c",
        "cores": "no",
        "test": {"kind": "FALL", "a": "one", "margin": 1},
    }
    catalogue = {k: getattr(suite, k) for k in ("protocols", "methods", "searches", "synthetic", "tables")}
    for claims, line in (
        ([{**claim, "cells": {"one": CELLS["one"], "two": CELLS["clean"]}}], "cell 'two' is in no test"),
        ([{**claim, "cells": {"ones": CELLS["one"]}}], "unknown cell 'one' .did you mean 'ones'"),
        ([{**claim, "cells": {"one": {"noise": "clean"}}}], "names no method"),
        ([{**claim, "cells": {"one": CELLS["one"]}}] * 2, "has a claim of this key already"),
    ):
        with pytest.raises(UserError, match=line):
            claim_checks.check(SimpleNamespace(**catalogue, claims={"x": {**declared, "claims": claims}}))
