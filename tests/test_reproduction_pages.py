"""The pages of this repository are what the committed records give, and no number stands in them that was typed."""

from __future__ import annotations

import copy
import gzip
import json
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from markdown_pages import ROOT, without_code_blocks

from benchmarks import quality_store, quality_tables, search_quality
from lnl.learning.curves import kept_fraction
from lnl.render.pages import blocks
from lnl.render.pages.blocks import KINDS
from lnl.render.pages.committed import committed
from lnl.render.pages.marks import marks
from lnl.render.pages.write import stale
from lnl.results.search_quality import interval, percent
from lnl.search import synthetic

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


# ---- search_quality/quality.md -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quality() -> dict[str, list[dict[str, Any]]]:
    return quality_store.read(search_quality.FOLDER / "quality.json.gz")


def test_the_tables_of_search_quality_are_what_its_searches_give(quality: dict[str, list[dict[str, Any]]]) -> None:
    """Every line of them, intervals and floors as well."""
    declared = synthetic.load(ROOT)
    kept = {entry["digest"]: entry for entry in quality["searches"]}
    entries = [kept[case["digest"]] for case in search_quality.cases(declared) if case["digest"] in kept]
    again = "quality.json.gz holds what is declared otherwise by now: run `python -m benchmarks.search_quality`"
    assert len(entries) == len(quality["searches"]), again
    page = (search_quality.FOLDER / "quality.md").read_text()
    shown = page.split(quality_tables.BEGIN)[1].split(quality_tables.END)[0]
    made = quality_tables.render(declared, entries, quality["floors"])
    differing = [
        pair for pair in zip_longest(shown.strip().splitlines(), made.strip().splitlines()) if len({*pair}) > 1
    ]
    assert differing[:3] == [], "`python -m benchmarks.search_quality --no-run`"


def test_kept_intervals_are_those_of_the_kept_searches(quality: dict[str, list[dict[str, Any]]]) -> None:
    random = {e["digest"]: e for e in quality["searches"] if e["algorithm"] == "random"}
    held = [e for e in quality["searches"] if "against_random" in e]
    bare = [{k: v for k, v in e.items() if k != "against_random"} for e in quality["searches"]]
    pairs = [e for e in bare if e["algorithm"] != "random" and not e["options"]]
    assert len(held) == len(pairs) > 300
    for entry in held:
        other = random[entry["against_random"]["digest"]]
        assert quality_store.place(other) == quality_store.random_of(entry)
        low, high = entry["against_random"]["interval"]
        assert low <= percent(entry["final"], other["final"]) <= high
    for entry in held[:: len(held) // 12]:  # all take a quarter of a minute
        other = random[entry["against_random"]["digest"]]
        assert entry["against_random"]["interval"] == pytest.approx(interval(entry["final"], other["final"]), rel=1e-4)


def test_kept_floors_are_of_todays_spaces_and_no_search_is_below_one(
    quality: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    declared, lowest = synthetic.load(ROOT), {(f["space"], f["target"]): f["rmse"] for f in quality["floors"]}
    monkeypatch.setattr(quality_store, "floor", lambda *at: pytest.fail(f"no floor of {at[2:]} is kept"))
    curves = {space: search_quality.curves(space) for space in search_quality.spaces()}
    assert quality_store.floors(ROOT, declared, curves, quality["floors"]) == quality["floors"]
    ends = [(entry["space"], entry["target"], min(entry["final"])) for entry in quality["searches"]]
    known = [(space, target, end) for space, target, end in ends if (space, target) in lowest]
    assert len(known) > 400 and [at for at in known if at[2] < lowest[at[:2]]] == []


def test_an_interval_or_a_floor_that_somebody_edits_is_another_table(quality: dict[str, list[dict[str, Any]]]) -> None:
    """What the page would have to say if the file said it: every kept number stands in the tables."""
    declared = synthetic.load(ROOT)
    entries = copy.deepcopy([e for e in quality["searches"] if (e["space"], e["target"]) == ("two-decays", "inside")])
    floors = copy.deepcopy(quality["floors"])
    before = quality_tables.render(declared, entries, floors)
    next(e for e in entries if "against_random" in e)["against_random"]["interval"] = [-99.0, -1.0]
    floors[0]["rmse"] = 0.7654
    after = quality_tables.render(declared, entries, floors)
    assert all(number in after and number not in before for number in ("[-99, -1]", "0.7654"))


def test_every_kind_of_block_is_in_the_guide() -> None:
    guide = (ROOT / "docs/add-a-page.md").read_text()
    assert set(re.findall(r"^\| `(\w+)[ `]", guide, re.M)) == set(KINDS)
