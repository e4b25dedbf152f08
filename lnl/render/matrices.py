"""Transition matrices as tiles: the share of every given label among the examples of a true class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lnl.declared import paths
from lnl.errors import UserError
from lnl.render.style import INK, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from lnl.render.figure_data import FigureData

SHOWN = (("pair-45", "Pair (ε = 45%)"), ("symmetric-50", "Symmetry (ε = 50%)"))  # with five classes, by three documents
NAMED = 5  # with more classes the tiles of a panel are too small for a percent sign, and for shares below one percent
LITTLE = "·"  # a share that rounds to nothing
DARK = 0.53  # of the darkest share; those above it are written in white


def five_classes(data: FigureData) -> Figure:
    """What Co-teaching, the tutorial and Pumpout print: both kinds of flipping, five classes as an example."""
    import matplotlib.pyplot as plt

    from lnl.noise.transition import matrix
    from lnl.render.panels import title

    figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.35))
    for number, (ax, (noise, label)) in enumerate(zip(axes, SHOWN, strict=True)):
        values = matrix(noise, NAMED)
        tiles(ax, values)
        title(ax, number, label)
        for (i, j), share in np.ndenumerate(values):
            data.add(noise, f"class {i}", "probability of the given label", j, float(share))
    figure.tight_layout(w_pad=2.5)
    return figure


def realised(result: Mapping[str, Any]) -> NDArray[np.float64] | None:
    """The matrix [K, K] of the labels that a record was trained on, from their manifest: a row for each true class, the
    share of every given label. None where no manifest of these labels lies beside the record."""
    try:
        labels, noise = result["labels"], result["spec"]["noise"]
        scale, dataset, seed = result["scale"], result["dataset"], labels["noise_seed"]
        found = paths.read(paths.noise(scale, dataset, noise["key"], noise["generator"], seed))
    except (OSError, UserError, KeyError):
        return None
    rows = found.get("transition_realised")
    if found.get("digest") != labels["digest"] or not rows:
        return None
    return np.array([row or [0.0] * len(rows) for row in rows])


def tiles(ax: Axes, values: NDArray[np.float64], top: float = 0.75, labels: bool = True) -> None:
    """Draw a matrix [K, K] of shares, rows true classes, each tile with its share in percent.

    top: the share that is darkest. labels: name the axes.
    """
    classes = len(values)
    ax.imshow(values, cmap="Blues", vmin=0, vmax=top)
    for i in range(classes):
        for j in range(classes):
            share = float(values[i, j])
            words = _words(share, classes)
            ink = "white" if share > DARK * top else SOFT if words in ("0", LITTLE) else INK
            ax.text(j, i, words, ha="center", va="center", fontsize=_size(classes), color=ink)
    if labels:
        ax.set_xlabel("Given label")
        ax.set_ylabel("True class")
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    ax.grid(False)
    ax.tick_params(length=0)
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(False)
    for edge in range(1, classes):
        ax.axhline(edge - 0.5, color="white", linewidth=1.2)
        ax.axvline(edge - 0.5, color="white", linewidth=1.2)


def _words(share: float, classes: int) -> str:
    if classes <= NAMED:
        return f"{100 * share:g}%" if share else "0"
    return LITTLE if (words := f"{100 * share:.0f}") == "0" else words


def _size(classes: int) -> float:
    return 8.0 if classes <= NAMED else 6.0
