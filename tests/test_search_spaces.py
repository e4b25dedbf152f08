"""Search spaces: formulas against their definitions, R(0) = 1, ranges, clipping, and bad declarations."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from lnl.declared.schema import check
from lnl.errors import UserError
from lnl.learning.curves import FORMULAS, evaluate, kept_fraction, simplex
from lnl.learning.ramps import drop_rate
from lnl.search.listed import Listed
from lnl.search.spaces import Space, check_range, load_space
from tests.helpers import ROOT

T = 200.0
EPOCHS = np.arange(0.0, T)
NAMES = sorted(path.stem for path in (ROOT / "config" / "spaces").glob("*.yaml"))
SPACES = {name: load_space(ROOT, name) for name in NAMES}
CLAIMING = [name for name in NAMES if SPACES[name].starts_at_one]


def points(name: str) -> st.SearchStrategy[np.ndarray]:
    """Points of a space's cube; its faces and corners are drawn on purpose."""
    edge = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0.0, 1.0))
    dimension = SPACES[name].dimension
    return st.lists(edge, min_size=dimension, max_size=dimension).map(np.array)


def test_the_declared_spaces_are_those_of_the_sources() -> None:
    dimensions = {name: space.dimension for name, space in SPACES.items()}
    assert dimensions == {
        "simplex-basis": 5,
        "two-decays": 5,
        "two-decays-rise": 7,
        "four-bases": 19,
        "three-decays-two-rises": 12,
        "coteaching": 3,
        "coteaching-tau": 1,
        "free": 200,
        "mlp": 30,
        "rbf": 18,
    }
    assert sorted(set(NAMES) - set(CLAIMING)) == ["free", "mlp", "rbf", "simplex-basis"]
    assert {space.formula for space in SPACES.values()} == set(FORMULAS)


@pytest.mark.parametrize("name", CLAIMING)
@examples(60)
@given(data=st.data())
def test_r_starts_at_one_also_where_an_exponent_is_0(name: str, data: st.DataObject) -> None:
    u = data.draw(points(name))
    assert SPACES[name].raw(u, np.array([0.0]), T)[0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
@examples(40)
@given(data=st.data())
def test_after_clipping_r_stays_in_range_at_every_epoch(name: str, data: st.DataObject) -> None:
    space = SPACES[name]
    u = data.draw(points(name))
    values = space.curve(u, np.append(EPOCHS, 0.3), T)
    low, high = space.clip or (0.0, 1.0)
    assert np.isfinite(values).all() and values.min() >= low - 1e-12 and values.max() <= high + 1e-12


def test_a_rise_exponent_of_0_jumps_at_the_first_epoch_and_clipping_holds_it() -> None:
    space = SPACES["four-bases"]
    u = np.zeros(19)
    u[0] = 1.0  # all weight on the first function
    u[3:7] = [0.5, 0.0, 1.0, 0.0]  # no decay, a rise of height 0.5 and exponent 0
    raw = space.raw(u, np.array([0.0, 1.0]), T)
    assert raw[0] == 1.0 and raw[1] == pytest.approx(1.5)
    assert space.curve(u, np.array([1.0]), T)[0] == 1.0


def test_two_decays_gives_the_schedule_left_in_the_released_code() -> None:
    t = np.array([0, 1, 5, 10, 20, 50, 80, 100, 150, 199.0])
    expected = [1.00, 0.981, 0.914, 0.849, 0.753, 0.595, 0.512, 0.474, 0.407, 0.362]
    found = evaluate("two_decays", np.array([0.24419, 1.0, 0.00135, 0.68079, 0.03778]), t, T)
    np.testing.assert_allclose(found, expected, atol=6e-4)


def _by_hand(formula: str, x: list[float], t: float) -> float:
    """The formulas once more, one number at a time."""
    if formula == "two_decays":
        w, a1, b1, a2, b2 = x
        return w * math.exp(-b1 * t**a1) + (1 - w) * (1 + b2 * t) ** (-a2)
    if formula == "two_decays_rise":
        return _by_hand("two_decays", x[:5], t) + x[6] * (t / T) ** x[5]
    if formula == "three_decays_two_rises":
        w1, a1, b1, a2, b2, a3, b3, w2, a5, b5, b4, a4 = x
        decays = [math.exp(-b1 * t**a1), (1 + b2 * t) ** (-a2), math.log(1 + a5) / math.log(1 + a5 + b5 * t)]
        weights = [w1, (1 - w1) * w2, (1 - w1) * (1 - w2)]
        rises = b3 * (t / T) ** a3 + b4 * math.log(1 + t**a4) / math.log(1 + T**a4)
        return sum(w * d for w, d in zip(weights, decays, strict=True)) + rises
    if formula == "four_bases":
        total = 0.0
        for i, weight in enumerate(simplex(np.array(x[:3]))):
            a1, a2, a3, a4 = x[3 + 4 * i : 7 + 4 * i]
            decay = math.exp(-a2 * t**a1) if i < 2 else 1 / (1 + a2 * t) ** a1
            rise = (t / T) ** a4 if i % 2 == 0 else math.log(1 + t**a4) / math.log(1 + T**a4)
            total += weight * (decay + a3 * rise)
        return total
    if formula == "coteaching":
        return 1 - x[0] * min((t / x[2]) ** x[1], 1)
    if formula == "coteaching_tau":
        return 1 - drop_rate(t, x[0], 10, 1, "as_released", "as_released")
    if formula == "free":
        return x[max(int(t) - 1, 0)]
    if formula == "mlp":
        w, b, v = (norm.ppf(x[i : i + 10]) for i in (0, 10, 20))
        return 1 - 1 / (1 + math.exp(-float((v * (w * t / T + b)).sum())))
    if formula == "rbf":
        bumps = zip(x[:6], x[6:12], x[12:], strict=True)
        return 1 - min(sum(w * math.exp(-((t / T - c) ** 2) / (2 * s * s)) for c, s, w in bumps), 1)
    return sum(w * f for w, f in zip(simplex(np.array(x)), _printed_functions(t), strict=True))


def _printed_functions(t: float) -> list[float]:
    """simplex-basis as its declaration writes it."""
    pow1, exp1 = (1 + t / 4) ** -0.5, math.exp(-(t**0.5) / 4)
    first, last = 1.25**-0.5, 51**-0.5  # pow1 at t = 1 and at T = 200
    vapor = (t / T) ** ((first - last) / math.log(T)) * math.exp(pow1 - last)
    rises = t / (4 * T), math.log(1 + t) / (4 * math.log(1 + T))
    return [pow1, exp1, math.log(1.5) / math.log(t / 4 + 1.5), vapor, exp1 + rises[0], pow1 + rises[1]]


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_against_its_definition(name: str) -> None:
    space = SPACES[name]
    drawn = np.random.default_rng(3).random((20, space.dimension))
    t = np.array([1.0, 2.0, 9.0, 10.0, 47.0, 120.0, 199.0])
    found = space.raw(drawn, t, T)
    for u, row in zip(drawn, found, strict=True):
        expected = [_by_hand(space.formula, space.x(u).tolist(), float(e)) for e in t]
        np.testing.assert_allclose(row, expected, rtol=1e-10, atol=1e-12)


def test_statistics_of_the_uniform_prior_of_the_twelve_numbers() -> None:
    raw = SPACES["three-decays-two-rises"].raw(np.random.default_rng(0).random((20_000, 12)), EPOCHS[1:], T)
    assert (raw > 1.0).any(1).mean() == pytest.approx(0.25, abs=0.015)
    np.testing.assert_allclose(1 - raw[:, [9, 49, 99, 198]].mean(0), [0.35, 0.41, 0.38, 0.28], atol=0.015)


def test_uniform_sticks_are_uniform_on_the_simplex() -> None:
    weights = simplex(np.random.default_rng(0).random((200_000, 5)))
    np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-12)
    assert weights.min() >= 0.0
    # Dirichlet(1, ..., 1) of k = 6: mean 1/k, variance (k - 1) / (k^2 (k + 1)), covariance -1 / (k^2 (k + 1))
    np.testing.assert_allclose(weights.mean(0), 1 / 6, atol=2e-3)
    expected = np.full((6, 6), -1 / 252)
    np.fill_diagonal(expected, 5 / 252)
    np.testing.assert_allclose(np.cov(weights.T), expected, atol=3e-4)


def test_only_vapors_share_keeps_the_printed_space_from_starting_at_one() -> None:
    u = np.random.default_rng(4).random((50, 5))
    weights = simplex(u)
    raw = SPACES["simplex-basis"].raw(u, np.array([0.0]), T)
    np.testing.assert_allclose(raw[:, 0], 1.0 - weights[:, 3], atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_corners_of_the_cube_are_the_bounds_of_the_declared_ranges(name: str) -> None:
    space = SPACES[name]
    declared = yaml.safe_load((ROOT / "config" / "spaces" / f"{name}.yaml").read_text())["coordinates"]
    bounds = np.array([each["range"] for each in declared for _ in range(each.get("count", 1))], dtype=float)
    for share in (0.0, 0.25, 1.0):
        expected = (1 - share) * bounds[:, 0] + share * bounds[:, 1]
        np.testing.assert_allclose(space.x(np.full(space.dimension, share)), expected)


def test_values_of_a_list_have_equal_intervals_in_declared_order() -> None:
    found = [Listed((0.3, 0.1, 0.2)).entry(np.array([u]))["value"] for u in (0.0, 0.3, 0.35, 0.65, 0.7, 1.0)]
    assert found == [0.3, 0.3, 0.1, 0.1, 0.2, 0.2]


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_survives_json_and_needs_no_declaration(name: str) -> None:
    space = SPACES[name]
    u = np.random.default_rng(1).random(space.dimension)
    schedule = json.loads(json.dumps(space.schedule(u)))
    assert set(schedule) == {"formula", "clip", "x"}
    for t in (0.0, 1.0, 3.3333, 17.5, 199.0):
        assert kept_fraction(schedule, t, T) == pytest.approx(space.curve(u, np.array([t]), T)[0], abs=1e-15)


def test_shapes_broadcast() -> None:
    for space in SPACES.values():
        u = np.random.default_rng(2).random((2, 3, space.dimension))
        found = space.curve(u, EPOCHS, T)
        assert found.shape == (2, 3, len(EPOCHS))
        np.testing.assert_allclose(found[1, 2], space.curve(u[1, 2], EPOCHS, T), rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_the_declared_spaces_pass_their_own_check(name: str) -> None:
    check_range(SPACES[name], T)


def test_a_space_that_leaves_the_range_without_a_clip_rule_is_refused_in_one_line() -> None:
    declared = SPACES["two-decays-rise"]
    bare = Space(**{**declared.__dict__, "clip": None})
    with pytest.raises(UserError, match=r"space 'two-decays-rise': .*outside \[0, 1\], and no clip rule") as error:
        check_range(bare, T)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="no clip rule within"):  # one that holds R at 0 alone, and R goes above 1
        check_range(Space(**{**declared.__dict__, "clip": (0.0, 2.0)}), T)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"formula": "two_decay"}, "did you mean 'two_decays'"),
        ({"clip": [1.0, 0.01]}, "the lower bound 1.0 is not below the upper bound 0.01"),
        ({"cliip": None}, "unknown key 'cliip' .did you mean 'clip'"),
        ({"coordinates": [{"name": "w", "range": [0, 1], "role": "weight"}]}, "takes 5 numbers, 1 declared"),
        ({"coordinates": [{"name": "w", "range": [1, 0], "role": "weight", "count": 5}]}, "starts at 1 and ends at 0"),
        ({"starts_at_one": "yes"}, "starts_at_one"),
    ],
)
def test_bad_declarations_are_one_clear_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    declared = yaml.safe_load((ROOT / "config" / "spaces" / "two-decays.yaml").read_text())
    folder = tmp_path / "config" / "spaces"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(yaml.safe_dump({**declared, **change}))
    with pytest.raises(UserError, match=message) as error:
        _read_as_the_suite_does(tmp_path)
    assert "mine.yaml" in str(error.value) and "\n" not in str(error.value)


def _read_as_the_suite_does(root: Path) -> None:
    """The schema with all declarations, in the head; what it cannot tell when the space is used."""
    check(yaml.safe_load((root / "config/spaces/mine.yaml").read_text()), "space", "config/spaces/mine.yaml")
    load_space(root, "mine")


def test_an_unknown_space_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'two-decays'"):
        load_space(ROOT, "two-decay")
