"""The printed and the released forms of the searches by gradients, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from search_games import one_round, played

from lnl.search.algorithms import build
from lnl.search.algorithms.base import generator
from lnl.search.algorithms.natural_gradient import raw
from lnl.search.beta import Betas
from lnl.search.history import Candidate, Round


def test_natural_gradient_as_printed_is_equations_5_and_6() -> None:
    history, s = one_round()
    values = np.array(history.scores, dtype=float)
    step = 80 * np.linalg.solve(Betas.uniform(2).fisher(), (values[:, None] * s).mean(0))
    found = build({"name": "natural-gradient", "form": "as_printed", "fisher_samples": 200_000}, 2, 2, 10)
    np.testing.assert_allclose(found.distribution([history], 0).theta, np.maximum(1 + step, 1), rtol=0.05, atol=0.2)


def test_natural_gradient_as_released_normalises_by_the_quadratic_form() -> None:
    history, s = one_round()
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
    first, _ = one_round()
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
    history, s = one_round()
    hessian = np.outer(s[-1], s[-1]) - Betas.uniform(2).fisher()
    left, singular, right = np.linalg.svd(hessian / 10)
    inverse = np.linalg.inv(left @ np.diag(np.maximum(singular, 1e-5)) @ right)
    for broadcast, step in ((True, inverse[:, 0] * s[-1] / 10), (False, inverse @ s[-1] / 10)):
        running = build({"name": "newton", "form": "as_released", "broadcast": broadcast}, 2, 2, 10)
        np.testing.assert_allclose(running.distribution([history], 0).theta, np.maximum(1 + step, 1), rtol=1e-9)


def test_newton_as_printed_is_the_plain_step_on_the_loss() -> None:
    history, s = one_round()
    loss = 1 - np.array(history.scores, dtype=float)
    fisher = Betas.uniform(2).fisher()
    hessian = sum(f * (np.outer(v, v) - fisher) for f, v in zip(loss, s, strict=True)) / 10
    step = -np.linalg.solve(hessian, (loss[:, None] * s).mean(0))
    running = build({"name": "newton", "form": "as_printed"}, 2, 2, 10)
    np.testing.assert_allclose(running.distribution([history], 0).theta, np.maximum(1 + step, 1), rtol=1e-8)


def test_gradient_as_printed_is_equation_6_with_the_declared_step() -> None:
    history, s = one_round()
    expected = 1 + 3 * sum(m * v for m, v in zip(np.array(history.scores, dtype=float), s, strict=True)) / 10
    assert expected.max() > 1  # where theta >= 1 does not hold all of it back
    running = build({"name": "gradient", "form": "as_printed", "step": 3}, 2, 2, 10)
    np.testing.assert_allclose(running.distribution([history], 0).theta, np.maximum(expected, 1), rtol=1e-9)


def test_gradient_as_released_takes_one_step_in_all_coordinates() -> None:
    history, s = one_round()
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
