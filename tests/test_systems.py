"""The page of systems: every row of the documents is one's, and the page says what the declarations say."""

from __future__ import annotations

from pathlib import Path

import helpers
import pytest
from contributed import contributed

from lnl.declared import systems as declared
from lnl.declared.reading import read_mapping
from lnl.declared.suite import Suite
from lnl.declared.systems import Systems
from lnl.errors import UserError
from lnl.render.methods import written
from lnl.render.systems import BEGIN, COUNT, COUNTED, END, count, page


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(helpers.ROOT, {"scale": "paper"})


def test_every_system_runs_or_says_why_not(suite: Suite) -> None:
    found = Systems(suite)
    assert len({system.title for system in found.all}) == len(found.all)
    rows = ((key, row) for key in found.shown for row in suite.axis(key, "rows"))
    waiting = [f"{key}/{row['key']}" for key, row in rows if row.get("published_only")]
    assert sorted(waiting) == sorted(place for system in found.all for place in system.published)
    trained = {key for system in found.all for key in system.methods}
    ours = {"s2e-sound", "standard-held-out", "decoupling-buffered"}  # and what joins by itself
    missing = {key for key in contributed()["methods"] if not suite.methods[key].get("joins")} - trained - ours
    assert not missing, "methods of the suite that no document's system trains"


def test_a_method_that_joins_a_table_by_itself_changes_no_page(
    suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "methods").mkdir()
    text = (helpers.ROOT / "methods/bootstrap.py").read_text()
    spec = text.replace('"key": "bootstrap"', '"key": "mine"').replace(
        '"version"', '"joins": ["tutorial_mnist_accuracy"], "version"'
    )
    (tmp_path / "methods/mine.py").write_text(spec)
    monkeypatch.setenv("LNL_OVERLAY", str(tmp_path))
    with_mine = Suite.load(helpers.ROOT, {"scale": "paper"})
    cells = [slot.cell.method for slot in with_mine.slots("tutorial_mnist_accuracy") if slot.cell]
    assert "mine" in cells
    assert page(with_mine) == page(suite)


def test_the_pages_are_made_from_the_declarations(suite: Suite) -> None:
    for file, made, begin, end in (("docs/systems.md", page, BEGIN, END), ("README.md", count, COUNT, COUNTED)):
        text = (helpers.ROOT / file).read_text()
        assert written(text, made(suite), file, begin, end) == text, f"run `lnl systems --write {file}`"


BAD = {
    "a system without rows": ({"title": "X", "cells": ["nobody"]}, "'X': no artefact of a document has it"),
    "a search that is none": ({"title": "X", "searches": ["randon"]}, "unknown search 'randon' .did you mean"),
    "no reason": ({"title": "X", "published": ["ieg_table1/gce"]}, "'X': give its cells or searches, or where"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_faulty_system_is_one_line(suite: Suite, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, line = BAD[what]
    whole = read_mapping(helpers.ROOT / declared.FILE)

    def changed(path: Path) -> dict[str, object]:
        return {**whole, "systems": [*whole["systems"], entry]}

    monkeypatch.setattr(declared, "read_mapping", changed)
    with pytest.raises(UserError, match=line) as error:
        Systems(suite)
    assert "\n" not in str(error.value)
