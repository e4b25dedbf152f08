"""JSON Schema as plain Python functions: the part of it that the schemas of results use. Standard library and PyYAML.

A record holds a thousand numbers, on which jsonschema takes fifty milliseconds, and records are checked whenever they
are read. A list of numbers is one comparison of its ends here. Numbers are finite, 1.0 and true are no whole numbers,
and a pattern covers the whole text, its last line break included: in these three it is stricter than JSON Schema asks.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from lnl.declared.schema import schema
from lnl.files import LARGEST_INTEGER

Check = Callable[[Any], None]
Schema = dict[str, Any]

KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "object": ((dict,), "an object"),
    "array": ((list,), "a list"),
    "string": ((str,), "a text"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "null": ((type(None),), "null"),
}
ANNOTATIONS = {"$schema", "$defs", "title", "description"}


class Misfit(Exception):
    """What is wrong, and the way to it from the outermost object: the keys are put in front while it rises."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.path: list[str] = []

    def __str__(self) -> str:
        return f"'{'.'.join(self.path)}' {self.what}" if self.path else f"it {self.what}"


@cache
def checker(name: str) -> Check:
    """The check of workflow/schemas/<name>.yaml: returns where a value fits, raises Misfit where it does not."""
    whole = schema(name)
    return _compiled(whole, whole)


def brief(value: object) -> str:
    """A value as a line can hold it, whatever characters it has."""
    if isinstance(value, dict | list):
        return f"{KINDS['object' if isinstance(value, dict) else 'array'][1]} of {len(value)}"
    word = json.dumps(value) if value is None or isinstance(value, bool) else ascii(value)
    return word if len(word) <= 60 else f"{word[:57]}..."


def finite(value: float) -> bool:
    """Whether a number is one that JSON and every reader of it know."""
    return math.isfinite(value) if isinstance(value, float) else -LARGEST_INTEGER <= value < LARGEST_INTEGER


def _compiled(part: Schema, whole: Schema) -> Check:
    known: dict[str, Callable[[Any, Schema, Schema], Check]] = {
        "$ref": _reference,
        "type": _type,
        "enum": lambda options, *_: _one_of(options),
        "const": lambda value, *_: _one_of([value]),
        "pattern": lambda text, *_: _pattern(text),
        "maxLength": lambda most, *_: _length(0, most, str),
        "minItems": lambda least, *_: _length(least, math.inf, list),
        "maxItems": lambda most, *_: _length(0, most, list),
        "maxProperties": lambda most, *_: _length(0, most, dict),
        "minimum": lambda low, *_: _range(low, math.inf),
        "maximum": lambda high, *_: _range(-math.inf, high),
        "items": _items,
        "required": lambda names, *_: _required(names),
        "propertyNames": _names,
        "properties": _properties,
        "additionalProperties": lambda _, own, all_: _properties(own.get("properties", {}), own, all_),
        "anyOf": _any_of,
        "if": _condition,
    }
    skipped = ANNOTATIONS | {"then", "else"} | ({"additionalProperties"} if "properties" in part else set())
    if unknown := set(part) - set(known) - skipped:
        raise ValueError(f"a keyword that these checks do not know: {sorted(unknown)}")
    checks = [known[key](part[key], part, whole) for key in known if key in part and key not in skipped]

    def check(value: Any) -> None:
        for each in checks:
            each(value)

    return checks[0] if len(checks) == 1 else check


def _reference(place: str, _: Schema, whole: Schema) -> Check:
    return _compiled(whole["$defs"][place.removeprefix("#/$defs/")], whole)


def _type(names: str | list[str], *_: Any) -> Check:
    listed = [names] if isinstance(names, str) else names
    kinds = frozenset(kind for name in listed for kind in KINDS[name][0])
    wanted = " or ".join(KINDS[name][1] for name in listed)

    def check(value: Any) -> None:
        if type(value) not in kinds:
            raise Misfit(f"is {brief(value)}, not {wanted}")
        if isinstance(value, int | float) and not finite(value):
            raise Misfit(f"is {brief(value)}, not a finite number below 2^63")

    return check


def _one_of(options: list[Any]) -> Check:
    known = [(type(option), option) for option in options]
    words = ", ".join(map(brief, options))

    def check(value: Any) -> None:
        if (type(value), value) not in known:
            raise Misfit(f"is {brief(value)}, not {'one of ' if len(known) > 1 else ''}{words}")

    return check


def _pattern(text: str) -> Check:
    whole = re.compile(text.removesuffix("$") + r"\Z")

    def check(value: Any) -> None:
        if isinstance(value, str) and not whole.search(value):
            raise Misfit(f"is {brief(value)}, which does not match {text}")

    return check


def _length(least: float, most: float, kind: type) -> Check:
    def check(value: Any) -> None:
        if isinstance(value, kind) and not least <= len(value) <= most:  # type: ignore[arg-type]
            size = len(value)  # type: ignore[arg-type]
            raise Misfit(f"has {size} entries or letters, {f'at least {least}' if size < least else f'at most {most}'}")

    return check


def _range(low: float, high: float) -> Check:
    def check(value: Any) -> None:
        if isinstance(value, int | float) and not low <= value <= high:
            raise Misfit(f"is {brief(value)}, {f'below {low}' if value < low else f'above {high}'}")

    return check


def _items(part: Schema, _: Schema, whole: Schema) -> Check:
    one = _compiled(part, whole)
    numbers = _numbers(part) if set(part) <= {"type", "minimum", "maximum"} else None

    def check(value: Any) -> None:
        if not isinstance(value, list) or (numbers and numbers(value)):
            return
        for place, entry in enumerate(value):
            try:
                one(entry)
            except Misfit as misfit:
                misfit.path.insert(0, str(place))
                raise

    return check


def _numbers(part: Schema) -> Callable[[list[Any]], bool] | None:
    """Whether a list certainly holds such numbers (or null); what it cannot say quickly is left to the slow way."""
    listed = [part["type"]] if isinstance(part["type"], str) else part["type"]
    kinds = {kind for name in listed for kind in KINDS[name][0]}
    if not kinds <= {int, float, type(None)}:
        return None
    low, high = part.get("minimum", -math.inf), part.get("maximum", math.inf)

    def certainly(values: list[Any]) -> bool:
        found = set(map(type, values))
        if not found <= kinds:
            return False
        present = [v for v in values if v is not None] if type(None) in found else values
        try:
            total = sum(present)
        except OverflowError:
            return False
        return not present or (finite(total) and low <= min(present) and max(present) <= high)

    return certainly


def _required(names: list[str]) -> Check:
    def check(value: Any) -> None:
        for name in names if isinstance(value, dict) else ():
            if name not in value:
                raise Misfit(f"has no {name}")

    return check


def _names(part: Schema, _: Schema, whole: Schema) -> Check:
    one = _compiled(part, whole)

    def check(value: Any) -> None:
        for name in value if isinstance(value, dict) else ():
            try:
                one(name)
            except Misfit as misfit:
                raise Misfit(f"has a key that {misfit.what}") from None

    return check


def _properties(parts: Schema, own: Schema, whole: Schema) -> Check:
    known = {name: _compiled(part, whole) for name, part in parts.items()}
    more = own.get("additionalProperties", True)
    others = _compiled(more, whole) if isinstance(more, dict) else None

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            return
        for name, entry in value.items():
            one = known.get(name, others)
            if one is None and more is False:
                raise Misfit(f"has an unknown key {brief(name)}")
            if one is not None:
                try:
                    one(entry)
                except Misfit as misfit:
                    misfit.path.insert(0, name if name.isidentifier() else brief(name))
                    raise

    return check


def _any_of(parts: list[Schema], _: Schema, whole: Schema) -> Check:
    ways = [_compiled(part, whole) for part in parts]

    def check(value: Any) -> None:
        deepest: Misfit | None = None
        for way in ways:
            try:
                return way(value)
            except Misfit as misfit:  # what it was meant to be is the way that it went farthest
                if deepest is None or len(misfit.path) >= len(deepest.path):
                    deepest = misfit
        raise deepest or Misfit("fits nothing")

    return check


def _condition(part: Schema, own: Schema, whole: Schema) -> Check:
    test = _compiled(part, whole)
    then, otherwise = _compiled(own.get("then", {}), whole), _compiled(own.get("else", {}), whole)

    def check(value: Any) -> None:
        try:
            test(value)
        except Misfit:
            return otherwise(value)
        return then(value)

    return check
