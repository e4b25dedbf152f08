"""The page of decisions as a part of the report: that Markdown, and no more of it, as HTML without outside links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from lnl.render.decisions.wrapping import anchor

PREFIX = "decision-"  # before the page's own anchors: a table of the report may be called like a decision
_INLINE = re.compile(r"`(?P<code>[^`]+)`|\[(?P<link>[^\]]+)\]\((?P<to>[^)\s]+)\)|\*\*(?P<b>[^*]+)\*\*|\*(?P<i>[^*]+)\*")


def converted(markdown: str) -> str:
    """Headings one level down, paragraphs, lists of two levels; links lead within the page, or are their text."""
    return "\n".join(_block(block) for block in _blocks(markdown)) + "\n"


def _blocks(markdown: str) -> Iterator[str]:
    without = re.sub(r"<!--.*?-->", "", markdown, flags=re.S)
    return (block.strip("\n") for block in re.split(r"\n\s*\n", without) if block.strip())


def _block(block: str) -> str:
    heading = re.match(r"(#+) (.*)", block)
    if heading:
        level, title = len(heading[1]) + 1, heading[2]
        return f'<h{level} id="{PREFIX}{anchor(title)}">{inline(title)}</h{level}>'
    if block.startswith("- "):
        return _items(block)
    return f"<p>{inline(block)}</p>"


def _items(block: str) -> str:
    """A list; its lines may go on below, and an item may have a list of its own."""
    out = []
    for item in re.split(r"^- ", block, flags=re.M)[1:]:
        head, *parts = re.split(r"^  - ", item, flags=re.M)
        inner = "".join(f"<li>{inline(part)}</li>" for part in parts)
        out.append(f"<li>{inline(head)}{f'<ul>{inner}</ul>' if inner else ''}</li>")
    return "<ul>" + "\n".join(out) + "</ul>"


def inline(text: str) -> str:
    """Code, links, bold and italics of one piece of text."""
    flat = " ".join(text.split())
    out, end = [], 0
    for found in _INLINE.finditer(flat):
        out += [escape(flat[end : found.start()], quote=False), _mark(found)]
        end = found.end()
    return "".join([*out, escape(flat[end:], quote=False)])


def _mark(found: re.Match[str]) -> str:
    if found["code"]:
        return f"<code>{escape(found['code'], quote=False)}</code>"
    if found["link"]:
        text = inline(found["link"])
        return f'<a href="#{PREFIX}{found["to"][1:]}">{text}</a>' if found["to"].startswith("#") else text
    return f"<b>{inline(found['b'])}</b>" if found["b"] else f"<i>{inline(found['i'])}</i>"
