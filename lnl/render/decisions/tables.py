"""Effects that stand in tables: one row or column less another, cells as they are, one statistic less another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lnl.render.compare import Line
from lnl.render.decisions.evidence import Evidence, Place
from lnl.render.decisions.words import NOT_YET, counted, difference, link, parts, span
from lnl.render.document import plus_minus
from lnl.results import statistics
from lnl.results.records import SlotRuns
from lnl.results.statistics import Difference, RunValue, run_statistic

Effect = Mapping[str, Any]
Rows = Iterator[tuple[SlotRuns, str, str]]  # the runs of a place, how it is called, what they show


def where(place: Effect) -> str:
    """Link to the declaration of the table, or figure, that a place names."""
    if "table" in place:
        return f"table {link(place['table'], '../tables/' + place['table'] + '.yaml')}"
    return f"figure {link(place['figure'], '../figures/' + place['figure'] + '.py')}"


def places(evidence: Evidence, place: Effect, columns: list[str]) -> list[Place]:
    """Row and column of every cell that a place names, in the order in which it names them."""
    key = place.get("table", place.get("figure", ""))
    rows = [row["key"] for row in evidence.suite.axis(key, "rows")] if place["rows"] == "all" else place["rows"]
    return [(row, column) for row in rows for column in columns]


def less(ours: str, theirs: str) -> str:
    """What is taken from what, by the labels that a table has for them."""
    return f'"{ours}" less "{theirs}"'


def row(evidence: Evidence, effect: Effect) -> list[str]:
    """A row less the one that it is held `against`, column by column."""
    wanted = [(effect["row"], column) for column in effect["columns"]]

    def one(scale: str) -> Rows:
        for line in (evidence.lines(effect["table"], scale)[place] for place in wanted):
            yield line.runs, line.slot.column_label, _with_state(difference(line.difference), line)

    entries = evidence.suite.axis(effect["table"], "rows")
    labels = {entry["key"]: entry["label"] for entry in entries}
    against = next(entry["against"] for entry in entries if entry["key"] == effect["row"])
    what = less(labels[effect["row"]], labels[against])
    return by_scale(evidence, what, where(effect), one)


def columns(evidence: Evidence, effect: Effect) -> list[str]:
    """One column less another, row by row, over the repeats that both have."""
    place = effect["differences"]
    wanted = [row for row, _ in places(evidence, place, [""])]

    def one(scale: str) -> Rows:
        there = evidence.lines(place["table"], scale)
        for key in wanted:
            ours, theirs = there[key, place["of"]], there[key, place["against"]]
            found = statistics.difference(ours.values, theirs.values)
            yield ours.runs, ours.slot.row_label, _with_state(difference(found), ours)

    labels = {entry["key"]: entry["label"] for entry in evidence.suite.axis(place["table"], "columns")}
    what = less(labels[place["of"]], labels[place["against"]])
    return by_scale(evidence, what, where(place), one)


def cells(evidence: Evidence, effect: Effect) -> list[str]:
    """Mean, spread and number of runs of cells, as they stand in a table."""
    place = effect["cells"]

    def one(scale: str) -> Rows:
        for key in places(evidence, place, place["columns"]):
            line = evidence.lines(place["table"], scale)[key]
            found = line.summary
            text = f"{plus_minus(found.mean, found.spread)}, {counted(found.n, 'run')}" if found.n else NOT_YET
            yield line.runs, f"{line.slot.row_label}, {line.slot.column_label}", _with_state(text, line)

    return by_scale(evidence, "accuracy (%)", where(place), one)


def of_statistics(evidence: Evidence, effect: Effect) -> list[str]:
    """One statistic of a run less another one of the same run."""
    place = effect["statistics"]

    def gap(result: Mapping[str, Any]) -> float:
        of, against = (_value(result, place[side]).value for side in ("of", "against"))
        return of - against

    def text(found: Mapping[int, float]) -> str:
        return difference(_mean(found), "run")

    what = f"`{place['of']}` less `{place['against']}` of the same run"
    return by_scale(evidence, what, where(place), _per_run(evidence, place, gap, text))


def networks(evidence: Evidence, effect: Effect) -> list[str]:
    """One network of a run less the other."""
    place = effect["networks"]
    statistic = evidence.suite.declaration(place.get("table", place.get("figure"))).get("statistic", "last10_mean")

    def gap(result: Mapping[str, Any]) -> float:
        found = _value(result, statistic).networks
        return found[place["of"] - 1] - found[place["against"] - 1]

    def text(found: Mapping[int, float]) -> str:
        return f"{difference(_mean(found), 'run')}, single runs {span(list(found.values()))}" if found else NOT_YET

    what = f"network {place['of']} less network {place['against']} of the same run"
    return by_scale(evidence, what, where(place), _per_run(evidence, place, gap, text))


def _per_run(
    evidence: Evidence,
    place: Effect,
    gap: Callable[[Mapping[str, Any]], float],
    text: Callable[[Mapping[int, float]], str],
) -> Callable[[str], Rows]:
    """A number of each run of the cells that a place names, and its words."""

    def one(scale: str) -> Rows:
        for key in places(evidence, place, place["columns"]):
            runs = evidence.runs(place.get("table", place.get("figure")), scale)[key]
            found = {record["result"]["seed"]: gap(record["result"]) for record in runs.records()}
            yield runs, f"{runs.slot.row_label}, {runs.slot.column_label}", text(found)

    return one


def _value(result: Mapping[str, Any], statistic: str) -> RunValue:
    return run_statistic(result["curves"], statistic, result["spec"]["split"])


def _mean(found: Mapping[int, float]) -> Difference | None:
    return statistics.difference(found, dict.fromkeys(found, 0.0))


def _with_state(text: str, line: Line) -> str:
    """Runs that diverged, or that were made under another declaration, are said; those to come are not."""
    wrong = [f"{line.runs.count(s)} {s}" for s in ("diverged", "stale") if line.runs.count(s)]
    return f"{text} ({', '.join(wrong)})" if wrong else text


def by_scale(evidence: Evidence, what: str, there: str, one: Callable[[str], Rows]) -> list[str]:
    """An item with the numbers at the first scale, the paper's own before others, that has any."""
    for scale in evidence.suites:
        found = list(one(scale))
        cells = [runs.slot.cell for runs, _, text in found if runs.slot.cell and not text.startswith(NOT_YET)]
        if cells:
            head = f"{what} ({there}; {evidence.setting(scale, cells)})"
            return [parts(head, [f"{label}: {text}" for _, label, text in found])]
    return [f"{what} ({there}): {NOT_YET}"]
