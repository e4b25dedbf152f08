"""R(t), the share of small-loss examples that is kept in epoch t: a method's own ramp, or a schedule handed to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.learning.curves import kept_fraction
from lnl.learning.ramps import drop_rate


def forget_rate(parameters: Mapping[str, Any], noise_rate: float, t: float, paper_epochs: int) -> float:
    """1 - R(t) of a small-loss method: the schedule in its parameter R if there is one, else Co-teaching's ramp.

    noise_rate: what tau is a multiple of; paper_epochs: T of schedules that are functions of t / T.
    """
    p = parameters
    if p.get("R") is not None:
        return 1.0 - kept_fraction(p["R"], t, paper_epochs)
    return drop_rate(t, p["tau"] * noise_rate, p["t_k"], p["c"], p["ramp"], p["exponent"])


def kept_count(drop: float, batch: int, rounding: str) -> int:
    """Examples kept of a batch: `floor` as released, `ceil` as Algorithm 1 ("at least R(T) B"); at least one."""
    kept = (1.0 - drop) * batch
    whole = int(kept) if rounding == "floor" else -int(-kept // 1)
    return max(1, min(batch, whole))
