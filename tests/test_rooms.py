"""The house: what a method file may use. The direction between rooms is import-linter's (`make lint`)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("file", sorted((ROOT / "methods").glob("*.py")), ids=lambda file: file.stem)
def test_a_method_uses_the_contract_and_what_methods_are_composed_of(file: Path) -> None:
    nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
    used = {node.module for node in nodes if node.module and node.module.startswith("lnl")}
    assert {name for name in used if name != "lnl.engine.method" and not name.startswith("lnl.learning.")} == set()


def test_the_top_of_the_library_fits_on_one_screen() -> None:
    entries = [path for path in (ROOT / "lnl").iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 14
    longest = max((ROOT / "lnl").rglob("*.py"), key=lambda path: len(path.read_text().splitlines()))
    assert len(longest.read_text().splitlines()) <= 300, longest
