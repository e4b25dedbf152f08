"""Markdown in lines of a length that a terminal shows, none of which begins like something else; anchors."""

from __future__ import annotations

import re

WIDTH = 120
_MARK = re.compile(r"[-+*#>=|]+|\d+[.)]")  # what would begin a list, a heading, a quotation at the start of a line


def paragraph(text: str, first: str = "", rest: str = "") -> str:
    """`text` in lines of at most 120 characters; `first` and `rest` are what the first and the other lines begin with.

    Words are never broken. A word that would begin something else at the start of a line stays on the line before.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        fits = len(first if not lines else rest) + len(line) + 1 + len(word) <= WIDTH
        if not line:
            line = word
        elif fits or _MARK.fullmatch(word):
            line += f" {word}"
        else:
            lines.append(line)
            line = word
    return "\n".join((first if not index else rest) + line for index, line in enumerate([*lines, line]))


def item(text: str) -> str:
    """An item of a list; its parts, on lines that begin with `  - `, become items of a list within."""
    head, *parts = text.split("\n  - ")
    return "\n".join([paragraph(head, "- ", "  "), *(paragraph(part, "  - ", "    ") for part in parts)])


def anchor(title: str) -> str:
    """What GitHub makes of a heading: the end of the link that leads to it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
