"""The drawing that most figures share: panels of curves over epochs, one legend below, small print in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lnl.render.style import SOFT, WARNING, line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lnl.render.figure import Curve, FigureData

WIDTH, HEIGHT = 10.0, 3.55  # inches of a figure with one row of panels


def curves(data: FigureData, name: str, label: str) -> Figure:
    """One panel a row, one curve a column: quantity `name` over epochs; `label` names the y axis with its unit."""
    figure, axes = frame(data, len(data.rows))
    shown: dict[str, Any] = {}
    for number, (ax, row) in enumerate(zip(axes, data.rows, strict=True)):
        title(ax, number, row.label)
        for column in data.columns:
            found = data.curve(row.key, column.key, name)
            if found is not None:
                shown.setdefault(column.label, plot(ax, found, column.label, **line(column.key)))
        remark(ax, data.note(row.key), empty=not ax.lines)
        ax.set_xlabel("Epoch")
    axes[0].set_ylabel(label)
    order = [column.label for column in data.columns if column.label in shown]
    finish(figure, data, [shown[word] for word in order], order)
    return figure


def frame(data: FigureData, panels: int) -> tuple[Figure, list[Axes]]:
    """An empty figure with a row of panels; room is left for legend and small print."""
    import matplotlib.pyplot as plt

    width = WIDTH if panels >= 3 else 8.0
    figure, axes = plt.subplots(1, panels, figsize=(width, HEIGHT), squeeze=False)
    return figure, list(axes[0])


def title(ax: Axes, number: int, words: str) -> None:
    """(a) Pair-45%, as the papers write under their panels."""
    ax.set_title(f"({'abcdefghijklmnopqrstuvwxyz'[number]}) {words}")


def plot(ax: Axes, curve: Curve, label: str, **look: Any) -> Any:
    """A curve with its band; returns the line for a legend."""
    width = {"linewidth": 1.8} if look.get("linestyle") == "-" else {}
    (drawn,) = ax.plot(curve.epochs, curve.mean, label=label, zorder=3, **(width | look))
    if curve.low is not None and curve.high is not None:
        ax.fill_between(curve.epochs, curve.low, curve.high, color=look["color"], alpha=0.16, linewidth=0, zorder=2)
    return drawn


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


def finish(figure: Figure, data: FigureData, handles: list[Any], labels: list[str], columns: int = 7) -> None:
    """Shared legend below the panels, methods that are not in the suite yet, and the grey line of small print."""
    height = figure.get_figheight()
    rows = -(-len(handles) // columns) if handles else 0
    absent = f"not in the suite yet: {', '.join(data.absent)}" if data.absent else ""
    lines = [words for words in (absent, data.small_print()) if words]
    below = 0.12 + 0.17 * len(lines)  # inches
    legend = 0.21 * rows
    figure.tight_layout(rect=(0, (below + legend + (0.04 if handles else 0)) / height, 1, 1), pad=0.5, w_pad=2.0)
    if handles:
        at = (0.5, (below - 0.02) / height)
        ncols = min(columns, len(handles))
        figure.legend(handles, labels, loc="lower center", bbox_to_anchor=at, ncols=ncols, borderaxespad=0, borderpad=0)
    for number, words in enumerate(reversed(lines)):
        figure.text(0.5, (0.07 + 0.17 * number) / height, words, ha="center", va="bottom", fontsize=7, color=SOFT)
