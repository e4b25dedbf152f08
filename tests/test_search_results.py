"""Search efficiency: what an evaluation costs, and what counts as the best score so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lnl.declared.cells import DeclaredSearch, Search
from lnl.search.results import SearchState, best_so_far, on_grid


def _declared(algorithm: dict[str, Any], rounds: int = 1, samples: int = 1, epochs: int = 200) -> DeclaredSearch:
    spec = {"algorithm": algorithm, "rounds": rounds, "samples": samples}
    return DeclaredSearch(spec, {"epochs": epochs, "untrained_epoch": True}, "mnist", "a test")


def _state(declared: DeclaredSearch, pages: list[list[tuple[float, float | None]]]) -> SearchState:
    listed = [{"candidates": [{"fraction": f, "score": s} for f, s in page]} for page in pages]
    search = Search("s2e", "mnist", "pair-45", "coteaching", "x", 1)
    return SearchState("r", "c", "C", search, "ok", declared, listed)


def test_every_full_training_costs_one_and_a_diverged_one_brings_nothing() -> None:
    pages: list[list[tuple[float, float | None]]] = [[(1.0, 0.5), (1.0, None)], [(1.0, 0.4), (1.0, 0.7)]]
    spent, best = best_so_far(_state(_declared({"name": "random"}, 2, 2), pages))
    assert spent.tolist() == [1, 2, 3, 4]
    assert best.tolist() == pytest.approx([50, 50, 50, 70])
    assert on_grid(spent, best, np.array([0.5, 1.0, 3.5])).tolist()[1:] == pytest.approx([50, 50])
    assert np.isnan(on_grid(spent, best, np.array([0.5]))[0])
    assert on_grid(spent, best, np.array([4.0]))[0] == 70  # what the last training found counts once it is paid
    assert on_grid(np.cumsum([0.1, 0.1, 0.1]), best[1:], np.array([0.3]))[0] == 70  # which add up to a little more


def test_hyperband_pays_fractions_bracket_by_bracket_and_only_full_trainings_score() -> None:
    declared = _declared({"name": "hyperband", "eta": 2, "brackets": 2})
    assert declared.rounds == [[0.5, 0.5, 1.0, 1.0], [1.0]]  # two half trainings, one continued; then two full ones
    pages = [[(0.5, 0.9), (0.5, 0.8), (1.0, 0.3), (1.0, 0.6)], [(1.0, 0.5)]]
    spent, best = best_so_far(_state(declared, pages))
    assert spent.tolist() == pytest.approx([0.5, 1.0, 1.5, 2.5, 3.5])
    assert np.isnan(best[:2]).all() and best[2:].tolist() == pytest.approx([50, 50, 60])
    assert spent[-1] == pytest.approx(declared.trainings)


def test_hyperband_from_scratch_pays_each_rung_again_and_released_rungs_by_trained_epochs() -> None:
    algorithm = {"name": "hyperband", "eta": 2, "brackets": 2, "continue": False}
    pages = [[(0.5, 0.9), (0.5, 0.8), (1.0, 0.3), (1.0, 0.6)], [(1.0, 0.5)]]
    spent, best = best_so_far(_state(_declared(algorithm), pages))
    assert spent.tolist() == pytest.approx([0.5, 1.0, 2.0, 3.0, 4.0])  # the promoted one pays 1 in place of 0.5
    assert best[2:].tolist() == pytest.approx([50, 50, 60])
    # of 5 epochs, the first untrained: half of them, rounded up, are 3, of which 2 of 4 are trained
    released = _declared({**algorithm, "rungs": "as_released"}, epochs=5)
    assert released.until(0.5) == 3 and released.until(1.0) == 5
    assert best_so_far(_state(released, pages))[0].tolist() == pytest.approx([0.5, 1.0, 2.0, 3.0, 4.0])
    released = _declared({**algorithm, "rungs": "as_released"}, epochs=4)  # 2, of which 1 of 3 is trained
    assert best_so_far(_state(released, pages))[0].tolist() == pytest.approx([1 / 3, 2 / 3, 5 / 3, 8 / 3, 11 / 3])
    on = _declared({**algorithm, "rungs": "as_released", "continue": True}, epochs=4)
    assert best_so_far(_state(on, pages))[0].tolist() == pytest.approx([1 / 3, 2 / 3, 4 / 3, 7 / 3, 10 / 3])
