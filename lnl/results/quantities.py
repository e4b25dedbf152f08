"""Numbers of one run by name, as pages show them: how high its accuracy climbs, how far it falls, what it regains.

Test accuracy is on the images that a table's statistic is about: those of the test split, or the whole test file.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.errors import UserError, nearest
from lnl.results.claims import run_values, shapes
from lnl.results.claims.words import POINTS, QUANTITIES, quantity_words
from lnl.results.statistics import LAST, fewer, file_accuracy, run_statistic, trained

Array = NDArray[np.float64]


def number(result: Mapping[str, Any], name: str, statistic: str) -> float:
    """One number of a run, in percent or points of accuracy; nan where its record does not have it.

    name: `statistic`, a key of SHAPES, or a quantity of the claims, `label_precision` (last ten epochs) or with a
    point, `label_precision@final`. statistic: the table's. UserError for another name.
    """
    if name == "statistic":
        return run_statistic(result["curves"], statistic, result["spec"]["split"]).value
    if name in SHAPES:
        return SHAPES[name][1](*test_curve(result, statistic))
    of, at = _parts(name)
    return run_values.value(dict(result), of, at)


def remark(result: Mapping[str, Any], name: str, statistic: str) -> str:
    """What has to be said of that number, e.g. that there are fewer epochs than its name says; '' where nothing has.
    UserError for a name that is none."""
    if name == "statistic":
        return run_statistic(result["curves"], statistic, result["spec"]["split"]).remark
    if name in SHAPES:
        return ""
    of, at = _parts(name)
    curve = run_values.trained_curve(dict(result), of) if at.startswith("last10") else None
    return "" if curve is None else fewer(int((~np.isnan(curve)).sum()))


def words(name: str) -> str:
    """Heading of a column with this number; UserError for a name that is none."""
    if name in SHAPES:
        return SHAPES[name][0]
    of, at = _parts(name)
    return quantity_words(of) + (", last ten epochs" if at == "last10" and not _of_estimate(of) else POINTS[at])


def _parts(name: str) -> tuple[str, str]:
    of, _, at = name.partition("@")
    at = at or "last10"
    if of not in QUANTITIES or at not in POINTS:
        known = ("statistic", *SHAPES, *QUANTITIES)
        hint = nearest(of, known) if of not in known else nearest(at, POINTS)
        raise UserError(f"'{name}' is no number of a run{hint}")
    return of, at


def _of_estimate(of: str) -> bool:
    return of.startswith("transition_")


def test_curve(result: Mapping[str, Any], statistic: str) -> tuple[Array, Array]:
    """(epochs [E], test accuracy [E]) of the trained epochs that were evaluated, mean of networks, in percent.

    On the whole test file where the statistic says so and a protocol halves it: the mean of both halves.
    """
    curves = result["curves"]
    whole = statistic == "last10_mean_file"
    listed = file_accuracy(curves, result["spec"]["split"]) if whole else curves["test_accuracy"]
    positions = trained(curves)
    accuracy = np.asarray(listed, dtype=float).mean(axis=0)[positions]  # null becomes nan
    epochs = np.asarray(curves["epoch"], dtype=float)[positions]
    known = ~np.isnan(accuracy)
    return epochs[known], accuracy[known]


def _peak(epochs: Array, accuracy: Array) -> float:
    return float(shapes.smooth(list(accuracy)).max()) if len(accuracy) >= shapes.SHORTEST else math.nan


def _deepest(accuracy: Array) -> tuple[float, float]:
    """The largest fall below the best so far, and the value at its bottom, both of the running median."""
    smooth = shapes.smooth(list(accuracy))
    if len(accuracy) < shapes.SHORTEST:
        return math.nan, math.nan
    below = np.maximum.accumulate(smooth) - smooth
    return float(below.max()), float(smooth[int(below.argmax())])


def _drop(epochs: Array, accuracy: Array) -> float:
    return _deepest(accuracy)[0]


def _regained(epochs: Array, accuracy: Array) -> float:
    fall, bottom = _deepest(accuracy)
    return statistics.fmean(accuracy[-LAST:]) - bottom if fall > 0 else math.nan if math.isnan(fall) else 0.0


#: name -> (words, number of epochs [E] and accuracy [E]); smoothed by a running median of five epochs
SHAPES: dict[str, tuple[str, Callable[[Array, Array], float]]] = {
    "peak": ("peak", _peak),
    "peak_epoch": ("epoch of the peak", lambda epochs, accuracy: shapes.peak_epoch(list(epochs), list(accuracy))),
    "fall": ("fall from the peak to the last ten epochs", lambda _, accuracy: shapes.peak_minus_end(list(accuracy))),
    "drop": ("largest fall below the best so far", _drop),
    "regained": ("regained of it in the last ten epochs", _regained),
}
