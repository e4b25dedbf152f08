"""What became of the searches that a figure or a claim asks for, and the best score so far against what was spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lnl.declared import paths, searches
from lnl.errors import UserError
from lnl.search.files import read

if TYPE_CHECKING:
    from lnl.declared.cells import DeclaredSearch, Search
    from lnl.declared.suite import Suite

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SearchState:
    """One search that a figure asks for, and what is there of it. `pages`: the scores of its finished rounds."""

    row: str
    column: str
    column_label: str
    search: Search
    state: str  # ok, stale, missing
    declared: DeclaredSearch = field(repr=False)
    pages: list[dict[str, Any]] = field(default_factory=list, repr=False)


def states(suite: Suite, key: str) -> list[SearchState]:
    """The searches of a figure of kind `searches`, in declared order."""
    labels = {c["key"]: c.get("label", c["key"]) for c in suite.declaration(key).get("columns", [])}
    return [_state(suite.searching, r, c, labels[c], search) for r, c, search in suite.searches_of(key)]


def _state(suite: Suite, row: str, column: str, label: str, search: Search) -> SearchState:
    at = (suite.scale, search.id, search.seed)
    declared = suite.declared_search(search)
    pages = []
    for round in range(len(searches.rounds(suite, search))):
        path = paths.scores(*at, round + 1)
        if not Path(path).exists():
            return SearchState(row, column, label, search, "missing", declared)
        try:
            pages.append(read(suite, search, path))
        except UserError:  # damaged, of another declaration, or of other labels
            return SearchState(row, column, label, search, "stale", declared)
    return SearchState(row, column, label, search, "ok", declared, pages)


def best_so_far(state: SearchState) -> tuple[Array, Array]:
    """(full trainings spent [n], best validation accuracy in percent so far [n]) after each evaluation of a search.

    Hyperband's parts of trainings count as fractions, bracket by bracket as it is published, and only fully trained
    candidates have a score that can be compared. A candidate that diverged costs and brings nothing.
    """
    cost, scores = [], []
    for round, index, fresh in state.declared.accounting():
        entry = state.pages[round]["candidates"][index]
        usable = entry["fraction"] == 1.0 and entry["score"] is not None
        cost.append(fresh)
        scores.append(100 * entry["score"] if usable else np.nan)
    return np.cumsum(cost), np.fmax.accumulate(np.asarray(scores, dtype=float))


def on_grid(spent: Array, best: Array, grid: Array) -> Array:
    """Best so far once `grid` trainings are spent; nan before the first score."""
    place = np.searchsorted(spent, grid + 1e-9, side="right") - 1
    return np.where(place >= 0, best[np.maximum(place, 0)], np.nan)
