"""The pages of this repository are what the committed records give, and no number stands in them that was typed."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from markdown_pages import ROOT, without_code_blocks

from lnl.learning.curves import kept_fraction
from lnl.render.pages import blocks
from lnl.render.pages.blocks import KINDS
from lnl.render.pages.committed import committed
from lnl.render.pages.marks import marks
from lnl.render.pages.write import stale

END = "<!-- /lnl -->"


def test_every_block_and_every_file_beside_a_page_is_what_the_committed_records_give() -> None:
    assert stale(ROOT) == []


def test_a_draw_is_shown_with_what_it_keeps_and_without_the_best_candidate_s_score() -> None:
    text = (
        "<!-- lnl: searches s2e_control_mnist scale=transfer columns=s2e,s2e-printed rows=pair-45 -->\n<!-- /lnl -->\n"
    )
    with committed(ROOT) as kept:
        lines = blocks.render(text, marks(text, "page.md")[0], kept).splitlines()[2:]
    shown = {cells[1]: cells[2:] for cells in ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)}
    folder = ROOT / "docs/reproduction/s2e_search_mnist/records/lite/searches/s2e/mnist/pair-45/coteaching"
    for label, name, final in (
        ("S2E, as released", "natural-gradient-as-released", "draw"),
        ("S2E, as printed", "natural-gradient-as-printed", "best"),
    ):
        found = json.loads(gzip.decompress((folder / name / "seed1/best.json.gz").read_bytes()))
        _, rounds, chosen, score, test, _, end = shown[label]
        assert end == f"{100 * kept_fraction(found[final]['schedule'], 199.0, 200):.2f}"
        best = found["best"]
        assert rounds.split(", ")[best["round"] - 1] == f"{100 * best['score']:.2f}"
        if final == "best":
            assert score == f"{100 * best['score']:.2f}" and test and chosen.endswith(f"candidate {best['candidate']}")
        else:
            assert (chosen, score, test) == ("a draw of the last distribution", "", "")


def test_every_table_of_a_page_of_results_stands_in_a_block() -> None:
    for file in sorted((ROOT / "docs/reproduction").glob("*/README.md")):
        by_hand = outside(file)
        assert [line for line in by_hand.splitlines() if line.lstrip().startswith("|")] == [], file


def test_a_number_with_decimals_outside_a_block_is_one_that_somebody_printed_or_declared() -> None:
    declared = {number for file in declarations() for number in re.findall(r"\d+\.\d+", file.read_text())}
    for file in sorted((ROOT / "docs/reproduction").rglob("*.md")):
        if file.name in ("README.md", "quality.md"):
            typed = set(re.findall(r"(?<![\w.])\d+\.\d+(?!\w|\.\d)", re.sub(r"`[^`\n]*`", "", outside(file))))
            assert typed - declared == set(), (
                f"{file.relative_to(ROOT)}: put these into a block, see docs/add-a-page.md"
            )


def declarations() -> list[Path]:
    return [
        f
        for folder in ("config", "tables", "claims", "methods")
        for f in (ROOT / folder).rglob("*.*")
        if f.suffix in (".yaml", ".py") and f.parent.name != "decisions"
    ]


def outside(file: Path) -> str:
    """A page without its blocks and its code."""
    text = without_code_blocks(file.read_text(encoding="utf-8"))
    for begin, end in ((r"<!-- lnl:[^>]*-->", END), ("<!-- tables:[^>]*-->", "<!-- /tables -->")):
        text = re.sub(rf"{begin}.*?{re.escape(end)}", "", text, flags=re.S)
    return re.sub(r"^    .*$", "", text, flags=re.M)


def test_the_tables_of_search_quality_are_what_its_searches_give(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import quality_tables, search_quality
    from lnl.results import search_quality as statistics
    from lnl.search import synthetic

    monkeypatch.setattr(statistics, "RESAMPLES", 2)  # intervals are not compared: they take half a minute
    monkeypatch.setattr(quality_tables, "floors", lambda *_: "")  # nor what a local search finds, without a record
    declared = synthetic.load(ROOT)
    stored = json.loads((search_quality.FOLDER / "quality.json").read_text())["searches"]
    kept = {entry["digest"]: entry for entry in stored}
    entries = [kept[case["digest"]] for case in search_quality.cases(declared) if case["digest"] in kept]
    assert len(entries) == len(stored), (
        "quality.json holds searches of another declaration: run benchmarks.search_quality"
    )
    page = (search_quality.FOLDER / "quality.md").read_text()
    shown = page.split(quality_tables.BEGIN)[1].split(quality_tables.END)[0]

    def lines(text: str) -> list[str]:
        text = re.sub(r"### The lowest RMSE.*?(?=###)", "", text, flags=re.S)
        return [re.sub(r" \[[^\]]*\]", "", line) for line in text.splitlines() if line.strip()]

    assert lines(quality_tables.render(ROOT, declared, entries)) == lines(shown), (
        "`python -m benchmarks.search_quality --no-run`"
    )


def test_every_kind_of_block_is_in_the_guide() -> None:
    guide = (ROOT / "docs/add-a-page.md").read_text()
    assert set(re.findall(r"^\| `(\w+)[ `]", guide, re.M)) == set(KINDS)
