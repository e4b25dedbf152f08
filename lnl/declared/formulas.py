"""Formulas of R(t) by name: how many numbers each takes. What they compute stands in lnl/learning/curves.py.

Standard library and PyYAML only, so that a schedule or a space is checked before any job starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared.schema import is_number
from lnl.errors import UserError, choose

NUMBERS: Mapping[str, int] = {
    "simplex_basis": 5,
    "two_decays": 5,
    "two_decays_rise": 7,
    "four_bases": 19,
    "three_decays_two_rises": 12,
    "coteaching": 3,
    "coteaching_tau": 1,
    "free": 200,
    "mlp": 30,
    "rbf": 18,
}
FARTHEST = 1e6  # of a number in a formula: epochs and exponents are far below


def check_clip(clip: Any, where: str) -> None:
    """UserError for bounds of R that are not two shares, the lower one first; null leaves R as it is."""
    if clip is None:
        return
    numbers = isinstance(clip, list) and len(clip) == 2 and all(map(is_number, clip))
    if not numbers or not 0 <= clip[0] < clip[1] <= 1:
        raise UserError(
            f"{where}: 'clip' is null or two shares, the lower one first, such as [0.01, 1.0], not {clip!r}"
        )


def check_numbers(formula: Any, x: Any, where: str) -> None:
    """UserError for an unknown formula, or for another count of numbers than it takes."""
    wanted = choose(formula, dict(NUMBERS), "formula", where)
    if not isinstance(x, list) or len(x) != wanted:
        raise UserError(f"{where}: {formula} takes a list of {wanted} numbers, 'x' is {x!r:.80}")
    for value in x:
        if not is_number(value) or abs(value) > FARTHEST:
            raise UserError(f"{where}: {value!r} in 'x' is no number from {-FARTHEST:g} to {FARTHEST:g}")


def check_schedule(schedule: Mapping[str, Any], where: str) -> None:
    """UserError for a schedule {formula, clip, x} that could not be evaluated."""
    for key in schedule:
        choose(key, {"formula": 0, "clip": 0, "x": 0}, "key of R", where)
    for key in ("formula", "clip", "x"):
        if key not in schedule:
            raise UserError(f"{where}: the schedule R lacks '{key}'; it is {{formula, clip, x}}")
    check_numbers(schedule["formula"], schedule["x"], where)
    check_clip(schedule["clip"], where)
