"""`lnl --version`: what somebody quotes beside a number or in a report of a fault."""

from __future__ import annotations

import re
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lnl.cli.app import app
from lnl.run.provenance import checkout


def said() -> str:
    done = CliRunner().invoke(app, ["--version"])
    assert done.exit_code == 0
    return done.output


def test_the_commit_of_a_checkout_and_what_numbers_rest_on_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    packages = f"; python .*, torch {re.escape(metadata.version('torch'))}, numpy .*, scipy .*\n"
    assert re.fullmatch(rf"lnl {re.escape(metadata.version('lnl-suite'))}{packages}", said())
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("scale: demo\n")
    names = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (["init", "-q"], ["add", "."], [*names, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout[:10]
    assert f", commit {commit};" in said()
    (tmp_path / "config/config.yaml").write_text("scale: lite\n")
    checkout.cache_clear()  # a process asks git once
    assert f", commit {commit} (changed);" in said()
