"""The files of a search: proposals, scores and the result. A history of another search, or seed, is refused."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lnl.declared import origin, paths, searches
from lnl.declared.cells import Cell, Search
from lnl.errors import UserError
from lnl.files import sealed

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def write(suite: Suite, search: Search, path: str, content: dict[str, Any]) -> None:
    """Write one file of a search, marked with whose it is."""
    own = {"search": search.id, "digest": suite.search_digest(search), "seed": search.seed}
    if _place(content).rpartition("/")[2] != "proposals.json":  # which nothing was trained for yet
        own["trained_on"] = origin.of_search(suite, search)
    sealed.write(path, own | content)


def read(suite: Suite, search: Search, path: str) -> dict[str, Any]:
    """Content of one file of a search; UserError if it is missing, unreadable, or another search's."""
    again = f"`lnl search {search.id} --seed {search.seed} --scale {suite.scale}` makes it"
    try:
        content = sealed.opened(paths.content(path))
    except FileNotFoundError:
        raise UserError(f"{path}: not there; {again}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not readable ({error}); {again} again") from None
    if (why := _obstacle(suite, search, path, content)) is not None:
        raise UserError(f"{path}: {why}; {again} again")
    return content


def misplaced(search: Search, path: str) -> str | None:
    """Why a file that is there is damaged, of another search or of another place, in words; None if it is this search's
    file of this place, made of today's declaration or of a former one."""
    try:
        return _misplaced(search, path, paths.read(path))
    except (UserError, FileNotFoundError):
        return "damaged"


def _misplaced(search: Search, path: str, content: Mapping[str, Any]) -> str | None:
    whose = f"{content.get('search')} seed {content.get('seed')}"
    if whose != f"{search.id} seed {search.seed}":
        return f"belongs to {whose}"
    place = _place(content)
    return None if place == str(path).rpartition(f"/seed{search.seed}/")[2] else f"is {place} of this search"


def _obstacle(suite: Suite, search: Search, path: str, content: Mapping[str, Any]) -> str | None:
    """Why a file is not what this search has in this place today, in words; None if it is."""
    if (why := _misplaced(search, path, content)) is not None:
        return why
    if content.get("digest") != suite.search_digest(search):
        return f"belongs to {search.id} seed {search.seed} as it was declared before"
    return origin.other(origin.of_search(suite, search), content.get("trained_on") or {})


def _place(content: Mapping[str, Any]) -> str:
    """Where in the folder of its search a file belongs, by what it holds."""
    if "best" in content:
        return "best.json"
    if "block" in content:
        return f"round{content.get('round')}/block{content['block']}.json"
    scored = all("score" in each for each in content.get("candidates", ()))
    return f"round{content.get('round')}/{'scores' if scored else 'proposals'}.json"


def current(suite: Suite, search: Search, path: str) -> bool:
    """Whether a file of this search is there, of today's declaration, data and labels."""
    try:
        known = os.stat(path)
        return (
            _obstacle(suite, search, path, _page(path, (known.st_mtime_ns, known.st_ctime_ns, known.st_size))) is None
        )
    except (UserError, OSError):
        return False


@lru_cache(maxsize=4096)
def _page(path: str, stamp: tuple[int, ...]) -> dict[str, Any]:
    """Content of a file of a search, for which a start asks several times; read again only if written again."""
    return paths.read(path)


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
    """What a candidate or a result of a search is trained with, as its parameter takes it: a schedule, or a value."""
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
