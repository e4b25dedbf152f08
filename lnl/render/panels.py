"""The drawing that most figures share: panels of curves over epochs, legends, and small print in grey."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.render.spans import cuts_a_band, span_trained
from lnl.render.style import INK, SHARE, SOFT, WARNING, Dashes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lnl.render.figure_data import Curve, Entry, FigureData

WIDTH, HEIGHT = 10.0, 3.55  # inches of a figure with one row of panels
ACROSS, GRID_ROW = 3, 2.45  # more panels than that stand in rows of three, each so many inches high
LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONG, SMALL = 32, 8.4  # characters of a title that one of three panels has room for; points of a longer one
WORDS = 0.45, 0.085  # of a panel's width and height: what words beside a level line take
PALE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5}  # behind words that lie on curves
LEGEND: dict[str, Any] = {"borderaxespad": 0, "borderpad": 0}
BARRED = 4.5  # length of a legend's line with a bar in its middle, whose dashes have to be seen
LINE, PER_INCH = 0.17, 17  # inches of a line of small print, and its characters per inch


@dataclass(frozen=True)
class Drawn:
    """One curve of a panel whose curves are not methods: its place in the figure, its words, how it looks.

    `colour` and `dashes` left out: those of its column.
    """

    row: str
    column: str
    label: str
    colour: str = ""
    dashes: Dashes = "-"

    def look(self, data: FigureData) -> dict[str, Any]:
        """Arguments of a matplotlib line."""
        return {"color": self.colour, "linestyle": self.dashes} if self.colour else data.looks[self.column]


def curves(data: FigureData, name: str, label: str, *, trained: bool = False, said: Sequence[str] = ()) -> Figure:
    """One panel a row, one curve a column: quantity `name` over epochs; `label` names the y axis with its unit.

    trained: the y axis spans the trained epochs, so that an untrained network at chance does not flatten the others.
    said: what the small print says before scale and repeats.
    """
    rows, left_out = begun(data)
    figure, axes = frame(data, len(rows))
    shown: dict[str, Any] = {}
    for ax, (number, row) in zip(axes, rows, strict=True):
        title(ax, number, row.label)
        for column in data.columns:
            found = data.curve(row.key, column.key, name)
            if found is not None:
                shown.setdefault(column.label, plot(ax, found, column.label, **data.looks[column.key]))
        if trained:
            span_trained(ax)
        remark(ax, data.note(row.key), empty=not ax.lines)
    outer_labels(axes, [label] * len(axes))
    order = [column.label for column in data.columns if column.label in shown]
    finish(figure, data, [shown[word] for word in order], order, said=[*said, *left_out])
    return figure


def begun(data: FigureData) -> tuple[list[tuple[int, Entry]], list[str]]:
    """Panels to draw, with their numbers, and what the small print says of the others.

    A line of panels none of which has a run is left out, unless no line has any.
    """
    numbered = list(enumerate(data.rows))
    lines = [numbered[start : start + ACROSS] for start in range(0, len(numbered), ACROSS)]
    empty = [line for line in lines if not any(_has_a_run(data, row) for _, row in line)]
    if not empty or len(empty) == len(lines):
        return numbered, []
    names = [f"({LETTERS[number]}) {row.label}" for line in empty for number, row in line]
    return [one for line in lines if line not in empty for one in line], _left_out(names)


def with_a_run(data: FigureData) -> tuple[list[Entry], list[str]]:
    """Rows to draw of a figure whose rows are lines of panels, and what the small print says of the others: those that
    have a run, or all where none has."""
    chosen = [row for row in data.rows if _has_a_run(data, row)]
    if not chosen:
        return data.rows, []
    return chosen, _left_out([row.label for row in data.rows if row not in chosen])


def _has_a_run(data: FigureData, row: Entry) -> bool:
    return bool(set(data.states(row.key)) - {"missing"})


def _left_out(names: list[str]) -> list[str]:
    return [f"Without a run so far: {'; '.join(names)}."] if names else []


def panel(ax: Axes, data: FigureData, number: int, words: str, name: str, drawn: Sequence[Drawn]) -> None:
    """One panel of quantity `name` with a legend of its own, for curves that are not methods."""
    title(ax, number, words)
    same: dict[Any, list[Drawn]] = {}  # curves that are one cell, as stand-ins make them, are one line
    for one in drawn:
        same.setdefault(data.place(one.row, one.column).slot.cell or one, []).append(one)
    for alike in same.values():
        shown = next((one for one in alike if one.dashes == "-"), alike[0])
        found = data.curve(shown.row, shown.column, name)
        if found is not None:
            plot(ax, found, " = ".join(one.label for one in alike), **shown.look(data))
    wanted = [data.place(one.row, one.column) for one in drawn]
    remark(ax, replace(data, places=wanted).note(), empty=not ax.lines)
    if ax.lines:
        ax.set_ylim(bottom=0)
        ax.legend(loc="best", fontsize=7, handlelength=2.4, labelspacing=0.3, borderpad=0.2)


def frame(data: FigureData, panels: int) -> tuple[Figure, list[Axes]]:
    """An empty figure with a row of panels, or rows of three; room is left for legend and small print."""
    import matplotlib.pyplot as plt

    rows, across = (1, panels) if panels <= ACROSS else (-(-panels // ACROSS), ACROSS)
    size = (WIDTH if across >= ACROSS else 8.0, HEIGHT if rows == 1 else GRID_ROW * rows + 0.7)
    figure, axes = plt.subplots(rows, across, figsize=size, squeeze=False)
    for ax in axes.flat[panels:]:
        ax.set_visible(False)
    return figure, list(axes.flat[:panels])


def outer_labels(axes: Sequence[Axes], labels: Sequence[str]) -> None:
    """'Epoch' below the lowest panels; a y label at the left, and wherever it differs from that of the panel before."""
    for number, (ax, label) in enumerate(zip(axes, labels, strict=True)):
        if number + ACROSS >= len(axes):
            ax.set_xlabel("Epoch")
        if number % ACROSS == 0 or label != labels[number - 1]:
            ax.set_ylabel(label)


def title(ax: Axes, number: int, words: str, among: Sequence[str] = ()) -> None:
    """(a) Pair-45%, as the papers write under their panels; in smaller letters if one `among` all titles is long."""
    shown = ax.set_title(f"({LETTERS[number]}) {words}")
    if any(len(each) > LONG for each in (words, *among)):
        shown.set_fontsize(SMALL)


def plot(ax: Axes, curve: Curve, label: str, **look: Any) -> Any:
    """A curve with its band; returns the line for a legend."""
    width: dict[str, Any] = {"linewidth": 1.8} if look.get("linestyle") == "-" else {}
    point: dict[str, Any] = {"marker": "o", "markersize": 4} if np.isfinite(curve.mean).sum() == 1 else {}  # no line
    ax.locator_params(axis="x", integer=True)  # there is no epoch 0.2
    (drawn,) = ax.plot(curve.epochs, curve.mean, label=label, zorder=3, **(width | point | look))
    if curve.low is not None and curve.high is not None:
        ax.fill_between(curve.epochs, curve.low, curve.high, color=look["color"], alpha=0.16, linewidth=0, zorder=2)
    return drawn


def say_dashes(shown: dict[str, Any], parts: Sequence[tuple[str, str, Dashes]]) -> None:
    """Add to a legend, in black, what the dashes of curves mean where colours say whose they are. shown: handles by
    their words, which grows; parts: (curve of the records, words, dashes)."""
    from matplotlib.lines import Line2D

    for _, words, dashes in parts if shown else ():
        look: dict[str, Any] = {"color": INK, "linestyle": dashes}
        shown[words] = Line2D([], [], **look)


def clean_share(ax: Axes, data: FigureData, row: str, whole: float = 100.0) -> None:
    """A dotted line at the share of clean labels in the whole training set: the precision of taking everything.

    whole: what the axis calls everything, 100 for percent or 1 for a fraction.
    """
    records = [record for place in data.places if place.slot.row == row for record in place.records()]
    rates = [record["result"]["labels"]["realised_rate"] for record in records]
    if rates and ax.lines:
        clean = whole * (1 - sum(rates) / len(rates))  # repeats may have labels of their own
        x, above = _free_corner(ax, clean)
        ax.axhline(clean, color=SOFT, linestyle=SHARE, linewidth=1, zorder=1)
        ax.annotate("share of clean labels", (x, clean), (0, 2 if above else -2), ("axes fraction", "data"),
                    "offset points", ha="right" if x else "left", va="bottom" if above else "top", fontsize=7,
                    color=SOFT, zorder=5, bbox=PALE)  # fmt: skip
        data.add(row, "", "share of clean labels", "", clean)


def _free_corner(ax: Axes, y: float) -> tuple[int, bool]:
    """Where words beside a level line at y hide fewest points of the curves: right 1 or left 0, above or below it."""
    (low, high), (left, right) = ax.get_ylim(), ax.get_xlim()
    low, high = min(low, y), max(high, y)
    height, width = WORDS[1] * (high - low), WORDS[0] * (right - left)

    def hidden(corner: tuple[int, bool]) -> tuple[bool, int]:
        x, above = corner
        first, bottom = (right - width if x else left), (y if above else y - height)
        found = 0
        for curve in ax.lines:
            at, values = (np.asarray(side, dtype=float) for side in (curve.get_xdata(), curve.get_ydata()))
            inside = (at >= first) & (at <= first + width) & (values >= bottom) & (values <= bottom + height)
            found += int(inside.sum())
        return bottom < low or bottom + height > high, found

    return min(((1, True), (1, False), (0, True), (0, False)), key=hidden)


def remark(ax: Axes, words: str, empty: bool = False) -> None:
    """What a panel lacks: small above its upper right corner, or in the middle of a panel without a curve."""
    if empty:
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.text(0.5, 0.5, words or "no run yet", ha="center", va="center", color=WARNING, transform=ax.transAxes)
    elif words:
        ax.text(1.0, 1.02, words, ha="right", va="bottom", fontsize=7, color=WARNING, transform=ax.transAxes)


def finish(
    figure: Figure,
    data: FigureData,
    handles: list[Any],
    labels: list[str],
    columns: int = 7,
    said: Sequence[str] = (),
    spread: str = "band",
) -> None:
    """Shared legend below the panels, then the title, since a picture may stand alone, and in grey: what is `said`,
    curves without a run, methods that the suite lacks, scale and repeats, and what their spread is drawn as."""
    data.numbers[:] = dict.fromkeys(data.numbers)  # a curve that stands in several panels is one curve
    width, height = figure.get_size_inches()
    look = LEGEND | ({"handlelength": BARRED} if spread == "bar" else {})
    rows = _legend_rows(figure, handles, labels, columns, look) if handles else 0
    absent = f"not in the suite yet: {', '.join(data.absent)}" if data.absent else ""
    without = f"No run so far of {', '.join(data.without_runs)}." if data.without_runs else ""
    cut = " (cut at the axis where it is wider)" if spread == "band" and any(map(cuts_a_band, figure.axes)) else ""
    below_all = data.small_print(spread) + cut
    paragraphs = [words for words in (*said, data.one_training, without, absent, below_all) if words]
    across = int(PER_INCH * width)
    called = textwrap.wrap(str(data.declaration["title"]), across)
    lines = [*called, *(part for words in paragraphs for part in textwrap.wrap(words, across))]
    below = 0.12 + LINE * len(lines)  # inches
    legend = 0.21 * rows
    square = any(ax.get_aspect() != "auto" for ax in figure.axes)
    for _ in range(1 + square):  # tiles take their size from the first layout, and their labels' places from the second
        figure.tight_layout(
            rect=(0, (below + legend + (0.04 if handles else 0)) / height, 1, 1), pad=0.5, w_pad=2.0, h_pad=1.3
        )
    figure.align_ylabels()
    if handles:
        at = (0.5, (below - 0.02) / height)
        ncols = -(-len(handles) // rows)  # rows of one length
        figure.legend(handles, labels, loc="lower center", bbox_to_anchor=at, ncols=ncols, **look)
    for number, words in enumerate(reversed(lines)):
        colour = INK if number >= len(lines) - len(called) else SOFT
        figure.text(0.5, (0.07 + LINE * number) / height, words, ha="center", va="bottom", fontsize=7, color=colour)


def _legend_rows(figure: Figure, handles: list[Any], labels: list[str], columns: int, look: dict[str, Any]) -> int:
    """Rows of at most so many entries, as few as the width of the figure takes."""
    fewest = -(-len(handles) // columns)
    for rows in range(fewest, len(handles)):
        tried = figure.legend(handles, labels, ncols=-(-len(handles) // rows), **look)
        fits = tried.get_window_extent().width <= figure.bbox.width
        tried.remove()
        if fits:
            return rows
    return len(handles)
