"""Sampling schedules R(t): one panel a setting, one curve a method, and the share of clean labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.render.panels import finish, frame, outer_labels, plot, remark, title
from lnl.render.style import SOFT, line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure import FigureData


def schedules(data: FigureData) -> Figure:
    """R(t) that runs were trained with; repeats share it, so there is no band."""
    figure, axes = frame(data, len(data.rows))
    shown: dict[str, Any] = {}
    for number, (ax, row) in enumerate(zip(axes, data.rows, strict=True)):
        title(ax, number, row.label)
        for column in data.columns:
            found = data.curve(row.key, column.key, "schedule")
            if found is not None:
                shown.setdefault(column.label, plot(ax, found, column.label, **line(column.key)))
        if ax.lines:
            _clean(ax, data, row.key)
            ax.set_ylim(0, 1.04)
        remark(ax, data.note(row.key), empty=not ax.lines)
    outer_labels(axes, ["R(t), kept fraction"] * len(axes))
    finish(figure, data, list(shown.values()), list(shown), said=data.declaration.get("notes", []))
    return figure


def _clean(ax, data: FigureData, row: str) -> None:  # type: ignore[no-untyped-def]
    """A dotted line at the share of clean labels."""
    records = [r for place in data.places if place.slot.row == row for r in place.records()]
    rate = float(np.mean([r["result"]["labels"]["realised_rate"] for r in records]))
    ax.axhline(1 - rate, color=SOFT, linestyle=":", linewidth=1, zorder=1)
    ax.annotate("share of clean labels", (1, 1 - rate), (0, 2), ("axes fraction", "data"), "offset points",
                ha="right", va="bottom", fontsize=7, color=SOFT)  # fmt: skip
    data.add(row, "", "share of clean labels", "", 1 - rate)
