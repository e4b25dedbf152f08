"""What a figure file's draw() is given: rows, columns, the runs behind each place, and the numbers it has drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.registry import DatasetInfo
from lnl.errors import UserError, close, nearest
from lnl.render.style import looks
from lnl.results.records import STATES, SlotRuns
from lnl.results.studies import Arm
from lnl.search.results import SearchState

Array = NDArray[np.float64]
ALIKE = 0.9  # of two names of curves, of which one is a slip


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
    datasets: Mapping[str, DatasetInfo] = field(default_factory=dict)  # that are declared
    one_training: str = ""  # which places are one and the same at this scale
    numbers: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The file that draws it, for messages."""
        return f"figures/{self.key}.py"

    @property
    def rows(self) -> list[Entry]:
        """Panels, as declared."""
        return list(dict.fromkeys(Entry(p.slot.row, p.slot.row_label) for p in self.places))

    @property
    def columns(self) -> list[Entry]:
        """Curves, as declared, joined methods last; also those that the suite does not have yet."""
        return list(dict.fromkeys(Entry(p.slot.column, p.slot.column_label) for p in self.places))

    @cached_property
    def looks(self) -> dict[str, dict[str, Any]]:
        """Arguments of a matplotlib line for each column, no two alike: a method's own look where it has one."""
        methods: dict[str, set[str]] = {}
        for place in self.places:
            cell = place.slot.cell
            methods.setdefault(place.slot.column, set()).add(cell.method if cell is not None else "")
        return looks({key: next(iter(named)) if len(named) == 1 else None for key, named in methods.items()})

    def place(self, row: str, column: str) -> SlotRuns:
        """Slot and runs of one curve of one panel; UserError for one that the figure does not declare."""
        for place in self.places:
            if (place.slot.row, place.slot.column) == (row, column):
                return place
        raise UserError(f"{self.source}: draw() asks for row '{row}', column '{column}', which DEMAND does not declare")

    def per_network(self, row: str, column: str, name: str) -> tuple[Array, Array]:
        """Epochs (E,) and values (runs, networks, E) of a curve of the records that are ok; nan where undefined.

        No run, or none with this curve: values of shape (0, 0, 0).
        """
        curves = [record["result"]["curves"] for record in self.place(row, column).records()]
        self._check_name(name, curves)
        curves = [c for c in curves if c.get(name)]
        if not curves:
            return np.zeros(0), np.zeros((0, 0, 0))
        length = min(len(c["epoch"]) for c in curves)
        values = [np.atleast_2d(np.asarray(c[name], dtype=float))[:, :length] for c in curves]
        return np.asarray(curves[0]["epoch"][:length], dtype=float), np.stack(values)

    def _check_name(self, name: str, curves: list[dict[str, Any]]) -> None:
        """UserError for a name that is all but one that runs have: an empty panel would look like runs to come. What no
        run has yet, another method's may."""
        if not curves or any(name in each for each in curves):
            return
        every = {known for place in self.places for each in place.records() for known in each["result"]["curves"]}
        if name not in every and close(name, every, 1, ALIKE):
            raise UserError(f"{self.source}: no run of this figure has a curve '{name}'{nearest(name, every)}")

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

    def curve_over_steps(self, row: str, column: str, name: str) -> Curve | None:
        """`curve` of runs whose length is in steps, each period where it ends: `epochs` are steps then."""
        found = self.curve(row, column, name)
        if found is None:
            return None
        length = self.place(row, column).records()[0]["result"]["spec"]["length"]
        return replace(found, epochs=((found.epochs + 1) * length["period"]).clip(max=length["steps"]))

    @property
    def absent(self) -> list[str]:
        """Labels of the curves that have no cell in any panel, because the method is not in the suite yet."""
        here = {p.slot.column for p in self.places if p.slot.cell is not None}
        return [c.label for c in self.columns if c.key not in here]

    @property
    def without_runs(self) -> list[str]:
        """Labels of the curves that have cells and no run yet in any panel, where others have."""
        ran = {p.slot.column for p in self.places if p.count("ok")}
        asked = {p.slot.column for p in self.places if p.slot.cell is not None}
        return [c.label for c in self.columns if c.key in asked - ran] if ran else []

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

    def small_print(self, spread: str = "band") -> str:
        """Scale, repeats, what the band is, or what else shows the spread, for the grey line under a figure."""
        counts = sorted({p.count("ok") for p in self.places if p.count("ok")})
        if not counts:
            return self.heading
        n = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
        several = f"mean of {n} repeats, {spread} ± 1 standard deviation over repeats"
        return f"{self.heading}; {f'1 repeat, no {spread}' if counts == [1] else several}"
