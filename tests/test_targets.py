"""What `snakemake` is asked for by name: an artefact, a paper, a table of its paper's name; and names of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from suite_copy import TABLE, SuiteCopy

from lnl.errors import UserError
from lnl.run.targets import check

NAMES = ("s2e", "s2e_figure4", "s2e_figure5", "tutorial", "all", "report")


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("s2e_figure44", "there is no target 's2e_figure44' (did you mean 's2e_figure4' or 's2e_figure5'?"),
        ("Tutorial", "there is no target 'Tutorial' (did you mean 'tutorial'?"),
        ("qqqq", "there is no target 'qqqq'; `lnl status` lists artefacts"),
        ("lite", "'lite' is no target, but a scale: --config scale=lite"),
        ("scale=lite", "settings follow --config, after the targets: --config scale=lite"),
    ],
)
def test_a_name_of_nothing_is_answered_with_what_was_meant(word: str, line: str) -> None:
    with pytest.raises(UserError) as caught:
        check(word, NAMES, ("lite", "paper"))
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_names_and_files_pass() -> None:
    for word in (*NAMES, "results/demo/tables/small.csv", "small.csv"):
        check(word, NAMES, ("lite",))


def test_a_table_may_have_its_paper_s_name(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    (copy.root / "tables/small.yaml").unlink()
    own = TABLE | {"source": {"paper": "mine", "where": "test"}, "seeds": 1, "columns": TABLE["columns"][:1]}
    (copy.root / "tables/mine.yaml").write_text(yaml.safe_dump(own))
    (copy.root / "tables/mine_too.yaml").write_text(yaml.safe_dump(own | {"title": "Another one"}))
    rendered = copy.lnl("table", "mine", "--partial")  # of that table alone
    assert rendered.returncode == 0, rendered.stderr
    assert {file.stem for file in (copy.root / "results/demo/tables").iterdir()} == {"mine"}
    assert copy.jobs("mine")["table"] == 2  # the paper: all of its tables, this one among them
    wrong = copy.snakemake("-n", "mien")
    assert wrong.returncode == 1 and "there is no target 'mien' (did you mean 'mine'" in wrong.stderr
    assert "Traceback" not in wrong.stderr and "No rule" not in wrong.stderr
