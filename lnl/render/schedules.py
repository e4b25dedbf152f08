"""Sampling schedules R(t): one panel a setting, one curve a method, and the share of clean labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lnl.render.panels import begun, clean_share, finish, frame, outer_labels, plot, remark, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData


def schedules(data: FigureData, said: Sequence[str] | None = None) -> Figure:
    """R(t) that runs were trained with; repeats share it, so there is no band.

    said: what the small print says before scale and repeats; None: all notes of the figure.
    """
    rows, left_out = begun(data)
    figure, axes = frame(data, len(rows))
    shown: dict[str, Any] = {}
    for ax, (number, row) in zip(axes, rows, strict=True):
        title(ax, number, row.label)
        for column in data.columns:
            found = data.curve(row.key, column.key, "schedule")
            if found is not None:
                shown.setdefault(column.label, plot(ax, found, column.label, **data.looks[column.key]))
        if ax.lines:
            clean_share(ax, data, row.key, whole=1.0)
            ax.set_ylim(0, 1.04)
        remark(ax, data.note(row.key), empty=not ax.lines)
    notes = data.declaration.get("notes", []) if said is None else said
    outer_labels(axes, ["R(t), kept fraction"] * len(axes))
    finish(figure, data, list(shown.values()), list(shown), said=[*notes, *left_out])
    return figure
