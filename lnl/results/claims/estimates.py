"""How far an estimated transition matrix lies from the true one, and from the true one shifted by a class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.noise.keys import flip_rate
from lnl.noise.transition import matrix

Array = NDArray[np.float64]
QUANTITIES = ("transition_error", "transition_shift")


def estimate(result: dict[str, Any]) -> Array | None:
    """The matrix [K, K] that a run has estimated, rows true classes; None where it estimates none."""
    found = result.get("estimates", {}).get("transition")
    return None if found is None else np.asarray(found, dtype=float)


def distances(result: dict[str, Any]) -> tuple[float, float]:
    """Mean total variation over the rows, in [0, 1], between the estimate and T, and between it and T shifted: row i
    of the shifted matrix is that of class i - 1. nan without an estimate, and for labels whose matrix the noise's name
    alone does not tell: those of a file, and of a declared kind."""
    found, noise = estimate(result), str(result["spec"]["noise"]["key"])
    if found is None or flip_rate(noise, len(found)) is None:
        return math.nan, math.nan
    true = matrix(noise, len(found))
    near, shifted = (float(np.abs(found - t).sum(1).mean() / 2) for t in (true, np.roll(true, 1, axis=0)))
    return near, shifted


def value(result: dict[str, Any], of: str) -> float:
    """`transition_error`: distance from T. `transition_shift`: how much nearer the shifted matrix is than T itself."""
    near, shifted = distances(result)
    return near if of == "transition_error" else near - shifted
