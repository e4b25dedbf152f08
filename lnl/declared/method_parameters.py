"""Parameters of a method as a specification has them: defaults, a setting's, a variant's. Standard library only."""

from __future__ import annotations

from typing import Any

from lnl.declared import settings
from lnl.errors import UserError, choose


def method_parameters(
    spec: dict[str, Any], over: dict[str, Any], where: tuple[str, str, str], source: str
) -> dict[str, Any]:
    """Defaults of a method, its overrides for a setting (protocol, dataset, noise), then `over`. UserError for a key
    that it does not have, and for a value that it does not take.

    A parameter that is null is left out: a method may gain an option without making its records stale.
    """
    values = dict(spec.get("parameters", {}))
    for key, value in (settings.changes(spec.get("settings", {}), where) | over).items():
        choose(key, values, f"parameter of {spec['key']}", source)
        values[key] = value
    _check_words(spec, values, source)
    _check_types(spec, values, source)
    _check_ranges(spec, values, source)
    return {key: value for key, value in values.items() if value is not None}


def _check_words(spec: dict[str, Any], values: dict[str, Any], source: str) -> None:
    """UserError for a word that is none of those that the method allows there."""
    for key, allowed in spec.get("values", {}).items():
        searched = isinstance(values.get(key), dict) and "search" in values[key]  # for one of the allowed
        if not searched and values.get(key) not in allowed:
            raise UserError(
                f"{source}: {key} = {values.get(key)!r}; {spec['key']} knows {', '.join(map(str, allowed))}"
            )


def _check_types(spec: dict[str, Any], values: dict[str, Any], source: str) -> None:
    """UserError for a word where the method has a number or a yes, for a fraction where it counts something, and for
    null where none of its own values is."""
    nullable = {key for changes in spec.get("settings", {}).values() for key, value in changes.items() if value is None}
    nullable |= {key for key, allowed in spec.get("values", {}).items() if None in allowed}
    for key, default in spec.get("parameters", {}).items():
        value = values[key]
        if default is None or isinstance(value, dict) or isinstance(default, dict):
            continue
        if value is None and key not in nullable:
            raise UserError(
                f"{source}: {key} is null, and {spec['key']} has no meaning for that; its default is {default!r}"
            )
        kinds = {bool: "true or false", int: "a whole number, written without a point,", float: "a number"}
        wanted = kinds.get(type(default))
        fits = type(value) is type(default) or (isinstance(default, float) and type(value) is int)
        if wanted and value is not None and not fits:
            raise UserError(
                f"{source}: {key} = {value!r}; {spec['key']} takes {wanted} there, its default is {default!r}"
            )


def _check_ranges(spec: dict[str, Any], values: dict[str, Any], source: str) -> None:
    """UserError for a number outside of the range that the method has for it, and for what is no number there."""
    for key, (low, high) in spec.get("ranges", {}).items():
        value = values.get(key)
        if value is None or isinstance(value, dict):  # a search, or what `searched` refuses
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value < low or (high is not None and value > high):
            wanted = f"numbers from {low:g} on" if high is None else f"{low:g} to {high:g}"
            if not number:
                wanted = f"a number from {low:g} {'on' if high is None else f'to {high:g}'}, without quotes"
            raise UserError(f"{source}: {key} = {value!r}; {spec['key']} takes {wanted}")
