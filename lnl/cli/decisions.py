"""`lnl decisions`: what is decided where the sources disagree, all in a list, one of them, or the page."""

from __future__ import annotations

from pathlib import Path

from lnl.cli.common import named
from lnl.declared.decision_checks import check_covered
from lnl.declared.decisions import FOLDER
from lnl.declared.suite import Suite
from lnl.errors import UserError, choose
from lnl.render.decisions.page import BEGIN, END, entry, overview, page
from lnl.render.methods import written


def decisions(suite: Suite, key: str | None, write: str | None) -> None:
    """Print the list or one decision, or renew the page in a Markdown file.

    UserError for a choice of which no decision speaks, an unknown key, and a file that has no place for the page.
    """
    found = suite.decisions
    if not found:
        raise UserError(f"{FOLDER}: holds no decisions")
    if key is not None and write is not None:
        raise UserError("lnl decisions: a key prints one decision, --write renews the page of all; give one of them")
    check_covered(suite, found)
    if write is not None:
        _renew(suite, Path(write))
    elif key is not None:
        print(entry(suite, choose(key, found.by_key, "decision", "lnl decisions")), end="")
    else:
        print(overview(found), end="")


def _renew(suite: Suite, file: Path) -> None:
    with named(file):
        before = file.read_text(encoding="utf-8")
    written(before, "", file, BEGIN, END)  # it has a place for the page, which takes a while to make
    with named(file):
        file.write_text(written(before, page(suite), file, BEGIN, END), encoding="utf-8")
