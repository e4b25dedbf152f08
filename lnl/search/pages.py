"""What a page of a search must be before anything believes it: its schema, and what the search declares.

A page is the scores of one round, or the result. What it says of itself leads to nothing: rounds, candidates, points,
schedules, values and lengths are compared with the declaration of the search whose digest it carries.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared.shape import Misfit, brief, checker
from lnl.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lnl.declared.cells import DeclaredSearch
    from lnl.search.listed import Listed
    from lnl.search.spaces import Space

Page = dict[str, Any]
CLOSE = 1e-9  # a number that was computed again
ABOUT = ("schedule", "value")


def well_formed(page: object, where: str | Path, remedy: str) -> Page:
    """The page itself, if its schema is met: workflow/schemas/search_page.yaml. UserError with file, field, remedy."""
    try:
        checker("search_page")(page)
    except Misfit as misfit:
        raise UserError(f"{where}: no page of a search: {misfit}; {remedy}") from None
    assert isinstance(page, dict)
    return page


def is_scores(page: Page) -> bool:
    """Whether a page holds the scores of a round; else it is the result of a search."""
    return "round" in page


def fitting(
    page: Page,
    declared: DeclaredSearch,
    space: Space | Listed,
    rounds: Mapping[int, Page],
    where: str | Path,
    remedy: str,
) -> Page:
    """The page itself, if a search that is declared so can have written it; UserError if not.

    rounds: pages of scores of the same search, by round, as far as they are known: the result has to agree with them.
    """
    try:
        _scores(page, declared, space) if is_scores(page) else _best(page, declared, space, rounds)
    except Misfit as misfit:
        raise UserError(f"{where}: no page of {page['search']}: {misfit}; {remedy}") from None
    return page


def _scores(page: Page, declared: DeclaredSearch, space: Space | Listed) -> None:
    import numpy as np

    planned, round = declared.rounds, page["round"]
    if round > len(planned):
        raise Misfit(f"is round {round}, and the search has {len(planned)}")
    fractions = planned[round - 1]
    if [c["candidate"] for c in page["candidates"]] != list(range(1, len(fractions) + 1)):
        raise Misfit(f"has other candidates than 1 to {len(fractions)} of round {round}")
    for number, (entry, fraction) in enumerate(zip(page["candidates"], fractions, strict=True), 1):
        here = f"has candidate {number} "
        if len(entry["u"]) != space.dimension:
            raise Misfit(f"{here}at a point of {len(entry['u'])} numbers, and the space has {space.dimension}")
        if not _alike(_about(entry), space.entry(np.array(entry["u"]))):
            raise Misfit(f"{here}with another schedule or value than that of its point")
        if not _alike(entry["fraction"], fraction) or entry["epochs"] != declared.until(fraction):
            raise Misfit(f"{here}trained for another share than the search declares")
        origin = entry["continues"]
        if origin and not (origin[0] < round and origin[1] <= len(planned[origin[0] - 1])):
            raise Misfit(f"{here}that continues {brief(origin[0])}, {brief(origin[1])}, which is no earlier one")
        dead = entry["diverged"] is not None
        if (entry["score"] is None) != dead or (entry["test"] is None) != dead:
            raise Misfit(f"{here}whose score is {brief(entry['score'])} and which has {'' if dead else 'not '}diverged")


def _best(page: Page, declared: DeclaredSearch, space: Space | Listed, rounds: Mapping[int, Page]) -> None:
    planned, spec = declared.rounds, declared.spec
    wanted = {
        "candidates": sum(map(len, planned)),
        "trainings": declared.trainings,
        "scored_on": spec["scored_on"],
        "algorithm": spec["algorithm"],
        **({"parameter": spec["parameter"]} if "parameter" in spec else {"space": getattr(space, "name", None)}),
    }
    for name, value in wanted.items():
        if not _alike(page.get(name), value):
            raise Misfit(f"has {name} {brief(page.get(name))}, and the search {brief(value)}")
    if page["diverged"] >= page["candidates"]:
        raise Misfit("has a result, and all of its candidates diverged")
    for name in ("best", "draw", "mode", "mean"):
        if page.get(name) is not None:
            _possible(name, _about(page[name]), space)
    best = page["best"]
    if best["round"] > len(planned) or best["candidate"] > len(planned[best["round"] - 1]):
        raise Misfit(f"has as its best candidate {best['candidate']} of round {best['round']}, which there is not")
    if "scores" in page:
        for value, score in page["scores"]:
            _possible("scores", {"value": value}, space)
            if score is not None and (isinstance(score, bool | str) or not 0 <= score <= 1):
                raise Misfit(f"has the score {brief(score)}")
    known = rounds.get(best["round"])
    if known is not None:
        entry = known["candidates"][best["candidate"] - 1]
        full = [c["score"] for c in known["candidates"] if c["score"] is not None and c["fraction"] == 1.0]
        if (
            _about(entry) != _about(best)
            or entry["score"] != best["score"]
            or entry["score"] != max(full, default=None)
        ):
            raise Misfit(f"has another best than the scores of round {best['round']}")


def _possible(name: str, about: Page, space: Space | Listed) -> None:
    """A schedule within the bounds of the space, or a value of the list."""
    from lnl.search.listed import Listed

    if isinstance(space, Listed):
        known = [(type(value), value) for value in space.values]
        if set(about) != {"value"} or (type(about["value"]), about["value"]) not in known:
            raise Misfit(f"has in {name} {brief(about.get('value'))}, which is none of the values of the search")
        return
    if set(about) != {"schedule"}:
        raise Misfit(f"has in {name} no schedule")
    schedule, clip = about["schedule"], None if space.clip is None else list(space.clip)
    bounds = [(c.low - CLOSE, c.high + CLOSE) for c in space.coordinates]
    if schedule["formula"] != space.formula or not _alike(schedule["clip"], clip) or len(schedule["x"]) != len(bounds):
        raise Misfit(f"has in {name} no schedule of space {space.name}")
    if not all(low <= x <= high for x, (low, high) in zip(schedule["x"], bounds, strict=True)):
        raise Misfit(f"has in {name} a schedule outside of space {space.name}")


def _about(entry: Page) -> Page:
    return {name: entry[name] for name in ABOUT if name in entry}


def _alike(one: Any, other: Any) -> bool:
    """Equal, but for the last digits of numbers that are computed."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (one, other))
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE) if numbers else bool(one == other)
