"""`lnl methods`: the methods as a table on the terminal, or as blocks of Markdown files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lnl.cli.common import at_a_checkout, load_suite, named
from lnl.cli.tables import Listing
from lnl.render.methods import in_order, needs, renewed


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
    by_folder: dict[Path, dict[str, Mapping[str, Any]]] = {}
    for key, declared in suite.methods.items():
        by_folder.setdefault(Path(declared["file"]).parent, {})[key] = declared
    for folder, found in sorted(by_folder.items(), key=lambda item: suite.layers.of_overlay(item[0])):
        words = ("title", "needs", "from")
        shown = Listing(str(folder), ("key", "title", "networks", *words[1:]), ("key",), [("from",)], folded=words)
        for key, spec in in_order(found):
            shown.add(key, spec["title"], str(spec["networks"]), needs(spec).replace("`", ""), spec["paper"])
        shown.show()
