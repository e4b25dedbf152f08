"""The drawing of how training goes, and what a method makes of the labels meanwhile: pseudo labels, and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D

from lnl.render.panels import finish, frame, plot, remark, title
from lnl.render.style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData

#: Of each panel its title, its unit, and quantities with their words and dashes.
PANELS: tuple[tuple[str, str, tuple[tuple[str, str, Any], ...]], ...] = (
    ("Averaged weights", "Test accuracy (%)", (("test_accuracy", "", "-"),)),
    ("Pseudo labels", "Right ones in training (%)", (("pseudo_label_accuracy", "", "-"),)),
    (
        "Weights of labels",
        "Mean weight",
        (("weight_clean", "right labels", "-"), ("weight_flipped", "wrong labels", ":")),
    ),
)


def made_of_labels(data: FigureData, row: str, said: Sequence[str]) -> Figure:
    """Three panels over steps, one curve a column; `said`: small print."""
    figure, axes = frame(data, len(PANELS))
    shown: dict[str, Any] = {}
    for number, (ax, (words, unit, parts)) in enumerate(zip(axes, PANELS, strict=True)):
        title(ax, number, words)
        for column in data.columns:
            for name, _, dashes in parts:
                found = data.curve_over_steps(row, column.key, name)
                if found is not None:
                    drawn = plot(ax, found, column.label, **data.looks[column.key] | {"linestyle": dashes})
                    shown.setdefault(column.label, drawn)
        ax.set_xlabel("Steps")
        ax.set_ylabel(unit)
        remark(ax, data.note(row) if number == 0 or not ax.lines else "", empty=not ax.lines)
    if axes[-1].lines:
        keys = [Line2D([], [], color=INK, linestyle=dashes) for _, _, dashes in PANELS[-1][2]]
        axes[-1].legend(keys, [words for _, words, _ in PANELS[-1][2]], fontsize=7)
    finish(figure, data, list(shown.values()), list(shown), said=said)
    return figure
