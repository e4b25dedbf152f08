"""What claims say of printed numbers: that tables, rows and columns print what is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from lnl.declared import claim_keys
from lnl.declared.claim_tests import PRINTED
from lnl.declared.claims import Place
from lnl.declared.decision_switches import Declarations
from lnl.errors import UserError, choose

Tree = Mapping[str, Any]
Printed = dict[str, dict[str, Any]]
FIELDS = ("noise", "dataset", "method")  # what a REF's `row` may hold in braces


def check(catalogue: Declarations, test: Tree, where: str) -> None:
    """UserError for a comparison of printed numbers that names what is not printed, or compares nothing."""
    for key in PRINTED[test["kind"]]:
        if key not in test:
            raise UserError(f"{where}: '{key}' is missing")
    claim_keys.check_printed(test, where)
    if test["kind"] == "INTER":
        _check_leads(test, where)
    at = {**test["a"], **named_columns(test)}
    a = _selected(catalogue, at, f"{where}, a")
    b = _selected(catalogue, {**at, **test["b"]}, f"{where}, b") if "b" in test else []
    if "low" in test and not test["low"] < test["high"]:
        raise UserError(f"{where}: 'low' {test['low']:g} is not below 'high' {test['high']:g}")
    if test["kind"] == "RANGE" and len(a) < 2:
        raise UserError(f"{where}: one number has no range; name two at least")
    if test["kind"] in ("BEST", "SAME") and len(a) > 1:
        raise UserError(f"{where}: a is one number, and names {len(a)}")
    if test["kind"] in ("GT", "VAR"):
        axis = 1 if test.get("match") == "column" else 0
        if not any(x[axis] == y[axis] and x != y for x in a for y in b):
            raise UserError(f"{where}: a and b have no {'column' if axis else 'row'} in common in which they differ")
    elif any(place in a for place in b) and test["kind"] == "SAME":
        raise UserError(f"{where}: compares a number with itself")


def named_columns(test: Tree) -> dict[str, list[str]]:
    """{column: …} of a comparison that names its columns beside a and b; nothing of any other."""
    if test["kind"] != "INTER":
        return {}
    return {"column": [*named(test["harder"], ()), test["easier"]]}


def _check_leads(test: Tree, where: str) -> None:
    if test["easier"] in named(test["harder"], ()):
        raise UserError(f"{where}: '{test['easier']}' is the harder and the easier column")
    for side in ("a", "b"):
        if "column" in test[side]:
            raise UserError(f"{where}, {side}: takes no 'column'; 'harder' and 'easier' name the columns")


def _values(catalogue: Declarations, table: str, where: str) -> Printed:
    choose(table, catalogue.tables, "table", where)
    declared = catalogue.tables[table]
    if declared.get("kind", "accuracy") != "accuracy" or not declared.get("published"):
        raise UserError(f"{where}: table '{table}' has no published accuracies")
    values: Printed = declared["published"]["values"]
    return values


def _selected(catalogue: Declarations, at: Tree, where: str) -> list[tuple[str, str]]:
    """(row, column) of the printed numbers that are named."""
    for key in ("table", "row", "column"):
        if key not in at:
            raise UserError(f"{where}: '{key}' is missing: {{table, row, column}}, 'all' for a whole row or column")
    values = _values(catalogue, at["table"], where)
    columns = dict.fromkeys(column for row in values.values() for column in row)
    found = []
    for row in named(at["row"], values):
        choose(row, values, f"printed row of {at['table']}", where)
        for column in named(at["column"], columns):
            choose(column, values[row], f"printed column of {at['table']} at {row}", where)
            found.append((row, column))
    return found


def named(asked: str | list[str], every: Iterable[str]) -> list[str]:
    """Keys that a test names: one, a list of them, or `all` of every one that there is."""
    if asked == "all":
        return list(every)
    return [asked] if isinstance(asked, str) else list(asked)


def check_reference(catalogue: Declarations, test: Tree, members: list[Place], where: str) -> None:
    """UserError for a REF whose table prints none of the cells that it is about."""
    values = _values(catalogue, test["table"], where)
    templates = {"row": test.get("row", "{noise}"), "column": test.get("column", "{method}")}
    fields = [name for key, template in templates.items() for name in _fields(template, key, where)]
    lacking = [place for place in members if any(name not in place.at for name in fields)]
    if lacking:
        shown = ", ".join(f"'{key}': {template}" for key, template in templates.items())
        raise UserError(f"{where}: {shown}, and the cells name no such coordinate")
    at = [{key: template.format(**place.at) for key, template in templates.items()} for place in members]
    if not any(one["column"] in values.get(one["row"], {}) for one in at):
        choose(at[0]["row"], values, f"printed row of {test['table']}", where)
        choose(at[0]["column"], values[at[0]["row"]], f"printed column of {test['table']} at {at[0]['row']}", where)


def _fields(template: str, key: str, where: str) -> list[str]:
    """Coordinates that a template has in braces."""
    try:
        fields = [name for _, name, *_ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise UserError(f"{where}: '{key}': {template} cannot be filled in ({error})") from None
    for name in fields:
        choose(name, dict.fromkeys(FIELDS), "coordinate to fill in", f"{where}, '{key}'")
    return fields
