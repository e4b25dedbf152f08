"""Search efficiency: best validation accuracy so far against full trainings, median and band over repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.render import style
from lnl.render.panels import ACROSS, finish, frame, remark, title
from lnl.render.style import METHODS, Dashes
from lnl.search.results import SearchState, best_so_far, on_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData

#: What an algorithm looks like, in every figure that compares them; forms that no figure of the suite has together are
#: alike.
LOOKS: Mapping[str, tuple[str, Dashes]] = {
    "natural-gradient": METHODS["s2e-sound"],
    "newton": ("#AA4499", (0, (7, 1.5, 1, 1.5, 1, 1.5))),
    "random": ("#4d4d4d", (0, (4, 1.5))),
    "hyperband": ("#009E73", (0, (6, 1.5, 1, 1.5))),
    "bayesian": ("#E69F00", (0, (3, 1.2))),
    "gradient": ("#56B4E9", (0, (1.5, 1.2))),
    "grid": ("#D55E00", (0, (5, 1.5))),
    **dict.fromkeys(("natural-gradient-printed", "newton-printed"), METHODS["s2e-printed"]),
    **dict.fromkeys(("natural-gradient-released", "newton-released"), METHODS["s2e"]),
    "random-released-space": ("#4d4d4d", (0, (1.2, 1.2))),
    "free": ("#4d4d4d", (0, (1.5, 1.2))),
    "two-decays": ("#332288", "-"),
    "two-decays-rise": ("#0072B2", (0, (5, 1.5))),
    "four-bases": ("#009E73", (0, (6, 1.5, 1, 1.5))),
    "simplex-basis": ("#CC79A7", (0, (3, 1.2))),
}


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour and dashes of the algorithms, or spaces, of one figure, no two alike."""
    return style.looks(dict.fromkeys(names), {**METHODS, **LOOKS})


def efficiency(data: FigureData) -> Figure:
    """One panel a noise, one curve an algorithm. Columns are keyed by algorithm."""
    rows = list(dict.fromkeys((r["key"], r.get("label", r["key"])) for r in data.declaration["rows"]))
    columns = [(c["key"], c.get("label", c["key"])) for c in data.declaration["columns"]]
    figure, axes = frame(data, len(rows))
    handles: dict[str, Any] = {}
    counts: set[int] = set()
    shown = looks(key for key, _ in columns)
    for number, (ax, (row, label)) in enumerate(zip(axes, rows, strict=True)):
        title(ax, number, label)
        asked = [s for s in data.searches if s.row == row]
        for column, words in columns:
            done = [s for s in asked if s.column == column and s.state == "ok"]
            if done:
                counts.add(len(done))
                handles.setdefault(words, _draw(ax, data, row, column, done, shown[column]))
        there = sum(s.state == "ok" for s in asked)
        remark(ax, "" if there == len(asked) else f"{there} of {len(asked)} searches", empty=not ax.lines)
    for number, ax in enumerate(axes):
        ax.set_xlabel("Full trainings spent")
        if ax.lines:  # an empty panel has no ticks
            ax.locator_params(axis="x", integer=True)
        if number % ACROSS == 0:
            ax.set_ylabel("Best validation\naccuracy so far (%)")
    n = "to".join(str(c) for c in sorted({min(counts), max(counts)})).replace("to", " to ") if counts else "no"
    band = "one search each, no band" if counts == {1} else f"median of {n} searches, band from smallest to largest"
    finish(figure, data, list(handles.values()), list(handles), said=[*data.declaration.get("notes", [])[:1], band])
    return figure


def _draw(  # type: ignore[no-untyped-def]
    ax, data: FigureData, row: str, column: str, done: list[SearchState], look: Mapping[str, Any]
):
    curves = [best_so_far(state) for state in done]
    grid = np.arange(1, int(min(spent[-1] for spent, _ in curves)) + 1, dtype=float)
    values = np.stack([on_grid(spent, best, grid) for spent, best in curves])
    known = ~np.isnan(values).all(axis=0)
    grid, values = grid[known], values[:, known]
    middle = np.nanmedian(values, axis=0)
    (line,) = ax.step(grid, middle, where="post", zorder=3, **look)
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    if len(values) > 1:
        ax.fill_between(grid, low, high, step="post", color=look["color"], alpha=0.14, linewidth=0, zorder=2)
    for x, m, a, b in zip(grid, middle, low, high, strict=True):
        data.add(row, column, "best validation accuracy so far", x, float(m), float(a), float(b), len(values))
    return line
