"""Figures from records: what a figure file's draw() is given, and how its drawing becomes PDF, PNG and CSV.

A figure file begins with its DEMAND (panels are rows, curves are columns) and defines draw(data) -> matplotlib
Figure. Missing runs never stop a figure: it shows what exists and says what does not.
"""

from __future__ import annotations

import csv
import importlib.util
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError, nearest
from lnl.files import replacing
from lnl.records import STATES, Locate, SlotRuns, collect
from lnl.render.style import sheet
from lnl.render.synthetic import Arm, arms
from lnl.search.results import SearchState, states

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lnl.matrix import Suite

DPI = 150
COLUMNS = ("figure", "row", "column", "quantity", "x", "mean", "low", "high", "n")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A curve over repeats, networks averaged first; `low`, `high`: one standard deviation off, None for one repeat."""

    epochs: Array
    mean: Array  # nan where the quantity is not defined
    low: Array | None
    high: Array | None
    n: int
    wanted: int


@dataclass(frozen=True)
class Entry:
    """A panel or a curve of the figure: the key of its row or column, and its label."""

    key: str
    label: str


@dataclass
class FigureData:
    """What draw() is given: rows (panels), columns (curves), and the runs behind each place.

    Every curve or number that is asked for is also a line of the figure's CSV.
    """

    key: str
    declaration: dict[str, Any]
    heading: str
    places: list[SlotRuns]
    searches: list[SearchState] = field(default_factory=list)  # of a figure of kind `searches`
    arms: list[Arm] = field(default_factory=list)  # of a figure of kind `synthetic`
    root: Path = Path()  # of the checkout
    numbers: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def rows(self) -> list[Entry]:
        """Panels, as declared."""
        return list(dict.fromkeys(Entry(p.slot.row, p.slot.row_label) for p in self.places))

    @property
    def columns(self) -> list[Entry]:
        """Curves, as declared, joined methods last; also those that the suite does not have yet."""
        return list(dict.fromkeys(Entry(p.slot.column, p.slot.column_label) for p in self.places))

    def place(self, row: str, column: str) -> SlotRuns:
        """Slot and runs of one curve of one panel; UserError for one that the figure does not declare."""
        for place in self.places:
            if (place.slot.row, place.slot.column) == (row, column):
                return place
        raise UserError(
            f"figures/{self.key}.py: draw() asks for row '{row}', column '{column}', which DEMAND does not declare"
        )

    def per_network(self, row: str, column: str, name: str) -> tuple[Array, Array]:
        """Epochs (E,) and values (runs, networks, E) of a curve of the records that are ok; nan where undefined.

        No run, or none with this curve: values of shape (0, 0, 0).
        """
        curves = [record["result"]["curves"] for record in self.place(row, column).records()]
        curves = [c for c in curves if c.get(name)]
        if not curves:
            return np.zeros(0), np.zeros((0, 0, 0))
        length = min(len(c["epoch"]) for c in curves)
        values = [np.atleast_2d(np.asarray(c[name], dtype=float))[:, :length] for c in curves]
        return np.asarray(curves[0]["epoch"][:length], dtype=float), np.stack(values)

    def curve(self, row: str, column: str, name: str) -> Curve | None:
        """Mean and band (± one standard deviation over repeats, ddof 1) of a curve; None where no run has it."""
        epochs, values = self.per_network(row, column, name)
        if not len(values) or np.isnan(values).all():
            return None
        runs = values.mean(axis=1)
        mean, n = runs.mean(axis=0), len(runs)
        std = runs.std(axis=0, ddof=1) if n > 1 else None
        low, high = (None, None) if std is None else (mean - std, mean + std)
        found = Curve(epochs, mean, low, high, n, len(self.place(row, column).runs))
        for i in np.flatnonzero(~np.isnan(mean)):
            ends = (None, None) if low is None or high is None else (float(low[i]), float(high[i]))
            self.add(row, column, name, epochs[i], float(mean[i]), ends[0], ends[1], n)
        return found

    def add(
        self,
        row: str,
        column: str,
        quantity: str,
        x: Any,
        mean: float,
        low: float | None = None,
        high: float | None = None,
        n: int | None = None,
    ) -> None:
        """A line of the figure's CSV for a number that is not a curve over epochs."""
        self.numbers.append((self.key, row, column, quantity, x, mean, low, high, n))

    @property
    def absent(self) -> list[str]:
        """Labels of the curves that have no cell in any panel, because the method is not in the suite yet."""
        here = {p.slot.column for p in self.places if p.slot.cell is not None}
        return [c.label for c in self.columns if c.key not in here]

    def states(self, row: str | None = None) -> dict[str, int]:
        """Runs by state (ok, diverged, failed, stale, missing), of one panel or of the figure."""
        runs = {(r.cell, r.seed): r.state for p in self.places if row in (None, p.slot.row) for r in p.runs}
        counts = Counter(runs.values())
        return {state: counts[state] for state in STATES if counts[state]}

    def note(self, row: str | None = None) -> str:
        """What a panel (or the figure) lacks: '4 of 10 runs (1 diverged)', or '' where it is complete."""
        states = self.states(row)
        ok, asked = states.get("ok", 0), sum(states.values())
        if ok == asked:
            return ""
        others = [f"{n} {state}" for state, n in states.items() if state not in ("ok", "missing")]
        return f"{ok} of {asked} runs" + (f" ({', '.join(others)})" if others else "")

    def small_print(self) -> str:
        """Scale, repeats, what the band is, for the grey line under a figure."""
        counts = sorted({p.count("ok") for p in self.places if p.count("ok")})
        if not counts:
            return self.heading
        n = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
        repeats = (
            "1 repeat, no band" if counts == [1] else f"mean of {n} repeats, band ± 1 standard deviation over repeats"
        )
        return f"{self.heading}; {repeats}"


def data_of(suite: Suite, key: str, locate: Locate | None = None) -> FigureData:
    """Records and declaration of one figure; UserError for an unknown one."""
    if key not in suite.figures:
        raise UserError(f"there is no figure '{key}'{nearest(key, suite.figures)}")
    declaration = suite.figures[key]
    heading = "" if declaration.get("kind") in ("none", "synthetic") else suite.heading(key)
    found = states(suite, key) if declaration.get("kind") == "searches" else []
    studied = arms(suite, key) if declaration.get("kind") == "synthetic" else []
    return FigureData(key, declaration, heading, collect(suite, suite.slots(key), locate), found, studied, suite.root)


def drawing(suite: Suite, key: str) -> Callable[[FigureData], Figure]:
    """draw() of figures/<key>.py; UserError if the file has none."""
    path = suite.root / "figures" / f"{key}.py"
    spec = importlib.util.spec_from_file_location(f"lnl_figure_{key}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "draw", None)):
        raise UserError(f"{path}: defines no draw(data)")
    draw: Callable[[FigureData], Figure] = module.draw
    return draw


def render(suite: Suite, key: str, out_dir: str | Path, locate: Locate | None = None) -> list[Path]:
    """Write {key}.pdf, .png and .csv (the numbers behind it) into `out_dir`, each whole or not at all; their paths.

    The same records give the same bytes: no time stamps. Renders what there is; UserError for an unknown figure.
    """
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    data = data_of(suite, key, locate)
    draw = drawing(suite, key)
    folder = Path(out_dir)
    written = []
    with plt.style.context(sheet(suite.root)):
        figure = draw(data)
        metadata: dict[str, dict[str, Any]] = {
            "pdf": {"CreationDate": None, "Title": str(data.declaration["title"])},
            "png": {"Software": None},
        }
        try:
            for suffix, about in metadata.items():
                with replacing(folder / f"{key}.{suffix}") as temporary:
                    figure.savefig(temporary, format=suffix, dpi=DPI, metadata=about)
                written.append(folder / f"{key}.{suffix}")
        finally:
            plt.close(figure)
    with replacing(folder / f"{key}.csv") as temporary:
        Path(temporary).write_text(_csv(data.numbers), encoding="utf-8")
    return [*written, folder / f"{key}.csv"]


def _csv(numbers: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in numbers:
        writer.writerow(["" if v is None else f"{v:.8g}" if isinstance(v, float | np.floating) else v for v in line])
    return out.getvalue()
