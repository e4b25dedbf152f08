"""The six functions of S2E's figure 2 as they are read: values by hand, where they begin, what they are fixed at."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lnl.declared.suite import Suite
from lnl.learning.basis_functions import CANDIDATES, fixed_bases, fixed_numbers
from lnl.learning.curves import evaluate
from lnl.render.basis import WRITTEN
from lnl.render.figure import data_of, drawing
from tests.helpers import ROOT

T = 200.0


def value(name: str, x: list[float], t: float) -> float:
    return float(CANDIDATES[name].curve(np.array(x), np.array([t]), T)[0])


@pytest.mark.parametrize(
    ("name", "x", "t", "expected"),
    [
        ("pow1", [0.5, 0.25], 12.0, 0.5),  # 1 / sqrt(1 + 3)
        ("exp1", [0.5, 0.25], 16.0, math.exp(-1.0)),
        ("log", [0.25, 1.5], 3.0, math.log(1.5) / math.log(2.25)),  # = 1/2: 2.25 is 1.5 squared
        ("log", [0.25, 2.0], 8.0, 0.5),  # ln 2 / ln 4
        ("vapor", [1.0, 0.5, 1.0], 100.0, 0.5 * math.exp(1 / 51 - 1 / 101)),
        ("vapor", [0.3, 0.2, 1.7], 200.0, 1.0),
        ("exp2", [0.5, 0.25, 2.0, 0.4], 100.0, math.exp(-2.5) + 0.1),
        ("pow2", [0.5, 0.25, 1.0, 0.5], 12.0, 0.5 + 0.5 * math.log(13) / math.log(201)),
    ],
)
def test_a_function_by_hand(name: str, x: list[float], t: float, expected: float) -> None:
    assert value(name, x, t) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", CANDIDATES)
def test_all_but_vapor_are_1_before_the_first_epoch_and_vapor_is_0(name: str) -> None:
    candidate = CANDIDATES[name]
    u = np.vstack([np.random.default_rng(0).random((200, len(candidate.ranges))), np.zeros(len(candidate.ranges))])
    begin = candidate.curve(candidate.x(u), np.array([0.0]), T)
    np.testing.assert_allclose(begin, 0.0 if name == "vapor" else 1.0, atol=1e-12)


@pytest.mark.parametrize(("name", "top"), [("exp2", 1.5), ("pow2", 1.5), ("vapor", math.e)])
def test_functions_that_can_leave_the_range(name: str, top: float) -> None:
    candidate = CANDIDATES[name]
    drawn = candidate.x(np.random.default_rng(0).random((2000, len(candidate.ranges))))
    r = candidate.curve(drawn, np.arange(1.0, T + 1), T)
    assert 1.0 < r.max() < top and r.min() > 0.0


def test_the_released_five_numbers_are_pow1_and_exp1_mixed() -> None:
    t = np.arange(0.0, T)
    w, a1, b1, a2, b2 = 0.3, 0.7, 0.2, 0.4, 0.1
    exp1, pow1 = (CANDIDATES[k].curve(np.array(x), t, T) for k, x in (("exp1", [a1, b1]), ("pow1", [a2, b2])))
    np.testing.assert_allclose(evaluate("two_decays", np.array([w, a1, b1, a2, b2]), t, T), w * exp1 + (1 - w) * pow1)


def test_the_tutorials_first_and_last_basis_are_exp2_and_pow2() -> None:
    t = np.arange(0.0, T)
    a1, a2, a3, a4 = 0.7, 0.2, 0.3, 1.5
    for sticks, name in (((1.0, 0.0, 0.0), "exp2"), ((0.0, 0.0, 0.0), "pow2")):
        corner = evaluate("four_bases", np.array([*sticks, *[a1, a2, a3, a4] * 4]), t, T)
        np.testing.assert_allclose(corner, CANDIDATES[name].curve(np.array([a1, a2, a4, a3]), t, T))


def test_fixed_numbers_are_the_middle_of_the_ranges_and_vapor_starts_at_1() -> None:
    assert fixed_numbers("pow1", T).tolist() == [0.5, 0.25]
    assert fixed_numbers("log", T).tolist() == [0.25, 1.5]
    assert fixed_numbers("exp2", T).tolist() == [0.5, 0.25, 1.0, 0.25]
    a, b, n = fixed_numbers("vapor", T)
    assert (a, b) == (0.5, 0.25) and n == pytest.approx((1.25**-0.5 - 51**-0.5) / math.log(200))
    r = fixed_bases(np.arange(1.0, T + 1), T)
    assert r[3, 0] == pytest.approx(1.0) and r[3, -1] == pytest.approx(1.0)
    assert 1.0 < r[3].max() < 1.03  # cut by the space's clip rule
    assert np.delete(r, 3, axis=0).max() < 1.0 and r.min() > 0.0


def test_the_figures_table_has_the_functions_in_the_order_of_the_weights() -> None:
    assert list(WRITTEN["simplex-basis"]) == list(CANDIDATES) == ["pow1", "exp1", "log", "vapor", "exp2", "pow2"]


@pytest.mark.parametrize(
    ("key", "names"),
    [("s2e_figure2", list(CANDIDATES)), ("tutorial_basis_functions", ["f1", "f2", "f3", "f4"])],
)
def test_the_figure_is_a_table_with_curves_beside_it_and_neither_covers_the_other(key: str, names: list[str]) -> None:
    suite = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    data = data_of(suite, key)
    figure = drawing(suite, key)(data)
    figure.canvas.draw()
    assert list(dict.fromkeys(number[2] for number in data.numbers)) == [*names, "target"]
    table, plot = figure.axes
    words = [text.get_window_extent() for text in table.texts]
    assert max(box.x1 for box in words) < plot.get_tightbbox().x0
    rows = sorted({round(box.y0 + box.y1) / 2 for box in words})
    assert len(rows) == len(names) + 2  # head, functions, target
    assert min(np.diff(rows)) > max(box.height for box in words)
    if key == "s2e_figure2":
        values = {number[4]: number[5] for number in data.numbers if number[2] == "vapor"}
        assert values[0] == 0.0 and values[1] == pytest.approx(1.0) == values[200]
        small = " ".join(text.get_text() for text in figure.texts)
        assert "vapor at a=0.5, b=0.25, n=0.142" in small and "vapor is 0 at t = 0, 1 at t = 1" in small
