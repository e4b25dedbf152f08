"""A table as LaTeX (booktabs): a fragment to \\input, one table for the printed shape and one for the comparison."""

from __future__ import annotations

import re

from lnl.render.document import Cell, Document, Grid, subscripts

SIGNS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "†": r"\dag{}",
    "‡": r"\ddag{}",
    "→": r"$\to$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "ε": r"$\varepsilon$",
    "τ": r"$\tau$",
    "²": r"\textsuperscript{2}",
    "—": "---",
    "–": "--",
    "…": r"\ldots{}",
}
PREAMBLE = r"""% Needs \usepackage{booktabs,xcolor,graphicx}. Numbers in grey are published."""


def text(shown: Document) -> str:
    """The whole document as table environments and a list of notes; ends with a newline."""
    head = f"\\textbf{{{escape(shown.title)}}} ({escape(shown.source)}; {escape(shown.heading)})."
    parts = [PREAMBLE]
    for index, grid in enumerate(shown.grids):
        more = f"{escape(shown.title)}: {escape(grid.title.lower())}."
        caption = f"{head} {escape(shown.caption)}" if index == 0 else more
        label = f"tab:{shown.key}" + ("" if index == 0 else f":{index + 1}")
        parts.append(_table(grid, caption, label))
    if shown.notes:
        items = [f"\\item \\textbf{{{escape(h)}.}} {' '.join(map(escape, lines))}" for h, lines in shown.notes]
        parts.append("\\begin{itemize}\\footnotesize\n" + "\n".join(items) + "\n\\end{itemize}")
    return "\n\n".join(parts) + "\n"


def escape(words: str) -> str:
    """Text made safe for LaTeX, signs spelled out, T_k set as a subscript."""
    marked = subscripts(words, "\x00\\1\x01\\2\x02")
    spelled = "".join(SIGNS.get(sign, sign) for sign in marked)
    return re.sub("\x00(.*?)\x01(.*?)\x02", lambda m: f"${m[1].strip('$')}_{{{m[2]}}}$", spelled)


def _table(grid: Grid, caption: str, label: str) -> str:
    align = "l" + ("r" if grid.shape == "paper" else "l") * (len(grid.header) - 1)
    body = []
    last = ""
    for group, cells in grid.rows:
        if group and group != last:
            body += [r"\addlinespace"] if last else []
            body.append(rf"\multicolumn{{{len(grid.header)}}}{{l}}{{\textbf{{{escape(group)}}}}} \\")
            last = group
        body.append(" & ".join(_strong(cell.text, cell.bold) for cell in cells) + r" \\")
        if any(cell.published for cell in cells):
            body.append(" & ".join(_published(cell) for cell in cells) + r" \\")
        if any(cell.effect for cell in cells):
            body.append(" & ".join(escape(cell.effect) for cell in cells) + r" \\")
        if any(cell.remark for cell in cells):
            body.append(" & ".join(_remark(cell) for cell in cells) + r" \\")
    return "\n".join(
        [
            r"\begin{table}[htbp]",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\label{{{label}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            " & ".join(escape(h) for h in grid.header) + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table}",
        ]
    )


def _strong(words: str, bold: bool) -> str:
    return rf"\textbf{{{escape(words)}}}" if bold else escape(words)


def _remark(cell: Cell) -> str:
    return rf"{{\scriptsize\itshape {escape(cell.remark)}}}" if cell.remark else ""


def _published(cell: Cell) -> str:
    return rf"\textcolor{{gray}}{{({_strong(cell.published, cell.bold_published)})}}" if cell.published else ""
