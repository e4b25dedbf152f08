"""Records made up for every place that a claims file names, so that its page can be rendered without a training."""

from __future__ import annotations

import random
from typing import Any
from unittest import mock

from lnl.declared import dependencies, searches
from lnl.declared.claims import Place
from lnl.declared.suite import Suite
from lnl.render import claims as page
from lnl.results.claims import identities, search_values, verdicts
from lnl.results.claims.evidence import Repeats, _name
from lnl.results.claims.printed import Comparison
from lnl.results.claims.words import QUANTITIES
from lnl.search.results import SearchState

EPOCHS = 30
SCHEDULE = {"formula": "coteaching_tau", "clip": [0.01, 1.0], "x": [0.5]}


def gather(suite: Suite, place: Place, source: str, locate: Any = None) -> Repeats:
    """Three repeats of a place, with numbers that vary."""
    rng = random.Random(repr(place))
    if place.kind == "synthetic":
        study, arm = place.at["study"], place.at["arm"]
        dependencies.arm_digest(suite, study, arm)
        errors = {n: {"errors": sorted((rng.random() for _ in range(20)), reverse=True)} for n in range(3)}
        return Repeats(place, arm, (study, arm), "", 3, errors, bed=suite.synthetic["studies"][study]["target"])
    seeds = suite.seeds(place.seeds)[:3]
    if place.kind == "search":
        at, called = place.search
        found = {seed: _search(suite, suite.search_at(at, called, seed, source), rng) for seed in seeds}
        return Repeats(place, _name(place, called), (called, *at.values()), "", 3, found)
    cell, absent = suite.cell_of(place.parts, source)
    if cell is None:
        return Repeats(place, "absent", None, absent or "", 3, {})
    return Repeats(place, _name(place, cell.method), cell, "", 3, {n: _run(suite.spec(cell), n, rng) for n in seeds})


def _run(spec: dict[str, Any], seed: int, rng: random.Random) -> dict[str, Any]:
    names = {*QUANTITIES, "loss", "validation_accuracy"}
    curves: dict[str, Any] = {name: [[90 * rng.random() for _ in range(EPOCHS)]] for name in sorted(names)}
    labels = {"digest": seed, "vector": spec["noise"]["vector"], "realised_rate": 0.4}
    curves["epoch"] = list(range(1, EPOCHS + 1))
    return {"curves": curves, "labels": labels, "spec": spec, "dataset": spec["dataset"], "data_digest": "x"}


def _search(suite: Suite, search: Any, rng: random.Random) -> dict[str, Any]:
    declared = suite.searching.declared_search(search)
    listed = "parameter" in declared.spec
    found = {"value": 0.1} if listed else {"schedule": SCHEDULE}
    pages = [
        {"candidates": [{**found, "fraction": share, "score": rng.random(), "test": rng.random()} for share in shares]}
        for shares in searches.rounds(suite.searching, search)
    ]
    return {
        "state": SearchState("", "", "", search, "ok", declared, pages),
        "pages": pages,
        "best": {**found, "score": 0.5, "round": 1, "candidate": 1},
        "found": found,
        "spec": declared.candidate,
        "dataset": search.dataset,
        "labels": {"vector": "fixed", "realised_rate": 0.4},
    }


def render(suite: Suite, paper: str) -> None:
    """All verdicts of a page and the page itself, as if everything were trained, and as if nothing were."""
    computed = mock.patch.object(identities, "comparisons", return_value=(Comparison("x", 1.0, True),))
    near = mock.patch.object(search_values, "ramp_distance", return_value=(0.01, (1.0, 1.0, 1.0)))
    with computed, near:
        for gathered in (gather, verdicts.gather):
            with mock.patch.object(verdicts, "gather", gathered):
                found = verdicts.judge(suite, paper)
            page.table(found)
            page.document(suite, paper, found)
