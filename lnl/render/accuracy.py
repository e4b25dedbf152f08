"""An accuracy table as a document: the paper's grid, and every place on a line of its own.

Missing, diverged, failed and stale runs are visible; a table with nothing measured shows the published numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lnl.declared import reductions
from lnl.render import one_training
from lnl.render.compare import Line
from lnl.render.document import (
    ABSENT,
    NOTHING,
    QUOTED,
    SKIPPED,
    Cell,
    Document,
    Grid,
    interval,
    number,
    plus_minus,
    signed,
    snakemake_command,
    source_text,
    spread_kind,
    spread_text,
)
from lnl.render.label_notes import misread
from lnl.render.notes import notes
from lnl.results import statistics

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

TONES = {"agrees": "good", "above": "high", "below": "low", "differs": "low"}


def accuracy(suite: Suite, key: str, compared: list[Line]) -> Document:
    """The document of an accuracy table: the paper's grid, the comparison line by line, and what a reader must know."""
    declaration = suite.tables[key]
    statistic = declaration.get("statistic", "last10_mean")
    dagger = "†" if statistic in statistics.DAGGER else ""
    states: dict[str, int] = {}
    for run in {(run.cell, run.seed): run for line in compared for run in line.runs.runs}.values():
        states[run.state] = states.get(run.state, 0) + 1
    verdicts: dict[str, int] = {}
    for line in compared:
        if line.slot.cell is not None:
            word = line.verdict.word.split(" (")[0]
            verdicts[word] = verdicts.get(word, 0) + 1
    grids = (_paper_grid(compared), _listing(compared))
    return Document(
        key=key,
        title=declaration["title"],
        source=source_text(declaration),
        heading=reductions.heading(suite, key),
        caption=_caption(declaration, compared, statistic, dagger),
        grids=grids,
        notes=notes(
            declaration,
            compared,
            snakemake_command(suite, key),
            reductions.comparable(suite, key),
            suite.datasets,
            misread(suite, compared),
            suite.scales[suite.scale].get("searched_at", ""),
            one_training.said(suite, key, [line.slot for line in compared]),
        ),
        counts=states,
        verdicts=verdicts,
    )


def _caption(declaration: dict[str, Any], compared: list[Line], statistic: str, dagger: str) -> str:
    asked = sorted({len(line.runs.runs) for line in compared if line.runs.runs}) or [0]
    repeats = "–".join(str(n) for n in dict.fromkeys((asked[0], asked[-1])))
    spread = spread_text(declaration.get("spread") or {})
    text = (
        f"Test accuracy (%){dagger}: {statistics.STATISTICS[statistic]}, mean of a run's networks. "
        f"Measured: mean over runs ± {spread}, number of runs in parentheses; {repeats} asked for per cell."
    )
    theirs = (declaration.get("published") or {}).get("spread")
    if theirs:
        kind = spread_kind(theirs.get("kind", "std"))
        over = f"over {theirs['n']} runs" if theirs.get("n") else "over an unstated number of runs, in verdicts one"
        with_spread = f", ± {kind} {over}" if any(line.published_spread is not None for line in compared) else ""
        note = f" ({theirs['note']})" if theirs.get("note") else ""
        text += f" In grey or parentheses: the published number{with_spread}{note}."
    if any(line.quoted for line in compared):
        text += f" {QUOTED}: quoted by the document, not a run of its authors."
    if not dagger and any(line.dagger for line in compared):
        text += (
            " †: R(t), or another searched value, was chosen by a search whose scores are among the images that the"
            " number is measured on."
        )
    if any(line.against for line in compared):
        text += (
            " Below a number: the difference from what its row or column is held against, in points, over the repeats"
            " that both have, with its 95% interval (Student's t)."
        )
    axis = _rivals(compared)
    if axis is None:
        return text
    among = "among the measured and among the published numbers" if _any_printed(compared) else "among the measured"
    return f"{text} Bold: best of its {axis}, {among}."


def _paper_grid(compared: list[Line]) -> Grid:
    """Rows and columns as printed; both axes in the order in which the slots come."""
    columns = list(dict.fromkeys(line.slot.column for line in compared))
    labels = {line.slot.column: line.slot.column_label for line in compared}
    at = {(line.slot.row, line.slot.column): line for line in compared}
    axis = _rivals(compared)
    groups = _along(compared, axis) if axis else {}
    best = {name: _best([line.summary.mean for line in group]) for name, group in groups.items()}
    printed = {name: _best([line.published for line in group]) for name, group in groups.items()}
    rows = []
    for row, label in {line.slot.row: line.slot.row_label for line in compared}.items():
        here = [at.get((row, column)) for column in columns]
        cells = [Cell(label, effect=_beside([line for line in here if line], "row"))]
        for column, line in zip(columns, here, strict=True):
            name = row if axis == "row" else column
            cells.append(_paper_cell(line, best.get(name), printed.get(name)) if line else Cell(NOTHING))
        rows.append(("", tuple(cells)))
    heads = []
    for column in columns:
        beside = _beside([line for line in compared if line.slot.column == column], "column")
        heads.append(f"{labels[column]} ({beside})" if beside else labels[column])
    return Grid(
        ("", *heads),
        tuple(rows),
        "As printed" if _any_printed(compared) else "Side by side",
    )


def _any_printed(compared: list[Line]) -> bool:
    return any(line.published is not None for line in compared)


def _held_against(line: Line) -> str:
    """Label of the row or column that a line is compared with."""
    if line.against is None:
        return ""
    other = line.against.slot
    return other.column_label if other.row == line.slot.row else other.row_label


def _beside(lines: list[Line], axis: str) -> str:
    """What a whole row (or column) is held against, in words; '' where it is not."""
    for line in lines:
        if line.against is not None and getattr(line.against.slot, axis) != getattr(line.slot, axis):
            return f"against {_held_against(line)}"
    return ""


def _along(compared: list[Line], axis: str) -> dict[str, list[Line]]:
    """Lines by their row, or by their column."""
    groups: dict[str, list[Line]] = {}
    for line in compared:
        groups.setdefault(getattr(line.slot, axis), []).append(line)
    return groups


def _rivals(compared: list[Line]) -> str | None:
    """Whether the cells of every row, or else of every column, are of one data set and noise, and held against one of
    them at most, so that one can be the best; None where neither are."""
    for axis in ("row", "column"):
        groups = _along([line for line in compared if line.slot.cell is not None], axis).values()
        if any(len(group) > 1 for group in groups) and all(map(_alike, groups)):
            return axis
    return None


def _alike(group: list[Line]) -> bool:
    problems = {(line.slot.cell.dataset, line.slot.cell.noise) for line in group if line.slot.cell}
    references = {(line.against.slot.row, line.against.slot.column) for line in group if line.against}
    return len(problems) == 1 and len(references) < 2


def _best(values: list[float | None]) -> float | None:
    """Best of several as printed, to two decimals; a single number is not a best."""
    present = [round(value, 2) for value in values if value is not None]
    return max(present) if len(present) > 1 else None


def _paper_cell(line: Line, best: float | None, best_published: float | None) -> Cell:
    published = _printed(line)
    strong = best_published is not None and line.published is not None and round(line.published, 2) == best_published
    if line.slot.cell is None:
        return Cell(_mark(line), published, bold_published=strong)
    summary = line.summary
    if summary.mean is None:
        return Cell(NOTHING, published, bold_published=strong, remark="" if line.state == "not run" else line.state)
    text = plus_minus(summary.mean, summary.spread, summary.n) + line.dagger
    bold = best is not None and round(summary.mean, 2) == best
    return Cell(text, published, bold, strong, interval(line.difference), line.state)


def _printed(line: Line) -> str:
    """The published number, marked where the document took it from others."""
    if line.published is None:
        return ""
    return plus_minus(line.published, line.published_spread) + QUOTED * bool(line.quoted)


def _mark(line: Line) -> str:
    return ABSENT if "not in the suite" in line.state else SKIPPED


def _allowed(verdict: statistics.Verdict) -> str:
    """By how much a judged number may differ: a spread that is wide lets nearly everything agree."""
    return "" if verdict.allowed is None else f" (± {verdict.allowed:.2f})"


def _listing(compared: list[Line]) -> Grid:
    """Every slot on its own line, grouped by row."""
    several = any(len(line.summary.networks) > 1 for line in compared)
    effects, printed = any(line.against for line in compared), _any_printed(compared)
    header = [
        "",
        "measured",
        *(["each network"] if several else []),
        *(["held against", "difference from it"] if effects else []),
        *(["published", "difference (allowed)", "verdict"] if printed else []),
        "runs",
    ]
    rows = []
    for line in compared:
        absent = line.slot.cell is None
        measured = plus_minus(line.summary.mean, line.summary.spread, line.summary.n or None)
        networks = " / ".join(number(value) for value in line.summary.networks) if line.summary.networks else ""
        word = line.verdict.word.split(" (")[0] if not absent else line.verdict.word
        said = word if line.comparable else line.verdict.word  # why numbers do not compare is said once, in the notes
        away = signed(line.verdict.difference) + _allowed(line.verdict)
        beside = [Cell(_printed(line)), Cell(away), Cell(said, tone=TONES.get(word, "quiet"))]
        cells = [
            Cell(line.slot.column_label + (" (joined)" if line.slot.joined == "columns" else "")),
            Cell(_mark(line) if absent else measured + (line.dagger if line.summary.n else "")),
            *([Cell(networks)] if several else []),
            *([Cell(_held_against(line)), Cell(interval(line.difference))] if effects else []),
            *(beside if printed else []),
            Cell("" if absent else line.state or "all ok"),
        ]
        rows.append((line.slot.row_label + (" (joined)" if line.slot.joined == "rows" else ""), tuple(cells)))
    return Grid(tuple(header), tuple(rows), "Measured beside published" if printed else "Line by line", "list")
