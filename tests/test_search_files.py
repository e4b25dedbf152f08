"""Files of a search say whose they are: what is another's, or of another day, is told and never used."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from suite_copy import SuiteCopy

from lnl.declared import origin, paths, searches
from lnl.declared.cells import Search
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import sealed
from lnl.run.search_rules import SearchRules
from lnl.search import files

ID = "s2e/digits/symmetric-50/coteaching/random"
SCORED = {"round": 1, "candidates": [{"candidate": 1, "score": 0.5}, {"candidate": 2, "score": None}]}
FOUND = {"schedule": {"formula": "f", "clip": None, "x": [0.5]}, "score": 0.5, "round": 1, "candidate": 2, "more": 1}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SuiteCopy.make(tmp_path_factory.mktemp("files") / "checkout").root


@pytest.fixture
def suite(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.chdir(tmp_path)
    return Suite.load(root, {"scale": "demo"}, validate=False)


@pytest.fixture
def search(suite: Suite) -> Search:
    return suite.parse_search(ID, 1)


def refused(suite: Suite, search: Search, path: str) -> str:
    assert not files.current(suite, search, path)
    with pytest.raises(UserError) as error:
        files.read(suite, search, path)
    line = str(error.value)
    assert line.startswith(f"{path}: ") and f"`lnl search {ID} --seed {search.seed} --scale demo` makes it" in line
    return line


PLACES = {
    "proposals": {"round": 1, "candidates": [{"candidate": 1}]},
    "scores": SCORED,
    "block1": SCORED | {"block": 1},
}


@pytest.mark.parametrize("name", PLACES)
def test_a_file_is_read_in_its_place_and_in_no_other(suite: Suite, search: Search, name: str) -> None:
    path = paths.scores("demo", ID, 1, 1).replace("scores", name)
    files.write(suite, search, path, PLACES[name])
    assert files.current(suite, search, path) and files.misplaced(search, path) is None
    assert PLACES[name].items() <= files.read(suite, search, path).items()
    for other in (
        paths.scores("demo", ID, 1, 2).replace("scores", name),
        paths.scores("demo", ID, 1, 1).replace("scores", "block2"),
        paths.best("demo", ID, 1),
    ):
        Path(other).parent.mkdir(parents=True, exist_ok=True)
        Path(other).write_bytes(Path(path).read_bytes())
        assert f"is round1/{name}.json of this search" in refused(suite, search, other)
        assert files.misplaced(search, other) == f"is round1/{name}.json of this search"


def test_a_round_with_one_candidate_unscored_is_no_round_of_scores(suite: Suite, search: Search) -> None:
    path = paths.scores("demo", ID, 1, 1)
    files.write(suite, search, path, {"round": 1, "candidates": [{"candidate": 1, "score": 0.5}, {"candidate": 2}]})
    assert "is round1/proposals.json of this search" in refused(suite, search, path)


def test_a_file_of_another_seed_and_one_that_is_damaged_or_not_there_say_so(suite: Suite, search: Search) -> None:
    path, other = paths.scores("demo", ID, 1, 1), suite.parse_search(ID, 2)
    assert "not there; " in refused(suite, search, path)
    files.write(suite, other, path, SCORED)
    assert f"belongs to {ID} seed 2" in refused(suite, search, path)
    assert files.misplaced(search, path) == f"belongs to {ID} seed 2"
    files.write(suite, search, path, SCORED)
    Path(path).write_text(Path(path).read_text().replace("0.5", "0.6"))
    assert "not readable" in refused(suite, search, path) and files.misplaced(search, path) == "damaged"


def test_a_file_of_a_former_declaration_or_of_other_labels_is_made_again(suite: Suite, search: Search) -> None:
    path = paths.scores("demo", ID, 1, 1)
    files.write(suite, search, path, SCORED)
    content = sealed.read(path)
    sealed.write(path, content | {"digest": "0" * 16})
    assert "as it was declared before" in refused(suite, search, path) and files.misplaced(search, path) is None
    sealed.write(path, content | {"trained_on": {"data": "1" * 16}})
    assert files.current(suite, search, path)  # nothing says what the data are today
    sealed.write(paths.data("demo", "digits"), {"dataset": "digits", "digest": "2" * 16})
    assert origin.of_search(suite, search)["data"] == "2" * 16
    assert "trained on other data (digest 1111111111111111, today 22" in refused(suite, search, path)
    files.write(suite, search, path, SCORED)
    assert files.read(suite, search, path)["trained_on"]["data"] == "2" * 16
    proposals = path.replace("scores", "proposals")
    files.write(suite, search, proposals, PLACES["proposals"])
    assert "trained_on" not in files.read(suite, search, proposals)


def test_a_file_that_was_written_again_is_looked_at_again(suite: Suite, search: Search) -> None:
    path = paths.scores("demo", ID, 1, 1)
    files.write(suite, search, path, SCORED)
    assert files.current(suite, search, path)
    known = os.stat(path)
    content = Path(path).read_text().replace("0.5", "0.6")  # as long, and of the same date
    Path(path).write_text(content)
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert not files.current(suite, search, path)


def test_a_cell_trains_with_what_its_search_has_found_and_says_so(suite: Suite) -> None:
    cell = suite.parse("s2e/digits/pair-45/s2e")
    search = searches.search_of(suite, cell)
    assert search is not None and files.found(suite, suite.parse("s2e/digits/pair-45/standard")) is None
    path, drawn = paths.best("demo", search.id, search.seed), {"schedule": FOUND["schedule"] | {"x": [0.25]}}
    assert not files.searched(suite, cell) and files.current_schedule(suite, cell, {})  # nothing says otherwise
    files.write(suite, search, path, {"best": FOUND, "draw": drawn, "scored_on": "validation"})
    told = files.found(suite, cell)
    about = {"search": search.id, "seed": search.seed, "digest": suite.search_digest(search), "scored_on": "validation"}
    assert told == {**about, "final": "draw", **drawn} and files.searched(suite, cell)
    assert files.current_schedule(suite, cell, {"searched": told})
    assert not files.current_schedule(suite, cell, {"searched": told | FOUND})  # trained with another curve
    assert not files.current_schedule(suite, cell, {})
    files.write(suite, search, path, {"best": FOUND, "draw": None, "scored_on": "validation"})
    with pytest.raises(UserError, match=f"{cell.id}: search .* keeps no distribution from which to take its draw"):
        files.found(suite, cell)
    files.write(suite, search, path, {"best": FOUND, "scored_on": "validation"})
    with pytest.raises(UserError, match=f"^{path}: was made before a search told its draw; delete it: `lnl search"):
        files.found(suite, cell)


def test_a_result_tells_a_score_and_where_it_is_from_and_nothing_that_it_was_not_asked(suite: Suite) -> None:
    cell = suite.parse("s2e/digits/pair-45/s2e")
    search = searches.search_of(suite, cell)
    assert search is not None
    best = {"best": FOUND, "draw": FOUND, "scored_on": "validation"}
    files.write(suite, search, paths.best("demo", search.id, search.seed), best)
    told = files.found(suite, cell)
    kept = {key: value for key, value in FOUND.items() if key != "more"}
    assert told is not None and kept.items() <= told.items() and "more" not in told
    assert files.choice(told) == files.chosen(told) == FOUND["schedule"]
    assert files.choice({"value": 0.5, "score": 1.0}) == {"value": 0.5} and files.choice(None) is None


def test_a_round_waits_for_the_scores_before_it_and_a_result_for_all(suite: Suite) -> None:
    rules = SearchRules(suite, lambda path: None, lambda command: None)

    def asked(name: str, round: int) -> SimpleNamespace:
        at = dict(zip(("protocol", "dataset", "noise", "method"), ID.split("/"), strict=False))
        return SimpleNamespace(**at, search=name, seed="1", round=str(round), block="1")

    adaptive, random = "natural-gradient-as-released", "random"
    search = rules.search(asked(adaptive, 1))
    first, second = (paths.scores("demo", search.id, 1, round) for round in (1, 2))
    assert rules.scores_before(asked(adaptive, 1)) == [] and rules.scores_before(asked(adaptive, 2)) == [first]
    assert rules.scores_before(asked(random, 2)) == []  # which looks at no scores
    count = len(searches.rounds(suite, search))
    assert rules.history(asked(adaptive, 1))[:2] == [first, second] and len(rules.history(asked(adaptive, 1))) == count
    members = searches.blocks(suite, search, 1)
    wanted = [paths.block("demo", search.id, 1, 2, number) for number in range(1, len(members) + 1)]
    assert rules.blocks_of(asked(adaptive, 2)) == wanted
    assert rules.candidate_inputs(asked(adaptive, 2))[0] == paths.proposals("demo", search.id, 1, 2)


@pytest.mark.parametrize(("round", "digest", "remade"), [(1, None, False), (1, "0" * 16, True), (2, None, True)])
def test_a_file_that_is_there_is_made_again_where_it_is_not_todays(
    suite: Suite, search: Search, round: int, digest: str | None, remade: bool
) -> None:
    forced: list[str] = []
    rules = SearchRules(suite, forced.append, lambda command: None)
    path = paths.scores("demo", ID, 1, 1)
    files.write(suite, search, path, SCORED | {"round": round} | ({"digest": digest} if digest else {}))
    at = dict(zip(("protocol", "dataset", "noise", "method", "search"), ID.split("/"), strict=True))
    rules.blocks_of(SimpleNamespace(**at, seed="1", round="1"))
    assert forced == [path] * remade
