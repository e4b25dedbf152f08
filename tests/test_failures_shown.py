"""An error inside a method's code: a line break, the frames of the suite and of the method, the error itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import typer
from suite_copy import SuiteCopy

from lnl import cli
from lnl.cli import app as commands
from lnl.cli import failures

CELL = "s2e/digits/symmetric-50/standard"


@pytest.mark.parametrize("afresh", [True, False])
def test_a_method_s_error_is_shown_without_the_command_line_s_frames(tmp_path: Path, afresh: bool) -> None:
    suite = SuiteCopy.make(tmp_path / "checkout")
    file = suite.root / "methods/standard.py"
    file.write_text(
        file.read_text().replace("losses = cross_entropy", "labels.nothing\n        losses = cross_entropy")
    )
    done = suite.lnl("train", CELL, "--quiet", afresh=afresh)
    assert done.returncode == 1
    frames = re.findall(r'^  File "([^"]+)", line', done.stderr, re.M)
    assert not [frame for frame in frames if re.search(r"/(typer|click)/|/lnl/cli/__init__\.py", frame)]
    assert str(file) in frames and any(frame.endswith("lnl/engine/loop.py") for frame in frames)
    assert done.stderr.splitlines()[-1] == "AttributeError: 'Tensor' object has no attribute 'nothing'"
    assert done.stderr.startswith("\nTraceback") or "\n\nTraceback" in done.stderr  # a line break before it


def test_what_led_to_an_error_is_shown_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fails = typer.Typer()

    @fails.command()
    def _command() -> None:
        try:
            {}["lost"]
        except KeyError as error:
            raise ValueError("wrong") from error

    monkeypatch.setattr(commands, "app", lambda prog_name: fails([], standalone_mode=False))
    monkeypatch.setattr(sys, "argv", ["lnl"])
    assert cli.run() == 1
    said = capsys.readouterr().err
    assert said.count("Traceback") == 2 and "KeyError: 'lost'" in said and said.endswith("ValueError: wrong\n")
    assert not re.search(r'File ".*/(typer|click)/', said)


def test_who_presses_ctrl_c_is_told_what_became_of_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lnl.cli.commands.inspecting.load_suite", pressed)
    monkeypatch.setattr(sys, "argv", ["lnl", "status"])
    assert cli.run() == 130
    assert capsys.readouterr().err == "lnl: interrupted; what was finished is kept\n"


def test_frames_of_other_libraries_stay() -> None:
    assert not failures._of_the_command_line("/env/lib/python3.11/site-packages/torch/nn/functional.py")
    assert failures._of_the_command_line("/env/lib/python3.11/site-packages/click/core.py")
