"""Curves of one run, as its record holds them: a list over epochs, or one such list per network.

What is not defined in an epoch (training figures before training, figures on flipped examples of clean labels) is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Curves = dict[str, list[Any]]


def number(value: float) -> float | None:
    """Six significant digits, null for what is not finite: compact, and the same on every run."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def append(
    curves: Curves, epoch: int, scalars: Mapping[str, float | None], per_network: Mapping[str, Sequence[float]]
) -> None:
    """Add an epoch: `scalars` become lists over epochs, `per_network` lists over networks of lists over epochs."""
    before = len(curves.setdefault("epoch", []))
    curves["epoch"].append(epoch)
    for name, value in scalars.items():
        curves.setdefault(name, []).append(None if value is None else number(value))
    for name, values in per_network.items():
        lists = curves.setdefault(name, [[] for _ in values])
        for listed, value in zip(lists, values, strict=True):
            listed += [None] * (before - len(listed)) + [number(value)]  # a curve may begin later than the run


def replace_last(curves: Curves, name: str, values: Sequence[float]) -> None:
    """Replace the last epoch's entry of a curve per network."""
    for listed, value in zip(curves[name], values, strict=True):
        listed[-1] = number(value)
