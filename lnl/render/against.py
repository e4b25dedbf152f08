"""What methods end with, over something that is varied: imbalance, the rate of noise, the number of clean images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.render.panels import finish, remark
from lnl.render.style import line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData

APART = 0.012  # of the axis, by which the bars of neighbouring curves stand beside each other


def against(
    data: FigureData,
    at: Mapping[str, float],
    words: tuple[str, str],
    *,
    log: bool = False,
    error: bool = False,
    flat: Mapping[str, str] | None = None,
    said: Sequence[str] = (),
) -> Figure:
    """One curve a column over the rows, which stand at `at`: test accuracy after the last step, mean of the repeats
    with bars of one standard deviation. words: of both axes. log: the x axis; error: 100 less the accuracy. flat: the
    row at which a column was trained that does not depend on them, drawn as a level line."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(10.0, 5.6))
    place = np.log if log else np.asarray
    span = float(np.ptp(place(list(at.values()))))
    shown: dict[str, Any] = {}
    for number, column in enumerate(data.columns):
        found = _ends(data, column.key, at, error)
        if len(found) and column.key in (flat or {}):
            shown[column.label] = ax.axhline(found[0][1], **line(column.key))
        elif len(found):
            x, mean, spread = found.T
            aside = APART * span * (number - (len(data.columns) - 1) / 2)
            x = x * np.exp(aside) if log else x + aside
            shown[column.label] = ax.errorbar(x, mean, spread, capsize=2, marker="o", ms=3, **line(column.key))
    if log:
        ax.set_xscale("log")
    ax.set_xticks(list(at.values()), [row.label for row in data.rows])
    ax.minorticks_off()
    ax.set_xlabel(words[0])
    ax.set_ylabel(words[1])
    if error:
        ax.set_ylim(bottom=0)
    remark(ax, "; ".join(dict.fromkeys(note for row in data.rows if (note := data.note(row.key)))), empty=not shown)
    finish(figure, data, list(shown.values()), list(shown), said=said)
    return figure


def _ends(data: FigureData, column: str, at: Mapping[str, float], error: bool) -> Any:
    """(x, mean, standard deviation) of the rows that have runs, [rows, 3]."""
    name: str = "test error" if error else "test accuracy"
    value: Callable[[Any], Any] = (lambda accuracy: 100 - accuracy) if error else (lambda accuracy: accuracy)
    found = []
    for row in data.rows:
        _, values = data.per_network(row.key, column, "test_accuracy")
        if len(values):
            ends = value(values[:, :, -1].mean(axis=1))
            mean, spread = float(ends.mean()), float(ends.std(ddof=1)) if len(ends) > 1 else 0.0
            found.append((at[row.key], mean, spread))
            data.add(row.key, column, name, "final", mean, mean - spread, mean + spread, len(ends))
    return np.array(found)
