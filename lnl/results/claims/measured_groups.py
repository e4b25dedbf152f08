"""Tests of whole curves, and of groups of cells, applied to records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lnl.results.claims import groups, shapes
from lnl.results.claims.evidence import Repeats, values
from lnl.results.claims.outcome import Outcome
from lnl.results.claims.parts import Cells, Part, absent, paired, pairs, quantity
from lnl.results.claims.parts import groups as grouped
from lnl.results.claims.run_values import clock, curve, epochs, trained_curve
from lnl.results.claims.words import POINTS, quantity_words


def _shape(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """FALL, HOLD and RISE: one curve per repeat."""
    kind, of = test["kind"], test.get("of", "test_accuracy")
    verb = {"FALL": "falls", "HOLD": "holds", "RISE": "falls" if test.get("direction") == "below" else "rises"}[kind]
    for a in cells[test["a"]]:
        known = {seed: trained_curve(result, of) for seed, result in a.results.items()}
        found = {seed: list(c) for seed, c in known.items() if c is not None}
        label = f"{a.name} {verb}" if of == "test_accuracy" else f"{a.name}: {quantity_words(of)} {verb}"
        if not found:
            yield Part(label, None, absent(a) or f"no {quantity_words(of)} in the records")
        elif kind == "RISE":
            yield Part(f"{label} {_when(test)}", _rise(test, a, found))
        else:
            judge = shapes.fall if kind == "FALL" else shapes.hold
            yield Part(label, judge(list(found.values()), float(test["margin"])))


def _when(test: Mapping[str, Any]) -> str:
    if test["from"] == "peak":
        return "from the peak of test accuracy on"
    return f"from epoch {test['from']:g} to {test['to']:g}"


def _rise(test: Mapping[str, Any], a: Repeats, found: dict[int, list[float]]) -> Outcome:
    """`from` and `to` are on the paper's clock; `from: peak` is each repeat's own peak of test accuracy."""
    result = a.results[next(iter(found))]
    x = list(epochs(result))
    last = float(test["to"]) / clock(result) if "to" in test else x[-1]
    if test["from"] != "peak":
        return shapes.rise(
            x, list(found.values()), float(test["from"]) / clock(result), last, test.get("direction", "above")
        )
    first = []
    for seed in found:
        accuracy = trained_curve(a.results[seed], "test_accuracy")
        first.append(shapes.peak_epoch(x, [] if accuracy is None else list(accuracy)))
    return shapes.rise(x, list(found.values()), first, last, test.get("direction", "above"))


def _cross(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """`near` is on the paper's clock."""
    of = test.get("of", "test_accuracy")
    for a, b in pairs(test, cells):
        label = f"{a.name} stays above {b.name} from about epoch {test['near']:g}"
        found, step = [], 1.0
        for seed in sorted(a.results.keys() & b.results.keys()):
            x, y = curve(a.results[seed], of), curve(b.results[seed], of)
            if x is not None and y is not None and len(x) == len(y):
                step = clock(a.results[seed])
                found.append(step * shapes.crossing(a.results[seed]["curves"]["epoch"], list(x), list(y)))
        yield Part(label, shapes.cross(found, float(test["near"]), step) if found else None, absent(a, b))


def complete(test: Mapping[str, Any], cells: Cells) -> Iterator[tuple[str, list[Repeats], str]]:
    """Groups of places, and what keeps each from being judged: '' where every place has been run."""
    for called, members in grouped(test, cells):
        gone = sum(not member.results for member in members)
        reason = "; ".join(dict.fromkeys(member.absent for member in members if member.absent)) or "not run"
        yield called, members, f"{called}: {gone} of {len(members)} cells: {reason}".lstrip(": ") if gone else ""


def _anova(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Per noise and factor; factors are the axes of the cells' `vary`, named by the test's `factors`."""
    for noise, members, missing in complete(test, cells):
        rows = [(v, m.place.levels) for m in members for v in values(m, **quantity(test)).values()]
        for axis, factor in enumerate(test["factors"]):
            label = f"{factor} at {noise}"
            if missing or not rows:
                yield Part(label, None, missing or f"{noise}: not run")
                continue
            levels = [row[1][axis] for row in rows]
            others = ["-".join(row[1][:axis] + row[1][axis + 1 :]) for row in rows]
            yield Part(label, groups.influence([row[0] for row in rows], levels, others))


def _range(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    limit = float(test["below"])
    for noise, members, missing in complete(test, cells):
        label = f"range over {len(members)} cells at {noise} below {limit:g}"
        if missing:
            yield Part(label, None, missing)
            continue
        found = [values(m, **quantity(test)) for m in members]
        common = sorted(set.intersection(*(set(f) for f in found)))
        smallest = min(len(f) for f in found)
        together = all(paired(members[0], m, len(common), smallest) for m in members[1:])
        samples = [[f[s] for s in common] if together else list(f.values()) for f in found]
        yield Part(label, groups.range_below(samples, limit, together))


def _kw(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Cells with the same noise (`match`) against each other; those that are one cell at this scale count once."""
    for called, members, missing in complete(test, cells):
        distinct = list({member.source: member for member in members}.values())
        what = quantity_words(quantity(test)["of"]) + POINTS[quantity(test)["at"]]
        label = f"{what} of {len(distinct)} cells{f' at {called}' if called else ''}"
        if missing:
            yield Part(label, None, missing)
        elif len(distinct) < 2:
            yield Part(label, None, "at this scale they are one and the same training")
        else:
            samples = [list(values(member, **quantity(test)).values()) for member in distinct]
            yield Part(label, groups.differ(samples))


MAKERS: dict[str, Callable[[Mapping[str, Any], Cells, Any], Iterator[Part]]] = {
    "FALL": _shape,
    "HOLD": _shape,
    "RISE": _shape,
    "CROSS": _cross,
    "ANOVA": _anova,
    "RANGE": _range,
    "KW": _kw,
}
