"""What methods end with, over something that is varied: imbalance, the rate of noise, the number of clean images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.render.panels import finish, remark

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData

APART = 0.009  # of the axis, by which the bars of neighbouring curves stand beside each other


def against(
    data: FigureData,
    at: Mapping[str, float],
    words: tuple[str, str],
    *,
    log: bool = False,
    error: bool = False,
    level: Sequence[str] = (),
    said: Sequence[str] = (),
) -> Figure:
    """One curve a column over the rows, which stand at `at`: test accuracy after the last step, mean of the repeats
    with bars of one standard deviation where there are two, and no line over a row that was asked for and has no run.
    words: of both axes. log: the x axis; error: 100 less the accuracy. level: columns that do not
    depend on the row and were trained at one, drawn as level lines with a band."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(10.0, 5.6))
    place = np.log if log else np.asarray
    span = float(np.ptp(place(list(at.values()))))
    shown: dict[str, Any] = {}
    beside = [column.key for column in data.columns if column.key not in level]
    for column in data.columns:
        found = _ends(data, column.key, at, error)
        trained = found[np.isfinite(found[:, 1])] if len(found) else found
        if len(trained) and column.key in level:
            _, mean, spread = trained[0]
            shown[column.label] = ax.axhline(mean, **data.looks[column.key])
            if np.isfinite(spread):
                ax.axhspan(mean - spread, mean + spread, color=data.looks[column.key]["color"], alpha=0.12, linewidth=0)
        elif len(trained):
            x, mean, spread = found.T
            aside = APART * span * (beside.index(column.key) - (len(beside) - 1) / 2)
            x = x * np.exp(aside) if log else x + aside
            drawn = ax.errorbar(x, mean, spread, capsize=2, marker="o", ms=4, **data.looks[column.key])
            shown[column.label] = drawn if np.isfinite(spread).any() else drawn.lines[0]
    if log and shown:  # an empty panel has an axis of its own
        ax.set_xscale("log")
    ax.set_xticks(list(at.values()), [row.label for row in data.rows])
    ax.minorticks_off()
    ax.set_xlabel(words[0])
    ax.set_ylabel(words[1])
    if error:
        ax.set_ylim(bottom=0)
    remark(ax, data.note(), empty=not shown)
    finish(figure, data, list(shown.values()), list(shown), said=said, spread="bar")
    return figure


def _ends(data: FigureData, column: str, at: Mapping[str, float], error: bool) -> Any:
    """(x, mean, standard deviation) of the rows that a column asks for, [rows, 3]; nan where there is none."""
    name: str = "test error" if error else "test accuracy"
    value: Callable[[Any], Any] = (lambda accuracy: 100 - accuracy) if error else (lambda accuracy: accuracy)
    found = []
    for row in data.rows:
        _, values = data.per_network(row.key, column, "test_accuracy")
        if len(values):
            ends = value(values[:, :, -1].mean(axis=1))
            mean, spread = float(ends.mean()), float(ends.std(ddof=1)) if len(ends) > 1 else np.nan
            found.append((at[row.key], mean, spread))
            low, high = (mean - spread, mean + spread) if len(ends) > 1 else (None, None)
            data.add(row.key, column, name, "final", mean, low, high, len(ends))
        elif data.place(row.key, column).slot.cell is not None:
            found.append((at[row.key], np.nan, np.nan))
    return np.array(found)
