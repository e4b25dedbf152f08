"""What the documentation points to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lnl.declared.reading import read_methods
from lnl.render.methods import method_table, written

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_the_readme_s_table_of_methods_is_that_of_the_specs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert written(text, method_table(read_methods(ROOT / "methods"))) == text, "run `lnl methods --write README.md`"
