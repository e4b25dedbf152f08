"""Places that a scale makes one training are named in the notes; what is equal as it is declared is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lnl.declared import reductions
from lnl.declared.cells import Cell, Slot
from lnl.declared.suite import Suite
from lnl.render import html, latex, markdown, one_training
from lnl.render.figure import data_of
from lnl.render.table import shown

ROOT = Path(__file__).resolve().parent.parent
SAID = "At this scale one training stands for several: "
DEMO = Suite.load(ROOT, {"scale": "demo"}, validate=False)


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The line of a table of letters, a row each: places of one letter are one training; a point has no cell.

    declared: what a paper has there, by the same letters; by itself each place is apart from all others.
    """

    def line(*rows: str, declared: tuple[str, ...] = (), kind: str = "tables") -> str:
        at = {(f"r{i}", f"c{j}"): letter for i, row in enumerate(rows) for j, letter in enumerate(row)}
        own = {(f"r{i}", f"c{j}"): letter for i, row in enumerate(declared) for j, letter in enumerate(row)}
        monkeypatch.setattr(reductions, "in_print", lambda suite, place: own.get(place, place))
        suite: Any = SimpleNamespace(
            tables=["key"] * (kind == "tables"),
            digest=lambda cell: cell.method,
            declared_at=lambda key, row, column: (row, column),
        )
        slots = [
            Slot(row, row.upper(), column, column.upper(), None if a == "." else Cell("p", "d", "n", a), (1,))
            for (row, column), a in at.items()
        ]
        return one_training.said(suite, "key", slots)

    return line


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("ab", "cd"), ""),
        (("ab", "ab"), "rows R0 = R1."),
        (("ab", "a."), "rows R0 = R1 (C0)."),  # R0 fills C1 too
        (("a.", "a."), "rows R0 = R1."),
        (("aa", "bb", "cc"), "columns C0 = C1."),
        (("ab", "ab", "cd", "cd"), "rows R0 = R1; R2 = R3."),
        (("abc", "abd"), "rows R0 = R1 (C0, C1)."),
        (("aa", "aa"), "rows R0 = R1; columns C0 = C1."),
        (("ab", "ca"), "R0, C0 = R1, C1."),
        (("aab", "cba"), "columns C0 = C1 (R0); R0, C0 = R1, C2; R0, C2 = R1, C1."),
    ],
)
def test_rows_columns_and_single_places_that_are_one_training(grid: Any, rows: tuple[str, ...], said: str) -> None:
    assert grid(*rows) == (SAID + said if said else "")


def test_what_is_declared_equal_is_not_named(grid: Any) -> None:
    assert grid("ab", "ab", declared=("xy", "xy")) == ""
    assert grid("ab", "ab", declared=("xy", "xz")) == SAID + "rows R0 = R1 (C1)."


def test_of_many_the_first_are_named_and_the_others_counted(grid: Any) -> None:
    many = [chr(ord("A") + i) + chr(ord("a") + i) for i in range(20) for _ in range(2)]
    said = grid(*many)
    assert said.count("=") == one_training.MOST and said.endswith("; and 12 more.")


def test_a_figure_does_not_say_what_its_rows_and_columns_are(grid: Any) -> None:
    assert grid("ab", "ab", kind="figures") == SAID + "R0 = R1."


def test_stand_ins_are_named_in_every_format_and_at_paper_scale_nothing_is() -> None:
    document = shown(DEMO, "s2e_table3")
    pairs = "MNIST, Symmetric 20% = CIFAR-10, Symmetric 20%; MNIST, Symmetric 50% = CIFAR-10, Symmetric 50%"
    for text in (markdown.text(document), html.page(document), latex.text(document).replace(r"\%", "%")):
        assert f"{SAID}rows {pairs}" in text
    paper = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    assert not [key for key in (*paper.tables, *paper.figures) if one_training.said(paper, key, paper.slots(key))]


def test_values_that_a_scale_has_for_all_variants_are_named_too() -> None:
    assert one_training.said(DEMO, "l2r_figure4", DEMO.slots("l2r_figure4")) == SAID + "500 = 1,000."  # sets of digits
    assert "IEG, 500 probes = IEG, 1,000 probes" in one_training.said(DEMO, "ieg_table2", DEMO.slots("ieg_table2"))


def test_a_figure_has_it_in_its_small_print() -> None:
    assert data_of(DEMO, "s2e_figure5").one_training.startswith(f"{SAID}MNIST, Symmetric-20% = CIFAR-10")
