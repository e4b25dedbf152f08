"""Every file that a page tells its reader to write leaves the checkout in which it is written working."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from contributed import PINNED, contributed
from markdown_pages import files_to_add, pages
from suite_copy import ROOT, SuiteCopy

from lnl.declared import dependencies
from lnl.declared.suite import Suite

FILES = {page.name: files for page in pages() if (files := files_to_add(page))}
PLACES = ("config", "methods", "tables", "figures", "claims", "workflow", "profiles")


def _checkout(root: Path) -> SuiteCopy:
    """The declarations of the suite, all of them, decisions too."""
    for name in PLACES:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "environment.yml"):
        shutil.copy(ROOT / name, root)
    return SuiteCopy(root)


def _add(copy: SuiteCopy, files: dict[str, str]) -> None:
    for name, text in files.items():
        (copy.root / name).write_text(text)


def test_pages_have_such_files() -> None:
    assert {"add-a-method.md", "add-a-paper.md", "add-a-search.md", "bring-your-own.md"} <= set(FILES)
    assert {"config/spaces/mine.yaml", "config/searches/mine.yaml", "config/searches/tau-list.yaml"} == set(
        FILES["add-a-search.md"]
    )
    assert len(FILES["add-a-method.md"]) == 2


@pytest.mark.parametrize("page", FILES)
def test_files_of_a_page_are_read_and_held_against_no_decision(page: str, tmp_path: Path) -> None:
    copy = _checkout(tmp_path)
    _add(copy, FILES[page])
    suite = Suite.load(copy.root, {"scale": "demo"}, validate=True)
    dependencies.check(suite)


def test_whoever_keeps_them_for_himself_owes_no_test_anything_until_their_cells_are_pinned(tmp_path: Path) -> None:
    copy = _checkout(tmp_path / "checkout")
    for files in FILES.values():
        _add(copy, files)
    assert contributed(copy.root) == contributed()
    pins = tmp_path / "pins"
    shutil.copytree(PINNED, pins)
    (pins / "demo.txt").write_text("0123 example/digits/symmetric-50/example-trimmed-share40\n")
    more = contributed(copy.root, pins)
    assert {kind: more[kind] - contributed()[kind] for kind in ("protocols", "methods")} == {
        "protocols": {"example"},
        "methods": {"example-trimmed"},
    }


def test_a_start_of_a_checkout_with_all_of_them_succeeds(tmp_path: Path) -> None:
    copy = _checkout(tmp_path)
    for files in FILES.values():
        _add(copy, files)
    started = copy.snakemake("tutorial_mnist_accuracy", "-n", "--quiet")
    assert started.returncode == 0, started.stderr
    listed = copy.lnl("decisions")
    assert listed.returncode == 0, listed.stderr
