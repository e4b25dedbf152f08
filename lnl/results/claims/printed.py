"""A document's printed numbers against its own sentence: no run, no p, just what the tables say."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lnl.declared.claim_printed import named, named_columns
from lnl.declared.printed import printed
from lnl.errors import UserError, choose, nearest
from lnl.results.claims.outcome import Outcome

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


@dataclass(frozen=True)
class Comparison:
    """One comparison of numbers: what, the number that decides, and whether the sentence fits it.

    `counts`: else it is shown beside the claim only. `outcome`: of a test with repeats, where there is one.
    """

    label: str
    effect: float
    fits: bool
    counts: bool = True
    outcome: Outcome | None = None


@dataclass(frozen=True)
class _Printed:
    row: str
    column: str
    mean: float
    spread: float | None


def comparisons(suite: Suite, test: Mapping[str, Any], source: str) -> list[Comparison]:
    """Every comparison of one declared `printed` entry; UserError for a table, row or column that prints nothing."""
    at = {**test["a"], **named_columns(test)}
    a = _select(suite, at, {}, source)
    b = _select(suite, test["b"], at, source) if "b" in test else []
    return _KINDS[test["kind"]](test, a, b)


def published(suite: Suite, table: str, row: str, column: str) -> tuple[float, float | None, int | None] | None:
    """Mean, standard deviation and number of runs as printed (None: not printed); None where no mean is printed."""
    from lnl.results.statistics import published_std

    found = printed(suite.tables.get(table, {})).get((row, column))
    return None if found is None else (found.mean, published_std(found.spread, found.kind, found.runs), found.runs)


def _select(suite: Suite, wanted: Mapping[str, Any], defaults: Mapping[str, Any], source: str) -> list[_Printed]:
    """Printed numbers of every row x column named; `all`: the whole axis; what is left out comes from `defaults`."""
    at = {**defaults, **wanted}
    table = choose(at["table"], suite.tables, "table", source)
    values: dict[str, dict[str, Any]] = (table.get("published") or {}).get("values") or {}
    every = dict.fromkeys(column for row in values.values() for column in row)
    found = []
    for row, column in itertools.product(named(at["row"], values), named(at["column"], every)):
        for word, known, what in ((row, values, "row"), (column, values.get(row, {}), "column")):
            if word not in known:
                raise UserError(f"{source}: table {at['table']} prints no {what} '{word}'{nearest(word, known)}")
        number = values[row][column]
        found.append(_Printed(row, column, float(number[0]), number[1] if len(number) > 1 else None))
    return found


def _greater(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    """Each a above every b of the same row (or column: `match: column`)."""
    axis, margin = test.get("match", "row"), float(test.get("margin", 0))
    pairs = [(x, y) for x, y in itertools.product(a, b) if getattr(x, axis) == getattr(y, axis) and x != y]
    out = []
    for x, y in pairs:
        label = f"{x.column}: {x.row} above {y.row}" if axis == "column" else f"{x.row}: {x.column} above {y.column}"
        out.append(Comparison(label, x.mean - y.mean, x.mean - y.mean > margin))
    return out


def _below(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    limit = float(test["threshold"])
    return [Comparison(f"{x.column} at {x.row} below {limit:g}", x.mean, x.mean < limit) for x in a]


def _between(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    """`reference` minus a, between `low` and `high`."""
    reference, low, high = float(test["reference"]), float(test["low"]), float(test["high"])
    return [
        Comparison(
            f"{x.column} at {x.row}: points below {reference:g}", reference - x.mean, low <= reference - x.mean <= high
        )
        for x in a
    ]


def _inter(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    """The lead of a over each b at every `harder` column against its lead over the same b at the `easier` one."""
    leads = {(x.row, y.row, x.column): x.mean - y.mean for x, y in itertools.product(a, b) if x.column == y.column}
    out = []
    for (row, other, column), lead in leads.items():
        if column in named(test["harder"], ()):
            more = lead - leads[row, other, test["easier"]]
            label = f"lead of {row} over {other} at {column} above that at {test['easier']}"
            out.append(Comparison(label, more, more > 0))
    return out


def _range(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    means = [x.mean for x in a]
    spread = max(means) - min(means)
    return [Comparison(f"{test['label']}: range over {len(a)} cells", spread, spread < float(test["below"]))]


def _best(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    behind = max(x.mean for x in b) - a[0].mean
    return [Comparison(f"{test['label']}: points behind the best of {len(b)}", behind, behind < float(test["margin"]))]


def _same(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    """The two numbers differ by no more than one of their printed spreads."""
    apart = abs(a[0].mean - b[0].mean)
    allowed = max(x.spread or 0.0 for x in (a[0], b[0]))
    label = f"{test['label']}: {a[0].mean:.2f} and {b[0].mean:.2f}, apart"
    return [Comparison(label, apart, round(apart, 6) <= allowed)]


def _varied(test: Mapping[str, Any], a: list[_Printed], b: list[_Printed]) -> list[Comparison]:
    """Printed spread of a above that of b."""
    return [
        Comparison(
            f"{x.row}: spread of {x.column} above {y.column}",
            (x.spread or 0) - (y.spread or 0),
            (x.spread or 0) > (y.spread or 0),
        )
        for x, y in itertools.product(a, b)
        if x.row == y.row
    ]


_KINDS = {
    "GT": _greater,
    "BELOW": _below,
    "BETWEEN": _between,
    "INTER": _inter,
    "RANGE": _range,
    "BEST": _best,
    "SAME": _same,
    "VAR": _varied,
}
