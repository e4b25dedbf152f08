"""A declared test applied to records: what is compared with what, and each comparison's outcome."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lnl.results.claims import groups, measured_cells, measured_groups, measured_searches, tests
from lnl.results.claims.evidence import Repeats, values
from lnl.results.claims.outcome import Outcome, on_repeats
from lnl.results.claims.parts import Cells, Part, absent, paired, pairs, quantity
from lnl.results.claims.units import unit
from lnl.results.claims.words import quantity_words
from lnl.results.statistics import FEWEST

Published = Callable[[str, str, str], Any] | None  # (table, row, column) -> (mean, std, n) or None
ELSEWHERE = "printed values are compared in the document's own setting only, at scale paper"


def parts(test: Mapping[str, Any], cells: Cells, published: Published) -> list[Part]:
    """Every comparison of one declared test. `published(table, row, column)` gives (mean, std, n) or None (for REF).

    None in its place: this setting or budget is not the one in which the values were printed.
    """
    found = _MAKERS[test["kind"]](test, cells, published)
    control, aside, joint = bool(test.get("control")), bool(test.get("aside")), test.get("allow") == "chance"
    of = unit(test, any(repeats.place.kind == "synthetic" for repeats in cells[test["a"]]))
    return [
        replace(part, control=control, aside=aside or part.aside, joint=joint, unit=part.unit or of) for part in found
    ]


def _two(test: Mapping[str, Any], cells: Cells, compare: Callable[..., Outcome], word: str) -> Iterator[Part]:
    for a, b in pairs(test, cells):
        x, y = values(a, **quantity(test)), values(b, **quantity(test, "_b"))
        of, of_b = quantity_words(quantity(test)["of"]), quantity_words(quantity(test, "_b")["of"])
        label = f"{a.name}: {of} {word} {of_b}" if a is b else f"{a.name} {word} {b.name}"
        if not x or not y:
            yield Part(label, None, absent(a, b) or f"no {of} in the records")
            continue
        both = sorted(x.keys() & y.keys())
        if a is b or paired(a, b, len(both), min(len(x), len(y))):
            outcome = compare([x[s] for s in both], [y[s] for s in both], paired=True)
        else:
            outcome = compare(list(x.values()), list(y.values()), paired=False)
        yield Part(label, outcome)


def _gt(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    margin = float(test.get("margin", 0))
    word = "above" if margin == 0 else f"above by more than {margin:g}" if margin > 0 else f"not {-margin:g} behind"
    yield from _two(test, cells, lambda x, y, paired: tests.greater(x, y, margin, paired), word)


def _eq(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    margin = float(test["margin"])
    yield from _two(test, cells, lambda x, y, paired: tests.equal(x, y, margin, paired), f"within {margin:g} of")


def _interval(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    low, high = float(test["low"]), float(test["high"])
    word = f"minus ({low:g} to {high:g})"
    yield from _two(test, cells, lambda x, y, paired: tests.difference_in(x, y, low, high, paired), word)


def _pooled(test: Mapping[str, Any], cells: Cells, side: str) -> Iterator[tuple[str, list[Repeats], list[float]]]:
    """Samples of one side: the repeats of each place, or (`pool`) one mean of each place of a noise."""
    members = cells[test[side]]
    if test.get("pool") != side:
        for member in members:
            yield member.name, [member], list(values(member, **quantity(test)).values())
        return
    for noise in dict.fromkeys(member.where.get("noise", "") for member in members):
        here = [member for member in members if member.where.get("noise", "") == noise]
        found = [values(member, **quantity(test)) for member in here]
        complete = [statistics.fmean(v.values()) for v in found if v]
        yield f"{test[side]} at {noise}", here, complete if len(complete) == len(here) else []


def _var(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    fewest = int(test.get("repeats", FEWEST))
    for name_a, a, x in _pooled(test, cells, "a"):
        for name_b, b, y in _pooled(test, cells, "b"):
            if a[0].where.get("noise") != b[0].where.get("noise") or (a[0].source and a[0].source == b[0].source):
                continue
            outcome = groups.more_varied(x, y, fewest) if x and y else None
            yield Part(f"{name_a} varies more than {name_b}", outcome, "" if outcome else absent(*a, *b))


def _spread(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    limit = float(test["below"])
    for name, members, found in _pooled(test, cells, "a"):
        outcome = groups.spread_below(found, limit) if found else None
        yield Part(f"standard deviation of {name} below {limit:g}", outcome, "" if outcome else absent(*members))


def _one(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    threshold, direction = float(test.get("threshold", 0)), test.get("direction", "above")
    beyond = f"{threshold:g}" if not test.get("minus") else f"the clean rate{f' {threshold:+g}' if threshold else ''}"
    for a in cells[test["a"]]:
        found = list(values(a, **quantity(test)).values())
        of = quantity_words(quantity(test)["of"])
        label = f"{a.name}: {of} {direction} {beyond}"
        if found:
            yield Part(label, tests.one_sample(found, threshold, direction))
        else:
            yield Part(label, None, absent(a) or f"no {of} in the records")


def _inter(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    """The lead of a over each b under the `harder` noises against its lead over the same b under the `easier` one."""
    leads: dict[tuple[str, str, str], tuple[list[Repeats], list[float]]] = {}
    for a, b in pairs({**test, "match": "noise"}, cells):
        x, y = values(a, **quantity(test)), values(b, **quantity(test))
        both = sorted(x.keys() & y.keys())
        leads[b.place.method, a.where["dataset"], a.where["noise"]] = ([a, b], [x[s] - y[s] for s in both])
    harder = test["harder"] if isinstance(test["harder"], list) else [test["harder"]]
    rivals = list(dict.fromkeys((method, dataset) for method, dataset, _ in leads))
    several = len({dataset for _, dataset in rivals}) > 1
    for method, dataset in rivals:
        for noise in harder:
            (at, lead), (easy_at, easy) = leads[method, dataset, noise], leads[method, dataset, test["easier"]]
            label = f"lead over {method} at {noise}{f', {dataset}' if several else ''} above that at {test['easier']}"
            outcome = tests.larger_margin(lead, easy) if lead and easy else None
            yield Part(label, outcome, "" if outcome else absent(*at, *easy_at))


def _sign(test: Mapping[str, Any], cells: Cells, _: Published) -> Iterator[Part]:
    """Each place of a against its partner in b, in the order of declaration: one comparison of means a cell.

    Each of the comparisons is shown as well, tested by itself. Stand-ins may make several of them the same.
    """
    both = {(a.source, b.source): (a, b) for a, b in zip(cells[test["a"]], cells[test["b"]], strict=True)}.values()
    label = f"'{test['a']}' above '{test['b']}' in {len(both)} cells"
    found = [(values(a, **quantity(test)), values(b, **quantity(test))) for a, b in both]
    gone = sum(not x or not y for x, y in found)
    if gone:
        reason = "; ".join(dict.fromkeys(absent(a, b) for a, b in both if absent(a, b)))
        yield Part(label, None, f"{gone} of {len(both)} cells: {reason}")
    else:
        above = sum(statistics.fmean(x.values()) > statistics.fmean(y.values()) for x, y in found)
        fewest = min(len(numbers) for cell in found for numbers in cell)
        yield Part(label, on_repeats(groups.share_above(above, len(found), 0.5, "cells"), fewest))
    for a, b in both:
        single = _gt(test, {test["a"]: [a], test["b"]: [b]}, None)
        yield from (replace(part, aside=True, unit=unit({**test, "kind": "GT"})) for part in single)


def _ref(test: Mapping[str, Any], cells: Cells, published: Published) -> Iterator[Part]:
    """Rows and columns of the table carry the keys of noise and method; `row` and `column` say otherwise
    ("{dataset}-{noise}")."""
    yield from (_one_ref(test, a, published) for a in cells[test["a"]])


def _one_ref(test: Mapping[str, Any], a: Repeats, published: Published) -> Part:
    label = f"{a.name}: printed value"
    if published is None and not a.absent:
        return Part(label, None, ELSEWHERE)
    row = str(test.get("row", "{noise}")).format(**a.where)
    column = str(test.get("column", "{method}")).format(**a.where)
    printed = published(test["table"], row, column) if published else None
    found = list(values(a, **quantity(test)).values())
    if not found:
        return Part(label, None, absent(a))
    if printed is None:
        return Part(label, None, f"no printed value in {test['table']}")
    mean, std, n = printed
    return Part(label, tests.reference(found, mean, None if std is None or math.isnan(std) else std, n))


_MAKERS: dict[str, Callable[[Mapping[str, Any], Cells, Published], Iterator[Part]]] = {
    "GT": _gt,
    "EQ": _eq,
    "INTERVAL": _interval,
    "VAR": _var,
    "SPREAD": _spread,
    "ONE_SAMPLE": _one,
    "INTER": _inter,
    "SIGN": _sign,
    "REF": _ref,
    **measured_groups.MAKERS,
    **measured_searches.MAKERS,
    **measured_cells.MAKERS,  # SPEARMAN also of two curves of one run
}
