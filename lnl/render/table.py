"""One table in four formats: tidy CSV, Markdown, LaTeX and self-contained HTML, from whatever records exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lnl.errors import choose
from lnl.files import replacing
from lnl.render import html, latex, markdown
from lnl.render.accuracy import accuracy
from lnl.render.compare import frame, lines
from lnl.render.document import Document

if TYPE_CHECKING:
    import pandas as pd

    from lnl.declared.suite import Suite
    from lnl.results.records import Locate


def render(suite: Suite, key: str, out_dir: str | Path) -> list[Path]:
    """Write {key}.csv, .md, .tex and .html into `out_dir`, each whole or not at all; their paths.

    Renders what there is: a partial table and a complete one are made by the same call. UserError for an unknown table.
    """
    shown, tidy = document(suite, key)
    folder = Path(out_dir)
    texts = {
        "csv": tidy.to_csv(index=False, lineterminator="\n"),
        "md": markdown.text(shown),
        "tex": latex.text(shown),
        "html": html.page(shown),
    }
    return [write(folder / f"{key}.{suffix}", text) for suffix, text in texts.items()]


def write(path: Path, text: str) -> Path:
    """Write a text file in one step, so that a reader never meets half of it."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def document(suite: Suite, key: str, locate: Locate | None = None) -> tuple[Document, pd.DataFrame]:
    """A table as a format-neutral document and as a tidy frame."""
    if choose(key, suite.tables, "table", "").get("kind", "accuracy") != "accuracy":
        from lnl.render.plain import untrained

        return untrained(suite, key)
    compared = lines(suite, key, locate)
    return accuracy(suite, key, compared), frame(compared)


def shown(suite: Suite, key: str, locate: Locate | None = None) -> Document:
    """A table as a format-neutral document alone, where nobody asks for the frame."""
    if suite.tables.get(key, {}).get("kind", "accuracy") != "accuracy" or key not in suite.tables:
        return document(suite, key, locate)[0]
    return accuracy(suite, key, lines(suite, key, locate))
