"""The house: what a method file may use. The direction between rooms is import-linter's (`make lint`)."""

from __future__ import annotations

import ast
from pathlib import Path

import grimp  # what import-linter reads imports with
import pytest

ROOT = Path(__file__).resolve().parent.parent


def foreign(source: str) -> set[str]:
    """Modules of the library that a method file imports and may not, however it writes it."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = "." * node.level + (node.module or "")  # the names may be modules themselves: `from lnl import cli`
            names = {f"{whole}.{alias.name}" for alias in node.names}
            used |= names if whole in ("lnl", "lnl.engine", "lnl.learning") or node.level else {whole}
    own = {name for name in used if name.split(".")[0] in ("lnl", "methods", "")}
    return {name for name in own if name != "lnl.engine.method" and not name.startswith("lnl.learning.")}


@pytest.mark.parametrize("file", sorted((ROOT / "methods").glob("*.py")), ids=lambda file: file.stem)
def test_a_method_uses_the_contract_and_what_methods_are_composed_of(file: Path) -> None:
    assert foreign(file.read_text()) == set()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import lnl.engine.loop", {"lnl.engine.loop"}),
        ("import torch, lnl", {"lnl"}),
        ("import lnl.engine.loop as method", {"lnl.engine.loop"}),
        ("from lnl import engine", {"lnl.engine"}),
        ("from lnl.engine import loop, method", {"lnl.engine.loop"}),
        ("from lnl.engine.loop import train", {"lnl.engine.loop"}),
        ("from lnl.learning import selection", set()),
        ("from . import coteaching", {"..coteaching"}),
        ("import methods.coteaching", {"methods.coteaching"}),
        ("def f():\n    import lnl.run", {"lnl.run"}),
        ("import torch\nfrom lnl.engine.method import Method", set()),
    ],
)
def test_every_way_to_import_is_seen(line: str, found: set[str]) -> None:
    assert foreign(line) == found


def test_sub_rooms_between_files_of_their_room_are_those_that_the_page_names() -> None:
    graph = grimp.build_graph("lnl")
    page = " ".join((ROOT / "docs/architecture.md").read_text().split())
    between = {}
    for room in graph.modules:
        if room.count(".") >= 2 and graph.find_children(room):
            inside = {room, *graph.find_descendants(room)}
            others = graph.find_descendants(room.rpartition(".")[0]) - inside
            above = {name for name in others if graph.find_modules_directly_imported_by(name) & inside}
            if above and any(graph.find_modules_directly_imported_by(name) & others for name in inside):
                between[room.removeprefix("lnl.").replace(".", "/")] = sorted(above)
    listed = {
        room: " and ".join(f"`{name.rpartition('.')[2]}.py`" for name in above) for room, above in between.items()
    }
    assert {room for room, by in listed.items() if f"`{room}` (by {by})" not in page} == set()
    assert len(listed) == page.count("` (by `") == 5


def test_the_top_of_the_library_fits_on_one_screen() -> None:
    entries = [path for path in (ROOT / "lnl").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 14
    longest = max((ROOT / "lnl").rglob("*.py"), key=lambda path: len(path.read_text().splitlines()))
    assert len(longest.read_text().splitlines()) <= 300, longest


def test_tests_share_helpers_and_not_each_other() -> None:
    tests = ROOT / "tests"
    between = {
        (file.name, name)
        for file in tests.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None), *(alias.name for alias in node.names)]
        if name and (tests / f"{name}.py").exists() and name.startswith("test_")
    }
    assert between == set()
