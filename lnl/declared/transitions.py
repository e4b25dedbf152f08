"""Which transition matrix a method is given: the true one, one that a user writes down, or one that is estimated.

Standard library only: all of it is checked before any job starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from typing import Any

from lnl.errors import UserError
from lnl.noise.keys import parse

KINDS = ("true", "estimated")
SMALLEST = 1e-9  # pivots below count as zero


Rows = list[list[float]]


def check(parameters: Mapping[str, Any], noise: str, classes: int, where: str, rows: Rows | None = None) -> None:
    """UserError unless a method's parameter `transition` names a matrix that fits, and that can be inverted where the
    parameter `inverse` says so. rows: the true matrix of a noise that is declared by a map."""
    wanted = parameters.get("transition")
    if wanted is None:
        return
    check_kind(parameters, where)
    if not isinstance(wanted, str):
        _check_matrix(wanted, classes, where)
    if parameters.get("inverse") == "exact" and _singular(wanted, noise, classes, rows):
        raise UserError(
            f"{where}: the transition matrix of {noise} with {classes} classes is singular, its labels cannot be "
            "corrected backward; choose another noise, or set inverse: jittered"
            if isinstance(wanted, str)
            else f"{where}: the matrix that transition holds is singular, labels cannot be corrected backward with it; "
            "write another one, or set inverse: jittered"
        )


def check_kind(parameters: Mapping[str, Any], where: str) -> None:
    """UserError for a parameter `transition` that is neither a word of KINDS nor a list of rows."""
    wanted = parameters.get("transition")
    if isinstance(wanted, bool):
        raise UserError(f'{where}: transition: {str(wanted).lower()} is a yes or no; write "true", in quotes')
    if wanted is not None and wanted not in KINDS and not isinstance(wanted, list):
        raise UserError(f"{where}: transition is {', '.join(KINDS)} or a matrix, one row a true class, not {wanted!r}")


def _check_matrix(matrix: Any, classes: int, where: str) -> None:
    rows = matrix if isinstance(matrix, list) else []
    sizes = {len(row) if isinstance(row, list) else 0 for row in rows}
    if len(rows) != classes or sizes != {classes}:
        raise UserError(
            f"{where}: transition is not a list of {classes} rows of {classes} numbers, one row a true class"
        )
    for number, row in enumerate(rows):
        numbers = all(isinstance(p, int | float) and not isinstance(p, bool) and p >= 0 for p in row)
        if not numbers or not isclose(sum(row), 1.0, abs_tol=1e-6):
            raise UserError(
                f"{where}: row {number} of transition is no distribution: entries from 0 on that sum to 1, not {row}"
            )
    for number, column in enumerate(zip(*rows, strict=True)):
        if not any(column):
            raise UserError(
                f"{where}: column {number} of transition is all zeros, yet such labels are given; give it some"
            )


def _singular(wanted: Any, noise: str, classes: int, rows: Rows | None) -> bool:
    """Whether the matrix is known to be singular before training: an estimated one is not."""
    if not isinstance(wanted, str):
        return _dependent([[float(p) for p in row] for row in wanted])
    key = parse(noise)
    if wanted == "estimated" or key.rate is None:
        return False
    if rows is not None:
        return _dependent(rows)
    if key.kind == "symmetric":  # eigenvalues 1 and 1 - rate K / (K - 1)
        return isclose(key.rate * classes, classes - 1)
    if key.kind == "pair":  # eigenvalues 1 - rate + rate w over the roots of unity w, one of them -1 for an even K
        return key.rate == 0.5 and classes % 2 == 0
    return key.kind == "uniform" and key.rate == 1


def _dependent(rows: Rows) -> bool:
    """Whether some row is a combination of the others: elimination with pivots meets none that is not zero."""
    rows = [list(row) for row in rows]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda r: abs(rows[r][i]))
        if abs(rows[pivot][i]) < SMALLEST:
            return True
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for below in range(i + 1, len(rows)):
            factor = rows[below][i] / rows[i][i]
            rows[below] = [a - factor * b for a, b in zip(rows[below], rows[i], strict=True)]
    return False
