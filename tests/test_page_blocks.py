"""Blocks of a page: what each kind holds, worked out by hand; what changes with a record; faults by file and block."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import checkout_of_pages as small
import pytest
import yaml

from lnl.cli.upkeep import reproduced
from lnl.declared.suite import Cell, Suite
from lnl.errors import UserError
from lnl.render.pages.distributions import percent
from lnl.render.pages.marks import marks, without_code
from lnl.render.pages.write import pages, stale, write

END = "<!-- /lnl -->"
WHERE = ("coteaching", "mnist", "symmetric-20", "standard")


def block(words: str, body: str = "\n") -> str:
    return f"<!-- lnl: {words} -->{body}{END}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return small.make(tmp_path)


def made(checkout: Path, words: str) -> str:
    """What a block of these words holds once it is written."""
    file = small.page(checkout, f"# Page\n\n{block(words)}")
    write(checkout)
    return file.read_text().split("-->\n", 1)[1].split(f"\n{END}")[0]


def within(checkout: Path, words: str) -> str:
    """What a block of these words holds that stands within a line."""
    file = small.page(checkout, f"It ends at <!-- lnl: {words} -->{END}, says the table.\n")
    write(checkout)
    return file.read_text().removeprefix(f"It ends at <!-- lnl: {words} -->").removesuffix(f"{END}, says the table.\n")


# ---- what blocks hold, by hand -------------------------------------------------------------------------------------


def test_statistics_are_means_over_repeats_of_what_their_curves_do(checkout: Path) -> None:
    # the median of five epochs is 90 until it is 80 or 82; five places of it are of the first ten epochs alone
    assert made(checkout, "statistics small numbers=repeats,peak,statistic,fall,label_precision,seconds").splitlines()[
        2:
    ] == [
        "| Symmetric 20% | Standard | 2 of 3 | 90.00 (epoch 3) | 81.00 ± 1.41 (2) | 9.00 |  | 90 |",
        "| Symmetric 20% | Co-teaching | 2 of 3 | 87.00 (epoch 3) | 87.00 ± 2.83 (2) | 0.00 | 95.00 | 90 |",
        "| Symmetric 50% | Standard | 1 of 3 | 70.00 (epoch 3) | 50.00 (1) | 20.00 |  | 60 |",
    ]


def test_a_mean_of_fewer_epochs_than_its_heading_says_so(checkout: Path) -> None:
    suite = Suite.load(checkout, {"scale": "paper"}, validate=False)
    small.record(checkout, suite, Cell("coteaching", "mnist", "symmetric-50", "coteaching"), 1, [70.0] * 4 + [80.0] * 4)
    eight = "; mean over 8 epochs, all there are"
    text = made(checkout, "statistics small rows=high columns=coteaching,standard numbers=statistic,each").splitlines()
    assert text[2:] == [f"| Co-teaching | 75.00 (1){eight} | 75.00{eight} |", "| Standard | 50.00 (1) | 50.00 |"]
    assert within(checkout, "value small high coteaching") == f"75.00{eight}"
    assert within(checkout, "value small high coteaching show=repeats") == "1"
    assert within(checkout, "value small high coteaching of=test_accuracy@final") == "80.00"
    assert within(checkout, "value small high standard minus=coteaching") == f"−25.00; Co-teaching: {eight[2:]}"
    assert within(checkout, "value small high coteaching of=test_accuracy") == f"75.00{eight}"
    for words in ("differences small rows=high", "differences small rows=high pairs=coteaching:standard"):
        assert made(checkout, words).endswith(f"+25.00 (one pair); Co-teaching: {eight[2:]} |")


def test_what_brings_a_page_back_names_every_folder_that_has_a_run_of_it_and_no_other(checkout: Path) -> None:
    suite, other = Suite.load(checkout, {"scale": "paper"}, validate=False), "docs/reproduction/other"
    low, high = (
        Cell("coteaching", "mnist", "symmetric-20", "standard"),
        Cell("coteaching", "mnist", "symmetric-50", "coteaching"),
    )
    small.record(checkout, suite, low, 1, [90.0] * 10 + [80.0] * 10, other)  # which the page's own folder has as well
    rendered = "$ lnl table small --scale paper --partial"
    own = "$ lnl import docs/reproduction/small/records --scale paper"
    assert made(checkout, "again small").splitlines() == ["```console", own, rendered, "```"]
    small.record(checkout, suite, high, 1, [70.0] * 20, other)
    theirs = own.replace("small", "other")
    assert made(checkout, "again small seeds=2").splitlines() == [
        *("```console", own, theirs, "$ lnl table small --scale paper --seeds 2 --partial", "```")
    ]


def test_a_fall_and_what_is_regained_of_it(checkout: Path) -> None:
    suite = Suite.load(checkout, {"scale": "paper"}, validate=False)
    cell = Cell("coteaching", "mnist", "symmetric-50", "coteaching")
    # up to 90, down to 70, and at 85 in the last ten epochs: falls by 20, regains 15
    small.record(checkout, suite, cell, 1, [90.0] * 8 + [70.0] * 8 + [85.0] * 10)
    text = made(checkout, "statistics small rows=high columns=coteaching,standard numbers=drop,regained")
    assert text.splitlines()[2:] == ["| Co-teaching | 20.00 | 15.00 |", "| Standard | 20.00 | 0.00 |"]


def test_differences_are_over_pairs_of_repeats(checkout: Path) -> None:
    # 85 - 80 and 89 - 82: mean 6, standard error 1, Student's t of one degree of freedom 12.706
    declared = made(checkout, "differences small").splitlines()
    assert declared[2:] == [
        "| Symmetric 20% | Co-teaching | Standard | 80.00, 82.00 | 85.00, 89.00 | +6.00 (−6.71 to 18.71), 2 pairs |"
    ]
    asked = made(checkout, "differences small pairs=standard:coteaching").splitlines()
    assert asked[0] == "|  | Standard − Co-teaching |"
    assert asked[2:] == ["| Symmetric 20% | −6.00 (−18.71 to 6.71), 2 pairs |"]


def test_a_distribution_is_sorted_and_held_against_a_printed_mean(checkout: Path) -> None:
    declared = checkout / "tables/small.yaml"
    printed = {"spread": {"kind": "std", "n": 5}, "values": {"low": {"standard": [94.0, 1.0]}}}
    tolerance = {"points": 1.0, "reason": "a table of a test"}
    declared.write_text(yaml.safe_dump({**small.TABLE, "published": printed, "tolerance": tolerance}, sort_keys=False))
    words = "distribution small rows=low printed=small:low:standard"
    two = made(checkout, f"{words} columns=standard").splitlines()
    assert two[2] == "| Symmetric 20% | 81.00 ± 1.41 (2) | 81.00 | 80.00, 82.00 | 0 of 2 | too few | too few |"
    suite = Suite.load(checkout, {"scale": "paper"}, validate=False)
    small.record(checkout, suite, Cell("coteaching", "mnist", "symmetric-20", "standard"), 3, [96.0] * 10)
    # means of two that reach 94: only 96 twice, one of nine. Student: (94 - 86) / (8.718 sqrt(5/6)) = 1.0052, 2 degrees
    three = made(checkout, f"{words} columns=standard mean_of=2").splitlines()
    assert three[0].endswith("| reach 94.00 | a mean of 2 reaches it: resampled | a mean of 2 reaches it: normal |")
    assert three[2] == "| Symmetric 20% | 86.00 ± 8.72 (3) | 82.00 | 80.00, 82.00, 96.00 | 1 of 3 | 11% | 21% |"
    small.record(checkout, suite, Cell("coteaching", "mnist", "symmetric-20", "coteaching"), 3, [87.0] * 8)
    short = made(checkout, f"{words} columns=coteaching").splitlines()[2]
    assert short.startswith("| Symmetric 20% | 87.00 ± 2.00 (3); mean over 8 epochs, all there are | 87.00 | ")


def test_a_table_shows_rows_and_columns_that_have_a_run(checkout: Path) -> None:
    assert made(checkout, "table small").splitlines()[0] == "|  | Standard | Co-teaching (against Standard) |"
    assert made(checkout, "table small rows=high").splitlines() == [
        "|  | Standard |",
        "| :--- | ---: |",
        "| Symmetric 50% | 50.00 (1)<br>*missing 2 of 3* |",
    ]


def test_runs_labels_and_their_commits(checkout: Path) -> None:
    assert made(checkout, "runs small") == (
        "* `small`: 5 of 18 runs\n"
        "    * 2 of 3 repeats: Standard of Symmetric 20%; Co-teaching of Symmetric 20%\n"
        "    * 1 of 3 repeats: Standard of Symmetric 50%\n"
        "    * none yet: Bootstrap; Co-teaching of Symmetric 50%\n"
        "* commits 0123456789\n"
        "* 2026-01-01 to 2026-01-02, on cpu (a test)\n"
        "* 60 seconds a run (median; 60 to 120)"
    )
    assert made(checkout, "labels small").splitlines()[2:] == [
        "| mnist | symmetric-20 | 1 | `20aa` | 20.00 | 19.80 |",
        "| mnist | symmetric-50 | 1 | `50aa` | 50.00 | 49.80 |",
    ]


def edit(file: Path, **parts: dict[str, object]) -> None:
    """Change entries of parts of a committed record, as `labels` or `provenance`."""
    content = json.loads(gzip.decompress(file.read_bytes()))
    for part, changes in parts.items():
        (content if part in content else content["result"])[part] |= changes
    file.write_bytes(gzip.compress(json.dumps(content).encode()))


def test_runs_that_were_stopped_or_are_of_no_commit_alone_and_vectors_of_their_own_are_told(checkout: Path) -> None:
    suite, cell = Suite.load(checkout, {"scale": "paper"}, validate=False), Cell(*WHERE)
    runs = [small.record(checkout, suite, cell, seed, [80.0] * 20) for seed in (1, 2, 3)]
    for number, file in enumerate(runs):
        edit(file, labels={"vector": "per_repeat", "digest": f"{number}abc", "realised_rate": 0.197 + 0.001 * number})
    edit(runs[0], provenance={"dirty": True, "resumed": 2})
    edit(runs[1], provenance={"commit": None, "resumed": 0})
    told = made(checkout, "runs small rows=low columns=standard").splitlines()
    assert told[2] == "* commits 0123456789, 0123456789 (uncommitted changes)"
    assert told[-1] == "* 1 run stopped and resumed"
    row = made(checkout, "labels small rows=low columns=standard").splitlines()[2]
    assert row == "| mnist | symmetric-20 | 3 | `0abc`, `1abc` … | 20.00 | 19.70 to 19.90 |"


def test_rows_and_columns_stand_as_a_block_lists_them_and_what_names_a_place_is_what_varies(checkout: Path) -> None:
    words = "statistics small rows=high,low columns=standard numbers=repeats"
    assert made(checkout, words).splitlines()[2:] == ["| Symmetric 50% | 1 of 3 |", "| Symmetric 20% | 2 of 3 |"]
    words = "statistics small rows=low columns=coteaching,standard numbers=repeats"
    assert made(checkout, words).splitlines()[2:] == ["| Co-teaching | 2 of 3 |", "| Standard | 2 of 3 |"]


def test_a_printed_number_is_reached_by_what_rounds_to_it(checkout: Path) -> None:
    printed = {"spread": {"kind": "std", "n": 5}, "values": {"low": {"standard": [94.0, 1.0]}}}
    table = {**small.TABLE, "published": printed, "tolerance": {"points": 1.0, "reason": "a table of a test"}}
    (checkout / "tables/small.yaml").write_text(yaml.safe_dump(table, sort_keys=False))
    suite, cell = Suite.load(checkout, {"scale": "paper"}, validate=False), Cell(*WHERE)
    for seed, accuracy in ((1, 93.996), (2, 93.994), (3, 94.0)):
        small.record(checkout, suite, cell, seed, [accuracy] * 20)
    row = made(checkout, "distribution small rows=low columns=standard printed=small:low:standard").splitlines()[2]
    assert "| 2 of 3 |" in row


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0"), (1, "100%"), (0.0312, "3%"), (0.01, "1%"), (0.0034, "0.3%"), (2e-5, "0.002%"), (9e-6, "< 0.001%")],
)
def test_a_chance_has_as_many_figures_as_say_something(share: float, text: str) -> None:
    assert percent(share) == text


def test_costs_are_what_a_protocol_declares_over_the_passes_that_a_run_makes(checkout: Path) -> None:
    # 199 epochs that train, of at most 401 steps of 128 of 60,000 images: 170 passes, in 40 minutes
    mnist = made(checkout, "costs coteaching").splitlines()[2]
    assert mnist == "| `mnist` | 60,000 | 79,799 of 128 | 170 | 40 min | 14 s | 6.0 GB |"
    # 984,262 steps of 64 are 955 passes over 65,944 images, without the 500 clean ones, in 8,500 minutes of IEG
    heads, _, mini, *_ = made(checkout, "costs ieg-webvision").splitlines()
    assert "| a run of `ieg` |" in heads
    assert mini == "| `webvision-mini-clean` | 65,944 | 984,262 of 64 | 955 | 5.9 d | 9 min | 40.0 GB |"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("value small low standard", "81.00"),
        ("value small low standard digits=0", "81"),
        ("value small low standard show=spread", "81.00 ± 1.41 (2)"),
        ("value small low standard show=each", "80.00, 82.00"),
        ("value small low standard show=repeats", "2"),
        ("value small low standard minus=coteaching digits=1", "−6.0"),
        ("value small low coteaching minus=standard show=interval", "+6.00 (−6.71 to 18.71), 2 pairs"),
        ("value small low standard minus=high", "30.00"),
        ("value small low coteaching minus=standard show=spread", "6.00 ± 1.41 (2)"),  # of 5 and 7, not of 85 and 89
        ("value small low standard minus=coteaching show=spread", "−6.00 ± 1.41 (2)"),
        ("value small low standard minus=coteaching show=each", "−5.00, −7.00"),
        ("value small low standard minus=high show=repeats", "1"),  # of two repeats one has a partner
        ("value small low coteaching of=label_precision@final", "95.00"),
    ],
)
def test_a_value_stands_within_its_line(checkout: Path, words: str, text: str) -> None:
    assert within(checkout, words) == text


def test_files_beside_a_page_are_listed_and_made(checkout: Path) -> None:
    assert (
        made(checkout, "files table.md=small")
        == "* [table.md](table.md): A table of hand-made records (`small`, scale paper)"
    )
    table = checkout / small.FOLDER / "table.md"
    assert "| Symmetric 50% | 50.00 (1)<br>*missing 2 of 3* |" in table.read_text()
    assert stale(checkout) == []
    table.write_text(table.read_text().replace("50.00", "51.00"))
    said = "block 'files': table.md is not what its records give; `lnl reproduced --write` makes it anew"
    assert stale(checkout) == [f"{small.FOLDER}/README.md:3, {said}"]


# ---- what changes, and what is wrong -------------------------------------------------------------------------------


def test_a_record_that_changes_changes_the_blocks_and_the_page_says_so_until_it_is_written_anew(checkout: Path) -> None:
    value, table = f"Ends at <!-- lnl: value small low standard -->{END}.", block("statistics small columns=standard")
    file = small.page(checkout, f"# Page\n\n{value}\n\n{table}")
    assert write(checkout) == [file]
    assert write(checkout) == []
    assert stale(checkout) == []
    before = file.read_text()
    record = checkout / small.FOLDER / "records/paper/coteaching/mnist/symmetric-20/standard/seed1.json.gz"
    edited = json.loads(gzip.decompress(record.read_bytes()))
    edited["result"]["curves"]["test_accuracy"][0][-10:] = [81.0] * 10  # one of two repeats, a point higher
    record.write_bytes(gzip.compress(json.dumps(edited).encode()))
    again = "not what the records give; `lnl reproduced --write` makes it anew"
    assert stale(checkout) == [
        f"{small.FOLDER}/README.md:3, block 'value small low standard': {again}",
        f"{small.FOLDER}/README.md:5, block 'statistics small': {again}",
    ]
    write(checkout)
    assert file.read_text() == before.replace("81.00 ± 1.41", "81.50 ± 0.71").replace("81.00", "81.50")


def test_the_results_of_a_user_enter_no_page(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)
    text = made(checkout, "statistics small")
    own = checkout / "results/paper/cells/coteaching/mnist/symmetric-50/standard/seed2.json"
    own.parent.mkdir(parents=True)
    committed = checkout / small.FOLDER / "records/paper/coteaching/mnist/symmetric-50/standard/seed1.json.gz"
    own.write_bytes(gzip.decompress(committed.read_bytes()).replace(b'"seed": 1', b'"seed": 2'))
    assert made(checkout, "statistics small") == text


def test_a_page_beside_which_no_record_lies_is_named(checkout: Path) -> None:
    small.page(checkout, "# Nothing behind it\n", "docs/reproduction/empty/README.md")
    missing = "its records are missing; `lnl keep` puts them into its folder records/"
    assert stale(checkout) == [f"docs/reproduction/empty/README.md: {missing}"]
    # a page whose records are gone is one line, whatever its blocks lack for it
    small.page(checkout, f"# Page\n\n{block('statistics small')}{block('runs small')}")
    shutil.rmtree(checkout / small.FOLDER / "records")
    assert stale(checkout) == [f"docs/reproduction/{name}/README.md: {missing}" for name in ("empty", "small")]


def test_the_page_of_search_quality_without_its_searches_is_named(checkout: Path) -> None:
    page = small.page(checkout, "# Search quality\n", "docs/reproduction/search_quality/quality.md")
    line = "docs/reproduction/search_quality/quality.md: its searches are missing; "
    assert stale(checkout) == [f"{line}python -m benchmarks.search_quality makes them"]
    page.with_suffix(".json.gz").write_bytes(gzip.compress(b'{"searches": []}'))
    assert stale(checkout) == []


def test_two_different_records_of_one_run_are_refused(checkout: Path) -> None:
    suite = Suite.load(checkout, {"scale": "paper"}, validate=False)
    cell = Cell("coteaching", "mnist", "symmetric-20", "standard")
    small.record(checkout, suite, cell, 1, [80.5] * 20, "docs/reproduction/other")
    again = r"small/.*seed1\.json\.gz: another result of what a folder beside it holds already; keep one of them"
    with pytest.raises(UserError, match=again):
        stale(checkout)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!-- lnl: table small -->\n", "block 'table small': no `<!-- /lnl -->` before the next mark or the end"),
        (f"<!-- lnl: table small -->\n{block('runs small')}", "block 'table small': no `<!-- /lnl -->` before"),
        (f"{END}\n", "page.md:3: `<!-- /lnl -->` without a mark that it ends"),
        ("<!-- lnl table small -->\n", "page.md:3: a mark is `<!-- lnl: kind … -->`"),
        (block("tabel small"), "unknown kind of block 'tabel' (did you mean 'table'?"),
        (block("table small row=low"), "block 'table small': unknown option 'row' (did you mean 'rows'?"),
        (block("table small smaller"), "table takes 1 words, not 2"),
        (f"as in <!-- lnl: table small -->{END}\n", "block 'table small': its two marks stand in lines of their own"),
        (f"* <!-- lnl: value small low standard -->{END} is it\n", "stands within a line, after a word of it"),
        (block("table smal"), "block 'table smal': artefact: unknown artefact 'smal' (did you mean 'small'?"),
        (block("table small rows=lwo"), "block 'table small': no row 'lwo' (did you mean 'low'?"),
        (block("table small scale=lite"), "no record of scale 'lite' is committed under docs/reproduction (valid"),
        (block("statistics small columns=bootstrap"), "no run of small at scale paper is among the committed records"),
        (block("statistics small numbers=label_precison"), "'label_precison' is no number of a run (did you mean"),
        (block("distribution small"), "printed=… is missing: name a table, its row and its column"),
        (block("distribution small printed=small:low:coteaching"), "small prints no number in row 'low'"),
        (block("distribution small printed=small:low:standard mean_of=0"), "mean_of=0: between 1 and 10 repeats"),
        (block("differences small pairs=standard-coteaching"), "pairs=standard-coteaching: write the first"),
        (f"at <!-- lnl: value small low standrad -->{END}\n", "small has no row 'low' with column 'standrad'"),
        (f"at <!-- lnl: value small high coteaching -->{END}\n", "no committed run of row 'high', column 'coteaching'"),
        (f"at <!-- lnl: value small low standard digits=two -->{END}\n", "digits=two: not a whole number"),
        (block("searches small"), "none of these places trains with what a search has found"),
        (block("files table.png=small"), "table.png=small: a page shows tables as .md"),
    ],
)  # fmt: skip
def test_a_block_that_makes_no_sense_is_one_line_with_file_and_block(checkout: Path, text: str, problem: str) -> None:
    small.page(checkout, f"# Page\n\n{text}", f"{small.FOLDER}/page.md")
    with pytest.raises(UserError) as raised:
        write(checkout)
    assert problem in str(raised.value)
    assert str(raised.value).startswith(f"{small.FOLDER}/page.md:3")
    assert "\n" not in str(raised.value)


def test_marks_in_code_are_none() -> None:
    text = f"```markdown\n{block('table small')}```\n\nand `<!-- lnl: runs small -->` here\n"
    assert marks(text, "page.md") == []
    assert len(without_code(text)) == len(text)


def test_a_block_keeps_what_is_written_around_it(checkout: Path) -> None:
    file = small.page(checkout, f"before\n{block('labels small', chr(10) + 'old' + chr(10))}after\n")
    write(checkout)
    lines = file.read_text().splitlines()
    assert (lines[0], lines[-1], "old" in lines) == ("before", "after", False)
    assert list(pages(checkout)) == [f"{small.FOLDER}/README.md"]


@pytest.mark.parametrize(("out", "blocks"), [(None, False), ("page.md", True)])
def test_the_command_writes_one_page_or_all_blocks(out: str | None, blocks: bool) -> None:
    with pytest.raises(UserError, match="lnl reproduced: give a file to write, or --write"):
        reproduced(out, blocks)
