"""Basis functions of a search space: a table of how they are written, and beside it their curves with a target."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lnl.render.panels import finish, frame, title
from lnl.render.style import INK, SOFT, TRUE, Dashes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lnl.render.figure_data import FigureData

Array = NDArray[np.float64]

#: Name and formula of a space's functions, in the order of its weights; of figure 2 with the letters of the print.
WRITTEN: Mapping[str, Mapping[str, str]] = {
    "simplex-basis": {
        "pow1": r"$1 / (1 + b\,t)^a$",
        "exp1": r"$e^{-b\,t^a}$",
        "log": r"$\log(b) / \log(a\,t + b)$",
        "vapor": r"$(t/m)^n\; e^{\,1/(1+bt)^a - 1/(1+bt_m)^a}$",
        "exp2": r"$e^{-b_1 t^{a_1}} + b_2\,(t/m)^{a_2}$",
        "pow2": r"$1/(1 + b_1 t)^{a_1} + b_2\,\log(1+t^{a_2}) / \log(1+t_m^{a_2})$",
    },
    "four-bases": {
        "$f_1$": r"$e^{-a_2 t^{a_1}} + a_3\,(t/T)^{a_4}$",
        "$f_2$": r"$e^{-a_2 t^{a_1}} + a_3\,\ln(1+t^{a_4})/\ln(1+T^{a_4})$",
        "$f_3$": r"$(1+a_2 t)^{-a_1} + a_3\,(t/T)^{a_4}$",
        "$f_4$": r"$(1+a_2 t)^{-a_1} + a_3\,\ln(1+t^{a_4})/\ln(1+T^{a_4})$",
    },
}

#: a1..a4 with which the curves of four-bases are drawn: a fall within some 20 epochs, then a rise of a third.
EXAMPLE = (0.7, 0.2, 0.3, 1.5)
LOOKS = ("#4d4d4d", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES: tuple[Dashes, ...] = ("-", (0, (5, 1.5)), (0, (3, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (1.5, 1.2)), (0, (8, 2)))
NAME, FORMULA = 0.14, 0.27  # where the table's columns begin, as shares of its panel


def basis(data: FigureData, space: str, target: str) -> Figure:
    """Two panels for the functions of config/spaces/<space>.yaml; `target` is one of config/synthetic.yaml."""
    from lnl.search.synthetic import load, target_curve

    declared = load(data.root)
    length = float(declared["epochs"])
    t = np.arange(0, length + 1)
    figure, (left, right) = frame(data, 2)
    grid = left.get_gridspec()
    assert grid is not None
    grid.set_width_ratios([1.15, 1.0])
    title(left, 0, "functions")
    _table(left, WRITTEN[space])
    title(right, 1, "curves and a target R(t)")
    for number, (name, curve) in enumerate(curves(space, t, length).items()):
        right.plot(t, curve, color=LOOKS[number], linestyle=DASHES[number])
        for x, y in zip(t, curve, strict=True):
            data.add("curves", name, "R", int(x), float(y))
    wanted = target_curve(declared, target, t)
    assert wanted is not None
    right.plot(t, wanted, color=TRUE, linewidth=2.4)
    for x, y in zip(t, wanted, strict=True):
        data.add("curves", "target", "R", int(x), float(y))
    right.set_xlabel("Epoch t")
    right.set_ylabel("R(t), kept fraction")
    said = [*data.declaration["notes"], _numbers(space, t, length)]
    finish(figure, data, [], [], said=said)
    return figure


def _table(ax: Axes, written: Mapping[str, str]) -> None:
    """A line of the table for each function, with the line of its curve; the target is the last."""
    ax.set_axis_off()
    step = 1.0 / (len(written) + 2)
    ax.text(NAME, 1 - step / 2, "name", transform=ax.transAxes, va="center", color=SOFT)
    ax.text(FORMULA, 1 - step / 2, "function", transform=ax.transAxes, va="center", color=SOFT)
    for number, (name, formula) in enumerate([*written.items(), ("target", "$R(t)$ that is to be approximated")]):
        height = 1 - step * (number + 1.5)
        own = number < len(written)
        (drawn,) = ax.plot([0.0, 0.1], [height, height], transform=ax.transAxes, clip_on=False)
        drawn.set(color=LOOKS[number] if own else TRUE, linestyle=DASHES[number] if own else "-")
        drawn.set_linewidth(1.6 if own else 2.4)
        ax.text(NAME, height, name, transform=ax.transAxes, va="center", color=INK)
        ax.text(FORMULA, height, formula, transform=ax.transAxes, va="center", fontsize=9.5 if own else 8.5, color=INK)
    for edge in (1.0, 1 - step, step, 0.0):  # above and below head and foot
        ax.plot([0.0, 1.0], [edge, edge], transform=ax.transAxes, clip_on=False, color=SOFT, linewidth=0.7)


def curves(space: str, t: Array, length: float) -> dict[str, Array]:
    """The single functions of a space at epochs t, in the order of its weights."""
    from lnl.learning.basis_functions import CANDIDATES, fixed_bases
    from lnl.learning.curves import evaluate, simplex

    if space == "simplex-basis":
        return dict(zip(CANDIDATES, fixed_bases(t, length), strict=True))
    corners = {int(np.argmax(simplex(np.array(u)))): u for u in product((0.0, 1.0), repeat=3)}
    points = [np.array([*corners[i], *EXAMPLE * 4]) for i in range(4)]
    return {f"f{i + 1}": evaluate("four_bases", x, t, length) for i, x in enumerate(points)}


def _numbers(space: str, t: Array, length: float) -> str:
    """Small print: the numbers with which the curves are drawn, and which of them do not begin at 1."""
    from lnl.learning.basis_functions import CANDIDATES, fixed_numbers

    if space == "four-bases":
        return "Drawn at a = ({:g}, {:g}, {:g}, {:g}), T = {:g}.".format(*EXAMPLE, length)
    alike: dict[str, list[str]] = {}
    for name, candidate in CANDIDATES.items():
        at = zip(candidate.ranges, fixed_numbers(name, length), strict=True)
        alike.setdefault(", ".join(f"{key}={value:.3g}" for key, value in at), []).append(name)
    drawn = "; ".join(f"{' and '.join(names)} at {numbers}" for numbers, names in alike.items())
    begins = [
        f"{name} is {curve[0]:.3g} at t = 0, {curve[1]:.3g} at t = 1 and at most {curve.max():.3g}"
        for name, curve in curves(space, t, length).items()
        if abs(curve[0] - 1.0) > 1e-9
    ]
    return f"Drawn: {drawn}. R(0) = 1 but for these: {'; '.join(begins)}."
