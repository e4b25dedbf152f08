"""What is named at `lnl table`, `figure` and `claims`: one of another kind is told with its command, and none is
renamed."""

from __future__ import annotations

import pytest
import typer
from suite_copy import ROOT

from lnl.cli import render
from lnl.cli.app import app
from lnl.declared.suite import Suite
from lnl.errors import UserError


@pytest.fixture(scope="module")
def suite() -> Suite:
    return Suite.load(ROOT, {"scale": "demo", "overlay": None}, validate=False)


@pytest.mark.parametrize(
    ("kind", "word", "line"),
    [
        ("figures", "tutorial_rt", "'tutorial_rt' is a table: `lnl table tutorial_rt`"),
        ("claims", "tutorial_rt", "'tutorial_rt' is a table: `lnl table tutorial_rt`"),
        ("tables", "s2e_figure4", "'s2e_figure4' is a figure: `lnl figure s2e_figure4`"),
        ("tables", "s2e_claims", "'s2e_claims' is a page of claims: `lnl claims s2e`"),
        ("figures", "s2e", "'s2e' is a paper: `lnl render s2e` renders all of it, `lnl status s2e` lists it"),
        ("claims", "coteaching", "'coteaching' is a paper without claims; with claims are ieg, l2r,"),
        ("claims", "elr_table", "command line: unknown claims page 'elr_table' (valid: ieg, l2r,"),
        ("claims", "tutoral", "unknown claims page 'tutoral' (did you mean 'tutorial'?"),
        ("tables", "tutorial_tr", "command line: unknown table 'tutorial_tr' (did you mean 'tutorial_rt'?"),
    ],
)
def test_what_is_of_another_kind_is_told_with_its_command(suite: Suite, kind: str, word: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        render.artefact(suite, word, kind, partial=True)
    (said,) = caught.value.lines
    assert line in said and "elr_table_claims" not in said


def test_claims_go_by_their_paper_s_key_and_by_their_own(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(render.rendered, "missing", lambda suite, key: asked.append(key) or ["one"])
    monkeypatch.setattr(render.label_needs, "lacking", lambda suite, key: "")
    for word in ("tutorial", "tutorial_claims"):
        with pytest.raises(UserError, match=r"^tutorial_claims: 1 of"):
            render.artefact(suite, word, "claims", partial=False)
    assert asked == ["tutorial_claims"] * 2


@pytest.mark.parametrize(("command", "kind"), [("table", "tables"), ("figure", "figures"), ("claims", "claims")])
def test_the_help_of_each_has_an_example_of_its_own(suite: Suite, command: str, kind: str) -> None:
    (argument,) = (p for p in typer.main.get_command(app).commands[command].params if p.name == "key")  # type: ignore[attr-defined]
    said, _, example = argument.help.partition(", e.g. ")
    assert example in getattr(suite, kind) and {"claims": "claims"}.get(command, f"a {command}") in said
