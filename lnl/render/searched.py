"""Searches behind a figure: their state, and the best validation score so far against the trainings spent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lnl import paths, searches
from lnl.search import plan

if TYPE_CHECKING:
    from lnl.cells import Search
    from lnl.matrix import Suite

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SearchState:
    """One search that a figure asks for, and what is there of it. `pages`: the scores of its finished rounds."""

    row: str
    column: str
    column_label: str
    search: Search
    state: str  # ok, stale, missing
    algorithm: dict[str, Any] = field(repr=False)
    pages: list[dict[str, Any]] = field(default_factory=list, repr=False)


def states(suite: Suite, key: str) -> list[SearchState]:
    """The searches of a figure of kind `searches`, in declared order."""
    labels = {c["key"]: c.get("label", c["key"]) for c in suite.declaration(key).get("columns", [])}
    return [_state(suite.searching, r, c, labels[c], search) for r, c, search in suite.searches_of(key)]


def _state(suite: Suite, row: str, column: str, label: str, search: Search) -> SearchState:
    at = (suite.scale, search.id, search.seed)
    algorithm = suite.declared_search(search).spec["algorithm"]
    pages = []
    for round in range(len(searches.rounds(suite, search))):
        try:
            page = json.loads(Path(paths.scores(*at, round + 1)).read_text())
        except (FileNotFoundError, ValueError):  # not there, or cut off
            return SearchState(row, column, label, search, "missing", algorithm)
        if page.get("digest") != suite.search_digest(search):
            return SearchState(row, column, label, search, "stale", algorithm)
        pages.append(page)
    return SearchState(row, column, label, search, "ok", algorithm, pages)


def best_so_far(state: SearchState) -> tuple[Array, Array]:
    """(full trainings spent [n], best validation accuracy in percent so far [n]) after each evaluation of a search.

    Hyperband's parts of trainings count as fractions, bracket by bracket as it is published, and only fully trained
    candidates have a score that can be compared. A candidate that diverged costs and brings nothing.
    """
    cost, scores = [], []
    for entry, fresh in _evaluations(state):
        cost.append(fresh)
        usable = entry["fraction"] == 1.0 and entry["score"] is not None
        scores.append(100 * entry["score"] if usable else np.nan)
    spent = np.cumsum(cost)
    return spent, np.fmax.accumulate(np.asarray(scores, dtype=float))


def _evaluations(state: SearchState) -> list[tuple[dict[str, Any], float]]:
    """(evaluation, share of a full training that it adds), in the order in which an algorithm spends its budget."""
    if state.algorithm["name"] != "hyperband":
        return [(entry, entry["fraction"]) for page in state.pages for entry in page["candidates"]]
    eta, brackets = state.algorithm["eta"], state.algorithm["brackets"]
    out = []
    for bracket in range(brackets - 1, -1, -1):
        for rung in range(bracket + 1):
            sizes = [plan.rung_size(eta, brackets, s, rung) for s in range(brackets - 1, rung - 1, -1)]
            first = sum(sizes[: brackets - 1 - bracket])
            members = state.pages[rung]["candidates"][first : first + sizes[brackets - 1 - bracket]]
            out += [(m, m["fraction"] * (1 if rung == 0 else 1 - 1 / eta)) for m in members]
    return out


def on_grid(spent: Array, best: Array, grid: Array) -> Array:
    """Best so far once `grid` trainings are spent; nan before the first score."""
    place = np.searchsorted(spent, grid + 1e-9, side="right") - 1
    return np.where(place >= 0, best[np.maximum(place, 0)], np.nan)
