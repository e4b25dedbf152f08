"""`lnl systems`: every system that the documents compare, as a list or as blocks of Markdown files."""

from __future__ import annotations

from pathlib import Path

from lnl.cli.common import named
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render.methods import written
from lnl.render.systems import BEGIN, COUNT, COUNTED, END, count, page


def systems(suite: Suite, write: str | None) -> None:
    """Print the list, or renew the table and the sentence of a Markdown file, whichever it has a place for."""
    if write is None:
        print(page(suite))
        return
    file = Path(write)
    with named(file):
        before = after = file.read_text(encoding="utf-8")
    places = [place for place in ((BEGIN, END, page), (COUNT, COUNTED, count)) if place[0] in before]
    if not places:
        raise UserError(f"{file}: has no lines '{BEGIN}' and '{END}' between which the list belongs; add them")
    for begin, end, made in places:
        after = written(after, made(suite), file, begin, end)
    with named(file):
        file.write_text(after, encoding="utf-8")
