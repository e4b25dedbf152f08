"""A walk of a search without a training: whose scores make a round, what a failure costs, where a walk goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from suite_copy import SCALE, SuiteCopy

from lnl.declared import paths
from lnl.declared.cells import Search
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.engine.loop import Stopped
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.run.searching import candidates, chain
from lnl.run.searching.page import Page
from lnl.run.store import Trained
from lnl.search import files

CPU = torch.device("cpu")
ID = "s2e/digits/pair-45/coteaching/natural-gradient-as-released"
Done = Callable[[int], Trained]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose searches have two rounds of three candidates, two to a block."""
    copy = SuiteCopy.make(tmp_path_factory.mktemp("walk") / "checkout")
    scale = {**SCALE, "search": {"rounds": 2, "samples": 3, "brackets": 2}, "search_block": 2}
    (copy.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale))
    return copy.root


@pytest.fixture
def suite(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.chdir(tmp_path)
    return Suite.load(root, {"scale": "demo", "device": "cpu"}, validate=False)


@pytest.fixture
def search(suite: Suite) -> Search:
    return suite.parse_search(ID, 1)


def outcome(percent: float) -> Trained:
    """A training of which both networks end so well, on what validates and on what tests."""
    epochs = 8
    curve = [[percent] * epochs] * 2
    return Trained({"epoch": list(range(epochs)), "validation_accuracy": curve, "test_accuracy": curve}, None)


def proposed(suite: Suite, search: Search, round: int = 0) -> Page:
    chain.propose(suite, search, round)
    return Page(suite, search, round)


def entries(page: Page, *percents: float) -> list[dict[str, Any]]:
    return [page.entry(index, outcome(percent)) for index, percent in enumerate(percents)]


def scores(suite: Suite, search: Search, round: int = 1) -> list[float | None]:
    page = files.read(suite, search, paths.scores("demo", search.id, search.seed, round))
    return [entry["score"] for entry in page["candidates"]]


# ---- whose scores make a round -------------------------------------------------------------------------------------


def test_a_round_is_put_together_of_blocks_of_any_size_in_the_order_of_its_candidates(
    suite: Suite, search: Search
) -> None:
    page = proposed(suite, search)
    first, second, third = entries(page, 50, 60, 70)
    page.write_block(0, [third])
    page.write_block(1, [second, first])
    chain.score(suite, search, 0)
    assert scores(suite, search) == [0.5, 0.6, 0.7]


@pytest.mark.parametrize("other", ["point", "declaration", "seed"])
def test_scores_of_other_points_or_of_another_search_are_none_of_a_round(
    suite: Suite, search: Search, other: str
) -> None:
    page = proposed(suite, search)
    first, second, third = entries(page, 50, 60, 70)
    if other == "point":
        second = second | {"u": [0.5 * value for value in second["u"]]}
    page.write_block(0, [first, third])
    page.write_block(1, [second])
    file = Path(paths.block("demo", search.id, 1, 1, 2))
    if other != "point":
        sealed.write(file, sealed.read(file) | ({"digest": "0" * 16} if other == "declaration" else {"seed": 2}))
    with pytest.raises(UserError) as error:
        chain.score(suite, search, 0)
    line = f"{ID} seed 1: candidate 2 of round 1 is not trained; `lnl search {ID} --seed 1 --scale demo` trains it"
    assert str(error.value) == line
    assert not Path(paths.scores("demo", ID, 1, 1)).exists()
    page.write_block(1, entries(page, 0, 60)[1:])
    chain.score(suite, search, 0)
    assert scores(suite, search) == [0.5, 0.6, 0.7]


def test_scores_that_came_from_elsewhere_are_known_for_the_points_that_were_proposed_alone(
    suite: Suite, search: Search
) -> None:
    page = proposed(suite, search)
    assert page.known() == {} and page.from_store(range(3)) is None
    page.write_block(0, entries(page, 50, 60, 70))
    chain.score(suite, search, 0)
    assert [page.known()[index]["score"] for index in range(3)] == [0.5, 0.6, 0.7]
    assert page.from_store([2, 0]) == [page.known()[2], page.known()[0]]
    file = Path(paths.scores("demo", ID, 1, 1))
    content = sealed.read(file)
    content["candidates"][1]["u"] = [0.5 * value for value in content["candidates"][1]["u"]]
    sealed.write(file, content)
    assert set(page.known()) == {0, 2} and page.from_store(range(3)) is None
    sealed.write(file, sealed.read(file) | {"digest": "0" * 16})
    assert page.known() == {}


# ---- a block -------------------------------------------------------------------------------------------------------


def train(page: Page, block: int, done: Done, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Train a block by what `done` makes of a candidate; those that were trained."""
    asked: list[int] = []

    def trained(page: Page, index: int, *_: object) -> Trained:
        asked.append(index)
        return done(index)

    monkeypatch.setattr(candidates, "trained", trained)
    quiet: Any = lambda title: nullcontext(unwatched)  # noqa: E731
    try:
        candidates.train_block(page, block, Places.of(page.suite.config), CPU, lambda: False, quiet, "its.log")
    finally:
        train.asked = asked  # type: ignore[attr-defined]
    return asked


def notes(page: Page) -> list[int]:
    """Candidates that have a note of a failure."""
    runs = [page.run(index) for index in range(3)]
    return [at for at, run in enumerate(runs) if Path(paths.failure("demo", run.cell.id, run.seed)).exists()]


def test_a_block_trains_its_own_candidates_but_for_those_whose_scores_are_known(
    suite: Suite, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = proposed(suite, search)
    assert train(page, 0, lambda index: outcome(50 + index), monkeypatch) == [0, 1]
    assert train(page, 1, lambda index: outcome(50 + index), monkeypatch) == [2]
    chain.score(suite, search, 0)
    assert scores(suite, search) == [0.5, 0.51, 0.52]
    for block in (1, 2):
        Path(paths.block("demo", ID, 1, 1, block)).unlink()
    assert train(page, 0, lambda index: outcome(99), monkeypatch) == []  # as after `lnl import`
    told = files.read(suite, search, paths.block("demo", ID, 1, 1, 1))["candidates"]
    assert [entry["score"] for entry in told] == [0.5, 0.51]


def test_a_candidate_that_fails_lets_the_others_be_trained_and_its_block_has_no_scores(
    suite: Suite, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = proposed(suite, search)

    def failing(index: int) -> Trained:
        if index == 0:
            raise ValueError("this candidate is broken")
        return outcome(50)

    with pytest.raises(ValueError, match="this candidate is broken"):
        train(page, 0, failing, monkeypatch)
    assert train.asked == [0, 1] and notes(page) == [0]  # type: ignore[attr-defined]
    assert not Path(paths.block("demo", ID, 1, 1, 1)).exists()


def test_a_block_that_is_told_to_stop_stops_at_once_and_nothing_has_failed(
    suite: Suite, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = proposed(suite, search)

    def stopped(index: int) -> Trained:
        raise Stopped

    with pytest.raises(Stopped):
        train(page, 0, stopped, monkeypatch)
    assert train.asked == [0] and notes(page) == []  # type: ignore[attr-defined]
    assert not Path(paths.block("demo", ID, 1, 1, 1)).exists()


# ---- where a walk goes on ------------------------------------------------------------------------------------------


def walked(suite: Suite, search: Search, monkeypatch: pytest.MonkeyPatch, percent: float | None = 50) -> Any:
    """(candidates that were trained, as (round, index), lines) of a whole walk, all of whose candidates end so well."""
    trained: list[tuple[int, int]] = []
    said: list[str] = []

    def made(page: Page, index: int, *_: object) -> Trained:
        trained.append((page.round + 1, index))
        ended = {"epoch": 0, "reason": "a loss"}
        return Trained({}, ended) if percent is None else outcome(percent + 10 * page.round + index)

    monkeypatch.setattr(candidates, "trained", made)
    quiet: Any = lambda title: nullcontext(unwatched)  # noqa: E731
    candidates.walk(suite, search, Places.of(suite.config), CPU, lambda: False, quiet, said.append)
    return trained, [line.rpartition(",")[0] for line in said]


def test_a_walk_goes_on_where_it_was_and_says_what_it_has_done(
    suite: Suite, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, said = walked(suite, search, monkeypatch)
    assert trained == [(round, index) for round in (1, 2) for index in range(3)]
    assert said == ["round 1: 3 candidates, best 52.00%", "round 2: 3 candidates, best 62.00%"]
    best = Path(paths.best("demo", ID, 1))
    whole, last = best.read_bytes(), Path(paths.proposals("demo", ID, 1, 2)).read_bytes()
    assert walked(suite, search, monkeypatch) == ([], [])
    for path in (paths.scores("demo", ID, 1, 2), str(best)):
        Path(path).unlink()
    assert walked(suite, search, monkeypatch) == ([], said[1:]), "its blocks are there"
    for path in (paths.scores("demo", ID, 1, 2), paths.block("demo", ID, 1, 2, 2)):
        Path(path).unlink()
    assert walked(suite, search, monkeypatch) == ([(2, 2)], said[1:])
    for path in (paths.scores("demo", ID, 1, 2), paths.proposals("demo", ID, 1, 2)):
        Path(path).unlink()
    assert walked(suite, search, monkeypatch) == ([], said[1:])
    assert Path(paths.proposals("demo", ID, 1, 2)).read_bytes() == last and best.read_bytes() == whole


def test_a_walk_all_of_whose_candidates_diverge_says_so(
    suite: Suite, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=f"{ID} seed 1: no fully trained candidate has a score; all of them diverged"):
        walked(suite, search, monkeypatch, None)
    assert scores(suite, search) == [None] * 3 == scores(suite, search, 2)


# ---- candidates that go on with others -----------------------------------------------------------------------------


def test_networks_are_those_of_the_candidate_before_be_it_of_the_round_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    diverged: list[tuple[int, int]] = []

    def trained(page: Any, index: int, *_: object) -> Trained:
        return Trained({}, {"epoch": 1} if (page.round, index) in diverged else None)

    def page(round: int) -> Any:
        run = lambda index: (round, index)  # noqa: E731
        return SimpleNamespace(round=round, proposed=[0] * 3, before=page, run=run, suite=None)

    monkeypatch.setattr(candidates, "trained", trained)
    monkeypatch.setattr(candidates, "Store", lambda suite, run: SimpleNamespace(handover_file=lambda point: run))
    monkeypatch.setattr(candidates.handed_over, "load", lambda file: file)

    def before(round: int, index: int) -> Any:
        return candidates._networks_before(page(round), index, Places("", ""), CPU, lambda: False)  # type: ignore[call-arg]

    assert before(0, 0) is None
    assert [before(0, 1), before(0, 2), before(1, 0), before(1, 1)] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    diverged.append((0, 2))
    assert before(1, 0) is None and before(1, 1) == (1, 0)


@pytest.mark.parametrize(("epoch", "enough"), [(2, False), (3, True), (4, True)])
def test_a_candidate_that_has_come_as_far_as_its_round_wants_it_is_not_trained_on(
    monkeypatch: pytest.MonkeyPatch, epoch: int, enough: bool
) -> None:
    saved = {"training": {"position": {"epoch": epoch}, "curves": [{"epoch": [0]}], "diverged": [None]}}
    page: Any = SimpleNamespace(suite=None, run=lambda index: None, stored=lambda index: None, until=lambda index: 3)
    monkeypatch.setattr(candidates, "Store", lambda suite, run: SimpleNamespace(checkpoint_file="file"))
    monkeypatch.setattr(candidates.origin, "manifests", lambda suite, run: {})
    monkeypatch.setattr(candidates.checkpoints, "name", lambda suite, run: "its name")
    monkeypatch.setattr(candidates.checkpoints, "begun", lambda file, names, today: saved)
    found = candidates._so_far(page, 0)
    assert found == (Trained({"epoch": [0]}, None) if enough else None)
