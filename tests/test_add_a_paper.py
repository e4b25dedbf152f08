"""docs/add-a-paper.md: its paper is complete, short, and runs as a reader writes it; docs/upkeep.md names real files.

Commands of the pages are held by tests/test_docs.py, what `lnl new` writes by tests/test_starting.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from suite_copy import ROOT, SuiteCopy

from lnl.cli.render import artefact
from lnl.declared import dependencies
from lnl.declared.suite import Suite
from lnl.render.table import shown

PAGE = (ROOT / "docs/add-a-paper.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w/]+\.\w+)`[^\n]*:\n\n```\w+\n(.*?)^```$", PAGE, re.S | re.M))
QUOTED = r"So it stands in `(tables/\w+\.yaml)`:\n\n```yaml\n(.*?)^```$"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    """A checkout with the page's paper in it, as the working folder."""
    made = SuiteCopy.make(tmp_path / "checkout")
    (made.root / "figures/style.mplstyle").write_bytes((ROOT / "figures/style.mplstyle").read_bytes())
    for name, text in FILES.items():
        (made.root / name).write_text(text)
    monkeypatch.chdir(made.root)
    return made


def test_protocol_and_table_of_the_page_are_short() -> None:
    assert set(FILES) == {
        *("config/protocols/example.yaml", "tables/example.yaml", "figures/example_curves.py", "claims/example.yaml"),
    }
    lines = [len(FILES[name].splitlines()) for name in ("config/protocols/example.yaml", "tables/example.yaml")]
    assert sum(lines) <= 45 and f"Protocol and table are {sum(lines)} lines" in PAGE


def test_the_paper_of_the_page_trains_and_renders(copy: SuiteCopy) -> None:
    suite = Suite.load(config={"scale": "demo"})
    dependencies.check(suite)
    assert suite.papers["example"] == ["example", "example_curves", "example_claims"]
    assert {run.cell.method for run in suite.demand("example")} == {"standard", "standard-b512", "coteaching"}
    done = copy.lnl("train", "example/digits/symmetric-50/standard", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "example/digits/symmetric-50/standard: scale demo: digits for mnist" in done.stdout  # what was replaced
    for key, kind in (("example", "tables"), ("example_curves", "figures"), ("example", "claims")):
        artefact(suite, key, kind, partial=True)
    measured = Path("results/demo/tables/example.md").read_text()
    assert re.search(r"\| Symmetric 50% \|[* ]+\d+\.\d+ \(1\)", measured)
    assert "Co-teaching ends above plain training" in Path("results/demo/claims/example.md").read_text()


def test_at_scale_demo_its_two_columns_of_standard_are_one_cell_and_the_table_says_so(copy: SuiteCopy) -> None:
    (copy.root / "config/scales/demo.yaml").write_bytes((ROOT / "config/scales/demo.yaml").read_bytes())
    del copy  # its declarations are those of the working folder
    scale = yaml.safe_load(Path("config/scales/demo.yaml").read_text())
    Path("config/scales/demo.yaml").write_text(yaml.safe_dump({k: v for k, v in scale.items() if k != "artefacts"}))
    suite = Suite.load(config={"scale": "demo"}, validate=False)
    assert {run.cell.method for run in suite.demand("example")} == {"standard", "coteaching"}
    said = "At this scale one training stands for several: columns Standard = Standard, batches of 512."
    assert said in dict(shown(suite, "example").notes)["Notes"]


def test_the_published_numbers_that_the_page_shows_are_those_of_the_table() -> None:
    ((file, shown),) = re.findall(QUOTED, PAGE, re.S | re.M)
    assert _within(yaml.safe_load(shown), yaml.safe_load((ROOT / file).read_text()))


def _within(part: object, whole: object) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _within(value, whole[key]) for key, value in part.items())
    return part == whole


@pytest.mark.parametrize("page", ["add-a-paper.md", "upkeep.md"])
def test_files_that_a_page_names_are_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w/.])((?:tests|lnl|workflow|benchmarks|config)/[\w/.-]*\w)", text)
    missing = [name for name in named if not (ROOT / name).exists() and name not in FILES and "mine" not in name]
    assert len(named) > 3 and missing == []
