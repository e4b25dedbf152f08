"""Blocks of numbers of runs: a table as printed, a line of statistics for each cell, differences, a single value."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from lnl.errors import UserError
from lnl.render import markdown
from lnl.render.accuracy import accuracy
from lnl.render.compare import lines
from lnl.render.document import Cell, Grid, interval, minus, number, plus_minus
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import Place, places, suite_of, told
from lnl.results import quantities
from lnl.results.statistics import Difference, difference


def as_printed(mark: Mark, kept: Committed) -> str:
    """`table KEY`: its grid as printed, measured beside published, without rows and columns that have no run.

    show=lines: every place in a line of its own, with its verdict.
    """
    suite, key = suite_of(mark, kept), mark.words[0]
    chosen = places(mark, kept)
    if key not in suite.tables or suite.tables[key].get("kind", "accuracy") != "accuracy":
        raise UserError(f"'{key}' is no table of accuracies")
    shown = mark.options.get("show", "grid")
    if shown not in ("grid", "lines"):
        raise UserError(f"show={shown} is neither grid nor lines")
    run = [place for place in chosen if place.done]
    rows, columns = {place.slot.row for place in run}, {place.slot.column for place in run}
    by_place = {(line.slot.row, line.slot.column): line for line in lines(suite, key)}
    listed = [by_place[place.at] for place in chosen if place.slot.row in rows and place.slot.column in columns]
    return markdown.table(accuracy(suite, key, listed).grids[0 if shown == "grid" else 1])


def statistics_of(mark: Mark, kept: Committed) -> str:
    """`statistics KEY …`: a line for each cell that has run; numbers=… names the columns."""
    chosen = [place for place in places(mark, kept) if place.done]
    asked = mark.listed("numbers") or ("repeats", "statistic")
    labels = labels_of(mark, chosen)
    rows = [("", tuple(map(Cell, (*labels(place), *(_shown(place, name) for name in asked))))) for place in chosen]
    axes = ("",) * len(labels(chosen[0]))
    return markdown.table(Grid((*axes, *(_heading(chosen, name) for name in asked)), tuple(rows)))


def labels_of(mark: Mark, chosen: list[Place]) -> Callable[[Place], list[str]]:
    """What names a place among those chosen: its row, its column, or both where the block's one table varies both."""
    one_column = len({place.slot.column for place in chosen}) == 1 and len(mark.words) == 1
    one_row = len({place.slot.row for place in chosen}) == 1 and len(mark.words) == 1 and not one_column
    return lambda place: [
        *([] if one_row else [place.slot.row_label]),
        *([] if one_column else [place.slot.column_label]),
    ]


def _heading(chosen: list[Place], name: str) -> str:
    if name == "statistic":
        known = {"last10_mean": "last ten epochs", "last10_mean_file": "last ten epochs"}
        return " / ".join(dict.fromkeys(known.get(place.statistic, place.statistic) for place in chosen))
    return OWN[name][0] if name in OWN else quantities.words(name)


def _shown(place: Place, name: str) -> str:
    if name in OWN:
        return OWN[name][1](place)
    values = list(place.values(name).values())
    if not values:
        return ""
    if name.partition("@")[2] == "peak_epoch" or name == "peak_epoch":
        return f"{statistics.median(values):.0f}"
    if name == "statistic":
        return with_spread(place)
    return told(minus(statistics.fmean(values)), place.remarks(name))


def with_spread(place: Place) -> str:
    """Mean of a place's statistic in percent ± its spread (repeats), and what has to be said of it."""
    values = list(place.values("statistic").values())
    return told(
        plus_minus(statistics.fmean(values), spread(values, place.ddof), len(values)), place.remarks("statistic")
    )


def spread(values: list[float], ddof: int = 1) -> float | None:
    """Standard deviation over repeats; None for fewer than two."""
    if len(values) <= ddof:
        return None
    mean = statistics.fmean(values)
    return float((sum((v - mean) ** 2 for v in values) / (len(values) - ddof)) ** 0.5)


def _each(place: Place) -> str:
    values = ", ".join(map(number, place.values("statistic").values()))
    return told(values, place.remarks("statistic")) if values else ""


def _peak(place: Place) -> str:
    heights, epochs = list(place.values("peak").values()), list(place.values("peak_epoch").values())
    return f"{number(statistics.fmean(heights))} (epoch {statistics.median(epochs):.0f})" if heights else ""


def _chosen(place: Place) -> str:
    found = [record["result"].get("searched") or {} for record in place.runs.records()]
    values = [str(each["value"]) for each in found if "value" in each]
    rounds = [f"round {each['round']}, candidate {each['candidate']}" for each in found if "candidate" in each]
    return ", ".join(dict.fromkeys(values or rounds))


def _seconds(place: Place) -> str:
    spent = [record["provenance"]["seconds"] for record in place.runs.records() if "seconds" in record["provenance"]]
    return f"{statistics.median(spent):.0f}" if spent else ""


#: columns that are no mean of a number over repeats: name -> (heading, text of a place)
OWN: dict[str, tuple[str, Callable[[Place], str]]] = {
    "repeats": ("repeats", lambda place: f"{place.done} of {len(place.runs.runs)}"),
    "each": ("each repeat", _each),
    "peak": ("peak (median epoch)", _peak),
    "chosen": ("chosen", _chosen),
    "seconds": ("seconds a run (median)", _seconds),
}


def differences(mark: Mark, kept: Committed) -> str:
    """`differences KEY …`: over pairs of repeats, with 95% intervals; of=… another number than the table's own.

    pairs=a:b,…: of these rows or columns, one beside the other; without: of what the artefact declares `against`.
    """
    chosen = {place.at: place for place in places(mark, kept)}
    of = mark.options.get("of", "statistic")
    asked = [tuple(pair.split(":")) for pair in mark.listed("pairs")]
    if any(len(pair) != 2 for pair in asked):
        raise UserError(f"pairs={mark.options['pairs']}: write the first of each pair, a colon, and the second")
    return _asked(chosen, asked, of) if asked else _declared(chosen, of)


def _asked(chosen: dict[tuple[str, str], Place], asked: list[tuple[str, ...]], of: str) -> str:
    """What the pairs do not vary stands in rows, the pairs in columns."""
    heads: dict[str, None] = {}
    found: dict[str, dict[str, str]] = {}
    for first, second in asked:
        for place in chosen.values():
            at = beside(chosen, place.at, second) if first in place.at else None
            if at is None:
                continue
            other = chosen[at]
            by_column = at[0] == place.slot.row
            row = place.slot.row_label if by_column else place.slot.column_label
            ours, theirs = (p.slot.column_label if by_column else p.slot.row_label for p in (place, other))
            head = f"{ours} − {theirs}"
            heads[head] = None
            gap = pairwise(difference(place.values(of), other.values(of)))
            found.setdefault(row, {})[head] = told(gap, of_both(place, other, of)) if gap else ""
    if not found:
        raise UserError(f"pairs={','.join(map(':'.join, asked))}: no rows or columns of these keys")
    shown = {row: cells for row, cells in found.items() if any(cells.values())}
    rows = [("", (Cell(row), *(Cell(cells.get(head, "")) for head in heads))) for row, cells in shown.items()]
    return markdown.table(Grid(("", *heads), tuple(rows)))


def beside(chosen: dict[tuple[str, str], Place], at: tuple[str, str], other: str) -> tuple[str, str] | None:
    """The place in another column (or row) of this key, all else equal; None where there is none."""
    return next((each for each in ((at[0], other), (other, at[1])) if each in chosen and each != at), None)


def of_both(first: Place, second: Place, of: str) -> list[str]:
    """What has to be said of a difference over pairs of repeats: of both sides together, or of each by its name."""
    seeds = first.values(of).keys() & second.values(of).keys()
    ours, theirs = first.remarks(of, seeds), second.remarks(of, seeds)
    if ours == theirs:
        return ours
    by_column = first.slot.row == second.slot.row
    names = [place.slot.column_label if by_column else place.slot.row_label for place in (first, second)]
    return [f"{name}: {remark}" for name, said in zip(names, (ours, theirs), strict=True) for remark in said]


def pairwise(found: Difference | None) -> str:
    """+0.31 (−0.02 to 0.64), 5 pairs."""
    if found is None:
        return ""
    return interval(found) + (f", {found.pairs} pairs" if found.pairs > 1 else "")


def _declared(chosen: dict[tuple[str, str], Place], of: str) -> str:
    """Every place that is declared to be held against another and has a repeat in common with it."""
    rows = []
    single = len({column for _, column in chosen}) == 1
    for place in chosen.values():
        other = chosen.get(place.slot.against) if place.slot.against else None
        if other is None or not (found := difference(place.values(of), other.values(of))):
            continue
        texts = [place.slot.row_label, *([] if single else [place.slot.column_label])]
        texts.append(other.slot.row_label if other.slot.row != place.slot.row else other.slot.column_label)
        texts += [", ".join(map(number, p.values(of).values())) for p in (other, place)]
        texts.append(told(pairwise(found), of_both(place, other, of)))
        rows.append(("", tuple(map(Cell, texts))))
    if not rows:
        raise UserError("nothing that is held against another (`against`) has a repeat in common with it")
    heads = ("", *([] if single else [""]), "held against", "its repeats", "repeats", "difference")
    return markdown.table(Grid(heads, tuple(rows)))


def value(mark: Mark, kept: Committed) -> str:
    """`value KEY ROW COLUMN`, within a line: the mean over repeats of the table's number, or of another (of=…).

    minus=KEY: the mean difference from that row or column over pairs, which take the repeats' place. show=spread: with
    spread and repeats; interval: a difference with its 95% interval; each: every repeat; repeats: how many. digits=1:
    as many decimals.
    """
    key, row, column = mark.words
    chosen = {place.at: place for place in places(mark, kept, [key])}
    if (row, column) not in chosen:
        raise UserError(f"{key} has no row '{row}' with column '{column}'")
    place, of = chosen[row, column], mark.options.get("of", "statistic")
    values, shown, remarks = place.values(of), mark.options.get("show", "mean"), place.remarks(of)
    digits = 2 if mark.number("digits") is None else int(mark.options["digits"])
    if not values:
        raise UserError(f"no committed run of row '{row}', column '{column}' has this number")
    gap = None
    if "minus" in mark.options:
        at = beside(chosen, place.at, mark.options["minus"])
        theirs = chosen[at].values(of) if at else {}
        gap = difference(values, theirs)
        if at is None or gap is None:
            raise UserError(f"nothing to subtract: no repeat in common with '{mark.options['minus']}'")
        remarks = of_both(place, chosen[at], of)
        values = {seed: own - theirs[seed] for seed, own in values.items() if seed in theirs}
    mean = statistics.fmean(values.values())
    texts: dict[str, Callable[[], str]] = {
        "mean": lambda: number(mean, digits),
        "spread": lambda: plus_minus(mean, spread(list(values.values()), place.ddof), len(values)),
        "each": lambda: ", ".join(number(each, digits) for each in values.values()),
        "interval": lambda: pairwise(gap),
        "repeats": lambda: str(len(values)),
    }
    if shown not in texts or (shown == "interval" and gap is None):
        raise UserError(f"show={shown} is none of {', '.join(texts)}, or has no `minus` to go with")
    return told(texts[shown]().replace("-", "−"), remarks if shown != "repeats" else [])
