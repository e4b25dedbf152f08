"""Synthetic studies behind a figure: lowest RMSE so far against evaluations, mean and band over repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lnl.render.efficiency import looks
from lnl.render.panels import remark, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lnl.render.figure_data import FigureData

LEGEND_LINE = 0.05  # share of a panel's height that one line of its legend takes


def errors(ax: Axes, data: FigureData, number: int, words: str, study: str) -> None:
    """One panel: an arm a curve, mean over repeats with a band of one standard deviation, logarithmic in RMSE."""
    title(ax, number, words)
    asked = [arm for arm in data.arms if arm.study == study]
    shown = looks(arm.name for arm in data.arms)  # of the whole figure: an arm is alike in all panels
    for arm in asked:
        if arm.best is None:
            continue
        middle, spread = arm.best.mean(0), arm.best.std(0, ddof=1) if len(arm.best) > 1 else None
        spent = np.arange(1, arm.best.shape[1] + 1)
        n = len(arm.best)
        ax.plot(spent, middle, label=f"{arm.label} ({n})", zorder=3, **shown[arm.name])
        low, high = (middle, middle) if spread is None else (np.maximum(middle - spread, 1e-4), middle + spread)
        if spread is not None:
            ax.fill_between(spent, low, high, color=shown[arm.name]["color"], alpha=0.12, linewidth=0, zorder=2)
        for x, m, a, b in zip(spent, middle, low, high, strict=True):
            data.add(study, arm.name, "lowest RMSE so far", int(x), float(m), float(a), float(b), n)
    there = sum(arm.state == "ok" for arm in asked)
    remark(ax, "" if there == len(asked) else f"{there} of {len(asked)} arms", empty=not ax.lines)
    if ax.lines:
        ax.set_yscale("log")
        ax.set_xlabel("Evaluations")
        low, high = ax.get_ylim()
        room = LEGEND_LINE * len(ax.lines)  # above the highest curve, for the legend
        ax.set_ylim(low, high * (high / low) ** (room / (1.0 - room)))
        ax.legend(loc="upper right", fontsize=6.5, handlelength=2.2, labelspacing=0.25, borderpad=0.2)
