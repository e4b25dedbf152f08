"""Basis functions of a search space: how they are written, on the left; their curves with a target, on the right."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lnl.render.panels import finish, frame, title
from lnl.render.style import INK, TRUE, Dashes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData

Array = NDArray[np.float64]

#: How the functions of a space are written, in the order of its weights.
WRITTEN: Mapping[str, tuple[str, ...]] = {
    "simplex-basis": (
        r"$f_1 = 1$",
        r"$f_2 = e^{-20\,t/T}$",
        r"$f_3 = e^{-3\,t/T}$",
        r"$f_4 = 1 - t/T$",
        r"$f_5 = (1 + 10\,t/T)^{-1}$",
        r"$f_6 = 1 - \sin(\pi\sqrt{t/T})$",
    ),
    "four-bases": (
        r"$f_1 = e^{-a_2 t^{a_1}} + a_3 (t/T)^{a_4}$",
        r"$f_2 = e^{-a_2 t^{a_1}} + a_3 \ln(1+t^{a_4})/\ln(1+T^{a_4})$",
        r"$f_3 = (1+a_2 t)^{-a_1} + a_3 (t/T)^{a_4}$",
        r"$f_4 = (1+a_2 t)^{-a_1} + a_3 \ln(1+t^{a_4})/\ln(1+T^{a_4})$",
    ),
}

#: a1..a4 with which the curves of four-bases are drawn: a fall within some 20 epochs, then a rise of a third.
EXAMPLE = (0.7, 0.2, 0.3, 1.5)
LOOKS = ("#4d4d4d", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES: tuple[Dashes, ...] = ("-", (0, (5, 1.5)), (0, (3, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (1.5, 1.2)), (0, (8, 2)))


def basis(data: FigureData, space: str, target: str) -> Figure:
    """Two panels for the functions of config/spaces/<space>.yaml; `target` is one of config/synthetic.yaml."""
    from lnl.search.synthetic import load, target_curve

    declared = load(data.root)
    length = float(declared["epochs"])
    t = np.arange(0, length + 1)
    figure, (left, right) = frame(data, 2)
    title(left, 0, "functions")
    left.set_axis_off()
    lines = (*WRITTEN[space], "target R(t)")
    for number, words in enumerate(lines):
        height = 0.92 - 0.92 * number / len(lines)
        (drawn,) = left.plot([0.0, 0.1], [height, height], transform=left.transAxes, clip_on=False)
        own = number < len(lines) - 1
        drawn.set(color=LOOKS[number] if own else TRUE, linestyle=DASHES[number] if own else "-")
        drawn.set_linewidth(1.6 if own else 2.4)
        left.text(0.14, height, words, transform=left.transAxes, va="center", fontsize=9, color=INK)
    title(right, 1, "curves and a target R(t)")
    for number, curve in enumerate(curves(space, t, length)):
        right.plot(t, curve, color=LOOKS[number], linestyle=DASHES[number])
        for x, y in zip(t, curve, strict=True):
            data.add("curves", f"f{number + 1}", "R", int(x), float(y))
    wanted = target_curve(declared, target, t)
    assert wanted is not None
    right.plot(t, wanted, color=TRUE, linewidth=2.4)
    for x, y in zip(t, wanted, strict=True):
        data.add("curves", "target", "R", int(x), float(y))
    right.set_xlabel("Epoch t")
    right.set_ylabel("R(t), kept fraction")
    said = list(data.declaration["notes"])
    if space == "four-bases":
        said.append("Drawn at a = ({:g}, {:g}, {:g}, {:g}), T = {:g}.".format(*EXAMPLE, length))
    finish(figure, data, [], [], said=said)
    return figure


def curves(space: str, t: Array, length: float) -> list[Array]:
    """The single functions of a space at epochs t."""
    from lnl.learning.curves import evaluate, fixed_bases, simplex

    if space == "simplex-basis":
        return list(fixed_bases(t, length))
    corners = {int(np.argmax(simplex(np.array(u)))): u for u in product((0.0, 1.0), repeat=3)}
    return [evaluate("four_bases", np.array([*corners[i], *EXAMPLE * 4]), t, length) for i in range(4)]
