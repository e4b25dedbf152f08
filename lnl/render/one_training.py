"""Places of a table or figure that are one and the same training at the scale shown, in a line for its notes.

Stand-ins, and values that a scale has for all variants, let rows, columns or curves fall together that a paper has
apart: they show one number several times, which looks like agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lnl.declared import reductions

if TYPE_CHECKING:
    from lnl.declared.cells import Slot
    from lnl.declared.suite import Suite

MOST = 8  # parts of the line, which is no list
ROWS, COLUMNS = 0, 1  # of a place

#: Keys of row and column.
Place = tuple[str, str]


def said(suite: Suite, key: str, slots: Sequence[Slot]) -> str:
    """`At this scale one training stands for several: rows A = B; columns x = y.`, or '' where each place has its own.

    Left out are places that are equal as they are declared, and so at every scale. What rows and columns are in a
    figure, panels or points or curves, its draw() decides, so that a figure's are named alone.
    """
    groups = _groups(suite, key, slots)
    if not groups:
        return ""
    labels = {s.row: s.row_label for s in slots}, {s.column: s.column_label for s in slots}
    filled = [(s.row, s.column) for s in slots if s.cell is not None]
    tabular = key in suite.tables
    parts = [
        *_along(ROWS, "rows " * tabular, groups, filled, labels),
        *_along(COLUMNS, "columns " * tabular, groups, filled, labels),
        *_across(groups, labels),
    ]
    more = [f"and {len(parts) - MOST} more"] if len(parts) > MOST else []
    return f"At this scale one training stands for several: {'; '.join([*parts[:MOST], *more])}."


def _groups(suite: Suite, key: str, slots: Sequence[Slot]) -> list[list[Place]]:
    """Places of one training each, two at least, that are not all one training as they are declared."""
    trained: dict[tuple[str, str], list[Slot]] = {}
    for slot in slots:
        if slot.cell is not None:
            trained.setdefault((slot.cell.protocol, suite.digest(slot.cell)), []).append(slot)
    several = [group for group in trained.values() if len(group) > 1]
    return [[(s.row, s.column) for s in group] for group in several if _declared_apart(suite, key, group)]


def _declared_apart(suite: Suite, key: str, slots: Iterable[Slot]) -> bool:
    found = [reductions.in_print(suite, suite.declared_at(key, slot.row, slot.column)) for slot in slots]
    return any(each != found[0] for each in found)


def _along(
    axis: int, name: str, groups: list[list[Place]], filled: list[Place], labels: Sequence[dict[str, str]]
) -> list[str]:
    """`rows A = B; C = D (x, y)`: which rows are one training, and where not in all columns that they fill, in which.
    The same of columns."""
    other = 1 - axis
    alike: dict[tuple[str, ...], list[str]] = {}  # keys of rows: the columns in which these are one training
    for group in groups:
        for crossing in dict.fromkeys(place[other] for place in group):
            keys = tuple(place[axis] for place in group if place[other] == crossing)
            if len(keys) > 1:
                alike.setdefault(keys, []).append(crossing)
    parts: list[str] = []
    for keys, crossings in alike.items():
        every = dict.fromkeys(place[other] for place in filled if place[axis] in keys)
        part = " = ".join(labels[axis][key] for key in keys)
        if len(crossings) < len(every):
            part += f" ({', '.join(labels[other][key] for key in crossings)})"
        parts.append(part if parts else name + part)
    return parts


def _across(groups: list[list[Place]], labels: Sequence[dict[str, str]]) -> list[str]:
    """`A, x = B, y`: places of one training that no row and no column joins, one of each part that is joined."""
    parts = []
    for group in groups:
        apart: list[list[Place]] = []
        for place in group:
            joined = [part for part in apart if any(place[axis] == p[axis] for p in part for axis in (ROWS, COLUMNS))]
            apart = [part for part in apart if part not in joined] + [[*(p for part in joined for p in part), place]]
        if len(apart) > 1:
            parts.append(" = ".join(", ".join((labels[ROWS][p[0][0]], labels[COLUMNS][p[0][1]])) for p in apart))
    return parts
