"""What a line about a value of a declaration says beside its fault: where it stands, and how a right one looks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

#: Faults of a value's form, which an example of its schema answers; others are of what it says.
OF_FORM = ("type", "anyOf", "oneOf", "minItems", "maxItems")


def told(declaration: Any, path: Iterable[Any]) -> str:
    """A place as a person finds it: rows[pair-45].label; an entry of a list without a key of its own by its number."""
    words, at = "", declaration
    for part in path:
        beside, at = at, at[part]
        name = _own_key(at, beside) if isinstance(part, int) else None
        words += f"[{name}]" if name else f".{part}"
    return words.removeprefix(".")


def _own_key(entry: Any, beside: list[Any]) -> str | None:
    """What an entry of a list is called, if nothing beside it is called so as well."""
    keys = [each.get("key") if isinstance(each, dict) else None for each in beside]
    own = entry.get("key") if isinstance(entry, dict) else None
    return own if isinstance(own, str) and re.fullmatch(r"[\w-]{1,40}", own) and keys.count(own) == 1 else None


def example(error: Any, in_python: bool) -> str:
    """The end of a line about a value of the wrong form: the example that its schema has, as its file would have it."""
    if error.validator not in OF_FORM or "examples" not in error.schema:
        return ""
    one = error.schema["examples"][0]
    if in_python:
        return f"; e.g. {one!r}"
    import yaml  # of a fault alone

    flow = yaml.safe_dump(one, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1000)
    return f"; e.g. {flow.strip()}"
