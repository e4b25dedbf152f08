"""What makes a search by gradients sound: bounded steps, rewards by rank, rounds pooled by importance."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigh
from search_games import SOUND, label, one_round, played

from lnl.search.algorithms import build
from lnl.search.algorithms.trust import bounded, pooled, utilities, weights
from lnl.search.beta import Betas
from lnl.search.history import Round


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
        history, _ = one_round(scores=[score] * 10)
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
    points = np.array([c.u for c in one_round()[0].candidates])
    history, s = one_round(scores=(1 - np.abs(points - [0.55, 0.45]).sum(1)).tolist())  # within the square
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
