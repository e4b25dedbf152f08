"""What `lnl status` says of an artefact that was rendered, and what a name that is none gets for an answer."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from helpers import write_record
from suite_copy import SuiteCopy

from lnl.cli import inspect, render
from lnl.cli import search as searching
from lnl.declared import paths
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.results.records import state_of
from lnl.search import files


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.chdir(SuiteCopy.make(tmp_path / "checkout").root)
    return Suite.load(Path(), {"scale": "demo"}, validate=False)


def said_of(suite: Suite, capsys: pytest.CaptureFixture[str]) -> str:
    inspect.status(suite, ["small"])
    row = next(line for line in capsys.readouterr().out.splitlines() if "small" in line and "·" in line)
    return row.split()[-1]


def test_a_table_that_lacks_runs_is_rendered_incomplete(suite: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    assert said_of(suite, capsys) == "no"
    render.everything(suite, ["small"], partial=True)
    assert said_of(suite, capsys) == "incomplete"


def test_runs_that_are_not_there_and_records_that_cannot_be_read_are_told_apart(suite: Suite) -> None:
    with pytest.raises(UserError, match=r"^small: 4 of 4 runs are missing at scale demo \(.* …\); `snakemake small"):
        render.everything(suite, ["small"], partial=False)
    first, second, *_ = suite.demand("small")
    for run, content in ((first, "{"), (second, '{"result": {"seed": 1}}')):
        file = Path(paths.record("demo", run.cell.id, run.seed))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    known = (
        rf"small: 2 of 4 runs are missing .*, and the records of 2 cannot be read \({file.parent}/seed1.json: not a rea"
    )
    with pytest.raises(UserError, match=known) as said:
        render.everything(suite, ["small"], partial=False)
    assert "trained" not in str(said.value), "what makes them is said once, at the end"


def test_a_record_of_another_declaration_is_told_as_stale(suite: Suite) -> None:
    said = []
    for run in suite.demand("small"):
        path = Path(paths.record("demo", run.cell.id, run.seed))
        write_record(suite, path, run.cell, run.seed, 0.5, digest="00", curves={})
        with pytest.raises(UserError) as refused:
            render.everything(suite, ["small"], partial=False)
        said.append(str(refused.value))
    why = "(made under another declaration (digest 00, today"
    assert (
        said[0].startswith("small: 3 of 4 runs are missing at scale demo (") and f", and 1 are stale {why}" in said[0]
    )
    assert said[-1].startswith(f"small: 4 of 4 runs are stale at scale demo {why}")


def test_a_run_is_stopped_that_would_go_on_and_not_one_that_was_declared_otherwise_then(suite: Suite) -> None:
    run, other, *_ = suite.demand("small")
    for each, digest in ((run, suite.digest(run.cell)), (other, "0" * 16)):
        state = Path(paths.store("demo", each.cell.id, each.seed), f"checkpoint-{digest}.pt")
        state.parent.mkdir(parents=True)
        state.write_text("")
    words = [inspect._state(suite, state_of(suite, each.cell, each.seed))[0] for each in (run, other)]
    assert words == ["stopped", "missing"]


def test_the_note_of_a_candidate_s_failure_that_is_damaged_hides_nothing_else(suite: Suite) -> None:
    search = suite.parse_search("s2e/digits/symmetric-50/coteaching/random", 1)
    cell = f"{search.protocol}/{search.dataset}/{search.noise}/{search.method}-{search.name}-search1-round1-candidate1"
    note = Path(paths.failure("demo", cell, 1))
    note.parent.mkdir(parents=True)
    note.write_text("{")
    said = inspect.progress(suite, search)
    assert said.startswith("round 1 of ") and said.endswith(
        f"1 failed, the first with a note that cannot be read, {note}"
    )


def test_a_search_with_a_result_makes_scores_again_that_cannot_be_read(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = suite.parse_search("s2e/digits/symmetric-50/coteaching/random", 1)
    best, scores = (paths.best("demo", search.id, 1), paths.scores("demo", search.id, 1, 1))
    found = {"score": 0.5, "round": 1, "candidate": 1}
    files.write(suite, search, best, {"best": found, "candidates": 1, "scored_on": "validation", "final": "best"})
    walked: list[str] = []
    monkeypatch.setattr("lnl.cli.search._training", lambda suite: nullcontext(("cpu", bool)))
    monkeypatch.setattr("lnl.cli.prepare.for_search", lambda *_: None)
    monkeypatch.setattr("lnl.run.searching.candidates.walk", lambda suite, search, *_: walked.append(search.id))
    searching.command(suite, search.id, 1, quiet=True)
    assert not walked, "a result that was imported without its scores is a result"
    Path(scores).parent.mkdir(parents=True)
    Path(scores).write_text("{")
    with pytest.raises(UserError, match=rf"^{scores}: not readable .*; `lnl search {search.id} --seed 1 .* again$"):
        files.read(suite, search, scores)
    searching.command(suite, search.id, 1, quiet=True)
    assert walked == [search.id]


def test_a_typed_name_that_is_none_gets_the_nearest_ones(suite: Suite) -> None:
    with pytest.raises(UserError) as close:
        suite.select(["smal"])
    assert str(close.value) == "unknown artefact or paper 'smal' (did you mean 'small'?); `lnl status all` lists them"
    with pytest.raises(UserError) as far:
        suite.select(["qqq"])
    assert str(far.value) == "unknown artefact or paper 'qqq'; `lnl status all` lists them"
    with pytest.raises(UserError, match=r"^config key 'artefacts': unknown artefact or paper 'qqq'"):
        _ = Suite.load(Path(), {"scale": "demo", "artefacts": "qqq"}, validate=False).selected
