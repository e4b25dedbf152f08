"""What the documentation points to is there, its commands can be run, and nothing in it was left for later."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_lines import fault
from contributed import contributed
from markdown_pages import ROOT, anchors, commands, dead_links, pages

from lnl.declared.claim_tests import KINDS, PRINTED, TAKEN
from lnl.declared.reading import read_methods
from lnl.declared.stacked_repeats import stackable
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render.learning import learning_table
from lnl.render.methods import contract_table, renewed, written

LEFT_OVER = re.compile(r"@@[^@\s]*@@|\bTODO\b|\bFIXME\b|\bXXX\b|\?\?\?")
PAIRED = {
    "<!-- demo -->": "<!-- /demo -->",
    "<!-- tables:": "<!-- /tables -->",
    "<!-- methods:": "<!-- end of methods -->",
    "<!-- decisions:": "<!-- end of decisions -->",
}


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_and_anchors_resolve(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_and_a_dead_anchor_are_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    links = "[a](gone.md) [b](#two-words-code) [c](page.md#three) `[d](code.md)`"
    page.write_text(f"# Two words, `code`\n\n{links}\n\n# Two words, code\n")
    assert anchors(page) == {"two-words-code", "two-words-code-1"}
    assert dead_links(page) == ["link to gone.md: no such file", "link to page.md#three: no heading of this name"]


def test_nothing_was_left_for_later() -> None:
    folders = ("docs", "config", "tables", "claims", "figures", "methods")
    files = [*ROOT.glob("*.md"), *(f for folder in folders for f in (ROOT / folder).rglob("*"))]
    texts = {f: f.read_text(encoding="utf-8") for f in files if f.suffix in (".md", ".yaml", ".py", ".txt")}
    lines = [(f, i, line) for f, text in texts.items() for i, line in enumerate(text.splitlines(), 1)]
    assert [f"{f.relative_to(ROOT)}:{i}: {found[0]}" for f, i, line in lines if (found := LEFT_OVER.search(line))] == []
    assert [LEFT_OVER.search(line) is not None for line in ("@@GAP@@", "is TODO.", "???", "a@b.c", "@@ -1 @@")] == [
        *(True, True, True),
        *(False, False),
    ]


def lonely(page: Path, name: str) -> list[str]:
    """Marks of a page that do not come in pairs, a line each."""
    text = page.read_text(encoding="utf-8")
    counts = [(begin, text.count(begin), end, text.count(end)) for begin, end in PAIRED.items()]
    return [f"{name}: '{begin}' {n}, '{end}' {m}" for begin, n, end, m in counts if n != m]


def test_marks_of_blocks_that_other_commands_write_come_in_pairs() -> None:
    found = [line for page in pages() for line in lonely(page, str(page.relative_to(ROOT)))]
    assert found == []


def test_a_mark_without_its_pair_is_one_line_with_the_file(tmp_path: Path) -> None:
    for (begin, end), page in zip(PAIRED.items(), ("demo", "tables", "methods", "decisions"), strict=True):
        file = tmp_path / f"{page}.md"
        file.write_text(f"{begin}\n" + "a line\n" * 1000)
        assert lonely(file, file.name) == [f"{page}.md: '{begin}' 1, '{end}' 0"]
        with pytest.raises(UserError) as found:
            written(file.read_text(), "made", file.name, begin, end)
        what = f"has no line '{end}' below '{begin}'; what is made stands between both: add it"
        assert str(found.value) == f"{page}.md: {what}"
        with pytest.raises(UserError, match=rf"^{page}\.md: has no line '{begin}'; what is made"):
            written(f"{end}\n", "made", file.name, begin, end)


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "docs/add-a-method.md"])
def test_tables_of_methods_are_those_of_their_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    methods = {
        key: spec
        for key, spec in read_methods(ROOT / "methods").items()
        if key in contributed()["methods"] or f"methods/{Path(spec['file']).name})" in text
    }
    made = renewed(text, methods, page)
    changed = [line for line in made.splitlines() if line not in text.splitlines()]
    assert made == text, f"run `lnl methods --write {page}`: {changed[:3]}"


def test_what_a_method_takes_from_the_contract_is_read_from_its_file(tmp_path: Path) -> None:
    """Helpers of its own are no members of the contract; what it gives the learner to, others can look up."""
    mine = tmp_path / "mine.py"
    mine.write_text(
        "class Mine(Method):\n"
        "    views = 2\n"
        "    def step(self, learner, batch, now):\n"
        "        begun(learner, 1), self.mended(learner)\n"
        "        return learner.forward(batch.x)\n"
        "    def mended(self, learner): ...\n"
    )
    plain = tmp_path / "plain.py"
    plain.write_text("class Plain(Method):\n    def loss(self, logits, labels, now): ...\n")
    declared: dict[str, dict[str, object]] = {
        "mine": {"title": "Mine", "file": str(mine), "parameters": {}},
        "plain": {"title": "Plain", "file": str(plain), "parameters": {"hold_out": None}},  # it may, and does not
        "held": {"title": "Held", "file": "held.py", "parameters": {"hold_out": 0.1}, "extends": "plain"},
    }
    assert contract_table(declared).splitlines()[2:] == [
        "| [Held](../methods/held.py) | `loss` | – | – |",
        "| [Mine](../methods/mine.py) | `step`, `views` | `begun(…)`, `forward` | – |",
        "| [Plain](../methods/plain.py) | `loss` | – | yes |",
    ]


def test_a_method_whose_repeats_are_stacked_anywhere_is_said_to_stack() -> None:
    suite = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    said = {line.split(" | ")[0]: line.endswith("yes |") for line in contract_table(suite.methods).splitlines()[2:]}
    rows = {f"| [{spec['title']}](../methods/{Path(spec['file']).name})": key for key, spec in suite.methods.items()}
    stacked = {
        suite.spec(run.cell)["method"]["key"]
        for key in suite.artefacts
        for run in suite.demand(key)
        if stackable(suite, run.cell)
    }
    assert stacked - {rows[row] for row, yes in said.items() if yes} == set() and len(stacked) > 5


def test_what_methods_are_composed_of_is_read_from_its_files(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text('"""Of all."""')
    (tmp_path / "mixed.py").write_text(
        '"""Mixing (Zhang et al., ICLR 2018) of\ntwo images. More of it.\n\nAnd more."""\n'
        "class Pair: ...\ndef mixed(x): ...\ndef _helper(x): ...\n"
    )
    assert learning_table(tmp_path).splitlines()[2:] == [
        "| `mixed` | Mixing (Zhang et al., ICLR 2018) of two images. | `Pair`, `mixed` |"
    ]


def test_commands_can_be_run_as_they_are_written() -> None:
    found = [(page, line, words) for page in pages() for line, words in commands(page)]
    assert len(found) > 40  # the pages have so many; finding none would be no success
    wrong = [
        f"{page.relative_to(ROOT)}:{line}: `{' '.join(words)}`: {problem}"
        for page, line, words in found
        if (problem := fault(words, page))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("lnl table s2e_tabel3 --scale paper", "there is no artefact 's2e_tabel3'"),
        ("lnl table s2e_table3 --scales paper", "No such option"),
        ("lnl tabel s2e_table3", "there is no command 'tabel'"),
        ("lnl compare s2e standard --table s2e_tabel3", "there is no table 's2e_tabel3'"),
        ("lnl status s2e --scale papers", "unknown scale 'papers' (did you mean 'paper'?"),
        ("lnl plan s3e", "unknown artefact or paper 's3e'"),
        ("lnl show s2e/digits/pair-45/coteachin", "unknown method or variant 'coteachin'"),
        ("lnl search s2e/mnist/pair-45/coteaching/s3e --scale lite", "unknown search 's3e'"),
        ("lnl import docs/reproduction/s2e_mnits/records", "there is no folder docs/reproduction/s2e_mnits/records"),
        ("snakemake s2e_figure44 -c2", "there is no target s2e_figure44"),
        ("snakemake -c2 --config scale=lite s2e_table3", "'s2e_table3' follows --config and is no key=value"),
        ("snakemake s2e --config scal=lite", "there is no config key scal"),
        ("snakemake s2e --config scale=light", "there is no scale light"),
        ("snakemake s2e --workflow-profile workflow/profiles/slum", "there is no profile workflow/profiles/slum"),
        ("make tests", "the Makefile has no target tests"),
        ("python -m benchmarks stepps", "there is no section stepps"),
        ("python -m benchmarks.search_quality --norun", "benchmarks.search_quality has no option --norun"),
    ],
)
def test_a_command_that_cannot_be_run_is_named(written: str, problem: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Run it:\n\n```console\n$ {written}   # a comment\n```\n")
    ((line, words),) = commands(page)
    assert line == 4
    assert problem in (fault(words, page) or "")


def test_what_a_page_tells_its_reader_to_write_may_stand_in_commands(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Write methods/mine.py, then\n\n    lnl train coteaching/digits/pair-45/mine\n")
    ((_, words),) = commands(page)
    assert fault(words, page) is None
    page.write_text("    lnl train coteaching/digits/pair-45/mine\n")
    assert "unknown method" in str(fault(words, page))


def said_of_kinds(heading: str) -> dict[str, list[set[str]]]:
    """What a table of the page on papers says that each kind needs and takes, by kind."""
    page = (ROOT / "docs/add-a-paper.md").read_text().partition(f"### {heading}\n")[2].partition("\n#")[0]
    rows = [line.strip("|").split("|") for line in page.splitlines() if re.match(r"\| [A-Z]", line)]
    return {kind.strip(): [set(re.findall(r"`(\w+)`", keys)) for keys in row] for kind, _, *row in rows}


def test_what_each_test_of_a_claim_needs_and_takes_is_said_of_all_of_them() -> None:
    declared = {kind: [set(test.needs), set(test.takes)] for kind, test in KINDS.items()}
    assert said_of_kinds("Tests of claims") == declared


def test_what_each_comparison_of_printed_numbers_needs_and_takes_is_said_of_all_of_them() -> None:
    declared = {kind: [set(needs), set(TAKEN.get(kind, ()))] for kind, needs in PRINTED.items()}
    assert said_of_kinds("Comparisons of printed numbers") == declared
