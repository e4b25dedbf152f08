"""Marks in a Markdown file, `<!-- lnl: kind words option=value -->` … `<!-- /lnl -->`: in lines of their own or in one.

What stands between two marks is made by the suite; all else is written by hand. Code is no place for a mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lnl.errors import UserError

OPEN, CLOSE = "<!-- lnl:", "<!-- /lnl -->"
_MARK = re.compile(r"<!--\s*lnl:\s*(?P<words>[^>]*?)\s*-->|<!--\s*/lnl\s*-->")
_BEGUN = re.compile(r"<!--\s*/?lnl\b")
_CODE = re.compile(r"^(?P<fence>```+|~~~+).*?^(?P=fence)\s*?$|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)", re.S | re.M)
_BEGINNING = re.compile(r"\s*(?:[-*+]|\d+[.)])?\s*")  # of a line, before its first word


@dataclass(frozen=True)
class Mark:
    """One block of a page. `start`, `end`: of what stands between its marks."""

    page: str
    line: int
    kind: str
    words: tuple[str, ...]
    options: dict[str, str] = field(hash=False)
    start: int
    end: int

    @property
    def name(self) -> str:
        """File, line and block: how messages begin."""
        return f"{self.page}:{self.line}, block '{' '.join((self.kind, *self.words))}'"

    def listed(self, option: str) -> tuple[str, ...]:
        """The values of an option that lists several, with commas between; none if it is not given."""
        return tuple(filter(None, self.options.get(option, "").split(",")))

    def number(self, option: str) -> int | None:
        """The value of an option that is a whole number, None where it is not given; UserError for another."""
        text = self.options.get(option)
        if text is not None and not text.isdigit():
            raise UserError(f"{option}={text}: not a whole number")
        return None if text is None else int(text)


def without_code(text: str) -> str:
    """The text with code replaced by spaces, so that every place in it stays where it is."""
    return _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def marks(text: str, page: str) -> list[Mark]:
    """The blocks of a page in their order. UserError names the line of a mark without its pair, or of no sense."""
    bare = without_code(text)
    found = list(_MARK.finditer(bare))
    known = {each.start() for each in found}
    for begun in _BEGUN.finditer(bare):
        if begun.start() not in known:
            raise UserError(f"{page}:{_line(text, begun.start())}: a mark is `{OPEN} kind … -->` or `{CLOSE}`")
    out: list[Mark] = []
    opened: re.Match[str] | None = None
    for each in found:
        if each["words"] is None and opened is None:
            raise UserError(f"{page}:{_line(text, each.start())}: `{CLOSE}` without a mark that it ends")
        if each["words"] is None and opened is not None:
            out.append(_mark(text, page, opened, each))
            opened = None
        elif opened is not None:
            break
        else:
            opened = each
    if opened is not None:
        raise UserError(
            f"{page}:{_line(text, opened.start())}, block '{_head(opened['words'])}': no `{CLOSE}` before the next "
            "mark or the end of the page"
        )
    return out


def _mark(text: str, page: str, opened: re.Match[str], closed: re.Match[str]) -> Mark:
    words = opened["words"].split()
    plain = [word for word in words if "=" not in word]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    kind, *rest = plain or [""]
    return Mark(page, _line(text, opened.start()), kind, tuple(rest), options, opened.end(), closed.start())


def _head(words: str) -> str:
    return " ".join(word for word in words.split() if "=" not in word)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def check_place(text: str, mark: Mark, inline: bool) -> None:
    """UserError for a mark in a line where it needs lines of its own, or at the beginning of one that goes on.

    Markdown takes a line that begins with a comment for HTML, and shows its stars and brackets as they are.
    """
    opened = text.rindex(OPEN, 0, mark.start)
    before, after = text[text.rfind("\n", 0, opened) + 1 : opened], text[mark.start : mark.end]
    closing = text[text.rfind("\n", 0, mark.end) + 1 : mark.end]
    if inline:
        if "\n" in after or not _BEGINNING.sub("", before, count=1):
            raise UserError(f"{mark.name}: stands within a line, after a word of it")
    elif before.strip() or not after.startswith("\n") or closing.strip():
        raise UserError(f"{mark.name}: its two marks stand in lines of their own")


def replaced(text: str, found: list[Mark], content: Callable[[Mark], str], inline: Callable[[Mark], bool]) -> str:
    """The page with new content between its marks."""
    parts, at = [], 0
    for mark in found:
        made = content(mark)
        parts += [text[at : mark.start], made if inline(mark) else f"\n{made}\n"]
        at = mark.end
    return "".join([*parts, text[at:]])
