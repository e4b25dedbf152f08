"""A table as GitHub-flavoured Markdown."""

from __future__ import annotations

from lnl.render.document import Cell, Document, Grid


def text(shown: Document) -> str:
    """The whole document; ends with a newline."""
    parts = [
        f"# {shown.title}",
        f"Source: {_escape(shown.source)}. **{_escape(shown.heading)}**",
        _escape(shown.caption),
    ]
    for grid in shown.grids:
        if grid.title:
            parts.append(f"## {grid.title}")
        parts.append(table(grid))
    for heading, lines in shown.notes:
        parts.append(f"**{heading}**\n\n" + "\n".join(f"- {_escape(line)}" for line in lines))
    return "\n\n".join(parts) + "\n"


def table(grid: Grid) -> str:
    """One grid as a pipe table; groups become a line of their own."""
    width = len(grid.header)
    aligned = "---:" if grid.shape == "paper" else ":---"
    lines = [_row([_escape(h) for h in grid.header]), _row([":---"] + [aligned] * (width - 1))]
    last = ""
    for group, cells in grid.rows:
        if group and group != last:
            lines.append(_row([f"**{_escape(group)}**"] + [""] * (width - 1)))
            last = group
        lines.append(_row([_cell(cell) for cell in cells]))
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell) -> str:
    parts = [_strong(_escape(cell.text), cell.bold)]
    if cell.published:
        parts.append(f"({_strong(_escape(cell.published), cell.bold_published)})")
    if cell.effect:
        parts.append(_escape(cell.effect))
    if cell.remark:
        parts.append(f"*{_escape(cell.remark)}*")
    return "<br>".join(parts)


def _strong(words: str, bold: bool) -> str:
    return f"**{words}**" if bold else words


def _escape(words: str) -> str:
    for sign in ("\\", "|", "*", "<"):
        words = words.replace(sign, f"\\{sign}")
    return words
