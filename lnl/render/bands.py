"""Figures of curves in bands: every line of three panels, once for each quantity, one below the other.

Pumpout draws test accuracy above label precision; its NEWS figures stand here twice, with two classes and with seven.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.noise.keys import flip_rate
from lnl.noise.transition import matrix
from lnl.render.panels import (
    ACROSS,
    PALE,
    begun,
    clean_share,
    finish,
    frame,
    outer_labels,
    plot,
    remark,
    title,
)
from lnl.render.spans import span_trained
from lnl.render.style import SOFT, WARNING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lnl.render.figure_data import Entry, FigureData

ACCURACY = ("test_accuracy", "Test accuracy (%)")
PRECISION = ("label_precision", "Label precision (%)")
UNLEARNABLE = "cannot be learned: every class gets\nevery label alike; dotted: chance, {chance:g}%"


def bands(data: FigureData, quantities: Sequence[tuple[str, str]], said: Sequence[str] = ()) -> Figure:
    """A panel for each row and quantity (curve of the records, words of the axis); rows of the figure come in threes.

    said: what the small print says before scale and repeats. A panel whose labels say nothing about the class says so,
    whatever was measured there.
    """
    rows, left_out = begun(data)
    lines = [rows[start : start + ACROSS] for start in range(0, len(rows), ACROSS)]
    wanted = [(number, row, *quantity) for listed in lines for quantity in quantities for number, row in listed]
    figure, axes = frame(data, len(wanted))
    shown: dict[str, Any] = {}
    for ax, (number, row, name, _) in zip(axes, wanted, strict=True):
        first = name == quantities[0][0]
        if first:
            title(ax, number, words(data, row), [words(data, other) for _, other in rows])
        for column in data.columns:
            found = data.curve(row.key, column.key, name)
            if found is not None:
                shown.setdefault(column.label, plot(ax, found, column.label, **data.looks[column.key]))
        remark(ax, data.note(row.key) if first else "", empty=not ax.lines)
        if name == PRECISION[0]:
            clean_share(ax, data, row.key)
        else:
            span_trained(ax)  # the untrained networks, at chance, would flatten all else
            _say_chance(ax, data, row)
    outer_labels(axes, [label for *_, label in wanted])
    order = [column.label for column in data.columns if column.label in shown]
    finish(figure, data, [shown[word] for word in order], order, said=[*said, *left_out])
    return figure


def words(data: FigureData, row: Entry) -> str:
    """A panel's title: the row's label and, where another data set stands in for the row's, that."""
    used, declared = _used(data, row), _declared(data, row)
    return row.label if used in (None, declared) else f"{row.label} ({used})"


def unlearnable(noise: str, classes: int) -> bool:
    """Whether the given labels say nothing about the class: all rows of T are the same, as far as the key tells."""
    if flip_rate(noise, classes) is None:
        return False
    t = matrix(noise, classes)
    return bool(np.allclose(t, t[0]))


def _used(data: FigureData, row: Entry) -> str | None:
    cells = [place.slot.cell for place in data.places if place.slot.row == row.key and place.slot.cell is not None]
    return cells[0].dataset if cells else None


def _declared(data: FigureData, row: Entry) -> Any:
    entry = next(entry for entry in data.declaration["rows"] if entry["key"] == row.key)
    return entry.get("dataset", data.declaration.get("dataset"))


def _say_chance(ax: Axes, data: FigureData, row: Entry) -> None:
    """A dotted line at chance and a sentence, in a panel that cannot show anything else."""
    cells = [place.slot.cell for place in data.places if place.slot.row == row.key and place.slot.cell is not None]
    if not cells or not ax.lines:
        return
    classes = data.datasets[cells[0].dataset].classes
    if not unlearnable(cells[0].noise, classes):
        return
    chance = 100 / classes
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, chance - 5), max(high, chance + 12))
    ax.axhline(chance, color=SOFT, linestyle=":", linewidth=1, zorder=1)
    said = UNLEARNABLE.format(chance=chance)
    ax.text(0.5, 0.96, said, ha="center", va="top", fontsize=7.5, color=WARNING, transform=ax.transAxes,
            zorder=5, bbox=PALE | {"alpha": 0.9})  # above the curves, which have all of the panel  # fmt: skip
    data.add(row.key, "", "chance", "", chance)
