"""The numbers that a document prints in a table: mean, spread and what that is of, whose number it is, what is odd."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lnl.errors import UserError, choose

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Printed:
    """A published number in percent. `kind` of the spread: std, over `runs` of them, or ci95; runs None: not printed.

    `quoted`: whose number it is, where the document took it from others, else ''. `doubt`: why nothing is judged by it.
    """

    mean: float
    spread: float | None = None
    kind: str = "std"
    runs: int | None = None
    quoted: str = ""
    doubt: str = ""


def places(entry: Mapping[str, Any]) -> list[tuple[str | None, str | None]]:
    """(row, column) of each place that an entry of `skips`, or a remark on printed numbers, names: one or several of
    each; None for all of them."""
    rows, columns = (
        [None] if key is None else [key] if isinstance(key, str) else list(key)
        for key in (entry.get("row"), entry.get("column"))
    )
    return [(row, column) for row in rows for column in columns]


def printed(table: Tree) -> dict[tuple[str, str], Printed]:
    """Each printed number of a table by its row and column; a quoted one has the spread of its source."""
    declared = table.get("published") or {}
    common = declared.get("spread") or {}
    quoted = {place: entry for entry in declared.get("quoted", []) for place in places(entry)}
    doubts = {place: entry["reason"] for entry in declared.get("doubtful", []) for place in places(entry)}
    found = {}
    for row, values in declared.get("values", {}).items():
        for column, number in values.items():
            of = quoted.get((row, column)) or quoted.get((row, None)) or {}
            spread = of.get("spread", common)
            found[row, column] = Printed(
                number[0],
                number[1] if len(number) > 1 else None,
                spread.get("kind", "std"),
                spread.get("n"),
                of.get("from", ""),
                doubts.get((row, column), ""),
            )
    return found


def perhaps_shares(table: Tree) -> list[str]:
    """A line of caution for each number that may be a share among percents: below 1, and with more decimals than those
    above 1 have, since papers print all numbers of a table alike. A method that fails may well have 0.24 percent.

    Numbers that the table calls doubtful are left alone.
    """
    if table.get("kind", "accuracy") != "accuracy":
        return []
    numbers = printed(table)
    most = max((_decimals(number.mean) for number in numbers.values() if number.mean > 1), default=None)
    return [
        f"published {number.mean:g} ({row}, {column}) has more decimals than any number above 1; if it is a share, "
        f"write {100 * number.mean:g}, and its spread in percent"
        for (row, column), number in numbers.items()
        if most is not None and 0 < number.mean < 1 and _decimals(number.mean) > most and not number.doubt
    ]


def _decimals(number: float) -> int:
    exponent = Decimal(str(number)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def check_printed(table: Tree, rows: Tree, columns: Tree, where: str) -> None:
    """UserError for numbers of rows and columns that there are not, for remarks on numbers that are not printed,
    and for shares in place of percent."""
    declared = table.get("published") or {}
    values = declared.get("values", {})
    means = [number[0] for numbers in values.values() for number in numbers.values()]
    if means and 0 < max(means) <= 1:
        raise UserError(
            f"{where}: published: numbers are percent, and none of these is above 1; {max(means):g} would be "
            f"{100 * max(means):g}, spreads as well"
        )
    for row, numbers in values.items():
        choose(row, rows, "row", f"{where}: published")
        for column in numbers:
            choose(column, columns, "column", f"{where}: published, {row}")
    for name in ("quoted", "doubtful"):
        seen: set[tuple[str, str]] = set()
        for entry in declared.get(name, []):
            for row, column in places(entry):
                assert row is not None  # the schema requires it
                choose(row, values, "printed row", f"{where}: {name}")
                if column is not None:
                    choose(column, values[row], f"printed column at {row}", f"{where}: {name}")
                here = {(row, each) for each in ([column] if column else values[row])}
                if here & seen:
                    raise UserError(f"{where}: {name}: two entries name {row}, {min(here & seen)[1]}")
                seen |= here
