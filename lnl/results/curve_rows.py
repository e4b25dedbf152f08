"""Curves of runs as a long table: a row for each run, curve, network and epoch at which the curve has a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lnl.errors import UserError, nearest
from lnl.results.damaged import remedy
from lnl.results.records import read
from lnl.results.run_rows import COORDINATES, Found, Warn, rows

if TYPE_CHECKING:
    import pandas as pd

    from lnl.declared.suite import Suite

COLUMNS = (*COORDINATES, "cell", "state", "curve", "network", "epoch", "value")
OF_RUN = (*COORDINATES, "cell", "state")
COUNTED = ("ok", "diverged")  # states whose curves are those of a run as it is declared today


@dataclass(frozen=True)
class Curve:
    """One curve of one run. network: which one, from 1 on; 0 for what all networks of a run share."""

    run: int  # place of the run among those that were asked for
    name: str
    network: int
    epochs: list[int]
    values: list[float]


def curves(
    suite: Suite, found: Sequence[Found], names: Sequence[str] | None, warn: Warn
) -> tuple[list[Mapping[str, Any]], list[Curve]]:
    """(what is said of each run, its curves) of the runs whose record is of today's declaration.

    names: of curves, as records have them; None for all. UserError for a name that no run has; `warn` takes a line for
    each record that cannot be believed.
    """
    about: list[Mapping[str, Any]] = []
    out: list[Curve] = []
    known = dict[str, None]()
    kept = [run for run in found if run.state.state in COUNTED]
    for run, row in zip(kept, rows(suite, kept)[1], strict=True):
        try:
            recorded = read(run.path)["result"]["curves"]
            none = run.state.state == "diverged" and not recorded  # it did so before anything was evaluated
            of_run = [] if none else list(_of_record(len(about), recorded, names))
        except UserError as error:
            warn(str(error))
            continue
        except (KeyError, TypeError, ValueError):
            warn(f"{run.path}: its curves are none; {remedy(run.path)}")
            continue
        known |= dict.fromkeys(name for name in recorded if name != "epoch")
        about.append({name: row[name] for name in OF_RUN})
        out += of_run
    for name in names or ():
        if about and name not in known:
            raise UserError(f"no run has a curve '{name}'{nearest(name, known)}")
    return about, out


def _of_record(run: int, recorded: Mapping[str, Any], names: Sequence[str] | None) -> Iterator[Curve]:
    epochs = recorded["epoch"]
    for name in recorded if names is None else names:
        curve = recorded.get(name)
        if name == "epoch" or not curve:
            continue
        networks = list(enumerate(curve, 1)) if isinstance(curve[0], list) else [(0, curve)]
        for network, values in networks:
            known = [(e, float(v)) for e, v in zip(epochs, values, strict=True) if v is not None]
            yield Curve(run, name, network, [e for e, _ in known], [v for _, v in known])


def lines(about: Sequence[Mapping[str, Any]], found: Sequence[Curve]) -> Iterator[dict[str, Any]]:
    """The table row by row, for a file."""
    for curve in found:
        common = {**about[curve.run], "curve": curve.name, "network": curve.network}
        for epoch, value in zip(curve.epochs, curve.values, strict=True):
            yield common | {"epoch": epoch, "value": value}


def frame(about: Sequence[Mapping[str, Any]], found: Sequence[Curve]) -> pd.DataFrame:
    """The table as a frame of COLUMNS."""
    import numpy as np
    import pandas as pd

    lengths = [len(curve.epochs) for curve in found]
    of_run = np.repeat([curve.run for curve in found], lengths).astype(int)
    columns: dict[str, Any] = {
        name: np.array([run[name] for run in about], int if name == "seed" else object)[of_run] for name in OF_RUN
    }
    columns["curve"] = np.repeat(np.array([curve.name for curve in found], object), lengths)
    columns["network"] = np.repeat([curve.network for curve in found], lengths).astype(int)
    columns["epoch"] = np.array([epoch for curve in found for epoch in curve.epochs], int)
    columns["value"] = np.array([value for curve in found for value in curve.values], float)
    return pd.DataFrame(columns, columns=list(COLUMNS))
