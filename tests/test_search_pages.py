"""Pages of a search that somebody hands over: one that the search can have written is taken, any other is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lnl.declared.cells import DeclaredSearch
from lnl.errors import UserError
from lnl.search import pages
from lnl.search.listed import Listed
from lnl.search.spaces import Coordinate, Space

SPACE = Space("ramp", "A ramp", "a test", "linear", tuple(Coordinate(n, 0.1, 0.9, "") for n in "ab"), None, True)
HYPERBAND = {"name": "hyperband", "eta": 2, "brackets": 2}  # rounds of shares 1/2, 1/2, 1, 1; and 1
RANDOM = {"name": "random"}
Change = Callable[[Any], object]


def declared(algorithm: dict[str, Any] = HYPERBAND, **more: Any) -> DeclaredSearch:
    spec = {"algorithm": algorithm, "rounds": 1, "samples": 3, "scored_on": "validation", **more}
    return DeclaredSearch(spec, {"epochs": 8, "untrained_epoch": False}, "mnist", "a test")


def candidate(number: int, share: float, score: float | None, space: Any = SPACE, u: float = 0.5) -> dict[str, Any]:
    point = np.full(space.dimension, u)
    return {
        "candidate": number,
        "u": point.tolist(),
        "fraction": share,
        "continues": None,
        "score": score,
        "test": score,
        "diverged": None if score is not None else {"epoch": 2, "reason": "loss is not finite"},
        "epochs": int(8 * share),
        **space.entry(point),
    }


def head(**more: Any) -> pages.Page:
    return {"search": "mine/mnist/clean/coteaching/x", "digest": "0" * 16, "seed": 1, **more}


def scores() -> list[pages.Page]:
    first = [candidate(n, *each, u=n / 5) for n, each in enumerate([(0.5, 0.9), (0.5, None), (1, 0.3), (1, 0.6)], 1)]
    second = [candidate(1, 1.0, 0.5, u=1.0)]
    second[0]["continues"] = [1, 4]
    return [head(round=1, candidates=first), head(round=2, candidates=second)]


def best() -> pages.Page:
    [first, _], search = scores(), declared()
    schedule = first["candidates"][3]["schedule"]
    bounds = SPACE.schedule(np.array([0.0, 1.0])) | {"x": [0.1 - 1e-12, 0.9 + 1e-12]}  # of the space, but for rounding
    middle = {"schedule": bounds}
    return head(
        space="ramp",
        algorithm=HYPERBAND,
        candidates=5,
        diverged=1,
        trainings=search.trainings,
        scored_on="validation",
        best={"schedule": schedule, "score": 0.6, "round": 1, "candidate": 4},
        draw=copy.deepcopy(middle),
        mode=copy.deepcopy(middle),
        mean=copy.deepcopy(middle),
    )


def taken(page: pages.Page, search: DeclaredSearch | None = None, space: Any = SPACE) -> pages.Page:
    rounds = {each["round"]: each for each in scores()} if space is SPACE else {}
    well = pages.well_formed(page, "here", "fetch it again")
    return pages.fitting(well, search or declared(), space, rounds, "here", "fetch it again")


def refused(page: pages.Page, said: str, *where: Any) -> None:
    with pytest.raises(UserError) as error:
        taken(page, *where)
    assert said in str(error.value) and len(error.value.lines) == 1
    assert str(error.value).startswith("here: no page of") and str(error.value).endswith("; fetch it again")


def test_what_a_search_has_written_is_taken() -> None:
    for page in (*scores(), best()):
        assert taken(page) is page


def _of(name: str, value: Any, number: int = 1) -> Change:
    return lambda page: page["candidates"][number - 1].update({name: value})


@pytest.mark.parametrize(
    ("round", "change", "said"),
    [
        (2, lambda page: page.update(round=3), "is round 3, and the search has 2"),
        (1, lambda page: page["candidates"].pop(), "other candidates than 1 to 4 of round 1"),
        (1, lambda page: page["candidates"].reverse(), "other candidates than 1 to 4 of round 1"),
        (1, _of("u", [0.2, 0.2, 0.2]), "candidate 1 at a point of 3 numbers, and the space has 2"),
        (1, _of("u", [0.2, 0.3], 2), "candidate 2 with another schedule or value than that of its point"),
        (1, _of("fraction", 1.0), "candidate 1 trained for another share"),
        (1, _of("epochs", 5), "candidate 1 trained for another share"),
        (2, _of("continues", [2, 1]), "candidate 1 that continues 2, 1, which is no earlier one"),
        (2, _of("continues", [1, 5]), "candidate 1 that continues 1, 5, which is no earlier one"),
        (1, _of("score", 0.5, 2), "candidate 2 whose score is 0.5 and which has diverged"),
        (1, _of("test", None), "candidate 1 whose score is 0.9 and which has not diverged"),
        (1, _of("diverged", {"epoch": 1, "reason": "x"}), "whose score is 0.9 and which has diverged"),
    ],
)
def test_scores_that_the_search_cannot_have_written_are_one_line(round: int, change: Change, said: str) -> None:
    page = scores()[round - 1]
    change(page)
    refused(page, said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda page: page.update(candidates=6), "has candidates 6, and the search 5"),
        (lambda page: page.update(trainings=5.0), "has trainings 5.0, and the search"),
        (lambda page: page.update(scored_on="test"), "has scored_on"),
        (lambda page: page.update(algorithm=RANDOM), "has algorithm"),
        (lambda page: page.update(space="other"), "has space"),
        (lambda page: page.update(diverged=5), "has a result, and all of its candidates diverged"),
        (lambda page: page["best"].update(round=3), "candidate 4 of round 3, which there is not"),
        (lambda page: page["best"].update(candidate=5), "candidate 5 of round 1, which there is not"),
        (lambda page: page["best"].update(candidate=3), "another best than the scores of round 1"),
        (lambda page: page["best"].update(score=0.7), "another best than the scores of round 1"),
        (lambda page: page["draw"]["schedule"].update(x=[0.1, 0.95]), "has in draw a schedule outside of space ramp"),
        (lambda page: page["mean"]["schedule"].update(x=[0.05, 0.5]), "has in mean a schedule outside of space ramp"),
        (lambda page: page["mode"]["schedule"].update(x=[0.5]), "has in mode no schedule of space ramp"),
        (lambda page: page["mode"]["schedule"].update(clip=[0.0, 1.0]), "has in mode no schedule of space ramp"),
        (lambda page: page.update(mode={"value": 1}), "has in mode no schedule"),
    ],
)
def test_a_result_that_the_search_cannot_have_found_is_one_line(change: Change, said: str) -> None:
    page = best()
    change(page)
    refused(page, said)


def test_a_result_is_the_best_of_what_was_trained_to_its_end() -> None:
    page, [first, _] = best(), scores()
    third = first["candidates"][2]
    page["best"] = {"schedule": third["schedule"], "score": third["score"], "round": 1, "candidate": 3}
    refused(page, "another best than the scores of round 1")
    half = first["candidates"][0]  # of the highest score, after half of its epochs
    page["best"] = {"schedule": half["schedule"], "score": half["score"], "round": 1, "candidate": 1}
    refused(page, "another best than the scores of round 1")


def _listed(values: tuple[Any, ...], chosen: Any, scored: Any = (0.0, 1.0)) -> pages.Page:
    return head(
        parameter="tau",
        algorithm=RANDOM,
        candidates=3,
        diverged=0,
        trainings=3.0,
        scored_on="noisy-hold-out",
        best={"value": chosen, "score": 0.6, "round": 1, "candidate": 2},
        scores=[[value, score] for value, score in zip(values, (*scored, None), strict=False)],
    )


def test_a_value_is_one_of_the_list_and_its_score_a_share() -> None:
    search = declared(RANDOM, parameter="tau", scored_on="noisy-hold-out")
    values, space = (1, 0.5, True), Listed((1, 0.5, True))
    for chosen in values:
        assert taken(_listed(values, chosen), search, space)["best"]["value"] is chosen
    for chosen in (2, 1.0, False, "1"):
        refused(_listed(values, chosen), "which is none of the values of the search", search, space)
    refused(_listed((1, 0.7), 1), "has in scores 0.7, which is none of the values", search, space)
    for score, said in ((1.5, "1.5"), (-0.1, "-0.1"), (True, "true"), ("0.5", "")):
        refused(_listed(values, 1, (0.5, score)), f"has the score {said}", search, space)
