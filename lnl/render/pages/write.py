"""Pages as a whole: which of them have blocks, whether those are what the records give, and making them so."""

from __future__ import annotations

from pathlib import Path

from lnl.errors import UserError
from lnl.render.pages import blocks, files
from lnl.render.pages.committed import FOLDER, Committed, committed
from lnl.render.pages.marks import Mark, marks, replaced
from lnl.render.table import write as write_text
from lnl.results.search_quality import KEPT

AGAIN = "`lnl reproduced --write` makes it anew"
RECORDS_MISSING = "its records are missing; `lnl keep` puts them into its folder records/"
SEARCHES_MISSING = "its searches are missing; python -m benchmarks.search_quality makes them"


def pages(root: Path) -> dict[str, list[Mark]]:
    """The blocks of every page that has some, by its path in the checkout; UserError for a mark that makes no sense."""
    found = {}
    for file in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        if file.exists():
            text, name = file.read_text(encoding="utf-8"), str(file.relative_to(root))
            if listed := marks(text, name):
                found[name] = listed
                for mark in listed:
                    blocks.check(text, mark)
    return found


def orphans(root: Path) -> dict[str, str]:
    """Pages of docs/reproduction beside which nothing lies that they are made from, and what to do, by their path."""
    found = {}
    for page in sorted((root / FOLDER).glob("*/README.md")):
        if not any((page.parent / "records").rglob("*.json*")):
            found[str(page.relative_to(root))] = RECORDS_MISSING
    quality = KEPT.with_name("quality.md")
    if (root / quality).is_file() and not (root / KEPT).is_file():
        found[str(quality)] = SEARCHES_MISSING
    return found


def stale(root: Path | str) -> list[str]:
    """What is not as the committed records give it, a line each that names file and block; none if all is."""
    root = Path(root).resolve()
    alone = orphans(root)
    said = [f"{name}: {remedy}" for name, remedy in alone.items()]
    with committed(root) as kept:
        for name, listed in pages(root).items():
            if name in alone:  # what its blocks lack follows from that
                continue
            text = (root / name).read_text(encoding="utf-8")
            for mark in listed:
                try:
                    said += [f"{mark.name}: {problem}; {AGAIN}" for problem in _problems(text, mark, kept, root)]
                except UserError as error:
                    said.append(str(error))
    return said


def _problems(text: str, mark: Mark, kept: Committed, root: Path) -> list[str]:
    made = blocks.render(text, mark, kept)
    there = text[mark.start : mark.end]
    said = [] if there == (made if blocks.KINDS[mark.kind].inline else f"\n{made}\n") else ["not what the records give"]
    return said + (files.stale(mark, kept, (root / mark.page).parent) if mark.kind == "files" else [])


def write(root: Path | str) -> list[Path]:
    """Make every block, and every file that a block lists, anew from the committed records; what has changed.

    Nothing is written while some block cannot be rendered: UserError names it.
    """
    root = Path(root).resolve()
    written: list[Path] = []
    with committed(root) as kept:
        made = {}
        for name, listed in pages(root).items():
            text = (root / name).read_text(encoding="utf-8")
            made[name] = (
                text,
                replaced(
                    text,
                    listed,
                    lambda mark, text=text: blocks.render(text, mark, kept),  # type: ignore[misc]
                    lambda mark: blocks.KINDS[mark.kind].inline,
                ),
            )
        for name, listed in pages(root).items():
            for mark in listed:
                if mark.kind == "files":
                    written += files.make(mark, kept, (root / name).parent)
        for name, (old, new) in made.items():
            if new != old:
                written.append(write_text(root / name, new))
    return written
