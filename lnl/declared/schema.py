"""Validation of every declared file, with errors that a person can act on: file, key, nearest valid value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from lnl.declared.reading import read_yaml
from lnl.declared.schema_hints import example, told
from lnl.errors import UserError, alike, close

SCHEMAS = Path(__file__).resolve().parents[2] / "workflow" / "schemas"
KINDS = {  # JSON's words for what a value is -> a person's
    "object": "a mapping of keys to values",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
LONGEST = 80  # characters of a wrong value that a line shows
LINES = 12  # of one declaration that are shown at once


_sound: set[tuple[str, str]] = set()  # what was found to be as its schema says


@cache
def schema(name: str) -> dict[str, Any]:
    """workflow/schemas/<name>.yaml; not to be changed by whoever reads it."""
    found: dict[str, Any] = read_yaml(SCHEMAS / f"{name}.yaml")
    return found


@cache
def _validator(name: str) -> Any:
    import jsonschema  # only the head process validates; jobs never import it

    # JSON Schema takes 5.0 for an integer, and infinity for a number: a range(5.0) or an endless search comes of it
    types = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_whole, "number": lambda _, value: is_number(value)}
    )
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=types)(schema(name))


def _is_whole(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """A finite number, and no yes or no."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check(declaration: object, name: str, source: str) -> None:
    """Validate a declaration against workflow/schemas/<name>.yaml; UserError has a line for everything that is wrong
    with it, each with `source`, key and remedy."""
    known = name, repr(declaration)
    if known in _sound:
        return
    errors = sorted(_validator(name).iter_errors(declaration), key=_place)
    if not errors:
        _sound.add(known)
        return
    causes = _once_a_place(_nearest_cause(error) for error in errors)
    meant = {(*each.absolute_path, name) for each in causes for _, name in _unknown_keys(each)}
    lines = [
        line
        for each in causes
        if (*each.absolute_path, _missing(each)) not in meant
        for line in _explain(each, declaration, ".py" in source)
    ]
    raise UserError(*summed([f"{source}: {line}" for line in dict.fromkeys(lines)], source))


def _place(error: Any) -> tuple[int, list[tuple[int, str]]]:
    """What the outermost keys say comes first; the entries of a list come in their order."""
    path = list(error.absolute_path)
    return len(path), [(part, "") if isinstance(part, int) else (-1, str(part)) for part in path]


def _once_a_place(errors: Iterable[Any]) -> list[Any]:
    """Of one value that is wrong in several ways the first way; of keys all that are missing, unknown or lonely."""
    found: dict[object, Any] = {}
    for error in errors:
        of_keys = error.validator in ("required", "additionalProperties", "dependentRequired")
        found.setdefault((*error.absolute_path, error.message if of_keys else None), error)
    return list(found.values())


def summed(lines: list[str], source: str) -> list[str]:
    """As many of these lines as a terminal can show at once, and how many there are more."""
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"{source}: and {len(lines) - LINES + 1} more"]


def _explain(error: Any, declaration: Any, in_python: bool) -> list[str]:
    """What is wrong, in a line; of several unknown keys a line for each. in_python: the file is no YAML."""
    place = told(declaration, error.absolute_path)
    at = f"'{place}': " if place else ""
    if error.validator is None:  # the schema is `false` there
        return [f"{at}does not go with what stands beside it; leave it out"]
    if error.validator == "additionalProperties":
        return [at + line for line in _unknown(error)]
    words = _WORDS.get(error.validator)
    said = words(error) if words is not None else " ".join(error.message.split())[:200]
    return [at + said + example(error, in_python)]


def _missing(error: Any) -> str | None:
    """The key that is missing, if that is what is wrong."""
    found = re.fullmatch(r"'(.*)' is a required property", error.message) if error.validator == "required" else None
    return found[1] if found else None


def _nearest_cause(error: Any) -> Any:
    """Of several alternatives that a value could have been, what is wrong with the one that it is most like."""
    while error.validator in ("anyOf", "oneOf", "if", "propertyNames") and error.context:
        fitting = [e for e in error.context if not (e.validator == "type" and not e.path)]
        deepest = sorted(fitting or error.context, key=lambda e: -len(e.absolute_path))
        if not fitting and error.validator != "propertyNames":
            return error  # none of the kinds that it could be
        error = deepest[0]
    return error


def shown(value: Any) -> str:
    """A wrong value as a line can hold it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _unknown_keys(error: Any) -> list[tuple[str, str]]:
    """(key, the known one that it is like, or nothing) of every key that nobody would read."""
    if error.validator != "additionalProperties" or not isinstance(error.instance, dict):
        return []
    known = sorted(error.schema.get("properties", {}))
    return [(key, "".join(close(key, known, 1))) for key in sorted(set(error.instance) - set(known))]


def _unknown(error: Any) -> list[str]:
    found = _unknown_keys(error)
    hints = [_stands(key, error.schema) or (f" (did you mean '{like}'?)" if like else "") for key, like in found]
    lines = [f"unknown key '{key}'{hint}" for (key, _), hint in zip(found, hints, strict=True)]
    strange = max((i for i, hint in enumerate(hints) if not hint), default=None)
    if strange is not None:  # the list of what there is once, below the last that is like none of it
        lines[strange] += f"; keys: {', '.join(sorted(error.schema.get('properties', {})))}"
    return lines or [str(error.message)]


def _stands(key: str, of: Mapping[str, Any]) -> str:
    """Where a key that is unknown here belongs, if one of the keys here has it below itself."""
    inside = [name for name, each in of.get("properties", {}).items() if key in each.get("properties", {})]
    return f" (it stands under '{inside[0]}')" if len(inside) == 1 else ""


def _one_of(error: Any) -> str:
    options = [str(v) for v in error.validator_value]
    found = shown(error.instance) if not isinstance(error.instance, str) else f"'{error.instance[:LONGEST]}'"
    return f"{found} is not one of {', '.join(options)}{alike(error.instance, options, 1)}"


def _kind(error: Any) -> str:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    words = " or ".join(KINDS[kind] for kind in wanted)
    value = error.instance
    if isinstance(value, float) and "integer" in wanted:
        return _whole_number(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no finite number; {words} is wanted"
    number = isinstance(value, str) and {"integer", "number"} & set(wanted) and _reads_as_number(value)
    hint = f"; a number has no quotes, and 1e-3 is written 1.0e-3: {float(value)!r}" if number else ""
    return f"{shown(value)} is not {words}{hint}"


def _whole_number(value: float) -> str:
    if not math.isfinite(value) or not value.is_integer():
        return f"{value!r} is not a whole number"
    return f"{value!r} is written as a fraction, and a whole number is wanted: write {int(value)}"


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _alternatives(error: Any) -> str:
    kinds = [each.get("type") for each in error.validator_value]
    words = [KINDS[k] for kind in kinds if kind for k in (kind if isinstance(kind, list) else [kind])]
    if isinstance(error.instance, float) and "integer" in kinds:
        return _whole_number(error.instance)
    missing = [each["required"] for each in error.validator_value if set(each) == {"required"}]
    if missing:
        return f"it has to say {', or '.join(' and '.join(each) for each in missing)}"
    return f"{shown(error.instance)} is not {' or '.join(dict.fromkeys(words)) or 'among what is possible here'}"


def _form(error: Any) -> str:
    if not error.instance.strip():
        return "is empty; it needs a text"
    return f"{shown(error.instance)} has not the form {error.validator_value}"


def _beside(error: Any) -> str:
    wanted, key = re.findall(r"'(.*?)'", error.message)
    return f"'{key}' needs '{wanted}' beside it"


def _range(words: str) -> Any:
    return lambda error: f"{shown(error.instance)} is {words} {error.validator_value:,}"


_WORDS = {
    "enum": _one_of,
    "type": _kind,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
    "required": lambda error: error.message.replace(" is a required property", " is missing"),
    "dependentRequired": _beside,
    "minimum": _range("below the least possible value,"),
    "maximum": _range("above the largest possible value,"),
    "exclusiveMinimum": _range("not above"),
    "exclusiveMaximum": _range("not below"),
    "minLength": lambda error: f"{shown(error.instance)} is too short",
    "maxLength": lambda error: f"{shown(error.instance)} has more than {error.validator_value} characters",
    "minItems": lambda error: f"is a list of {len(error.instance)}; it needs {error.validator_value} or more",
    "maxItems": lambda error: f"is a list of {len(error.instance)}; it may have {error.validator_value} at most",
    "minProperties": lambda error: "has too few keys",
    "uniqueItems": lambda error: f"{shown(error.instance)} names something twice; name each once",
    "pattern": _form,
    "not": lambda error: f"{shown(error.instance)} does not go together",
}  # fmt: skip
