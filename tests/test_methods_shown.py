"""`lnl methods`: a table that a terminal has room for, of overlays too; Markdown only where a page is written."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from suite_copy import ROOT, SuiteCopy

from lnl.cli.methods import methods
from lnl.declared.overlay_folders import VARIABLE
from lnl.render.methods import BEGIN, END

MINE = (ROOT / "methods/gce.py").read_text().replace('"key": "gce"', '"key": "mine"')


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    folder = tmp_path_factory.mktemp("shown")
    (folder / "mylab/methods").mkdir(parents=True)
    (folder / "mylab/methods/mine.py").write_text(MINE.replace('"title": "GCE', '"title": "[bold]Mine'))
    return SuiteCopy.make(folder / "checkout")


@pytest.fixture
def here(copy: SuiteCopy, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    monkeypatch.chdir(copy.root)
    monkeypatch.setenv(VARIABLE, "../mylab")
    return copy


def shown(width: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Lines on a terminal of so many columns; without one, in a pipe."""
    known = list(sys.path)
    if width is not None:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    methods(None)
    sys.path[:] = known  # what an overlay adds to it
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_on_a_terminal_of_80_columns_every_method_can_be_read(
    here: SuiteCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(80, monkeypatch, capsys)
    assert max(map(len, lines)) <= 80 and not any(word in "".join(lines) for word in ("|", "](", "`"))
    header = next(line.split() for line in lines if "networks" in line)
    assert header == ["key", "title", "networks", "needs"]
    for words in ("decoupling-buffered  Decoupling, buffered", "ieg                  IEG", "standard "):
        assert any(line.strip().startswith(words) for line in lines)
    assert len(lines) < 60  # few are folded


def test_a_method_of_an_overlay_is_shown_below_its_folder(
    here: SuiteCopy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(None, monkeypatch, capsys)
    own, others = lines.index("methods"), lines.index("../mylab/methods")
    assert own < others and not any(line.split()[:1] == ["mine"] for line in lines[:others])
    (mine,) = (line for line in lines[others:] if line.split()[:1] == ["mine"])
    assert "[bold]Mine" in mine and "example indices" in mine and "Zhang and Sabuncu" in mine  # a pipe has room
    assert any(line.split()[:1] == ["standard"] for line in lines[own:others])


def test_a_page_has_the_checkout_s_methods_alone(here: SuiteCopy, tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    methods(str(page))
    text = page.read_text()
    assert "| [GCE](methods/gce.py) | `gce` | 1 | example indices |" in text and "mine" not in text


def test_a_method_that_is_being_written_costs_the_others_nothing(copy: SuiteCopy, tmp_path: Path) -> None:
    other = shutil.copytree(copy.root, tmp_path / "checkout")
    (other / "methods/unfinished.py").write_text("SPEC = {\n")
    done = SuiteCopy(other).lnl("methods")
    assert done.returncode == 0 and "standard" in done.stdout
    assert done.stderr == "lnl: methods/unfinished.py line 1: '{' was never closed; left out\n"
