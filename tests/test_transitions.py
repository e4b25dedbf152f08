"""Which transition matrix a method is given, and what is said of one that cannot be, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st

from lnl.declared import dependencies, transitions
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.noise.transition import matrix

ROOT = Path(__file__).resolve().parent.parent


@examples(60)
@given(kind=st.sampled_from(["symmetric", "pair", "uniform"]), percent=st.integers(1, 99), classes=st.integers(2, 12))
def test_singular_noises_are_known_without_a_matrix(kind: str, percent: int, classes: int) -> None:
    noise = f"{kind}-{percent}"
    singular = bool(np.abs(np.linalg.eigvals(matrix(noise, classes))).min() < 1e-9)
    said = False
    try:
        transitions.check({"transition": "true", "inverse": "exact"}, noise, classes, "here")
    except UserError as error:
        said = "singular" in str(error)
    assert said == singular


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (True, 'write "true", in quotes'),
        ("guessed", "transition is true, estimated or a matrix, one row a true class, not 'guessed'"),
        ([[1.0, 0.0]], "not a list of 2 rows of 2 numbers"),
        ([[0.9, 0.2], [0.1, 0.9]], "row 0 of transition is no distribution"),
        ([[1.1, -0.1], [0.1, 0.9]], "row 0 of transition is no distribution"),
        ([[0.5, 0.5], [0.5, 0.5]], "singular"),
        ([[1.0, 0.0], [1.0, 0.0]], "column 1 of transition is all zeros"),
        ([[True, False], [False, True]], "row 0 of transition is no distribution"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_one_line(wanted: Any, line: str) -> None:
    with pytest.raises(UserError, match="here") as caught:
        transitions.check({"transition": wanted, "inverse": "exact"}, "symmetric-20", 2, "here")
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("noise", ["pair-45", "symmetric-50"])
def test_a_matrix_of_a_hundred_classes_is_not_singular_because_its_determinant_is_small(noise: str) -> None:
    rows = matrix(noise, 100).tolist()
    transitions.check({"transition": rows, "inverse": "exact"}, noise, 100, "here")


def test_a_matrix_that_is_not_inverted_may_be_singular() -> None:
    transitions.check({"transition": [[0.5, 0.5], [0.5, 0.5]]}, "symmetric-20", 2, "here")
    transitions.check({"transition": "true", "inverse": "jittered"}, "symmetric-50", 2, "here")


def test_a_method_reads_another_network_only_with_the_parameters_that_say_so() -> None:
    suite = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    at = {"protocol": "s2e", "dataset": "mnist", "noise": "pair-45", "method": "f-correction"}
    cases: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
        ({}, [("held-out", "standard-held-out", "lowest-validation-loss")]),
        ({"variant": "late", "set": {"stage": "final"}}, [("final", "standard", "final")]),
        ({"variant": "given", "set": {"transition": "true"}}, []),
    ]
    for more, expected in cases:
        cell, _ = suite.cell_of([{**at, **more}], "here")
        assert cell is not None
        found = dependencies.handovers(suite, Run(cell, 3))
        assert [(name, source.cell.method, point) for name, (source, point) in found.items()] == expected
        assert all(source.seed == 3 for source, _ in found.values())
    default = Run(suite.parse("s2e/digits/pair-45/standard-held-out"), 3)
    assert dependencies.handover_points(suite, default) == ("lowest-validation-loss",)
