"""A rendered table before it has a format: Markdown, LaTeX and HTML are three small writers of one of these.

Also the few texts that all formats share: numbers, counts, captions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lnl.results.statistics import Difference

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

ABSENT = "·"  # the method is not in the suite yet
SKIPPED = "×"  # nothing will be measured here, for a reason given below
NOTHING = "—"  # to be measured, but nothing there yet
QUOTED = "‡"  # a printed number that is not of the document's own runs
SUBSCRIPT = re.compile(r"(?<![A-Za-z0-9_/.\\-])([A-Za-zτε])_([A-Za-z0-9]+)(?![A-Za-z0-9_/])")  # T_k, not a_file_name
#: Commands that render an artefact, by its kind.
COMMANDS = {"tables": "table", "figures": "figure", "claims": "claims"}


def snakemake_command(suite: Suite, key: str) -> str:
    """What makes an artefact at the scale and with the repeats of a page; the configuration file has its own."""
    seeds = suite.config.get("seeds")
    asked = "" if seeds is None else f" seeds={seeds}" if isinstance(seeds, int) else f" 'seeds={seeds}'"
    return f"snakemake {key} --config scale={suite.scale}{asked}"


def source_text(declaration: dict[str, Any]) -> str:
    """`tutorial, MNIST accuracy slide`: where the numbers are printed."""
    source = declaration.get("source", {})
    return ", ".join(str(source[part]) for part in ("paper", "where") if source.get(part))


@dataclass(frozen=True)
class Cell:
    """One cell of a grid: the measured text, the published one in grey, which of them is best, and a remark."""

    text: str
    published: str = ""
    bold: bool = False
    bold_published: bool = False
    effect: str = ""  # on a line of its own: the difference from another cell; in a label, from which
    remark: str = ""  # "missing 3 of 5", shown small
    tone: str = ""  # good | high | low | quiet: colour of a verdict, HTML only


@dataclass(frozen=True)
class Grid:
    """Rows of cells under a header; `group` repeats as a heading over the rows that share it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]  # (group or '', cells)
    title: str = ""
    shape: str = "paper"  # paper: one cell holds measured and published; list: a plain listing
    below: int = 0  # last columns, of sentences, that HTML shows under the others: side by side they leave no room


@dataclass(frozen=True)
class Document:
    """Everything a table shows, in reading order: heading, caption, grids, notes (heading, lines)."""

    key: str
    title: str
    source: str
    heading: str
    caption: str
    grids: tuple[Grid, ...]
    notes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    counts: dict[str, int] = field(default_factory=dict)  # runs by state
    verdicts: dict[str, int] = field(default_factory=dict)  # slots by verdict


def number(value: float | None, digits: int = 2) -> str:
    """A percentage with two decimals, as the papers print them; a dash where there is none."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def plus_minus(mean: float | None, spread: float | None, n: int | None = None) -> str:
    """mean ± spread (n); parts that do not exist are left out."""
    if mean is None:
        return NOTHING
    text = number(mean)
    if spread is not None:
        text += f" ± {number(spread)}"
    return f"{text} ({n})" if n is not None else text


def signed(value: float | None) -> str:
    """A difference in points with its sign, with a true minus."""
    if value is None:
        return ""
    text = f"{value:+.2f}"
    return text.replace("-", "−") if text != "-0.00" else "+0.00"


def interval(found: Difference | None) -> str:
    """A difference with its 95% interval, in points: "+0.31 (−0.02 to 0.64)"; without interval for a single pair."""
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return f"{signed(found.mean)} (one pair)"
    return f"{signed(found.mean)} ({minus(found.low)} to {minus(found.high)})"


def minus(value: float) -> str:
    """Two decimals with a true minus."""
    return number(value).replace("-", "−") if round(value, 2) else "0.00"


def spread_kind(kind: str) -> str:
    """The name of a kind of spread."""
    return "95% confidence interval" if kind == "ci95" else "standard deviation"


def spread_text(spread: dict[str, Any]) -> str:
    """How a spread is defined, for a caption: standard deviation with its ddof, or the interval."""
    if spread.get("kind", "std") == "ci95":
        return "half width of the 95% confidence interval of the mean (Student's t)"
    return f"standard deviation over runs (ddof = {spread.get('ddof', 1)})"


def plural(count: int, thing: str) -> str:
    """1 run, 2 runs."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


def subscripts(text: str, form: str) -> str:
    """T_k as a subscript, where form is a replacement such as r'\\1<sub>\\2</sub>'."""
    return SUBSCRIPT.sub(form, text)
