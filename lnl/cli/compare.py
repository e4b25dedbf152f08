"""`lnl compare`: paired differences between methods, on the terminal and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from lnl.cli.common import named
from lnl.cli.tables import Listing, line
from lnl.declared.suite import Suite
from lnl.files import replacing
from lnl.render.claims import p_text
from lnl.render.document import signed
from lnl.results.comparing import COLUMNS, Comparison
from lnl.results.contenders import compared
from lnl.results.statistics import FEWEST, STATISTICS

LESS = [("first", "second"), ("p",)]  # columns that a narrow terminal does without: a verdict is by p Holm
STYLES = {"higher": "green", "lower": "red"}
ASSUMED = (
    "n pairs are repeats of one seed: of one network they share initial weights and order, and given labels unless a "
    "line above says otherwise. The interval (95%) and p "
    "(two-sided) are Student's t of their differences, which are taken as independent and normal; where all repeats "
    "share one vector of labels, what is found holds for that vector. p Holm: adjusted for the number of p here, {n}; "
    f"higher or lower: at most 0.05. Fewer than {FEWEST} pairs have no p."
)


def command(suite: Suite, words: list[str], table: str | None, statistic: str | None, file: Path | None) -> None:
    """Print a table for each name that the first is held against, and write all of them to `file`."""
    comparisons = compared(suite, words, table, statistic)
    for word in words[1:]:
        shown = [each for each in comparisons if each.pair.b.name == word]
        protocols = len({each.row()["protocol"] for each in shown})
        _table(words[0], word, shown, protocols).show()
        for each in shown:
            if each.note:
                line(f"{_problem(each, protocols)}: {each.note}")
        print()
    said = STATISTICS[comparisons[0].statistic]
    line(f"Scale {suite.scale}, test accuracy (%): {said}; differences in points.")
    line(_assumed(comparisons))
    if file is not None:
        written(file, comparisons)
        print(f"{file}: {len(comparisons)} comparisons")


def written(file: Path, comparisons: Sequence[Comparison]) -> None:
    """Write comparisons as CSV, a line each."""
    with named(file), replacing(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(each.row() for each in comparisons)


def _problem(each: Comparison, protocols: int) -> str:
    """Data set and noise, or what the table calls them; the protocol before them where there are several."""
    row = each.row()
    return each.pair.row or " ".join([row["protocol"]] * (protocols > 1) + [row["dataset"], row["noise"]])


def _table(a: str, b: str, shown: Sequence[Comparison], protocols: int) -> Listing:
    numbers = ("n", "first", "second", "points", "95% interval", "p", "p Holm")
    problem = "" if shown[0].pair.row else "data set, noise"
    out = Listing(f"{a} minus {b}", (problem, *numbers, ""), (problem, ""), LESS)
    for each in shown:
        interval = "" if each.low is None or each.high is None else f"{signed(each.low)} to {signed(each.high)}"
        out.add(
            _problem(each, protocols),
            str(len(each.seeds)),
            _percent(each.mean_a),
            _percent(each.mean_b),
            signed(each.difference),
            interval,
            p_text(each.p),
            p_text(each.p_holm),
            Text(each.word, STYLES.get(each.word, "")),
        )
    return out


def _assumed(comparisons: Sequence[Comparison]) -> str:
    return ASSUMED.replace("{n}", str(sum(each.p is not None for each in comparisons)))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
