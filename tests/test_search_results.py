"""Search efficiency: what an evaluation costs, and what counts as the best score so far."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lnl.declared import search_rounds
from lnl.declared.cells import Search
from lnl.search.results import SearchState, best_so_far, on_grid


def _state(algorithm: dict[str, Any], pages: list[list[tuple[float, float | None]]]) -> SearchState:
    listed = [{"candidates": [{"fraction": f, "score": s} for f, s in page]} for page in pages]
    search = Search("s2e", "mnist", "pair-45", "coteaching", "x", 1)
    return SearchState("r", "c", "C", search, "ok", algorithm, listed)


def test_every_full_training_costs_one_and_a_diverged_one_brings_nothing() -> None:
    spent, best = best_so_far(_state({"name": "random"}, [[(1.0, 0.5), (1.0, None)], [(1.0, 0.4), (1.0, 0.7)]]))
    assert spent.tolist() == [1, 2, 3, 4]
    assert best.tolist() == pytest.approx([50, 50, 50, 70])
    assert on_grid(spent, best, np.array([0.5, 1.0, 3.5])).tolist()[1:] == pytest.approx([50, 50])
    assert np.isnan(on_grid(spent, best, np.array([0.5]))[0])


def test_hyperband_pays_fractions_bracket_by_bracket_and_only_full_trainings_score() -> None:
    algorithm = {"name": "hyperband", "eta": 2, "brackets": 2}
    rounds = search_rounds.plan(algorithm, 1, 1)
    assert rounds == [[0.5, 0.5, 1.0, 1.0], [1.0]]  # two half trainings, one of them continued; then two full ones
    pages = [[(0.5, 0.9), (0.5, 0.8), (1.0, 0.3), (1.0, 0.6)], [(1.0, 0.5)]]
    spent, best = best_so_far(_state(algorithm, pages))
    assert spent.tolist() == pytest.approx([0.5, 1.0, 1.5, 2.5, 3.5])
    assert np.isnan(best[:2]).all() and best[2:].tolist() == pytest.approx([50, 50, 60])
    assert spent[-1] == pytest.approx(search_rounds.trainings(algorithm, 1, 1))
