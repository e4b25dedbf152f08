"""`lnl compare`: paired differences between methods, on the terminal and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lnl.cli.common import named
from lnl.declared.suite import Suite
from lnl.files import replacing
from lnl.render.claims import p_text
from lnl.render.document import signed
from lnl.results.comparing import COLUMNS, Comparison
from lnl.results.contenders import compared
from lnl.results.statistics import FEWEST, STATISTICS

ROOMY = 100  # columns of a terminal that has room for the means of both sides
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
    console = Console()
    for word in words[1:]:
        shown = [each for each in comparisons if each.pair.b.name == word]
        console.print(_table(words[0], word, shown, means=console.width >= ROOMY))
        for each in shown:
            if each.note:
                console.print(Text(f"{_problem(each)}: {each.note}"))
        console.print()
    said = STATISTICS[comparisons[0].statistic]
    console.print(Text(f"Scale {suite.scale}, test accuracy (%): {said}; differences in points."))
    console.print(Text(_assumed(comparisons)))
    if file is not None:
        written(file, comparisons)
        console.print(Text(f"{file}: {len(comparisons)} comparisons"), soft_wrap=True)


def written(file: Path, comparisons: Sequence[Comparison]) -> None:
    """Write comparisons as CSV, a line each."""
    with named(file), replacing(file) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(each.row() for each in comparisons)


def _problem(each: Comparison, protocols: int = 1) -> str:
    """Data set and noise, or what the table calls them; the protocol before them where there are several."""
    row = each.row()
    return each.pair.row or " ".join([row["protocol"]] * (protocols > 1) + [row["dataset"], row["noise"]])


def _table(a: str, b: str, shown: Sequence[Comparison], means: bool) -> Table:
    """means: whether there is room for those of both sides."""
    out = Table(title=f"{a} minus {b}", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    protocols = len({each.row()["protocol"] for each in shown})
    out.add_column("" if shown[0].pair.row else "data set, noise", overflow="fold")
    for name in ("n", *(("first", "second") if means else ()), "points", "95% interval", "p", "p Holm"):
        out.add_column(name, justify="right", no_wrap=True)
    out.add_column("", no_wrap=True)
    for each in shown:
        numbers = [_percent(each.mean_a), _percent(each.mean_b)] if means else []
        interval = "" if each.low is None or each.high is None else f"{signed(each.low)} to {signed(each.high)}"
        numbers += [signed(each.difference), interval, p_text(each.p), p_text(each.p_holm)]
        word = Text(each.word, STYLES.get(each.word, ""))
        out.add_row(_problem(each, protocols), str(len(each.seeds)), *numbers, word)
    return out


def _assumed(comparisons: Sequence[Comparison]) -> str:
    return ASSUMED.replace("{n}", str(sum(each.p is not None for each in comparisons)))


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
