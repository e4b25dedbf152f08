"""Rendered tables against golden files, from committed records: one run missing, one diverged, one stale, one failed.

`python tests/test_render.py` rewrites the golden tables after a wanted change; read the difference before committing.
"""

import csv
import json
import os
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml
from declared_datasets import DATASETS
from scipy.stats import t

from lnl.declared import reductions
from lnl.declared.printed import check_printed, printed
from lnl.declared.schema import check
from lnl.declared.suite import Cell, Slot
from lnl.errors import UserError
from lnl.render.report import render_report
from lnl.render.reproduced import render_reproduced
from lnl.render.table import document, render
from lnl.results import records

GOLDEN = Path(__file__).parent / "golden"
FORMATS = ("csv", "md", "tex", "html")
PNG = bytes.fromhex("89504e470d0a1a0a")


@dataclass
class MiniSuite:
    """Just enough of a suite: one table, a digest that never changes, one method that does not exist yet."""

    scale: str = "paper"
    limit: str | None = None
    root: Path = Path(".")
    figures: dict = field(default_factory=dict)
    claims: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)

    def __post_init__(self):
        self.tables = {"mini": yaml.safe_load((GOLDEN / "mini.yaml").read_text())}
        self.methods = {"standard": {}, "coteaching": {}}
        self.datasets = DATASETS
        self.scales = {self.scale: {"title": "for the tests"}}

    def own_noise(self, noise, dataset):
        return None

    def slots(self, key):
        declared = {**self.tables, **self.figures}[key]
        slots = []
        for row in declared["rows"]:
            for column in declared["columns"]:
                skipped = (row["key"], column["key"]) == ("symmetric-20", "decoupling")
                absent = "left out for the tests" if skipped else "not in the suite yet"
                known = column["method"] in self.methods
                cell = Cell("coteaching", "mnist", row["noise"], column["method"]) if known else None
                axes = (row["key"], row["label"], column["key"], column["label"])
                number = printed(declared).get((row["key"], column["key"]))
                slots.append(Slot(*axes, cell, (1, 2, 3, 4), number, None if known else absent))
        return slots

    def declared_at(self, key, row, column):
        return None

    def searches_of(self, key):
        return []

    def digest(self, cell):
        return "00000000000000aa"

    def spec(self, cell):
        noise = {"key": cell.noise, "seed": 0, "vector": "fixed", "generator": "as_released"}
        return {"method": {"parameters": {}}, "noise": noise}


def place(folder, scale="paper"):
    """The committed records, and the note of one failed run, where a suite at this scale looks for them."""
    shutil.copytree(GOLDEN / "records" / "cells", folder / "results" / scale / "cells")
    note = folder / "results" / scale / "store/coteaching/mnist/symmetric-20/coteaching/seed4/failure.json"
    note.parent.mkdir(parents=True)
    note.write_text(json.dumps({"class": "MemoryError", "message": "cannot allocate", "log": "logs/x.log"}))


def as_mini_says(monkeypatch):
    """What a scale changes, as MiniSuite says it."""
    monkeypatch.setattr(reductions, "heading", lambda suite, key: f"scale {suite.scale}: for the tests")
    monkeypatch.setattr(reductions, "in_print", lambda suite, declared: None)
    monkeypatch.setattr(reductions, "comparable", lambda suite, key, cell=None: suite.limit)


at_scale = pytest.fixture(autouse=True)(as_mini_says)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place(tmp_path)
    return tmp_path


def row_of(folder, row, column):
    with (folder / "mini.csv").open() as file:
        return next(r for r in csv.DictReader(file) if (r["row"], r["column"]) == (row, column))


@pytest.mark.parametrize("suffix", FORMATS)
def test_golden(here, suffix):
    render(MiniSuite(), "mini", here / "out")
    assert (here / "out" / f"mini.{suffix}").read_text() == (GOLDEN / f"mini.{suffix}").read_text()


def test_numbers_and_verdicts_by_hand(here):
    render(MiniSuite(), "mini", here)
    standard = row_of(here, "pair-45", "standard")  # 56, 57, 56.5, 56.5; 2 sqrt(0.1667/4 + 0.55²/5) = 0.639 < 0.7
    assert (float(standard["mean"]), standard["n"], standard["verdict"]) == (56.5, "4", "agrees")
    assert float(standard["spread"]) == pytest.approx((1 / 6) ** 0.5)
    coteaching = row_of(here, "pair-45", "coteaching")  # 90, 91, 92; the diverged run is not in the mean
    assert (float(coteaching["mean"]), coteaching["n"], coteaching["verdict"]) == (91, "3", "above")
    assert (float(coteaching["mean_network1"]), float(coteaching["mean_network2"])) == (90.5, 91.5)
    assert (coteaching["diverged"], coteaching["state"]) == ("1", "1 diverged")
    assert float(coteaching["allowed"]) == pytest.approx(2 * (1 / 3 + 0.21**2 / 5) ** 0.5)
    few = row_of(here, "symmetric-20", "standard")  # 94, 94.2; stale 10.0 is not averaged; one missing
    assert (float(few["mean"]), few["n"], few["verdict"]) == (pytest.approx(94.1), "2", "too few")
    assert few["state"] == "1 stale, missing 1 of 4"
    failed = row_of(here, "symmetric-20", "coteaching")
    assert (failed["n"], failed["state"], failed["verdict"]) == ("3", "1 failed", "below")


def test_a_printed_spread_of_unknown_n_is_one_run_and_the_verdict_says_so(here):
    suite = MiniSuite()
    published = suite.tables["mini"]["published"]
    published["values"]["pair-45"]["coteaching"] = [87.63, 2.0]
    render(suite, "mini", here)
    assert row_of(here, "pair-45", "coteaching")["verdict"] == "above"  # 3.37 > 2 sqrt(1/3 + 2²/5) = 2.13
    assert "n_p = 1" not in (here / "mini.md").read_text()
    published["spread"]["n"] = None
    render(suite, "mini", here)
    assert row_of(here, "pair-45", "coteaching")["verdict"] == "agrees (n_p = 1)"  # 2 sqrt(1/3 + 2²/1) = 4.16
    text = (here / "mini.md").read_text()
    assert "| agrees (n_p = 1) |" in text
    assert "n_p = 1: how many runs the printed spread is of is not printed, and one is its widest reading." in text
    assert document(suite, "mini")[0].verdicts == {"agrees": 2, "below": 1, "too few": 1}


def test_a_quoted_number_is_marked_and_judged_with_the_spread_of_its_source(here):
    suite = MiniSuite()
    published = suite.tables["mini"]["published"]
    published["values"]["pair-45"]["coteaching"] = [87.63, 4.0]
    cells = {}
    for quoted in ([], [{"row": "pair-45", "from": "its own paper", "spread": {"kind": "ci95", "n": 5}}]):
        published["quoted"] = quoted
        render(suite, "mini", here)
        cells[bool(quoted)] = row_of(here, "pair-45", "coteaching")
    own = 2 * (1 / 3 + 4.0**2 / 5) ** 0.5
    half = 4.0 / float(t.ppf(0.975, 4))  # the standard error of the source's mean
    assert float(cells[False]["allowed"]) == pytest.approx(own)
    assert float(cells[True]["allowed"]) == pytest.approx(2 * (1 / 3 + half**2) ** 0.5)
    assert (cells[False]["quoted"], cells[True]["quoted"]) == ("", "its own paper")
    text = (here / "mini.md").read_text()
    assert "87.63 ± 4.00‡" in text
    assert "‡ from its own paper (±: 95% confidence interval of 5 runs): Pair-45% (" in text
    assert r"87.63 $\pm$ 4.00\ddag{}" in (here / "mini.tex").read_text()


def test_a_doubtful_number_is_shown_with_its_reason_and_judges_nothing(here):
    suite = MiniSuite()
    suite.tables["mini"]["published"]["doubtful"] = [
        {"row": "pair-45", "column": ["standard", "coteaching"], "reason": "copied from the row above"}
    ]
    render(suite, "mini", here)
    for column in ("standard", "coteaching"):
        assert row_of(here, "pair-45", column)["verdict"] == "not comparable (copied from the row above)"
    text = (here / "mini.md").read_text()
    assert "Not judged: Pair-45% (Normal, Co-teaching): copied from the row above." in text
    assert "scale copied" not in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quoted": [{"row": "pair-46", "from": "its paper"}]}, "pair-46"),
        ({"quoted": [{"row": "pair-45", "column": ["standart"], "from": "its paper"}]}, "did you mean 'standard'"),
        ({"quoted": [{"row": ["pair-45", "pair-45"], "from": "its paper"}]}, "two entries name pair-45"),
        (
            {"doubtful": [{"row": "pair-45", "column": c, "reason": "looks odd"} for c in ("standard", "standard")]},
            "two entries name pair-45, standard",
        ),
    ],
)
def test_remarks_on_numbers_that_are_not_printed_are_refused(change, said):
    table = MiniSuite().tables["mini"]
    table["published"] |= change
    rows, columns = ({entry["key"]: entry for entry in table[axis]} for axis in ("rows", "columns"))
    with pytest.raises(UserError, match=said):
        check_printed(table, rows, columns, "tables/mini.yaml")


def test_published_shares_are_no_percent():
    table = MiniSuite().tables["mini"]
    rows, columns = ({entry["key"]: entry for entry in table[axis]} for axis in ("rows", "columns"))
    values = {"pair-45": {"standard": [0.5652, 0.0055], "coteaching": [0.8763]}}
    with pytest.raises(UserError, match=r"none of these is above 1; 0\.8763 would be 87\.63"):
        check_printed({**table, "published": {"values": values}}, rows, columns, "tables/mini.yaml")
    values["pair-45"]["coteaching"] = [87.63]  # beside it 0.57 may be chance among very many classes
    check_printed({**table, "published": {"values": values}}, rows, columns, "tables/mini.yaml")


@pytest.mark.parametrize("suffix", ["md", "tex", "html"])
def test_what_went_wrong_is_said_with_its_reason(here, suffix):
    render(MiniSuite(), "mini", here)
    text = (here / f"mini.{suffix}").read_text()
    for said in ("the loss became NaN", "cannot allocate", "logs/x.log", "missing 1 of 4", "00000000000000bb"):
        assert said in text
    assert "not in the suite yet" in text
    assert "left out for the tests" in text
    assert "share one noise vector" in text
    assert "44.87" in text


def test_below_paper_scale_nothing_is_judged(here):
    render(MiniSuite(limit="lite: 60 of 200 epochs"), "mini", here)
    measured = row_of(here, "pair-45", "standard")
    assert measured["verdict"] == "not comparable (lite: 60 of 200 epochs)"
    assert float(measured["difference"]) == pytest.approx(-0.02)
    for suffix in ("md", "tex", "html"):
        assert "Not comparable: scale lite: 60 of 200 epochs" in (here / f"mini.{suffix}").read_text()


@pytest.mark.parametrize("suffix", FORMATS)
def test_with_no_record_at_all_the_published_numbers_stand(tmp_path, monkeypatch, suffix):
    monkeypatch.chdir(tmp_path)
    render(MiniSuite(), "mini", tmp_path)
    text = (tmp_path / f"mini.{suffix}").read_text()
    assert "not run" in text
    for number in ("56.52", "58.03", "87.63", "94.05", "97.25"):
        assert number in text


def test_a_corrupt_record_is_a_failed_row_and_not_a_crash(here):
    file = here / "results/paper/cells/coteaching/mnist/pair-45/standard/seed2.json"
    file.write_text("{")
    render(MiniSuite(), "mini", here)
    assert row_of(here, "pair-45", "standard")["state"] == "1 failed"
    with pytest.raises(UserError, match="seed2"):
        records.read(file)


def test_golden_records_meet_the_schema():
    for path in sorted((GOLDEN / "records").rglob("*.json")):
        check(records.read(path), "record", str(path))


def test_unknown_table_is_one_line_with_the_nearest(here):
    with pytest.raises(UserError, match="did you mean 'mini'"):
        render(MiniSuite(), "mimi", here)


def test_an_unwritable_folder_is_a_user_error(here):
    (here / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        render(MiniSuite(), "mini", here / "file")


def test_bold_is_the_best_of_its_row_among_measured_and_among_published(here):
    shown, _ = document(MiniSuite(), "mini")
    cells = {row[1][0].text: row[1][1:] for row in shown.grids[0].rows}
    assert [c.bold for c in cells["Pair-45%"]] == [False, False, True]
    assert [c.bold_published for c in cells["Pair-45%"]] == [False, False, True]
    assert [c.text for c in cells["Symmetry-20%"]][1] == "×"
    assert [c.text for c in cells["Pair-45%"]][1] == "·"


class Held(MiniSuite):
    """The small table with one column held against another."""

    def slots(self, key):
        return [
            replace(slot, against=(slot.row, "standard")) if slot.column == "coteaching" else slot
            for slot in super().slots(key)
        ]


@pytest.mark.parametrize("suffix", ["md", "tex", "html"])
def test_a_column_held_against_another_shows_the_difference_of_pairs(here, suffix):
    render(Held(), "mini", here)
    text = (here / f"mini.{suffix}").read_text()
    assert "+34.50 (32.35 to 36.65)" in text  # 90 - 56, 91 - 57, 92 - 56.5; the fourth has diverged
    assert "+1.00 (1.00 to 1.00)" in text  # 95 - 94, 95.2 - 94.2; the third is stale
    assert "against Normal" in text
    cells = row_of(here, "pair-45", "coteaching")
    assert (cells["against"], cells["effect_pairs"]) == ("pair-45 / standard", "3.0")
    assert row_of(here, "pair-45", "standard")["effect"] == ""


class Turned(MiniSuite):
    """The small table with its noises as columns."""

    def slots(self, key):
        return [
            replace(s, row=s.column, row_label=s.column_label, column=s.row, column_label=s.row_label)
            for s in super().slots(key)
        ]


def test_with_methods_as_rows_bold_is_the_best_of_its_column(here):
    upright, _ = document(MiniSuite(), "mini")
    shown, _ = document(Turned(), "mini")
    before = [row[1:] for _, row in upright.grids[0].rows]
    after = [row[1:] for _, row in shown.grids[0].rows]
    for what in ("bold", "bold_published"):
        assert [[getattr(c, what) for c in row] for row in after] == [
            list(column) for column in zip(*[[getattr(c, what) for c in row] for row in before], strict=True)
        ]
    assert any(cell.bold for row in after for cell in row) and "Bold: best of its column, among" in shown.caption


def test_nothing_is_best_where_each_is_held_against_another(here):
    class Pairs(Turned):
        def slots(self, key):
            other = {"coteaching": "standard", "standard": "coteaching"}
            return [replace(s, against=(other[s.row], s.column)) if s.row in other else s for s in super().slots(key)]

    shown, _ = document(Pairs(), "mini")
    cells = [cell for _, row in shown.grids[0].rows for cell in row]
    assert len([c for c in cells if c.effect]) > 1 and not any(c.bold for c in cells) and "Bold" not in shown.caption


def test_nothing_is_best_among_different_problems(here):
    class Both(MiniSuite):
        def slots(self, key):
            found = super().slots(key)
            row = [replace(s, row="all", row_label="All", column=f"{s.row} {s.column}") for s in found]
            return [*row, *[replace(s, row=f"{s.row} {s.column}", column="one") for s in found]]

    shown, _ = document(Both(), "mini")
    cells = [cell for _, row in shown.grids[0].rows for cell in row]
    assert any(cell.text.startswith("91.00") for cell in cells)
    assert not any(cell.bold or cell.bold_published for cell in cells) and "Bold" not in shown.caption


def test_latex_has_balanced_braces_and_no_bare_specials(here):
    render(MiniSuite(), "mini", here)
    text = (here / "mini.tex").read_text()
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
    assert text.count(r"\begin{") == text.count(r"\end{")
    body = text.split("\n", 1)[1].replace("{!}{%\n", "")
    assert not re.search(r"(?<!\\)[%#]", body)
    assert text.isascii()
    assert "$T_{k}$" in text


def with_figure(here):
    suite = MiniSuite()
    rows, columns = suite.tables["mini"]["rows"], suite.tables["mini"]["columns"]
    suite.figures = {
        "curve": {"title": "A curve", "source": {"paper": "tutorial", "where": "w"}, "rows": rows, "columns": columns}
    }
    (here / "results/paper/figures").mkdir()
    (here / "results/paper/figures/curve.png").write_bytes(PNG)
    (here / "results/paper/claims").mkdir()
    (here / "results/paper/claims/tutorial.html").write_text("<p>claim tut-06 held</p>")
    return suite


def test_report_is_complete_self_contained_and_stable(here):
    suite = with_figure(here)
    first = render_report(suite, here / "report.html").read_text()
    os.utime(here / "results/paper/cells/coteaching/mnist/pair-45/standard/seed1.json", (0, 0))
    assert render_report(suite, here / "report.html").read_text() == first
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", first)
    assert "<link" not in first
    assert "<script" not in first
    assert "@import" not in first
    for part in (
        "data:image/png;base64,",
        "claim tut-06 held",
        "A table of four cells",
        "cannot allocate",
        "0123456789",
    ):
        assert part in first
    anchors = set(re.findall(r'id="([^"]+)"', first))
    assert set(re.findall(r'href="#([^"]+)"', first)) <= anchors
    assert "2026-01-01 to 2026-01-04" in first
    assert "13 of 16" in first  # 12 ok and one diverged


def test_reproduced_counts_fresh_and_kept_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "docs/reproduction/first/records"
    shutil.copytree(GOLDEN / "records", kept)
    search = kept / "paper/searches/s2e/mnist/pair-45/coteaching/natural-gradient-sound/seed1"
    search.mkdir(parents=True)
    (search / "best.json").write_text("{}")  # what a search found is no record
    text = render_reproduced(MiniSuite(root=tmp_path), tmp_path / "page.md").read_text()
    line = next(row for row in text.splitlines() if "| mini |" in row)
    assert "13 of 16" in line
    assert "2 to 4" in line
    assert "1 diverged, 1 stale" in line
    assert "1 agrees, 1 above, 1 below, 1 too few" in line


if __name__ == "__main__":
    import tempfile

    folder = Path(tempfile.mkdtemp())
    place(folder)
    os.chdir(folder)
    with pytest.MonkeyPatch.context() as patched:
        as_mini_says(patched)
        for path in render(MiniSuite(), "mini", GOLDEN):
            print(path)
