"""Every name that becomes part of a path, a wildcard or a command line obeys one rule, and is refused in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from suite_copy import TABLE, SuiteCopy

from lnl.cli.bring_in import bring_in
from lnl.declared import dependencies, names
from lnl.declared.suite import Suite
from lnl.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = [
    *(
        "$(touch marker)",
        "`touch marker`",
        "a;touch marker",
        "a&touch marker",
        "a|touch marker",
        "a>marker",
        "a b",
        "a'b",
    ),
    *(
        'a"b',
        "a\\b",
        "a\ntouch marker",
        "a\n",
        "{wildcards}",
        "--help",
        "-n",
        "..",
        ".",
        "a.b",
        "Upper",
        "é",
        "a*",
        "",
        "_a",
    ),
]
OF_FILES = [name for name in HOSTILE if name not in ("..", ".", "")]


def refused(make: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        make()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SuiteCopy]:
    """A small suite; nothing that a test does with it may make the file `marker`."""
    made = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(made.root)
    yield made
    assert not list(tmp_path.rglob("marker*"))


# ---- the rule ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_name_is_a_name(name: str) -> None:
    line = refused(lambda: names.check(name, "protocol", "a file"))
    assert line.startswith("a file: '") and names.RULE in line
    assert not re.fullmatch(names.NUMBER, name) and not re.fullmatch(names.WORDS, name)
    if name not in ("a.b", "Upper"):
        assert not re.fullmatch(names.FREE, name)


@pytest.mark.parametrize("name", [None, 5, True, ["a"], {"a": 1}])
def test_what_is_no_text_is_no_name(name: object) -> None:
    assert "is no name for a protocol" in refused(lambda: names.check(name, "protocol", "a file"))


def test_an_error_is_one_line_whatever_it_repeats() -> None:
    assert str(UserError("a\nb\r\x1b[2J\u2028\udc80 é ü")) == "a\\nb\\r\\x1b[2J\\u2028\\udc80 é ü"


# ---- names of files ------------------------------------------------------------------------------------------------

FOLDERS = {
    **dict.fromkeys(("config/protocols", "config/scales", "config/searches", "config/spaces"), "yaml"),
    **dict.fromkeys(("tables", "claims"), "yaml"),
    **dict.fromkeys(("figures", "methods"), "py"),
}


@pytest.mark.parametrize(("folder", "suffix"), FOLDERS.items())
@pytest.mark.parametrize("validate", [True, False], ids=["head", "job"])
def test_a_file_with_a_hostile_name_is_refused_in_one_line(
    copy: SuiteCopy, folder: str, suffix: str, validate: bool
) -> None:
    for name in OF_FILES:
        if name.startswith("_") and suffix == "py":
            continue  # declares nothing, by its name
        file = copy.root / folder / f"{name}.{suffix}"
        file.write_text("{}")
        line = refused(lambda: Suite.load(copy.root, validate=validate))
        assert names.RULE in line and f"file in {Path(folder).name}/" in line
        file.unlink()
    Suite.load(copy.root, validate=False)


def test_a_chapter_of_decisions_with_a_hostile_name_is_refused_in_one_line(copy: SuiteCopy) -> None:
    (copy.root / "config/decisions").mkdir()
    (copy.root / "config/decisions/$(touch marker).yaml").write_text("{}")
    assert names.RULE in refused(lambda: Suite.load(copy.root).decisions)


# ---- names in files ------------------------------------------------------------------------------------------------


def _yaml(file: str, change: Callable[[Any, str], None]) -> Callable[[Path, str], None]:
    def write(root: Path, name: str) -> None:
        content = yaml.safe_load((root / file).read_text())
        change(content, name)
        (root / file).write_text(yaml.safe_dump(content))

    return write


def _method(entry: str) -> Callable[[Path, str], None]:
    """Puts an entry, with NAME for the name, before all others of a SPEC; the same key later on gives way."""

    def write(root: Path, name: str) -> None:
        file = root / "methods/bootstrap.py"
        text = re.sub(r'"key": "bootstrap",', "", file.read_text()) if '"key"' in entry else file.read_text()
        assert "SPEC = {" in text
        file.write_text(text.replace("SPEC = {", "SPEC = {" + entry.replace("NAME", repr(name)) + ", ", 1))

    return write


def _figure(root: Path, name: str) -> None:
    kept = ("title", "source", "protocol", "dataset", "rows", "columns", "seeds")
    demand = {k: v for k, v in TABLE.items() if k in kept}
    columns = [{"key": "a", "label": "a", "method": "coteaching", "variant": name, "set": {"tau": 0.5}}]
    (root / "figures/drawn.py").write_text(f"DEMAND = {demand | {'kind': 'curves', 'columns': columns}!r}\n")


def _claim(cell: Callable[[str], dict[str, Any]]) -> Callable[[Path, str], None]:
    def write(root: Path, name: str) -> None:
        place = {"protocol": "s2e", "dataset": "mnist", "noise": "pair-45", "method": "coteaching", **cell(name)}
        claim = {
            "key": "a-01",
            "claim": "so it is",
            "cores": "yes",
            "where": "test",
            "cells": {"a": place},
            "test": {"kind": "GT", "a": "a"},
        }
        (root / "claims/said.yaml").write_text(yaml.safe_dump({"title": "said", "claims": [claim]}))

    return write


def _first_study(content: Any) -> dict[str, Any]:
    return next(iter(content["studies"].values()))


def _arms(content: Any) -> dict[str, Any]:
    return _first_study(content)["arms"]


SET = {"set": {"tau": 0.5}}
INSIDE: dict[str, Callable[[Path, str], None]] = {
    "method": _method('"key": NAME'),
    "point": _method('"handovers": {"a": ["bc", NAME]}'),
    "stand-in": _yaml("config/scales/demo.yaml", lambda c, n: c["stand_ins"]["datasets"].update(mnist=n)),
    "study": _yaml("config/synthetic.yaml", lambda c, n: c["studies"].update({n: _first_study(c)})),
    "arm": _yaml("config/synthetic.yaml", lambda c, n: _arms(c).update({n: next(iter(_arms(c).values()))})),
    "paper": _yaml("tables/small.yaml", lambda c, n: c["source"].update(paper=n)),
    "row": _yaml("tables/small.yaml", lambda c, n: c["rows"][0].update(key=n)),
    "column": _yaml("tables/small.yaml", lambda c, n: c["columns"][0].update(key=n)),
    "variant of a table": _yaml("tables/small.yaml", lambda c, n: c["columns"][1].update(variant=n, **SET)),
    "variant of a figure": _figure,
    "variant of a claim": _claim(lambda n: {"variant": n, **SET}),
    "varied variant of a claim": _claim(lambda n: {"vary": [[{"variant": n, **SET}]]}),
    "label file": _yaml("config/config.yaml", lambda c, n: c.update(label_files={n: {"path": "labels.csv"}})),
}  # fmt: skip
#: Names that are chosen from what there is: the line lists it.
CHOSEN: dict[str, Callable[[Path, str], None]] = {
    "protocol": _yaml("tables/small.yaml", lambda c, n: c.update(protocol=n)),
    "data set": _yaml("tables/small.yaml", lambda c, n: c.update(dataset=n)),
    "noise": _yaml("tables/small.yaml", lambda c, n: c["rows"][0].update(noise=n)),
    "file noise": _yaml("tables/small.yaml", lambda c, n: c["rows"][0].update(noise=f"file-{n}")),
    "method of a table": _yaml("tables/small.yaml", lambda c, n: c["columns"][0].update(method=n)),
    "search": _yaml("tables/small.yaml", lambda c, n: c["columns"][1].update(variant="r", set={"R": {"search": n}})),
    "scale": _yaml("config/config.yaml", lambda c, n: c.update(scale=n)),
    "searched_at": _yaml("config/scales/demo.yaml", lambda c, n: c.update(searched_at=n)),
    "artefacts": _yaml("config/config.yaml", lambda c, n: c.update(artefacts=[n])),
    "generator": _yaml("config/protocols/s2e.yaml", lambda c, n: c["noise"].update(generator=n)),
    "seeds": _yaml("config/config.yaml", lambda c, n: c.update(seeds=n)),
    "device": _yaml("config/config.yaml", lambda c, n: c.update(device=n)),
}  # fmt: skip


@pytest.mark.parametrize("kind", [*INSIDE, *CHOSEN])
def test_a_hostile_name_in_a_declaration_is_refused_in_one_line(copy: SuiteCopy, kind: str) -> None:
    write = (INSIDE | CHOSEN)[kind]
    before = {file: file.read_bytes() for file in copy.root.rglob("*") if file.suffix in (".yaml", ".py")}
    for name in ("$(touch marker)", "a;touch marker", "a b'\"", "a\ntouch marker", "../up", "--help"):
        write(copy.root, name)
        line = refused(lambda: _whole(copy.root))
        if kind in INSIDE:
            what = {"stand-in": "data set"}.get(kind, kind.removeprefix("varied ").partition(" of ")[0])
            assert f"is no name for a {what}; rename it: " in line
        for file, content in before.items():
            if file.read_bytes() != content:
                file.write_bytes(content)
    (copy.root / "claims/said.yaml").unlink(missing_ok=True)
    (copy.root / "figures/drawn.py").unlink(missing_ok=True)
    _whole(copy.root)


def _whole(root: Path) -> None:
    """What the head does with the declarations before any job."""
    suite = Suite.load(root)
    dependencies.check(suite)
    _ = suite.selected, suite.searching.scale


def test_today_s_names_are_names() -> None:
    suite = Suite.load(ROOT, {"scale": "paper"})
    for cell in suite.cells:
        for name in (cell.protocol, cell.dataset, cell.method):
            names.check(name, "name", cell.id)
        names.check(cell.noise, "noise", cell.id, names.FREE)
    for name in (*suite.artefacts, *suite.papers, *suite.searches, *suite.spaces, *suite.scales):
        names.check(name, "name", "the suite")


@pytest.mark.parametrize("part", ["seed", "round"])
def test_numbers_of_another_machine_s_files_lead_nowhere_else(
    copy: SuiteCopy, tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record's seed, and a search's seed and round, become parts of a path: they are numbers."""
    suite = Suite.load(copy.root)
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(Suite, "search_digest", lambda self, search: "same")
    search = "s2e/digits/symmetric-50/coteaching/random"
    page = {"search": search, "seed": 1, "round": 1, "digest": "same", part: "1/../../../../../../../../up"}
    (other / "scores.json").write_text(json.dumps(page))
    result = {"digest": "0", "status": "ok", "curves": {}, "seed": "1/../../up", "spec": {}, "scale": "demo"}
    (other / "seed1.json").write_text(json.dumps({"result": result, "provenance": {}}))
    report = bring_in(suite, other)
    assert len(report.refused) == 2 and not any(report.counts.values())
    assert not list(tmp_path.rglob("up*"))
