"""Tests over many cells, and of two curves of one run: trends, best inside a range, rank correlations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lnl.results.claims import groups, measured_searches, ranks, shapes, tests
from lnl.results.claims.evidence import Repeats, values
from lnl.results.claims.measured_groups import complete
from lnl.results.claims.parts import Cells, Part, absent, quantity
from lnl.results.claims.run_values import epochs, trained_curve
from lnl.results.claims.words import quantity_words

AXES = ("dataset", "noise", "method")


def _trend(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Cells of one noise in the order in which they are declared."""
    for called, members, missing in complete(test, cells):
        distinct = list({member.source: member for member in members}.values())
        label = f"{quantity_words(quantity(test)['of'])} grows over {len(distinct)} cells at {called}"
        samples = [list(values(member, **quantity(test)).values()) for member in distinct]
        if missing or not all(samples):
            yield Part(label, None, missing or f"no {quantity_words(quantity(test)['of'])} in the records")
        elif len(distinct) < 2:
            yield Part(label, None, "at this scale they are one and the same training")
        else:
            yield Part(label, groups.trend(samples))


def _interior(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """The best of the cells a against the best of the cells b, of one method, noise and data set.

    A run that diverged is the worst there is, as it is to a search: to leave it out would leave its whole repeat out.
    """
    ends = _by_place(cells[test["b"]])
    for place, inside in _by_place(cells[test["a"]]).items():
        here = [*inside, *ends[place]]
        dataset, noise, method = place
        label = f"best {method} at {noise}{f', {dataset}' if dataset else ''} inside the range"
        numbers = [values(member, **quantity(test)) | dict.fromkeys(member.diverged, 0.0) for member in here]
        common = sorted(set.intersection(*(set(v) for v in numbers)))
        if not all(numbers):
            yield Part(label, None, absent(*here))
            continue
        samples = [[v[seed] for seed in common] for v in numbers]
        yield Part(label, groups.best_inside(samples[: len(inside)], samples[len(inside) :]))


def _by_place(members: list[Repeats]) -> dict[tuple[str, ...], list[Repeats]]:
    found: dict[tuple[str, ...], list[Repeats]] = {}
    for member in members:
        found.setdefault(tuple(member.where.get(axis, "") for axis in AXES), []).append(member)
    return found


def _spearman(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Two curves of one run, `of` and `of_b`, epoch by epoch; one rank correlation a repeat, then their mean.

    With a b it is about searches, or about a search and a training.
    """
    if "b" in test:
        yield from measured_searches.correlated(test, cells, None)
        return
    threshold, direction = float(test["threshold"]), test.get("direction", "below")
    of, of_b = test["of"], test["of_b"]
    for a in cells[test["a"]]:
        label = f"{a.name}: rank correlation of {quantity_words(of)} and {quantity_words(of_b)}"
        found = [_correlation(result, of, of_b, test.get("from") == "peak") for result in a.results.values()]
        known = [rho for rho in found if not math.isnan(rho)]
        if known:
            yield Part(label, tests.one_sample(known, threshold, direction))
        else:
            yield Part(label, None, absent(a) or "a curve is missing, constant, or too short")


def _correlation(result: dict[str, Any], of: str, of_b: str, after_peak: bool) -> float:
    x, y, accuracy = (trained_curve(result, name) for name in (of, of_b, "test_accuracy"))
    if x is None or y is None:
        return math.nan
    when = epochs(result)
    first = shapes.peak_epoch(list(when), [] if accuracy is None else list(accuracy)) if after_peak else when[0]
    return ranks.correlation(list(x[when >= first]), list(y[when >= first]))


MAKERS: dict[str, Callable[[Mapping[str, Any], Cells, Any], Iterator[Part]]] = {
    "TREND": _trend,
    "INTERIOR": _interior,
    "SPEARMAN": _spearman,
}
