"""docs/decisions.md is what declarations and committed records say today, and nothing that anybody has typed."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from lnl.cli.decisions import decisions as command
from lnl.declared import paths
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render.decisions.as_html import converted
from lnl.render.decisions.page import BEGIN, END, entry, page
from lnl.render.decisions.words import difference
from lnl.render.decisions.wrapping import item, paragraph
from lnl.render.methods import written
from lnl.results.committed import laid_out
from lnl.results.records import read
from lnl.results.statistics import Difference

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "decisions.md"
RECORDS = Path("docs", "reproduction", "decisions_mnist", "records")
DEFAULTS = Path("docs", "reproduction", "s2e_mnist", "records")  # of the methods with every decision as it is


@pytest.fixture(scope="module")
def paper() -> Suite:
    return Suite.load(ROOT, {"scale": "paper"})


def test_the_page_is_what_the_declarations_and_committed_records_say(paper: Suite) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert written(text, page(paper), PAGE, BEGIN, END) == text, "run `lnl decisions --write docs/decisions.md`"


def test_every_decision_can_be_linked_to_and_every_link_leads_somewhere(paper: Suite) -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^#+ (.*)$", text, re.M)]
    assert len(set(headings)) == len(headings)
    assert set(paper.decisions.by_key) <= set(headings)
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(headings)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The declarations, with the records behind one table."""
    for name in ("config", "tables", "figures", "claims", "methods", RECORDS, DEFAULTS):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def shown(root: Path, key: str) -> str:
    """A decision's section in one line."""
    suite = Suite.load(root, {"scale": "paper"})
    return " ".join(entry(suite, suite.decisions.by_key[key]).split())


def test_another_record_is_another_number(copy: Path) -> None:
    before = shown(copy, "steps_cap")
    cell = copy / RECORDS / "paper/s2e/mnist/pair-45"
    (runs,) = [folder for folder in cell.iterdir() if folder.name == "coteaching-all-steps"]
    files = sorted(runs.glob("seed*.json.gz"))
    assert len(files) == 2  # pairs with Co-teaching's first two repeats
    record = json.loads(gzip.decompress(files[0].read_bytes()))
    curves = record["result"]["curves"]
    for name in ("test_accuracy", "validation_accuracy"):  # the table's statistic is the mean of both halves
        curves[name] = [[value and value + 2 for value in network] for network in curves[name]]
    files[0].write_bytes(gzip.compress(json.dumps(record).encode(), mtime=0))
    after = shown(copy, "steps_cap")

    def numbers(text: str) -> list[float]:
        line = re.search(r"Pairflip 45%: ([+−]\d+\.\d\d) \(([−\d.]+) to ([−\d.]+)\), two pairs only", text)
        assert line, text
        return [float(number.replace("−", "-")) for number in line.groups()]

    first, second = numbers(before), numbers(after)
    assert second[0] == pytest.approx(first[0] + 1, abs=0.011)  # one of two pairs is two points up
    assert second[1:] != first[1:]


def test_what_has_no_record_is_said_to_be_not_measured(copy: Path) -> None:
    assert "two pairs only" in shown(copy, "steps_cap")
    shutil.rmtree(copy / RECORDS)
    text = shown(copy, "steps_cap")
    assert text.count("not measured yet") == 2  # a row of Co-teaching, and one of Co-teaching+
    assert "pairs" not in text.partition("Measured:")[2]


def test_committed_records_are_the_results_while_they_are_laid_out() -> None:
    (kept, *_) = sorted((ROOT / RECORDS).rglob("seed1.json.gz"))
    protocol, dataset, noise, method = kept.parts[-5:-1]
    with laid_out(ROOT) as scales:
        there = Path(paths.record("paper", f"{protocol}/{dataset}/{noise}/{method}", 1))
        assert read(there) == read(kept)
        assert read(there) is read(there)  # each is read once
        assert {"paper", "lite", "transfer"} <= set(scales)
    assert paths.results() == "results"
    assert not there.exists()


@pytest.mark.parametrize("place", ["paper/seed1.json.gz", "seed1.json.gz"])
def test_a_file_that_is_no_kept_record_is_named(place: str, tmp_path: Path) -> None:
    stray = tmp_path / "docs/reproduction/x/records" / place
    stray.parent.mkdir(parents=True)
    stray.write_bytes(gzip.compress(b"{}"))
    with pytest.raises(UserError, match=f"records/{place}: no place for a committed record"), laid_out(tmp_path):
        pass


def test_a_kept_file_that_is_no_json_beside_another_of_its_place_is_named(tmp_path: Path) -> None:
    for kept in ("x", "y"):
        file = tmp_path / f"docs/reproduction/{kept}/records/paper/s2e/mnist/clean/standard/seed1.json.gz"
        file.parent.mkdir(parents=True)
        file.write_bytes(gzip.compress(b"{}" if kept == "x" else b"half"))
    with pytest.raises(UserError, match=r"y/records/paper/.*: not readable \("), laid_out(tmp_path):
        pass


def test_fewer_than_three_pairs_are_said_and_show_no_effect() -> None:
    assert difference(Difference(1, 0.5)) == "+0.50, one pair only"
    assert difference(Difference(2, 3.05, 0.34, 5.76)) == "+3.05 (0.34 to 5.76), two pairs only"
    assert difference(Difference(3, 3.05, 0.34, 5.76)) == "**+3.05** (0.34 to 5.76), three pairs"
    assert difference(Difference(5, -0.1, -0.3, 0.1), "run") == "−0.10 (−0.30 to 0.10), five runs"
    assert difference(None) == "not measured yet"


def test_no_line_of_the_page_begins_like_something_else() -> None:
    words = "word " * 23 + "x + y - z # 3. a"  # the width of a line is reached within the signs
    for start in range(12):
        lines = paragraph("b" * start + words).splitlines()
        assert len(lines) == 2
        assert not re.match(r"[-+*#>] |\d+\. ", lines[1])
    assert item("one:\n  - two\n  - three") == "- one:\n  - two\n  - three"


def test_the_report_s_copy_has_every_anchor_and_leads_nowhere_else() -> None:
    html = converted(PAGE.read_text(encoding="utf-8"))
    anchors = set(re.findall(r'id="([^"]+)"', html))
    assert "decision-noise_vector" in anchors
    links = re.findall(r'href="([^"]+)"', html)
    assert links
    assert {link.removeprefix("#") for link in links} <= anchors
    assert (
        converted("# A\n\nb `c<d>` **e**") == '<h2 id="decision-a">A</h2>\n<p>b <code>c&lt;d&gt;</code> <b>e</b></p>\n'
    )
    assert converted("- f:\n  - g\n    h") == "<ul><li>f:<ul><li>g h</li></ul></li></ul>\n"


def test_the_command_lists_prints_and_refuses(paper: Suite, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command(paper, None, None)
    listed = capsys.readouterr().out
    assert re.search(r"^  noise_vector +Whether repeats share their labels: fixed$", listed, re.M)
    assert listed.count("\n  ") == len(paper.decisions.by_key)
    command(paper, "untrained_epoch", None)
    assert "MNIST is trained for 79,799 steps in place of 93,600" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(UserError, match=r"unknown decision 'noise_vectr' \(did you mean 'noise_vector'"):
        command(paper, "noise_vectr", None)
    with pytest.raises(UserError, match="give one of them"):
        command(paper, "noise_vector", "README.md")
    plain = tmp_path / "plain.md"
    plain.write_text("# Plain\n")
    with pytest.raises(UserError, match=r"plain\.md: has no line '<!-- decisions"):
        command(paper, None, str(plain))
    with pytest.raises(UserError, match=r"none\.md: No such file or directory; name another place"):
        command(paper, None, str(tmp_path / "none.md"))
