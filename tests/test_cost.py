"""What a plan sums up: which records tell a price, what is still to be trained, and the shares of a search."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helpers
import pytest

from lnl.declared import paths
from lnl.declared.suite import Run, Search, Suite
from lnl.run.price import cost
from lnl.run.price.cost import Correction, Cost, Estimator, Price

ROOT = Path(__file__).resolve().parent.parent
CELL = "s2e/mnist/symmetric-50/standard"
SEARCH = "s2e/mnist/symmetric-50/s2e/hyperband"


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper", "device": "cpu"}, validate=False)


@pytest.fixture
def runs(paper: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Run]]:
    """Repeats of one cell, which are all that is demanded, in an empty folder of results."""
    listed = [Run(paper.parse(CELL), seed) for seed in range(1, 8)]
    monkeypatch.setattr(paper, "demand", lambda key: listed)
    monkeypatch.setattr(Estimator, "model", None)
    monkeypatch.setattr(Estimator, "_declared", lambda *_: None)
    with paths.results_in(tmp_path):
        yield listed


def _record(
    suite: Suite, run: Run, seconds: float, device: str = "cpu (a processor)", mode: str = "single", **result: Any
) -> None:
    path = Path(paths.record(suite.scale, run.cell.id, run.seed))
    helpers.write_record(suite, path, run.cell, run.seed, 0.5, **{"curves": {}} | result)
    record = json.loads(path.read_text())
    record["provenance"] = {"seconds": seconds, "device": device, "mode": mode}
    path.write_text(json.dumps(record))


def _price(estimator: Estimator) -> Price | None:
    suite = estimator.suite
    return estimator.price("s2e", suite.spec(suite.parse(CELL)), "mnist")


def test_records_of_another_declaration_or_another_kind_of_device_tell_no_price(paper: Suite, runs: list[Run]) -> None:
    _record(paper, runs[0], 5, digest="0" * 16)
    _record(paper, runs[1], 7, "NVIDIA H200")
    assert _price(Estimator(paper)) is None
    for run, seconds in zip(runs[2:], (100, 900, 200), strict=False):
        _record(paper, run, seconds)
    found = _price(Estimator(paper))
    assert found is not None and (found.seconds, found.basis) == (200, "measured")


def test_runs_of_a_stack_tell_nothing_of_a_run_alone(
    paper: Suite, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    _record(paper, runs[0], 100)
    _record(paper, runs[1], 10, mode="stacked")
    assert getattr(_price(Estimator(paper)), "seconds", None) == 100
    monkeypatch.setattr(paper, "mode", lambda protocol: "stacked")
    assert getattr(_price(Estimator(paper)), "seconds", None) == 10


def test_a_correction_is_the_median_over_kinds_and_says_how_far_they_lie_from_it(
    paper: Suite, monkeypatch: pytest.MonkeyPatch, runs: list[Run]
) -> None:
    estimator = Estimator(paper)
    kinds: list[Any] = [("p", "d", "n", 1, name, "faithful", name == "d") for name in "abcd"]  # the last one stacked
    estimator._measured = dict(zip(kinds, ([20.0], [10.0, 30.0, 50.0], [60.0], [9e9]), strict=True))
    estimator._examples = {kind: {} for kind in kinds}
    monkeypatch.setattr(estimator, "_modelled", lambda spec: Price(10.0, "modelled"))
    # three, two and six times as long as modelled: their distances from three are 0, 1/3 and 1
    assert estimator.correction == Correction(3.0, 3, pytest.approx(1 / 3), alone=3, stacked=1)


def test_a_record_of_a_stack_is_counted_though_it_corrects_nothing(paper: Suite, runs: list[Run]) -> None:
    assert Estimator(paper).correction == Correction()
    _record(paper, runs[0], 10, mode="stacked")
    assert Estimator(paper).correction == Correction(alone=0, stacked=1)
    _record(paper, runs[1], 100)
    assert Estimator(paper).correction == Correction(alone=1, stacked=1)  # no model here: it prices none of them


def test_a_plan_counts_what_is_left_and_sums_what_has_a_price(
    paper: Suite, runs: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    _record(paper, runs[0], 1)
    _record(paper, runs[1], 1, status="diverged", diverged={"epoch": 3, "reason": "a loss"})
    _record(paper, runs[2], 1, digest="0" * 16)  # stale: trained again
    estimator, search = Estimator(paper), paper.parse_search(SEARCH, 1)
    prices = {"run": Price(3600, "measured", 100, 2e15), "candidate": Price(7200, "modelled", 50, 3e15)}
    candidate = paper.searching.declared_search(search).candidate
    monkeypatch.setattr(
        estimator, "price", lambda protocol, spec, of: prices["candidate" if spec == candidate else "run"]
    )
    monkeypatch.setattr(estimator, "_search", lambda search: (2.5, 40, 20))
    monkeypatch.setattr(cost, "jobs", lambda *_: 1200)
    found = estimator.cost([*runs, runs[-1]], [search, search])
    assert found == Cost(
        runs=7,
        todo=5,
        candidates=40,
        candidates_todo=20,
        unpriced=0,
        hours=5 * 1 + 2.5 * 2 + 0.1,  # twenty candidates that together train as long as two and a half whole ones; jobs
        longest=2.0,
        petaflop=5 * 2 + 2.5 * 3,
        memory_mb=100,
        disk_mb=25 * 80 / 1024,
        basis="modelled",
        jobs=1200,
    )
    prices["candidate"] = None  # type: ignore[assignment]
    without = estimator.cost(runs, [search])
    assert (without.unpriced, without.hours, without.basis) == (20, 5.1, "measured")


def test_of_a_search_what_has_scores_costs_nothing(paper: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    estimator = Estimator.__new__(Estimator)
    estimator.suite = paper
    search = paper.parse_search(SEARCH, 1)
    declared = paper.searching.declared_search(search)
    sizes = [len(each) for each in declared.rounds]
    at = (paper.searching.scale, search.id, search.seed)
    there: set[str] = set()

    def current(suite: Suite, search: Search, path: str) -> bool:
        return path in there

    monkeypatch.setattr(cost, "current", current)
    assert estimator._search(search) == (declared.trainings, sum(sizes), sum(sizes))
    there.add(paths.scores(*at, 1))
    left = sum(sizes[1:])
    assert estimator._search(search) == (declared.trainings * left / sum(sizes), sum(sizes), left)
    there.add(paths.best(*at))
    assert estimator._search(search) == (0.0, sum(sizes), 0)
