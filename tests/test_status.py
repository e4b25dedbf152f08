"""What `lnl status` says of an artefact that was rendered, and what a name that is none gets for an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_copy import SuiteCopy

from lnl.cli import inspect, render
from lnl.declared.suite import Suite
from lnl.errors import UserError


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


def test_a_typed_name_that_is_none_gets_the_nearest_ones(suite: Suite) -> None:
    with pytest.raises(UserError) as close:
        suite.select(["smal"])
    assert str(close.value) == "unknown artefact or paper 'smal' (did you mean 'small'?); `lnl status all` lists them"
    with pytest.raises(UserError) as far:
        suite.select(["qqq"])
    assert str(far.value) == "unknown artefact or paper 'qqq'; `lnl status all` lists them"
    with pytest.raises(UserError, match=r"^config key 'artefacts': unknown artefact or paper 'qqq'"):
        _ = Suite.load(Path(), {"scale": "demo", "artefacts": "qqq"}, validate=False).selected
