"""Search algorithms: pure proposals, the printed and released updates number by number, and what makes one sound."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh

from lnl.declared.search_options import FISHER_SAMPLES
from lnl.declared.search_rounds import Length, accounting, plan
from lnl.errors import UserError
from lnl.search.algorithms import NAMES, build
from lnl.search.algorithms.base import generator
from lnl.search.algorithms.hyperband import Hyperband
from lnl.search.algorithms.natural_gradient import raw
from lnl.search.algorithms.trust import bounded, pooled, utilities, weights
from lnl.search.beta import Betas
from lnl.search.history import Candidate, Round

OPTIMUM = np.array([0.62, 0.35, 0.81])
SOUND = [{"name": name, "form": "sound"} for name in ("natural-gradient", "newton", "gradient")]
FORMS: list[dict[str, Any]] = [
    *SOUND,
    {"name": "natural-gradient", "form": "as_printed", "fisher_samples": 2000},
    {"name": "natural-gradient", "form": "as_released", "fisher_samples": 2000},
    {"name": "natural-gradient", "form": "as_released_best", "fisher_samples": 2000},
    {"name": "newton", "form": "as_printed"},
    {"name": "newton", "form": "as_released"},
    {"name": "newton", "form": "as_released", "broadcast": False},
    {"name": "gradient", "form": "as_printed"},
    {"name": "gradient", "form": "as_released"},
]
ALL = [{"name": "random"}, {"name": "hyperband", "eta": 3, "brackets": 3}, *FORMS]
RELEASED = {"rungs": "as_released", "continue": False}


def label(algorithm: Mapping[str, Any]) -> str:
    """A short name of a case."""
    return "-".join(str(value) for value in algorithm.values())


def reward(u: np.ndarray) -> float:
    """Best, 1, at the optimum."""
    return 1.0 - float(np.sqrt(((u - OPTIMUM[: len(u)]) ** 2).mean()))


def played(
    algorithm: Mapping[str, Any], rounds: int, samples: int = 6, seed: int = 1, dimension: int = 3
) -> list[Round]:
    """A history of `rounds` rounds; the second candidate of the first round diverges."""
    running, history = build(algorithm, dimension, max(rounds, 1), samples), []
    for index in range(rounds):
        proposed = tuple(running.propose(history, seed))
        scores: list[float | None] = [reward(np.array(c.u)) for c in proposed]
        if index == 0:
            scores[1] = None
        history.append(Round(proposed, tuple(scores)))
    return history


@pytest.mark.parametrize("algorithm", ALL, ids=label)
def test_proposals_are_a_pure_function_of_history_and_seed(algorithm: dict[str, Any]) -> None:
    history = played(algorithm, 2)
    np.random.seed(1)
    first = build(algorithm, 3, 3, 6).propose(history, 1)
    np.random.seed(2)
    used = build(algorithm, 3, 3, 6)
    used.propose(played(algorithm, 1, seed=2), 2)  # what it was asked before plays no part
    assert used.propose(history, 1) == first == used.propose(history, 1)
    other = build(algorithm, 3, 3, 6).propose(history, 2)
    assert algorithm["name"] == "hyperband" or other != first
    assert all(0.0 < u < 1.0 for candidate in first for u in candidate.u)


@pytest.mark.parametrize("algorithm", FORMS, ids=label)
def test_a_history_leads_to_one_distribution_whatever_was_asked_before(algorithm: dict[str, Any]) -> None:
    """A job that finds two rounds on the disk replays them; a walk in one process has seen each as it came."""
    history = played(algorithm, 2)

    def at_once(rounds: list[Round], seed: int) -> np.ndarray:
        return build(algorithm, 3, 3, 6).distribution(rounds, seed).theta

    other = [history[0], Round(history[1].candidates, tuple(1 - s for s in history[1].scores if s is not None))]
    used = build(algorithm, 3, 3, 6)
    for rounds, seed in ((history[:1], 1), (history, 1), (history, 2), (other, 2), (other[:1], 2)):
        np.testing.assert_array_equal(used.distribution(rounds, seed).theta, at_once(rounds, seed))
    assert not np.array_equal(at_once(history, 1), at_once(other, 1))


def test_every_round_seed_and_purpose_has_random_numbers_of_its_own() -> None:
    drawn = [generator(*of).random() for of in itertools.product((0, 1), (0, 1, 2), ("candidates", "fisher"))]
    assert len(set(drawn)) == len(drawn)
    for algorithm in ({"name": "random"}, *FORMS):
        history = played(algorithm, 2, dimension=2)
        assert not set(history[0].candidates) & set(history[1].candidates)


@pytest.mark.parametrize("algorithm", FORMS, ids=label)
def test_every_search_starts_uniform_and_keeps_theta_from_1_on(algorithm: dict[str, Any]) -> None:
    running = build(algorithm, 3, 4, 6)
    np.testing.assert_array_equal(running.distribution([], 1).theta, np.ones(6))
    for rounds in range(1, 5):
        theta = running.distribution(played(algorithm, rounds), 1).theta
        assert np.isfinite(theta).all() and theta.min() >= 1.0


def _one_round(
    samples: int = 10, dimension: int = 2, scores: list[float | None] | None = None
) -> tuple[Round, np.ndarray]:
    """A round of uniform points, and their score vectors at theta = 1."""
    points = np.random.default_rng(4).random((samples, dimension))
    values = scores or [0.5 + 0.04 * i for i in range(samples)]
    there = Round(tuple(Candidate(tuple(p)) for p in points.tolist()), tuple(values))
    u = points[:, :, None]
    return there, np.concatenate([np.log(u) + 1, np.log1p(-u) + 1], 2).reshape(samples, -1)  # psi(2) - psi(1) = 1


def test_natural_gradient_as_printed_is_equations_5_and_6() -> None:
    history, s = _one_round()
    values = np.array(history.scores, dtype=float)
    step = 80 * np.linalg.solve(Betas.uniform(2).fisher(), (values[:, None] * s).mean(0))
    found = build({"name": "natural-gradient", "form": "as_printed", "fisher_samples": 200_000}, 2, 2, 10)
    np.testing.assert_allclose(found.distribution([history], 0).theta, np.maximum(1 + step, 1), rtol=0.05, atol=0.2)


def test_natural_gradient_as_released_normalises_by_the_quadratic_form() -> None:
    history, s = _one_round()
    fisher = Betas.uniform(2).fisher()
    for form, gradient, delta in (
        ("as_released", np.array(history.scores, dtype=float) @ s / 10, 80.0),
        ("as_released_best", s[-1] / 10, 1.0),
    ):
        natural = np.linalg.solve(fisher, gradient)
        found = build({"name": "natural-gradient", "form": form, "fisher_samples": 200_000}, 2, 2, 10)
        expected = np.maximum(1 + delta * natural / (gradient @ natural), 1)
        np.testing.assert_allclose(found.distribution([history], 0).theta, expected, rtol=0.05, atol=0.05)


def test_the_released_accumulators_leak_into_the_next_step() -> None:
    """With scores of 0 the second gradient is the first step alone, over K: it points where the first one went."""
    first, _ = _one_round()
    running = build({"name": "natural-gradient", "form": "as_released", "fisher_samples": 5000}, 2, 3, 10)
    after_one = running.distribution([first], 0)
    silent = Round(first.candidates, (0.0,) * 10)
    after_two = running.distribution([first, silent], 0)
    step = running.state([first], 0).step / 10  # type: ignore[attr-defined]
    natural = np.linalg.solve(after_one.fisher(), step)
    expected = np.maximum(after_one.theta + 80 * natural / (step @ natural), 1)
    np.testing.assert_allclose(after_two.theta, expected, rtol=0.2)
    assert not np.allclose(after_one.theta, after_two.theta)


@pytest.mark.parametrize("form", ["as_printed", "as_released", "as_released_best"])
def test_two_rounds_of_the_natural_gradient_are_its_restatement(form: str) -> None:
    """F is a mean over the candidates and the further draws alike; the released sums begin with the step and the
    inverse of the round before."""
    algorithm = {"name": "natural-gradient", "form": form, "fisher_samples": 15, "step": 2}
    history = played(algorithm, 2, dimension=2)
    theta, last, inverse = np.ones(4), np.zeros(4), np.zeros((4, 4))
    for index, there in enumerate(history):
        betas = Betas(theta)
        s, m = betas.score(there.points()), np.array([score or 0.0 for score in there.scores])  # a diverged one is 0
        further = betas.score(betas.sample(generator(1, index + 1, "fisher"), 15))
        fisher = sum(np.outer(v, v) for v in [*s, *further])
        if form == "as_printed":
            step = 2 * np.linalg.solve(fisher / 21, sum(a * v for a, v in zip(m, s, strict=True)) / 6)
        else:
            chosen = s[m.argmax()] if form == "as_released_best" else sum(a * v for a, v in zip(m, s, strict=True))
            gradient, inverse = (last + chosen) / 6, np.linalg.inv((inverse + fisher) / 21)
            step = last = 2 * inverse @ gradient / (gradient @ inverse @ gradient)
        theta = np.maximum(theta + step, 1)
        found = build(algorithm, 2, 2, 6).distribution(history[: index + 1], 1).theta
        np.testing.assert_allclose(found, theta, rtol=1e-6)
    assert (theta > 1).any()


def test_a_diverged_candidate_counts_as_0_in_the_printed_and_released_forms_or_as_the_worst_if_that_is_below() -> None:
    def values(*scores: float | None) -> list[float]:
        return raw([Round((Candidate((0.5,)),) * len(scores), scores)]).tolist()

    assert values(0.7, None, 0.4, math.nan) == [0.7, 0.0, 0.4, 0.0]
    assert values(0.7, None, -0.4) == [0.7, -0.4, -0.4] and values(None, None) == [0.0, 0.0]


def test_a_printed_step_from_theta_1_goes_into_the_tens() -> None:
    """Uncentred accuracies and step 80: why the printed and the released natural gradient freeze after one round."""
    for form in ("as_printed", "as_released"):
        largest = []
        for seed in range(20):
            running = build({"name": "natural-gradient", "form": form, "fisher_samples": 500}, 5, 2, 10)
            there = tuple(running.propose([], seed))
            scores = tuple(0.8 + 0.1 * c.u[0] for c in there)
            largest.append(running.distribution([Round(there, scores)], seed).theta.max())
        assert np.median(largest) > 10


def test_newton_as_released_multiplies_by_the_first_column() -> None:
    history, s = _one_round()
    hessian = np.outer(s[-1], s[-1]) - Betas.uniform(2).fisher()
    left, singular, right = np.linalg.svd(hessian / 10)
    inverse = np.linalg.inv(left @ np.diag(np.maximum(singular, 1e-5)) @ right)
    for broadcast, step in ((True, inverse[:, 0] * s[-1] / 10), (False, inverse @ s[-1] / 10)):
        running = build({"name": "newton", "form": "as_released", "broadcast": broadcast}, 2, 2, 10)
        np.testing.assert_allclose(running.distribution([history], 0).theta, np.maximum(1 + step, 1), rtol=1e-9)


def test_newton_as_printed_is_the_plain_step_on_the_loss() -> None:
    history, s = _one_round()
    loss = 1 - np.array(history.scores, dtype=float)
    fisher = Betas.uniform(2).fisher()
    hessian = sum(f * (np.outer(v, v) - fisher) for f, v in zip(loss, s, strict=True)) / 10
    step = -np.linalg.solve(hessian, (loss[:, None] * s).mean(0))
    running = build({"name": "newton", "form": "as_printed"}, 2, 2, 10)
    np.testing.assert_allclose(running.distribution([history], 0).theta, np.maximum(1 + step, 1), rtol=1e-8)


def test_gradient_as_printed_is_equation_6_with_the_declared_step() -> None:
    history, s = _one_round()
    expected = 1 + 3 * sum(m * v for m, v in zip(np.array(history.scores, dtype=float), s, strict=True)) / 10
    assert expected.max() > 1  # where theta >= 1 does not hold all of it back
    running = build({"name": "gradient", "form": "as_printed", "step": 3}, 2, 2, 10)
    np.testing.assert_allclose(running.distribution([history], 0).theta, np.maximum(expected, 1), rtol=1e-9)


def test_gradient_as_released_takes_one_step_in_all_coordinates() -> None:
    history, s = _one_round()
    theta = build({"name": "gradient", "form": "as_released"}, 2, 2, 10).distribution([history], 0).theta
    np.testing.assert_allclose(theta, max(1 + 1 / (s[-1].sum() / 10), 1))


def test_the_released_gradient_adds_its_last_step_in_every_coordinate() -> None:
    algorithm = {"name": "gradient", "form": "as_released"}
    upwards = [Round((Candidate((0.6, 0.6)), Candidate((0.1, 0.9))), scores) for scores in ((0.9, 0.5), (0.8, 0.3))]
    theta, last = np.ones(4), 0.0
    for index, there in enumerate(upwards):
        best = Betas(theta).score(there.points())[0]
        last = 1 / (sum(last + v for v in best) / 2)
        theta = np.maximum(theta + last, 1)
        np.testing.assert_allclose(build(algorithm, 2, 2, 2).distribution(upwards[: index + 1], 1).theta, theta)
    assert theta.min() > 1


@pytest.mark.parametrize("algorithm", SOUND, ids=label)
def test_a_sound_step_has_the_declared_divergence(algorithm: dict[str, Any]) -> None:
    running = build({**algorithm, "step": 0.25}, 3, 5, 8)
    history = played({**algorithm, "step": 0.25}, 4, 8)
    moved = [running.distribution(history[:r], 1) for r in range(5)]
    for before, after in itertools.pairwise(moved):
        assert after.kl(before) == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize("algorithm", SOUND, ids=label)
def test_only_the_order_of_scores_matters_and_a_diverged_candidate_is_the_worst(algorithm: dict[str, Any]) -> None:
    running = build(algorithm, 3, 4, 6)
    history = played(algorithm, 3)

    def after(change: Any) -> np.ndarray:
        changed = [Round(r.candidates, tuple(change(s) for s in r.scores)) for r in history]
        return running.distribution(changed, 1).theta

    plain = after(lambda s: s)
    np.testing.assert_allclose(after(lambda s: None if s is None else s**3 - 7), plain, rtol=1e-9)
    np.testing.assert_allclose(after(lambda s: -5.0 if s is None else s), plain, rtol=1e-9)
    np.testing.assert_allclose(after(lambda s: math.nan if s is None else s), plain, rtol=1e-9)


@pytest.mark.parametrize("algorithm", SOUND, ids=label)
def test_equal_scores_or_none_at_all_move_nothing(algorithm: dict[str, Any]) -> None:
    for score in (0.7, None):
        history, _ = _one_round(scores=[score] * 10)
        np.testing.assert_array_equal(build(algorithm, 2, 2, 10).distribution([history], 0).theta, np.ones(4))


@pytest.mark.parametrize("algorithm", SOUND, ids=label)
def test_a_sound_search_comes_nearer_than_random(algorithm: dict[str, Any]) -> None:
    def best(what: dict[str, Any], seed: int) -> float:
        history = played(what, 10, 10, seed)
        return max(s for r in history for s in r.scores if s is not None)

    ours, random = ([1 - best(what, seed) for seed in range(8)] for what in (algorithm, {"name": "random"}))
    assert np.median(ours) < 0.8 * np.median(random)


def test_newton_without_curvature_is_the_natural_gradient() -> None:
    history = played(SOUND[0], 3)
    newton, natural = (
        build(a, 3, 4, 6).distribution(history, 1).theta for a in ({**SOUND[1], "shrink": 1.0}, SOUND[0])
    )
    np.testing.assert_allclose(newton, natural, rtol=1e-6)


def test_newton_steps_by_the_curvature_that_a_maximum_has_in_units_of_the_fisher_information() -> None:
    """Directions U of H in which F is 1: those of negative curvature are stepped along the less, the others freely."""
    points = np.array([c.u for c in _one_round()[0].candidates])
    history, s = _one_round(scores=(1 - np.abs(points - [0.55, 0.45]).sum(1)).tolist())  # within the square
    reward = utilities(np.array(history.scores, dtype=float), np.full(10, 0.1)) / 10
    h, u = eigh((s.T * reward) @ s, Betas.uniform(2).fisher())
    assert h.min() < 0 < h.max()
    lifted = np.array([-each if each < 0 else 0.0 for each in h]) / max(abs(h))
    direction = u @ ((u.T @ (reward @ s)) / (0.3 + 0.7 * lifted))
    running = build({"name": "newton", "form": "sound", "step": 0.2, "memory": 1, "shrink": 0.3}, 2, 2, 10)
    found = running.distribution([history], 0).theta
    np.testing.assert_allclose(found, bounded(np.ones(4), direction, 0.2), rtol=1e-6)
    assert found.min() > 1


def test_rewards_are_minus_the_log_of_twice_the_share_that_is_better() -> None:
    weight = np.array([0.1, 0.2, 0.3, 0.4])  # shares better, with half of their own: 0.05, 0.35 of both equals, 0.8
    expected = np.array([-math.log(0.1), -math.log(0.7), -math.log(0.7), 0.0])
    found = utilities(np.array([0.9, 0.5, 0.5, 0.1]), weight)
    np.testing.assert_allclose(found, expected - weight @ expected)


def test_the_last_rounds_are_pooled_by_importance_and_earlier_ones_forgotten() -> None:
    history = played(SOUND[0], 3)
    path = [np.ones(6), np.array([2.0, 1.0, 1.0, 3.0, 1.5, 1.0]), np.array([4.0, 1.0, 1.0, 6.0, 2.0, 1.0])]
    points, found = pooled(history, path, 2)
    np.testing.assert_array_equal(points, [c.u for r in history[1:] for c in r.candidates])
    weight = weights(points, Betas(path[2]), [Betas(path[1]), Betas(path[2])])
    values = np.array([s for r in history[1:] for s in r.scores], dtype=float)
    np.testing.assert_allclose(found, weight * utilities(values, weight))
    assert found.sum() == pytest.approx(0.0, abs=1e-12) and weight.max() > 2 * weight.min()


@examples(60)
@given(st.lists(st.one_of(st.just(-math.inf), st.floats(0, 1)), min_size=2, max_size=12), st.integers(0, 9))
def test_utilities_are_centred_ordered_and_equal_for_equals(values: list[float], seed: int) -> None:
    weight = np.random.default_rng(seed).random(len(values)) + 0.01
    weight /= weight.sum()
    found = utilities(np.array(values), weight)
    assert weight @ found == pytest.approx(0.0, abs=1e-9)
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            assert found[i] >= found[j] - 1e-9 if a > b else (a < b or found[i] == pytest.approx(found[j]))


def test_importance_weights_are_bounded_and_even_where_nothing_moved() -> None:
    rng = np.random.default_rng(0)
    old, new = Betas(np.ones(6)), Betas(np.array([30.0, 5.0, 2.0, 2.0, 1.0, 9.0]))
    points = np.concatenate([old.sample(rng, 50), new.sample(rng, 50)])
    found = weights(points, new, [old, new])
    assert found.sum() == pytest.approx(1.0) and found.min() >= 0.0
    density = np.exp(new.log_density(points))
    expected = density / (density + np.exp(old.log_density(points)))
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-8)
    np.testing.assert_allclose(weights(points, old, [old, old]), 1 / 100)


@examples(40)
@given(
    st.lists(st.floats(1, 1000), min_size=4, max_size=4),
    st.lists(st.floats(-1, 1), min_size=4, max_size=4),
    st.floats(0.01, 3),
)
def test_a_bounded_step_never_exceeds_its_bound(theta: list[float], direction: list[float], nats: float) -> None:
    start = np.array(theta)
    found = bounded(start, np.array(direction), nats)
    assert found.min() >= 1.0 and Betas(found).kl(Betas(start)) <= nats * (1 + 1e-6) + 1e-9


def test_a_direction_that_the_bound_of_theta_blocks_or_that_is_not_finite_moves_nothing() -> None:
    for direction in ([-1.0, -2.0], [0.0, 0.0], [math.nan, 1.0]):
        np.testing.assert_array_equal(bounded(np.ones(2), np.array(direction), 0.5), np.ones(2))


@pytest.mark.parametrize(("rounds", "samples"), [(1, 1), (5, 8), (5, 20), (4, 3)])
def test_the_grid_covers_the_range_in_every_round_and_evenly_in_all(rounds: int, samples: int) -> None:
    grid = build({"name": "grid"}, 1, rounds, samples)
    history: list[Round] = []
    for _ in range(rounds):
        proposed = grid.propose(history, 0)
        u = sorted(c.u[0] for c in proposed)
        assert all(i / samples < value < (i + 1) / samples for i, value in enumerate(u))
        history.append(Round(tuple(proposed), (0.5,) * samples))
    every = sorted(c.u[0] for r in history for c in r.candidates)
    np.testing.assert_allclose(every, (np.arange(rounds * samples) + 0.5) / (rounds * samples))
    assert grid.propose([], 1) == grid.propose([], 2) and grid.distribution(history, 0) is None


@examples(25)
@given(st.sampled_from([2, 2.5, 3]), st.integers(1, 5), st.integers(0, 3), st.sampled_from([{}, RELEASED]))
def test_hyperband_follows_its_plan_and_promotes_the_best(
    eta: float, brackets: int, seed: int, released: dict[str, Any]
) -> None:
    declared = {"name": "hyperband", "eta": eta, "brackets": brackets, **released}
    planned = plan(declared, 1, 1)
    running = build(declared, 2, 1, 1)
    rng, history = np.random.default_rng(seed), []
    assert isinstance(running, Hyperband)
    for rung in range(brackets):
        proposed = running.propose(history, seed)
        assert [c.fraction for c in proposed] == planned[rung]
        known = [c.u for c in history[-1].candidates] if rung else []
        for c in proposed:
            if rung == 0 or released:
                assert c.origin is None
            else:
                assert c.origin == (rung - 1, known.index(c.u))
        if rung:
            before = dict(running.places(rung - 1))
            for bracket, places in running.places(rung):
                kept = [known.index(proposed[i].u) for i in places]
                lost = sorted(set(before[bracket]) - set(kept))
                values = history[-1].values()
                assert set(kept) <= set(before[bracket])
                assert not lost or min(values[kept]) >= max(values[lost])
        scores = [None if rng.random() < 0.2 else float(rng.random()) for _ in proposed]
        history.append(Round(tuple(proposed), tuple(scores)))
    order = [(r, i) for r, i, _ in accounting(declared, 1, 1, Length(200, untrained=True))]
    assert sorted(order) == [(r, i) for r in range(brackets) for i in range(len(planned[r]))]
    assert order[0] == (0, 0) and order[-1][0] == 0 and running.distribution(history, seed) is None


def test_hyperband_counts_nan_as_the_worst_and_ties_to_the_earlier() -> None:
    running = build({"name": "hyperband", "eta": 3, "brackets": 2}, 1, 1, 1)
    first = tuple(running.propose([], 0))
    assert len(first) == 3 + 2
    promoted = running.propose([Round(first, (math.nan, 0.4, 0.4, 0.9, None))], 0)
    assert [c.origin for c in promoted] == [(0, 1)]


def test_bayesian_batches_are_pure_spread_out_and_survive_diverged_candidates() -> None:
    pytest.importorskip("optuna")
    declared = {"name": "bayesian"}
    history = played(declared, 2)
    proposed = build(declared, 3, 3, 4).propose(history, 1)
    assert build(declared, 3, 3, 4).propose(history, 1) == proposed
    u = np.array([c.u for c in proposed])
    assert u.min() > 0 and u.max() < 1
    apart = np.abs(u[:, None] - u[None]).max(-1) + np.eye(4)
    assert apart.min() > 1e-3
    lost = [Round(r.candidates, (None,) * len(r.scores)) for r in history]
    assert len(build(declared, 3, 3, 4).propose(lost, 1)) == 4


def test_bayesian_without_optuna_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"^bayesian search needs optuna: pip install optuna$"):
        build({"name": "bayesian"}, 2, 3, 4)


@pytest.mark.parametrize(
    ("algorithm", "arguments", "message"),
    [
        ({"name": "natural-gradien"}, (5, 3, 4), "did you mean 'natural-gradient'"),
        ({"name": "newton", "form": "as_publishd"}, (5, 3, 4), "unknown form 'as_publishd'"),
        ({"name": "random", "step": 1}, (5, 3, 4), "'random': unknown option 'step'"),
        ({"name": "natural-gradient", "stp": 1}, (5, 3, 4), "unknown option 'stp'"),
        ({"name": "natural-gradient", "step": 0}, (5, 3, 4), "'step' is a number in"),
        ({"name": "natural-gradient", "memory": 1.5}, (5, 3, 4), "'memory' is a whole number"),
        ({"name": "newton", "shrink": 2}, (5, 3, 4), r"'shrink' is a number in \(0, 1\]"),
        ({"name": "natural-gradient"}, (5, 3, 1), "ranks the candidates of a round: it needs 2, not 1"),
        ({"name": "random"}, (5, 0, 4), "'rounds' is a whole number from 1 on, not 0"),
        ({"name": "random"}, (5, 3, 0), "'samples' is a whole number from 1 on, not 0"),
        ({"name": "grid"}, (5, 3, 4), "'grid' is for spaces of one number; this one has 5"),
        ({"name": "hyperband", "eta": 1}, (5, 3, 4), "'eta' is a number in"),
        ({"name": "hyperband", "rungs": "released"}, (5, 3, 4), "'rungs' cannot be 'released'"),
        ({"name": "hyperband", "continue": 0}, (5, 3, 4), "'continue' is true or false, not 0"),
        ({"name": "newton", "form": "as_printed", "memory": 4}, (5, 3, 4), "form as_printed: unknown option 'memory'"),
        ({"name": "bayesian", "form": "as_printed"}, (5, 3, 4), "unknown form 'as_printed'"),
    ],
)
def test_what_cannot_work_is_one_clear_line(
    algorithm: dict[str, Any], arguments: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(UserError, match=message) as error:
        build(algorithm, *arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("declared", [{"name": "grid"}, {"name": "hyperband", "eta": 3, "brackets": 1}], ids=label)
def test_a_finished_static_search_proposes_nothing_more(declared: dict[str, Any]) -> None:
    running = build(declared, 1, 1, 1)
    done = Round(tuple(running.propose([], 0)), (0.5,))
    with pytest.raises(UserError, match="round 2 was asked for"):
        running.propose([done], 0)


def test_names_and_defaults_are_what_the_declarations_rely_on() -> None:
    assert set(NAMES) == {"random", "grid", "natural-gradient", "newton", "gradient", "bayesian", "hyperband"}
    assert FISHER_SAMPLES == 10_000
