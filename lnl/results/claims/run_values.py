"""Numbers of one run that tests take: a curve, or one value of it; networks are averaged first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lnl.results.claims import estimates, kept_pieces
from lnl.results.claims.shapes import WINDOW, peak_epoch, peak_minus_end, smooth
from lnl.results.statistics import LAST, run_statistic, trained

EARLY = 0.1  # share of the trained epochs that counts as early
CLEAN_RATE = "clean_rate"


def curve(result: dict[str, Any], name: str) -> np.ndarray | None:
    """A record's curve as (epochs,), mean of networks, nan where it is not defined; None where the record has none."""
    listed = result["curves"].get(name)
    if not listed:
        return None
    networks = np.asarray(listed, dtype=float)  # null becomes nan
    return networks if networks.ndim == 1 else np.asarray(networks.mean(axis=0))


def trained_curve(result: dict[str, Any], name: str) -> np.ndarray | None:
    """As `curve`, without the evaluation of the untrained networks."""
    values = curve(result, name)
    return None if values is None else values[trained(result["curves"])]


def epochs(result: dict[str, Any]) -> np.ndarray:
    """Epoch numbers of the trained epochs, the x of `trained_curve`."""
    return np.asarray(result["curves"]["epoch"], float)[trained(result["curves"])]


def clock(result: dict[str, Any]) -> float:
    """The paper's epochs in one epoch of this run."""
    spec = result["spec"]
    return float(spec.get("paper_epochs", spec["epochs"])) / float(spec["epochs"])


def value(result: dict[str, Any], of: str, at: str, minus: str | None = None) -> float:
    """One number of one run: curve `of` at the epochs `at` (words.POINTS); nan where the record does not have it.

    `minus: clean_rate` subtracts the share of right labels in the training set (percent), as realised.
    """
    if of == "test_accuracy" and at in ("last10", "last10_file"):
        statistic = "last10_mean" if at == "last10" else "last10_mean_file"
        number = run_statistic(result["curves"], statistic, result["spec"]["split"]).value
    elif of in estimates.QUANTITIES:
        number = estimates.value(result, of)
    elif of in kept_pieces.QUANTITIES:
        number = kept_pieces.value(result, of)
    else:
        number = _of_curve(result, of, at)
    if minus == CLEAN_RATE:
        number -= 100 * (1 - float(result["labels"]["realised_rate"]))
    return number


def _of_curve(result: dict[str, Any], of: str, at: str) -> float:
    values = trained_curve(result, of)
    if values is None:
        return math.nan
    if at == "peak_epoch":
        return peak_epoch(list(epochs(result)), list(values))
    defined = values[~np.isnan(values)]
    if not len(defined):
        return math.nan
    if at == "fall":
        return peak_minus_end(list(defined))
    if at == "fluctuation":
        inner = defined[WINDOW // 2 : len(defined) - WINDOW // 2]
        return float((inner - smooth(defined)).std()) if len(inner) else math.nan
    points = {
        "early": defined[: max(1, round(EARLY * len(defined)))].mean(),
        "last10": defined[-LAST:].mean(),
        "first": defined[0],
        "final": defined[-1],
        "lowest": defined.min(),
        "mean": defined.mean(),
    }
    return float(points[at])
