"""A method file of the checkout that is being written costs no other method its train, show and status."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite_copy import ROOT, SuiteCopy

STANDARD = (ROOT / "methods/standard.py").read_text().replace('"key": "standard"', '"key": "mine"')
CELL = "s2e/digits/symmetric-50"
UNFINISHED = {
    "an unclosed brace": 'SPEC = {"key": "mine",\n',
    "a bad key": STANDARD.replace('"version"', '"verion"'),
    "nothing yet": "",
    "a table that there is not": STANDARD.replace('"version"', '"joins": ["smal"], "version"'),
    "no such base": 'SPEC = {"key": "mine", "title": "M", "version": 1, "extends": "x", "parameters": {}}\n',
}


@pytest.fixture
def copy(tmp_path: Path) -> SuiteCopy:
    return SuiteCopy.make(tmp_path / "checkout")


@pytest.mark.parametrize("what", UNFINISHED)
def test_other_methods_are_trained_and_shown_with_a_line_that_names_it(copy: SuiteCopy, what: str) -> None:
    (copy.root / "methods/mine.py").write_text(UNFINISHED[what])
    commands = [["show", f"{CELL}/standard", "--scale", "demo"]]
    if what == "an unclosed brace":
        commands.append(["status", "small", "--scale", "demo"])
        commands.append(["train", f"{CELL}/standard", "--scale", "demo", "--quiet"])
    for words in commands:
        done = copy.lnl(*words)
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stderr.splitlines() if line.startswith("lnl: ")]
        assert len(lines) == 1 and "methods/mine.py" in lines[0] and lines[0].endswith("; left out"), done.stderr
        assert "Traceback" not in done.stderr


def test_what_needs_it_and_what_makes_tables_is_refused(copy: SuiteCopy) -> None:
    (copy.root / "methods/mine.py").write_text(UNFINISHED["an unclosed brace"])
    asked = copy.lnl("show", f"{CELL}/mine", "--scale", "demo")
    assert asked.returncode == 2 and asked.stderr == "lnl: methods/mine.py line 1: '{' was never closed\n"
    for words in (["table", "small"], ["clean", "--stale"], ["plan", "small"]):
        refused = copy.lnl(*words, "--scale", "demo")
        assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "methods/mine.py" in refused.stderr
    start = copy.snakemake("small", "-n")
    assert start.returncode != 0 and "methods/mine.py" in start.stdout + start.stderr


@pytest.mark.parametrize("words", [("show", f"{CELL}/standard"), ("train", f"{CELL}/standard"), ("status", "small")])
def test_one_that_other_declarations_name_is_refused_with_its_own_error(
    copy: SuiteCopy, words: tuple[str, ...]
) -> None:
    file = copy.root / "methods/l2r.py"  # a protocol's prices are those of its method
    file.write_text(file.read_text().replace('"meta_rate": 1.0', '"meta_rate": 0.0'))
    refused = copy.lnl(*words, "--scale", "demo")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    assert "methods/l2r.py" in refused.stderr and "meta_rate = 0.0; l2r takes numbers from" in refused.stderr


def test_two_files_of_one_key_are_refused_by_all(copy: SuiteCopy) -> None:
    (copy.root / "methods/a_copy.py").write_text((ROOT / "methods/standard.py").read_text())
    refused = copy.lnl("show", f"{CELL}/standard", "--scale", "demo")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and "rename one of them" in refused.stderr
