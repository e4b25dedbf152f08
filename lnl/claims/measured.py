"""A declared test applied to records: what is compared with what, and each comparison's outcome."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lnl.claims import tests
from lnl.claims.evidence import Repeats, curve, epochs, trained_curve, values
from lnl.claims.tests import Outcome

Cells = Mapping[str, list[Repeats]]


@dataclass(frozen=True)
class Part:
    """One comparison of a claim. `outcome` is None where a run is missing, and `missing` says which."""

    label: str
    outcome: Outcome | None
    missing: str = ""
    control: bool = False  # shown beside the claim, not part of it


def parts(test: Mapping[str, Any], cells: Cells, published: Callable[[str, str, str], Any]) -> list[Part]:
    """Every comparison of one declared test. `published(table, row, column)` gives (mean, std, n) or None (for REF)."""
    kind = test["kind"]
    maker = _MAKERS[kind]
    control = bool(test.get("control"))
    return [Part(p.label, p.outcome, p.missing, control) for p in maker(test, cells, published)]


def _name(repeats: Repeats) -> str:
    at = repeats.place.at
    method = repeats.cell.method if repeats.cell else "-".join([at["method"], *repeats.place.levels])
    return f"{method} at {at['noise']}"


def _absent(*groups: Repeats) -> str:
    gone = [group for group in groups if not group.results]
    return "; ".join(dict.fromkeys(f"{_name(g)}: {g.absent or 'not run'}" for g in gone))


def _pairs(test: Mapping[str, Any], cells: Cells) -> Iterator[tuple[Repeats, Repeats]]:
    """Each a with every b of the same noise (`match: method`: the same method); a with itself where there is no b."""
    if "b" not in test:
        yield from ((a, a) for a in cells[test["a"]])
        return
    axis = test.get("match", "noise")
    for a, b in itertools.product(cells[test["a"]], cells[test["b"]]):
        if a.place.at[axis] == b.place.at[axis] and (a.cell is None or a.cell != b.cell):
            yield a, b


def _quantity(test: Mapping[str, Any], side: str = "") -> dict[str, Any]:
    of = test.get(f"of{side}", test.get("of", "test_accuracy"))
    return {"of": of, "at": test.get("at", "last10"), "minus": test.get("minus")}


def _two(test: Mapping[str, Any], cells: Cells, compare: Callable[..., Outcome], word: str) -> Iterator[Part]:
    for a, b in _pairs(test, cells):
        x, y = values(a, **_quantity(test)), values(b, **_quantity(test, "_b"))
        if a is b:
            label = f"{_name(a)}: {_quantity(test)['of']} {word} {_quantity(test, '_b')['of']}"
        else:
            label = f"{_name(a)} {word} {_name(b)}"
        if not x or not y:
            yield Part(label, None, _absent(a, b) or f"no {_quantity(test)['of']} in the records")
            continue
        both = sorted(x.keys() & y.keys())
        if a is b or (a.shares_data_with(b) and len(both) >= 2):
            outcome = compare([x[s] for s in both], [y[s] for s in both], paired=True)
        else:
            outcome = compare(list(x.values()), list(y.values()), paired=False)
        yield Part(label, outcome)


def _gt(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    margin = float(test.get("margin", 0))
    word = "above" if margin == 0 else f"above by more than {margin:g}" if margin > 0 else f"not {-margin:g} behind"
    yield from _two(test, cells, lambda x, y, paired: tests.greater(x, y, margin, paired), word)


def _eq(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    margin = float(test["margin"])
    yield from _two(test, cells, lambda x, y, paired: tests.equal(x, y, margin, paired), f"within {margin:g} of")


def _interval(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    low, high = float(test["low"]), float(test["high"])
    word = f"minus ({low:g} to {high:g})"
    yield from _two(test, cells, lambda x, y, paired: tests.difference_in(x, y, low, high, paired), word)


def _var(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    fewest = int(test.get("repeats", 2))
    yield from _two(test, cells, lambda x, y, paired: tests.more_varied(x, y, fewest), "varies more than")


def _one(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    threshold, direction = float(test.get("threshold", 0)), test.get("direction", "above")
    beyond = f"{threshold:g}" if not test.get("minus") else f"the clean rate{f' {threshold:+g}' if threshold else ''}"
    for a in cells[test["a"]]:
        found = list(values(a, **_quantity(test)).values())
        label = f"{_name(a)}: {_quantity(test)['of']} {direction} {beyond}"
        if found:
            yield Part(label, tests.one_sample(found, threshold, direction))
        else:
            yield Part(label, None, _absent(a) or f"no {_quantity(test)['of']} in the records")


def _shape(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """FALL, HOLD and RISE: one curve per repeat."""
    kind, of = test["kind"], test.get("of", "test_accuracy")
    for a in cells[test["a"]]:
        found = {seed: trained_curve(result, of) for seed, result in a.results.items()}
        curves = [list(c) for c in found.values() if c is not None]
        label = f"{_name(a)} {kind.lower()}s"
        if not curves:
            yield Part(label, None, _absent(a) or f"no {of} in the records")
        elif kind == "RISE":
            x = list(epochs(next(iter(a.results.values()))))
            yield Part(label, tests.rise(x, curves, float(test["from"]), float(test["to"])))
        else:
            judge = tests.fall if kind == "FALL" else tests.hold
            yield Part(label, judge(curves, float(test["margin"])))


def _cross(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    of = test.get("of", "test_accuracy")
    for a, b in _pairs(test, cells):
        label = f"{_name(a)} stays above {_name(b)} from about epoch {test['near']:g}"
        found = []
        for seed in sorted(a.results.keys() & b.results.keys()):
            x, y = curve(a.results[seed], of), curve(b.results[seed], of)
            if x is not None and y is not None and len(x) == len(y):
                found.append(tests.crossing(a.results[seed]["curves"]["epoch"], list(x), list(y)))
        yield Part(label, tests.cross(found, float(test["near"])) if found else None, _absent(a, b))


def _by_noise(test: Mapping[str, Any], cells: Cells) -> Iterator[tuple[str, list[Repeats], str]]:
    groups: dict[str, list[Repeats]] = {}
    for repeats in cells[test["a"]]:
        groups.setdefault(repeats.place.at["noise"], []).append(repeats)
    for noise, members in groups.items():
        gone = sum(not member.results for member in members)
        yield noise, members, f"{noise}: {gone} of {len(members)} cells not run" if gone else ""


def _anova(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    """Per noise and factor; factors are the axes of the cells' `vary`, named by the test's `factors`."""
    for noise, members, missing in _by_noise(test, cells):
        rows = [(v, m.place.levels) for m in members for v in values(m, **_quantity(test)).values()]
        for axis, factor in enumerate(test["factors"]):
            label = f"{factor} at {noise}"
            if missing or not rows:
                yield Part(label, None, missing or f"{noise}: not run")
                continue
            levels = [row[1][axis] for row in rows]
            others = ["-".join(row[1][:axis] + row[1][axis + 1 :]) for row in rows]
            yield Part(label, tests.influence([row[0] for row in rows], levels, others))


def _range(test: Mapping[str, Any], cells: Cells, _: Any) -> Iterator[Part]:
    limit = float(test["below"])
    for noise, members, missing in _by_noise(test, cells):
        label = f"range over {len(members)} cells at {noise} below {limit:g}"
        if missing:
            yield Part(label, None, missing)
            continue
        found = [values(m, **_quantity(test)) for m in members]
        common = sorted(set.intersection(*(set(f) for f in found)))
        paired = len(common) >= 2 and all(members[0].shares_data_with(m) for m in members[1:])
        groups = [[f[s] for s in common] if paired else list(f.values()) for f in found]
        yield Part(label, tests.range_below(groups, limit, paired))


def _ref(test: Mapping[str, Any], cells: Cells, published: Callable[[str, str, str], Any]) -> Iterator[Part]:
    """Rows and columns of the table carry the keys of noise and method."""
    for a in cells[test["a"]]:
        printed = published(test["table"], a.place.at["noise"], a.place.at["method"])
        found = list(values(a, **_quantity(test)).values())
        label = f"{_name(a)}: printed value"
        if printed is None:
            yield Part(label, None, f"no printed value in {test['table']}")
        elif not found:
            yield Part(label, None, _absent(a))
        else:
            mean, std, n = printed
            if std is not None and math.isnan(std):
                std = None
            yield Part(label, tests.reference(found, mean, std, n))


_MAKERS: dict[str, Callable[[Mapping[str, Any], Cells, Any], Iterator[Part]]] = {
    "GT": _gt,
    "EQ": _eq,
    "INTERVAL": _interval,
    "VAR": _var,
    "ONE_SAMPLE": _one,
    "FALL": _shape,
    "HOLD": _shape,
    "RISE": _shape,
    "CROSS": _cross,
    "ANOVA": _anova,
    "RANGE": _range,
    "REF": _ref,
}
