"""A table as HTML: a self-contained page, or the body of a section in the report. One small stylesheet for both."""

from __future__ import annotations

from html import escape as _plain

from lnl.render.document import Cell, Document, Grid, subscripts

CSS = """
:root { --ink: #1d2733; --soft: #667281; --faint: #9aa5b1; --line: #dfe4ea; --panel: #f6f8fa; --accent: #1f5fa8; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .4rem; }
h2 { font-size: 1.3rem; margin: 0 0 .3rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
p, ul { margin: .4rem 0; max-width: 56rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
code { font-size: .9em; background: var(--panel); padding: .05em .3em; border-radius: 3px; }
.source { color: var(--soft); }
.scale { display: inline-block; background: #eef3f9; color: #1c4a80; border-radius: 4px;
  padding: .1rem .55rem; font-size: .88rem; }
.caption { font-size: .92rem; color: #3d4956; }
.wide { overflow-x: auto; margin: .6rem 0 1rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; vertical-align: bottom; white-space: nowrap; padding: .35rem .8rem;
  border-bottom: 2px solid var(--ink); }
td { padding: .38rem .8rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { padding-left: .2rem; }
tbody tr:last-child td { border-bottom: 2px solid var(--ink); }
table.paper th:not(:first-child), table.paper td:not(:first-child) { text-align: right;
  padding-left: .4rem; padding-right: .4rem; }
table.paper { font-size: .84rem; }
td { white-space: nowrap; }
td.words { white-space: normal; min-width: 9rem; }
table.paper td:first-child { font-weight: 600; }
.published { display: block; color: var(--soft); font-size: .92em; }
.published b { color: #3d4956; }
.effect { display: block; color: var(--accent); font-size: .92em; }
.remark { display: block; color: #a4541c; font-size: .8rem; }
tr.group td { font-weight: 600; padding-top: .9rem; border-bottom: 1px solid var(--faint); }
tr.over td { border-bottom: 0; padding-bottom: 0; }
tr.below td { padding: .1rem .2rem .45rem; font-size: .95em; color: #3d4956; }
tr.below p { margin: .1rem 0; max-width: none; }
.good, .high, .low, .quiet { border-radius: 3px; padding: .02rem .4rem; }
.good { background: #e0f2e5; color: #14622c; } .high { background: #e2ecf9; color: #17508f; }
.low { background: #fdebdd; color: #94420a; } .quiet { color: var(--soft); padding-left: 0; }
.notes { font-size: .88rem; color: #3d4956; } .notes h4 { margin: .8rem 0 .1rem; font-size: .88rem; color: var(--ink); }
.notes ul { padding-left: 1.1rem; margin: .1rem 0; } .notes li { margin: .1rem 0; overflow-wrap: anywhere; }
@media print { main { max-width: none; padding: 0; } .wide { overflow: visible; } }
"""


def escape(words: str) -> str:
    """Text made safe for HTML, T_k set as a subscript."""
    return subscripts(_plain(words, quote=True), r"<i>\1</i><sub>\2</sub>")


def page(shown: Document) -> str:
    """One table as a page that loads nothing from elsewhere; ends with a newline."""
    return shell(shown.title, f"<main>\n{body(shown, 'h1')}\n</main>", CSS)


def inner(text: str) -> str:
    """What a page shows, with its heading one level down, for a section of the report; a fragment stays as it is."""
    _, found, rest = text.partition("<main>\n")
    if not found:
        return text
    return rest.rpartition("\n</main>")[0].replace("<h1>", "<h2>").replace("</h1>", "</h2>") + "\n"


def shell(title: str, content: str, css: str) -> str:
    """The frame of every page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_plain(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n{content}\n</body>\n</html>\n"
    )


def body(shown: Document, level: str = "h2") -> str:
    """Heading, caption, grids and notes."""
    parts = [
        f"<{level}>{escape(shown.title)}</{level}>",
        f'<p class="source">{escape(shown.source)} <span class="scale">{escape(shown.heading)}</span></p>',
        f'<p class="caption">{escape(shown.caption)}</p>',
    ]
    for grid in shown.grids:
        if grid.title:
            parts.append(f"<h3>{escape(grid.title)}</h3>")
        parts.append(table(grid))
    if shown.notes:
        parts.append('<div class="notes">')
        for heading, lines in shown.notes:
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            parts.append(f"<h4>{escape(heading)}</h4><ul>{items}</ul>")
        parts.append("</div>")
    return "\n".join(parts)


def table(grid: Grid) -> str:
    """One grid; wide ones scroll sideways."""
    rows = []
    last = ""
    beside = len(grid.header) - grid.below
    for group, cells in grid.rows:
        if group and group != last:
            rows.append(f'<tr class="group"><td colspan="{beside}">{escape(group)}</td></tr>')
            last = group
        below = [_named(*pair) for pair in zip(grid.header[beside:], cells[beside:], strict=True) if pair[1].text]
        rows.append(('<tr class="over">' if below else "<tr>") + "".join(map(_cell, cells[:beside])) + "</tr>")
        if below:
            rows.append(f'<tr class="below"><td class="words" colspan="{beside}">{"".join(below)}</td></tr>')
    head = "".join(f"<th>{escape(h)}</th>" for h in grid.header[:beside])
    lines = "\n".join(rows)
    inner = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>"
    return f'<div class="wide"><table class="{grid.shape}">\n{inner}</table></div>'


def _cell(cell: Cell) -> str:
    inner = _strong(cell.text, cell.bold)
    if cell.tone:
        inner = f'<span class="{cell.tone}">{inner}</span>'
    if cell.published:
        inner += f'<span class="published">{_strong(cell.published, cell.bold_published)}</span>'
    if cell.effect:
        inner += f'<span class="effect">{escape(cell.effect)}</span>'
    if cell.remark:
        inner += f'<span class="remark">{escape(cell.remark)}</span>'
    words = ' class="words"' if len(cell.text) > 32 else ""
    return f"<td{words}>{inner}</td>"


def _named(heading: str, cell: Cell) -> str:
    """A cell of sentences with the heading of its column."""
    return f"<p><b>{escape(heading)}</b> {escape(cell.text)}</p>"


def _strong(words: str, bold: bool) -> str:
    return f"<b>{escape(words)}</b>" if bold else escape(words)
