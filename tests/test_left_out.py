"""What is left out since it is wrong says all that is wrong with it where somebody names it, and never that nobody
knows it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from suite_copy import OWN, ROOT, SuiteCopy, put

from lnl.cli import prepare, render
from lnl.declared import overlay_folders
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.results.contenders import compared
from lnl.run.targets import check as check_target

CELL = "s2e/digits/symmetric-50"
STANDARD = (ROOT / "methods/standard.py").read_text()
QUOTES = {
    "key": "quoted-01",
    "where": "ours",
    "claim": "x",
    "cores": "no",
    "printed": [{"kind": "BELOW", "a": {"table": "lacking", "row": "a", "column": "m"}, "threshold": 1}],
}
BROKEN = {
    "methods/sce.py": 'SPEC = {"key": "sce"}\n',
    "methods/other.py": STANDARD.replace('"key": "standard"', '"key": "my-rule", "joins": ["smal"]'),
    "methods/un_closed.py": "SPEC = {\n",
    "methods/open_too.py": "SPEC = {'key': 'without-end',\n",
    "tables/lacking.yaml": "title: x\n",
    "tables/mine.yaml": OWN | {"columns": [{"key": "m", "label": "M", "method": "sce"}]},
    "figures/drawn.py": 'DEMAND = {"title": "x"}\n',
    "claims/said.yaml": "title: x\n",
    "tables/both.yaml": OWN | {"columns": [{"key": "m", "label": "M", "method": "standard"}]},  # sound
    "claims/both.yaml": "title: x\n",
    "config/protocols/setting.yaml": "title: x\n",
    "config/datasets/pictures.yaml": "title: x\n",
    "config/noises/swapped.yaml": "title: x\n",
    "config/noises/mixed-up.yaml": {"title": "x", "source": "ours", "maps": {"pictures": ["0 -> 1"]}},
    "claims/quoting.yaml": {
        "title": "x",
        "source": {"paper": "quoting"},
        "protocol": "s2e",
        "dataset": "mnist",
        "claims": [QUOTES],
    },
    "config/searches/looked.yaml": "title: x\n",
}
#: Files that are wrong themselves, whatever they name.
AT_FAULT = set(BROKEN) - {"tables/mine.yaml", "tables/both.yaml", "config/noises/mixed-up.yaml", "claims/quoting.yaml"}
SPEC_LACKS = [f"methods/sce.py: SPEC: '{key}' is missing" for key in ("title", "version", "parameters", "paper")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SuiteCopy:
    folder = tmp_path_factory.mktemp("left-out")
    copy = SuiteCopy.make(folder / "checkout")
    for name, content in BROKEN.items():
        put(folder / "mylab" / name, content)
    return copy


@pytest.fixture(scope="module")
def suite(made: SuiteCopy) -> Iterator[Suite]:
    known = list(sys.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made.root)
        patch.delenv(overlay_folders.VARIABLE, raising=False)
        yield Suite.load(config={"scale": "demo", "overlay": ["../mylab"]})
    sys.path[:] = known


def faults(caught: pytest.ExceptionInfo[UserError]) -> list[str]:
    lines = list(caught.value.lines)
    assert not any(word in line for line in lines for word in ("did you mean", "valid:", "left out"))
    return lines


@pytest.mark.parametrize(
    ("cell", "file", "count"),
    [
        (f"{CELL}/sce", "methods/sce.py: SPEC: 'title' is missing", 5),
        (f"{CELL}/un-closed", "methods/un_closed.py", 1),  # the key that its file's name stands for
        (f"{CELL}/un_closed", "methods/un_closed.py", 1),
        (f"{CELL}/without-end", "methods/open_too.py", 1),  # as far as it can be read
        ("setting/digits/symmetric-50/standard", "config/protocols/setting.yaml: 'source' is missing", 6),
        ("s2e/pictures/symmetric-50/standard", "config/datasets/pictures.yaml: 'classes' is missing", 6),
        ("s2e/digits/swapped-50/standard", "config/noises/swapped.yaml: 'source' is missing", 1),
    ],
)
def test_a_cell_of_what_is_left_out_has_all_its_faults(suite: Suite, cell: str, file: str, count: int) -> None:
    with pytest.raises(UserError) as caught:
        suite.parse(cell)
    lines = faults(caught)
    assert len(lines) == count and lines[0].startswith(f"../mylab/{file}")
    assert all("../mylab/" in line for line in lines)


@pytest.mark.parametrize("key", ["my-rule", "other"])
def test_a_method_that_joins_what_there_is_not_says_so(suite: Suite, key: str) -> None:
    with pytest.raises(UserError) as caught:
        suite.parse(f"{CELL}/{key}")
    (line,) = caught.value.lines
    assert line.startswith("../mylab/methods/other.py: unknown table (SPEC 'joins' of my-rule) 'smal' (did you mean")
    assert "both" not in line and "mine" not in line  # tables that take no further methods


@pytest.mark.parametrize(
    ("word", "file"),
    [
        ("lacking", "tables/lacking.yaml: 'source' is missing"),
        ("drawn", "figures/drawn.py: DEMAND: 'source' is missing"),
        ("said", "claims/said.yaml: 'claims' is missing"),
        ("said_claims", "claims/said.yaml: 'claims' is missing"),
        ("setting", "config/protocols/setting.yaml: 'source' is missing"),
    ],
)
def test_an_artefact_or_a_paper_has_all_its_faults(suite: Suite, word: str, file: str) -> None:
    with pytest.raises(UserError) as caught:
        suite.select(word)
    assert faults(caught)[0].startswith(f"../mylab/{file}")
    if word != "setting":
        with pytest.raises(UserError) as target:
            check_target(word, suite.artefacts, suite.scales, suite.broken)
        assert target.value.lines == caught.value.lines


def test_what_names_something_that_is_left_out_says_where_and_goes_on_with_its_faults(suite: Suite) -> None:
    with pytest.raises(UserError) as caught:
        suite.select("mine")
    first, *others = faults(caught)
    assert first == "../mylab/tables/mine.yaml, row 'a', column 'm': method 'sce' is wrong itself"
    assert [line.removeprefix("../mylab/") for line in others][:4] == SPEC_LACKS and len(others) == 5
    remarks = suite.layers.remarks()
    assert not any("mine.yaml" in line for line in remarks if line.endswith("; left out"))  # its method's fault is said
    (fell,) = [line for line in remarks if "left out with it: " in line and "tables/mine.yaml" in line]
    assert fell.startswith("../mylab/methods/")


@pytest.mark.parametrize(
    ("file", "place", "named", "cause"),
    [
        ("config/noises/mixed-up.yaml", ": maps", "data set 'pictures'", "config/datasets/pictures.yaml"),
        ("claims/quoting.yaml", ", claim 'quoted-01', printed BELOW, a", "table 'lacking'", "tables/lacking.yaml"),
    ],
)
def test_a_file_of_any_kind_says_which_of_its_names_is_left_out_and_why(
    suite: Suite, file: str, place: str, named: str, cause: str
) -> None:
    first, second, *_ = suite.layers.left_out[f"../mylab/{file}"].lines
    assert first == f"../mylab/{file}{place}: {named} is wrong itself"
    assert second.startswith(f"../mylab/{cause}: '")


def test_other_commands_by_hand_answer_in_the_same_way(suite: Suite) -> None:
    for call, file in (
        (lambda: suite.parse_search(f"{CELL}/sce/random", 1), "methods/sce.py"),
        (lambda: suite.parse_search(f"{CELL}/coteaching/looked", 1), "config/searches/looked.yaml"),
        (lambda: compared(suite, ["sce", "standard"], None, None), "methods/sce.py"),
        (lambda: suite.dataset("pictures"), "config/datasets/pictures.yaml"),
        (lambda: prepare.noise(suite, "digits", "swapped-40", "as_released", 0), "config/noises/swapped.yaml"),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert faults(caught)[0].startswith(f"../mylab/{file}")


def test_what_nobody_has_declared_is_unknown_as_ever(suite: Suite) -> None:
    with pytest.raises(UserError, match=f"^{CELL}/sci: unknown method or variant 'sci'"):
        suite.parse(f"{CELL}/sci")
    with pytest.raises(UserError, match="unknown method or variant 'swapped'"):  # a noise, and no method
        suite.parse(f"{CELL}/swapped")
    with pytest.raises(UserError, match="unknown artefact or paper 'lakking'"):
        suite.select("lakking")


def faulty(said: str) -> set[str]:
    """Files of which a start says that they are left out."""
    lines = [line for line in said.splitlines() if line.endswith("; left out")]
    return {line.split("mylab/")[1].split(" line ")[0].partition(":")[0] for line in lines}


@pytest.mark.parametrize("words", [("show", f"{CELL}/sce"), ("status", "mine")])
def test_on_the_command_line_every_fault_is_a_line(made: SuiteCopy, words: tuple[str, ...]) -> None:
    done = made.lnl(*words, "--scale", "demo", LNL_OVERLAY="../mylab")
    said = [line for line in done.stderr.splitlines() if not line.endswith("; left out")]
    assert done.returncode == 2 and [line.partition("mylab/")[2] for line in said if "SPEC" in line][:4] == SPEC_LACKS
    assert "unknown method" not in "".join(said) and "Traceback" not in done.stderr
    assert faulty(done.stderr) == AT_FAULT - {"methods/sce.py"}  # which is said once


def test_a_start_that_asks_for_what_is_left_out_says_its_fault_once(made: SuiteCopy) -> None:
    for word, file, code in (
        ("lacking", "tables/lacking.yaml", 1),
        ("said", "claims/said.yaml", 1),  # a paper
        ("small", "", 0),
    ):
        done = made.snakemake("-n", word, "--config", "scale=demo", LNL_OVERLAY="../mylab")
        assert done.returncode == code and faulty(done.stderr) == AT_FAULT - {file}
        said = [line for line in done.stderr.splitlines() if line.startswith(f"lnl: ../mylab/{file}: '")]
        assert bool(said) is bool(code) and len(set(said)) == len(said)


def test_an_unfinished_method_of_the_checkout_has_all_its_faults(made: SuiteCopy, tmp_path: Path) -> None:
    copy = made.copy(tmp_path / "checkout")
    (copy.root / "methods/sce.py").write_text(BROKEN["methods/sce.py"])
    done = copy.lnl("show", f"{CELL}/sce", "--scale", "demo")
    said = done.stderr.splitlines()
    assert done.returncode == 2 and said[:4] == [f"lnl: {line}" for line in SPEC_LACKS] and len(said) == 5


@pytest.mark.parametrize(
    ("kind", "word", "file"),
    [
        ("tables", "lacking", "tables/lacking.yaml: 'source' is missing"),
        ("figures", "drawn", "figures/drawn.py: DEMAND: 'source' is missing"),
        ("claims", "said", "claims/said.yaml: 'claims' is missing"),
        ("claims", "both", "claims/both.yaml: 'claims' is missing"),
        ("tables", "mine", "tables/mine.yaml, row 'a', column 'm': method 'sce' is wrong itself"),
        ("figures", "lacking", "tables/lacking.yaml: 'source' is missing"),  # whatever it was taken for
    ],
)
def test_what_is_to_be_rendered_has_all_its_faults(suite: Suite, kind: str, word: str, file: str) -> None:
    with pytest.raises(UserError) as caught:
        render.artefact(suite, word, kind, partial=True)
    assert faults(caught)[0] == f"../mylab/{file}"
