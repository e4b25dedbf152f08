"""Blocks about how repeats are distributed, and whether a printed mean may be one of theirs."""

from __future__ import annotations

import statistics

from lnl.errors import UserError
from lnl.render import markdown
from lnl.render.document import Cell, Grid, number
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.numbers import labels_of, with_spread
from lnl.render.pages.places import places, suite_of
from lnl.results.chance import chance_of_mean

PRINTED_RUNS = 5  # of a printed mean, where a block does not say: what papers of this field usually state
ROUNDING = 0.005  # a printed number stands for whatever rounds to its two decimals
MOST = 10  # runs of a mean: every sample of so many is counted


def distribution(mark: Mark, kept: Committed) -> str:
    """`distribution KEY printed=KEY:ROW:COLUMN`: a line for each cell, its repeats from lowest to highest.

    How many of them reach the printed number, and the chance that a mean of mean_of=5 repeats does.
    """
    runs = mark.number("mean_of")
    runs = PRINTED_RUNS if runs is None else runs
    if not 1 <= runs <= MOST:
        raise UserError(f"mean_of={runs}: between 1 and {MOST} repeats")
    least = printed(mark, kept)
    reach = least - ROUNDING
    chosen = [place for place in places(mark, kept) if place.done]
    labels, rows = labels_of(mark, chosen), []
    for place in chosen:
        values = sorted(place.values("statistic").values())
        chance = chance_of_mean(values, reach, runs)
        texts = [
            *labels(place),
            with_spread(place),
            number(statistics.median(values)),
            ", ".join(map(number, values)),
            f"{sum(value >= reach for value in values)} of {len(values)}",
            percent(chance.resampled) if chance else "too few",
            percent(chance.student) if chance else "too few",
        ]
        rows.append(("", tuple(map(Cell, texts))))
    mean = f"a mean of {runs} reaches it"
    heads = (
        *[""] * len(labels(chosen[0])),
        "mean",
        "median",
        "repeats, sorted",
        f"reach {number(least)}",
        f"{mean}: resampled",
        f"{mean}: normal",
    )
    return markdown.table(Grid(heads, tuple(rows)))


def percent(share: float) -> str:
    """0.0312 -> 3%; under one in a hundred, to the first figure that is not 0; none at all: 0."""
    if share == 0:
        return "0"
    return f"{100 * share:.0f}%" if share >= 0.01 else f"{100 * share:.1g}%" if share >= 1e-5 else "< 0.001%"


def printed(mark: Mark, kept: Committed) -> float:
    """The published mean that printed=KEY:ROW:COLUMN names; UserError where a table prints none there."""
    words = tuple(mark.options.get("printed", "").split(":"))
    if len(words) != 3:
        raise UserError("printed=… is missing: name a table, its row and its column, as in printed=KEY:ROW:COLUMN")
    suite, (key, row, column) = suite_of(mark, kept), words
    if key not in suite.tables:
        raise UserError(f"'{key}' is no table")
    for slot in suite.slots(key):
        if (slot.row, slot.column) == (row, column) and slot.published is not None:
            return slot.published.mean
    raise UserError(f"{key} prints no number in row '{row}', column '{column}'")
