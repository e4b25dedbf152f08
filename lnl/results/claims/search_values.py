"""Searches and synthetic arms as evidence: what was found, how fast, and what their candidates scored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.declared import paths, searches
from lnl.declared.cells import Search
from lnl.errors import UserError
from lnl.noise.keys import parse
from lnl.results.claims.schedules import kept, late_rise, ramp_distance
from lnl.search.files import read
from lnl.search.results import SearchState, best_so_far

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

Curve = tuple[np.ndarray, np.ndarray]  # (full trainings or evaluations spent [n], best so far [n])


def searched(suite: Suite, search: Search) -> tuple[dict[str, Any] | None, str]:
    """What there is of one search, or None and why: missing or stale. `suite`: at the scale that searches.

    `best`: the candidate with the best score. `found`: what is trained, which its declaration's `final` says.
    """
    declared, final = suite.declared_search(search), suite.searches[search.name]["final"]
    at = (suite.scale, search.id, search.seed)
    try:
        pages = [
            read(suite, search, paths.scores(*at, round + 1)) for round in range(len(searches.rounds(suite, search)))
        ]
        best = read(suite, search, paths.best(*at))
    except UserError:
        return None, "stale" if Path(paths.best(*at)).exists() else "missing"
    if best.get(final) is None:  # made before a search told it
        return None, "stale"
    noise = declared.candidate["noise"]
    state = SearchState("", "", "", search, "ok", declared, pages)
    return {
        "state": state,
        "pages": pages,
        "best": best["best"],
        "found": best[final],
        "spec": declared.candidate,
        "budget": {k: declared.spec[k] for k in ("rounds", "samples")}
        | {"algorithm": declared.spec["algorithm"]["name"]},
        "dataset": search.dataset,
        "stand_in_for": declared.paper_dataset if declared.paper_dataset != search.dataset else None,
        "labels": {"vector": noise["vector"], "realised_rate": parse(search.noise).rate or 0.0},
    }, ""


def schedule(result: dict[str, Any]) -> np.ndarray:
    """R [epochs] of the schedule that a search has found, as its candidates' epochs 0, 1, ... read it."""
    return as_trained(_schedule_of(result), result["spec"])


def as_trained(found: Mapping[str, Any], spec: Mapping[str, Any]) -> np.ndarray:
    """R [epochs] of a schedule, as epochs 0, 1, ... of a training with this specification read it."""
    clock = np.arange(spec["epochs"]) * (spec["paper_epochs"] / spec["epochs"])
    return kept(found, clock, spec["paper_epochs"])


def _schedule_of(result: dict[str, Any]) -> dict[str, Any]:
    """The schedule that a search has found, which methods train with; UserError for a search of another parameter."""
    found: dict[str, Any] = result["found"]
    if "schedule" not in found:
        raise UserError(
            f"{result['state'].search.id}: the search finds a value, no schedule R(t); a claim can test its best_score "
            "and best_test, or what its candidates scored"
        )
    return dict(found["schedule"])


def value(result: dict[str, Any], of: str, minus: str | None = None) -> float:
    """One number of one search; nan for one that searches do not have.

    best_score and best_test are the best candidate's, the others those of the schedule that is trained.
    `minus: clean_rate` subtracts the share of right labels, in percent.
    """
    best = result["best"]
    if of == "best_score":
        number = 100 * float(best["score"])
    elif of == "best_test":
        entry = result["pages"][best["round"] - 1]["candidates"][best["candidate"] - 1]
        number = math.nan if entry["test"] is None else 100 * float(entry["test"])
    elif of == "kept_end":
        number = 100 * float(schedule(result)[-1])
    elif of == "late_rise":
        number = late_rise(schedule(result))
    elif of == "ramp_distance":
        T = result["spec"]["paper_epochs"]
        number = ramp_distance(kept(_schedule_of(result), np.arange(1.0, T + 1.0), T))[0]
    else:
        return math.nan
    if minus == "clean_rate":
        number -= 100 * (1 - float(result["labels"]["realised_rate"]))
    return number


def curve(result: dict[str, Any]) -> Curve:
    """Best so far after each evaluation: percent of a search, RMSE of a repeat of a synthetic arm."""
    if "state" in result:
        return best_so_far(result["state"])
    best = np.asarray(result["errors"], float)
    return np.arange(1.0, len(best) + 1.0), best


def tests_of_candidates(result: dict[str, Any]) -> list[float]:
    """Test accuracy (percent) of every fully trained candidate of a search."""
    entries = [entry for page in result["pages"] for entry in page["candidates"]]
    return [100 * e["test"] for e in entries if e["fraction"] == 1.0 and e["test"] is not None]


def first_scores(result: dict[str, Any]) -> dict[tuple[float, ...], float]:
    """Validation scores of the first round by the numbers of the schedule, or the value: two searches may have it in
    common."""
    entries = [e for e in result["pages"][0]["candidates"] if e["score"] is not None]
    return {(e["value"],) if "value" in e else tuple(e["schedule"]["x"]): e["score"] for e in entries}
