"""Search algorithms: pure proposals of each, grid, Hyperband and Bayesian search, and what cannot work."""

from __future__ import annotations

import itertools
import math
import sys
from typing import Any

import numpy as np
import pytest
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from search_games import ALL, FORMS, label, played

from lnl.declared.search_options import ALGORITHMS, FISHER_SAMPLES
from lnl.declared.search_rounds import Length, accounting, plan
from lnl.errors import UserError
from lnl.search.algorithms import build
from lnl.search.algorithms.base import generator
from lnl.search.algorithms.hyperband import Hyperband
from lnl.search.history import Round

RELEASED = {"rungs": "as_released", "continue": False}


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
    assert set(ALGORITHMS) == {"random", "grid", "natural-gradient", "newton", "gradient", "bayesian", "hyperband"}
    assert FISHER_SAMPLES == 10_000
