"""`lnl methods`: the methods as a table on the terminal, or as blocks of Markdown files."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lnl.cli.common import at_a_checkout, load_suite, named
from lnl.render.methods import in_order, needs, renewed

ROOMY = 130  # columns of a terminal that has room for where each comes from
PIPED = 200  # columns for whoever reads lines


def methods(write: str | None) -> None:
    """Print the methods of the checkout and of each overlay, or renew the checkout's in a Markdown file. UserError for
    a file that has no place for them."""
    if write is None:
        _printed()
        return
    from lnl.declared.reading import read_methods

    at_a_checkout()
    file = Path(write)
    found = read_methods(Path("methods"))  # of the checkout alone, whose pages they are
    with named(file):
        file.write_text(renewed(file.read_text(encoding="utf-8"), found, file), encoding="utf-8")


def _printed() -> None:
    suite = load_suite(sparing=True)
    console = Console(width=None if sys.stdout.isatty() else PIPED)
    by_folder: dict[Path, dict[str, Mapping[str, Any]]] = {}
    for key, spec in suite.methods.items():
        by_folder.setdefault(Path(spec["file"]).parent, {})[key] = spec
    for folder, found in sorted(by_folder.items(), key=lambda item: suite.layers.of_overlay(item[0])):
        console.print(_table(str(folder), found, origins=console.width >= ROOMY))


def _table(title: str, found: Mapping[str, Mapping[str, Any]], origins: bool) -> Table:
    """origins: whether there is room for where each comes from."""
    out = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    out.add_column("key", no_wrap=True)
    out.add_column("title", overflow="fold")
    out.add_column("networks", justify="right", no_wrap=True)
    for name in ("needs", *(("from",) if origins else ())):
        out.add_column(name, overflow="fold")
    for key, spec in in_order(found):
        words = [key, spec["title"], str(spec["networks"]), needs(spec).replace("`", "")]
        out.add_row(*map(Text, [*words, spec["paper"]] if origins else words))
    return out
