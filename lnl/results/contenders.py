"""What names after `lnl compare` mean: rows or columns of a table, methods, or cells; of here, or as committed.

The first is held against each of the others. `<name>@committed` are the records under docs/reproduction.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lnl.declared import paths
from lnl.declared.cells import Cell, Slot
from lnl.declared.dependencies import parted
from lnl.errors import Unknown, UserError, choose, nearest
from lnl.results import briefly
from lnl.results.committed import Elsewhere, at_hand
from lnl.results.comparing import Comparison, Pair, Side, compare
from lnl.results.records import RunState, collect, state_of, unmixed
from lnl.results.statistics import STATISTICS

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

COMMITTED = "@committed"
Problem = tuple[str, ...]  # (row, or column) of a table, or (protocol, data set, noise)


@dataclass(frozen=True)
class Contender:
    """One of the names: what it is called, and whether its records are the committed ones."""

    word: str
    name: str
    committed: bool

    @classmethod
    def of(cls, word: str) -> Contender:
        name = word.removesuffix(COMMITTED)
        if not name:
            raise UserError(f"'{word}' names nothing to compare; write for example coteaching{COMMITTED}")
        return cls(word, name, word.endswith(COMMITTED))


def compared(suite: Suite, words: Sequence[str], table: str | None, statistic: str | None) -> list[Comparison]:
    """What `lnl compare` compares. statistic: default that of the table, else last10_mean. UserErrors as of `pairs`."""
    usual = suite.declaration(table).get("statistic") if table in suite.artefacts else None
    chosen = statistic if statistic is not None else usual or "last10_mean"
    choose(chosen, dict.fromkeys(STATISTICS), "statistic", "compare")
    with suite.layers.explained(), at_hand(suite.root.resolve()) as elsewhere:
        return compare(pairs(suite, words, table, elsewhere), chosen)


def pairs(suite: Suite, words: Sequence[str], table: str | None, elsewhere: Elsewhere) -> list[Pair]:
    """The first contender beside each of the others, problem by problem, in the order in which they are declared.

    elsewhere: in which the committed records are the results (`committed.at_hand`). UserError for fewer than two names,
    one named twice, one that is unknown, and where nothing is there to compare.
    """
    contenders = [Contender.of(word) for word in words]
    if len(contenders) < 2:
        raise UserError("give two names at least: the first is held against each of the others")
    twice = [word for word in words if list(words).count(word) > 1]
    if twice:
        raise UserError(f"'{twice[0]}' is named twice; name each once")
    if table is not None:
        sides = _of_table(suite, contenders, table, elsewhere)
    else:
        sides = _by_hand(suite, contenders, elsewhere)
    first, *others = sides
    out: list[Pair] = []
    for word, other in zip(words[1:], others, strict=True):
        common = [Pair(first[at], other[at], at[0] if table is not None else "") for at in first if at in other]
        if not common:
            raise UserError(
                f"{words[0]} and {word} have no protocol, data set and noise in common; `lnl export` lists runs"
            )
        out += common
    if not any(side.results for pair in out for side in (pair.a, pair.b)):
        there = f"`lnl status {table}` says what is there" if table else f"`lnl train {out[0].a.cell}` makes one"
        raise UserError(
            f"no run of {', '.join(words)} that counts at scale {suite.scale}; {there}, --scale names another"
        )
    return out


# ---- rows or columns of a table ------------------------------------------------------------------------------------


def _of_table(
    suite: Suite, contenders: Sequence[Contender], table: str, elsewhere: Elsewhere
) -> list[dict[Problem, Side]]:
    kinds = {key: 0 for key in suite.artefacts if suite.artefacts[key] != "claims" and suite.slots(key)}
    choose(table, kinds, "table, or figure of curves,", "compare")
    slots = suite.slots(table)
    axes = {"rows": {slot.row: 0 for slot in slots}, "columns": {slot.column: 0 for slot in slots}}
    axis = next((axis for axis, keys in axes.items() if all(each.name in keys for each in contenders)), None)
    if axis is None:
        known = [*axes["rows"], *axes["columns"]]
        unknown = next((each.name for each in contenders if each.name not in known), None)
        if unknown is not None:
            raise UserError(f"{suite.source(table)}: no row or column '{unknown}'{nearest(unknown, known)}")
        raise UserError(
            f"{suite.source(table)}: name rows only, or columns only; the rows are {', '.join(axes['rows'])}"
        )
    out: list[dict[Problem, Side]] = []
    for each in contenders:
        mine = [slot for slot in slots if (slot.row if axis == "rows" else slot.column) == each.name]
        with _where(each, elsewhere):
            found = [(slot, gathered) for slot, gathered in zip(mine, collect(suite, mine), strict=True) if slot.cell]
        out.append({(_other(slot, axis),): Side(each.word, slot.cell.id, g.runs) for slot, g in found if slot.cell})
    return out


def _other(slot: Slot, axis: str) -> str:
    return slot.column if axis == "rows" else slot.row


def _where(each: Contender, elsewhere: Elsewhere) -> AbstractContextManager[object]:
    return elsewhere() if each.committed else nullcontext()


# ---- methods and cells ---------------------------------------------------------------------------------------------


def _by_hand(suite: Suite, contenders: Sequence[Contender], elsewhere: Elsewhere) -> list[dict[Problem, Side]]:
    """Of cells, one problem; of methods, every problem that has a record."""
    cells = ["/" in each.name for each in contenders]
    if any(cells) and not all(cells):
        raise UserError("name cells (protocol/dataset/noise/method) only, or methods only")
    out: list[dict[Problem, Side]] = []
    for each in contenders:
        cell = suite.parse(each.name) if any(cells) else None
        with _where(each, elsewhere):
            there = _there(suite)
            if cell is not None:
                out.append({(): _side(suite, each, cell, there.get(cell, []))})
                continue
            mine = {cell: seeds for cell, seeds in there.items() if cell.method == each.name}
            if not mine:
                _refuse(suite, each, [cell.method for cell in there])
            out.append({(c.protocol, c.dataset, c.noise): _side(suite, each, c, seeds) for c, seeds in mine.items()})
    return out


def _there(suite: Suite) -> dict[Cell, list[int]]:
    found: dict[Cell, list[int]] = {}
    asked = None if suite.config["seeds"] is None else suite.seeds(None)
    for place in briefly.listed(suite.scale):
        if isinstance(place, briefly.Place) and place.seed is not None and (asked is None or place.seed in asked):
            found.setdefault(place.cell, []).append(place.seed)
    return found


def _side(suite: Suite, each: Contender, cell: Cell, seeds: Sequence[int]) -> Side:
    return Side(each.word, cell.id, unmixed(tuple(_state(suite, cell, seed) for seed in sorted(seeds))))


def _state(suite: Suite, cell: Cell, seed: int) -> RunState:
    try:
        return state_of(suite, cell, seed)
    except UserError as error:  # of what is not declared any more; it takes nothing from the others
        return RunState(cell, seed, "stale", reason=str(error))


def _refuse(suite: Suite, each: Contender, there: Sequence[str]) -> None:
    """UserError for a method without records, or a name that is none."""
    folder = "docs/reproduction" if each.committed else paths.results()
    method, _ = parted(suite, each.name)
    if method in suite.methods:
        raise UserError(f"no record of {each.name} of scale {suite.scale} below {folder}{nearest(each.name, there)}")
    raise Unknown("", "method or variant", each.name, nearest(each.name, {*there, *suite.methods}))
