"""Validation of every declared file, with errors that a person can act on: file, key, nearest valid value."""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lnl.errors import UserError

SCHEMAS = Path(__file__).resolve().parents[2] / "workflow" / "schemas"


@cache
def schema(name: str) -> dict[str, Any]:
    """workflow/schemas/<name>.yaml; not to be changed by whoever reads it."""
    found: dict[str, Any] = yaml.safe_load((SCHEMAS / f"{name}.yaml").read_text())
    return found


@cache
def _validator(name: str) -> Any:
    import jsonschema  # only the head process validates; jobs never import it

    return jsonschema.Draft202012Validator(schema(name))


def check(declaration: object, name: str, source: str) -> None:
    """Validate a declaration against workflow/schemas/<name>.yaml; UserError names `source`, key and remedy."""
    errors = sorted(_validator(name).iter_errors(declaration), key=lambda e: (len(e.absolute_path), str(e.path)))
    if errors:
        raise UserError(f"{source}: {_explain(errors[0])}")


def _explain(error: Any) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    at = f"'{place}': " if place else ""
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(known))
        near = difflib.get_close_matches(str(unknown[0]), known, 1, 0.5) if unknown else []
        hint = f" (did you mean '{near[0]}'?)" if near else f"; keys: {', '.join(known)}"
        return f"{at}unknown key '{unknown[0] if unknown else '?'}'{hint}"
    if error.validator == "propertyNames":
        error = error.context[0] if error.context else error
    if error.validator == "enum":
        options = [str(v) for v in error.validator_value]
        near = difflib.get_close_matches(str(error.instance), options, 1, 0.5)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        return f"{at}'{error.instance}' is not one of {', '.join(options)}{hint}"
    if error.validator == "required":
        return f"{at}{error.message.replace(' is a required property', ' is missing')}"
    return f"{at}{error.message.splitlines()[0][:200]}"
