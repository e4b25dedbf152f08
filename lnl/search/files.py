"""The files of a search: proposals, scores and the result. A history of another search, or seed, is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lnl.declared import paths, searches
from lnl.declared.cells import Cell, Search
from lnl.errors import UserError
from lnl.files import write_json_atomic

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def write(suite: Suite, search: Search, path: str, content: dict[str, Any]) -> None:
    """Write one file of a search, marked with whose it is."""
    write_json_atomic(
        path, {"search": search.id, "digest": suite.search_digest(search), "seed": search.seed, **content}
    )


def read(suite: Suite, search: Search, path: str) -> dict[str, Any]:
    """Content of one file of a search; UserError if it is missing, unreadable, or another search's."""
    again = f"`lnl search {search.id} --seed {search.seed} --scale {suite.scale}` makes it"
    try:
        content = json.loads(paths.content(path))
    except FileNotFoundError:
        raise UserError(f"{path}: not there; {again}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not readable ({error}); delete it: {again}") from None
    if not isinstance(content, dict) or content.get("digest") != suite.search_digest(search):
        known = f"{content.get('search')} seed {content.get('seed')}" if isinstance(content, dict) else "something else"
        if isinstance(content, dict) and (content.get("search"), content.get("seed")) == (search.id, search.seed):
            known += " as it was declared before"
        raise UserError(f"{path}: belongs to {known}; delete it: {again}")
    return content


def current(suite: Suite, search: Search, path: str) -> bool:
    """Whether a file of this search is there, and of today's declaration."""
    try:
        return bool(json.loads(paths.content(path))["digest"] == suite.search_digest(search))
    except (UserError, OSError, ValueError, KeyError, TypeError):
        return False


def found(suite: Suite, cell: Cell) -> dict[str, Any] | None:
    """What the search of a cell has found, as its record tells it; None for a cell without one.

    UserError while there is no result of today's search.
    """
    search = searches.search_of(suite, cell)
    if search is None:
        return None
    parameter = searches.parameter_searched(suite, cell)
    final = suite.spec(cell)["method"]["parameters"][parameter]["final"]
    there = suite.searching
    best = read(there, search, paths.best(there.scale, search.id, search.seed))
    if final not in best:
        path = paths.best(there.scale, search.id, search.seed)
        raise UserError(f"{path}: was made before a search told its {final}; delete it: `lnl search {search.id} --seed "
                        f"{search.seed} --scale {there.scale}` makes it from the scores")  # fmt: skip
    if best[final] is None:
        raise UserError(f"{cell.id}: search '{search.name}' keeps no distribution from which to take its {final}")
    kept = {k: v for k, v in best[final].items() if k in ("schedule", "value", "score", "round", "candidate")}
    about = {"digest": best["digest"], "scored_on": best["scored_on"], "final": final}
    about |= {k: best[k] for k in ("parameter", "scores") if k in best}
    return {"search": search.id, "seed": search.seed, **about, **kept}


def choice(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What a candidate, a result or a record's `searched` says is trained with: a schedule, or {"value": value}."""
    if entry is None:
        return None
    return {"value": entry["value"]} if "value" in entry else entry.get("schedule")


def chosen(entry: Mapping[str, Any]) -> Any:
    """The same as the value of the parameter."""
    return entry["value"] if "value" in entry else entry["schedule"]


def current_schedule(suite: Suite, cell: Cell, result: dict[str, Any]) -> bool:
    """Whether a record was trained with what its search has found by today; True for a cell without a search."""
    if searches.search_of(suite, cell) is None:
        return True
    try:
        there = found(suite, cell)
    except UserError:
        return True  # records without the search behind them, as committed ones may be: nothing says otherwise
    return choice(there) == choice(result.get("searched"))


def searched(suite: Suite, cell: Cell) -> bool:
    """Whether a cell can be trained: it has no search, or today's search has a result."""
    try:
        found(suite, cell)
    except UserError:
        return False
    return True
