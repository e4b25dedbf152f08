"""What a cell asks of a search: which of its parameters is searched, and by which file. Standard library only.

A parameter is searched where its value is {search: <name>, seed: <repeat>}; R may say as well which schedule it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared.formulas import check_schedule
from lnl.declared.search_file import parameter_of
from lnl.errors import UserError, choose

FINALS = {  # what of a search is trained
    "best": "the best candidate",
    "draw": "a draw of the last distribution",
    "mode": "the last distribution's mode",
    "mean": "the last distribution's mean",
}


def asks(value: Any) -> bool:
    """Whether a parameter's value is a search."""
    return isinstance(value, Mapping) and "search" in value


def searched_parameter(parameters: Mapping[str, Any], where: str) -> str | None:
    """The parameter that is searched, or None; UserError for two."""
    names = [name for name, value in parameters.items() if asks(value)]
    if len(names) > 1:
        raise UserError(
            f"{where}: {names[0]} and {names[1]} are both searched; a cell searches one parameter: "
            f"give {names[0]} or {names[1]} a value"
        )
    return names[0] if names else None


def check(
    parameters: Mapping[str, Any], defaults: Mapping[str, Any], searches: Mapping[str, Any], where: str
) -> str | None:
    """The parameter that is searched, or None. UserError for what cannot be asked: an unknown key or seed, a search of
    another parameter, an R that is neither a search nor a schedule. defaults: of the method; searches: declared ones.
    """
    name = searched_parameter(parameters, where)
    for key, value in parameters.items():
        own = defaults.get(key)
        plain = key != "R" and (asks(own) or not isinstance(own, Mapping))
        if plain and isinstance(value, Mapping) and not asks(value):
            raise UserError(f"{where}: {key} is a value or {{search: <name>}}, not {value!r}")
    schedule = parameters.get("R")
    if schedule is not None:
        if not isinstance(schedule, Mapping) or ("search" in schedule) == ("formula" in schedule):
            raise UserError(f"{where}: R is {{search: <name>}}, or a schedule {{formula, clip, x}}, not {schedule!r}")
        if name != "R":
            check_schedule(schedule, where)
    if name is not None:
        _check_search(name, parameters[name], searches, where)
    return name


def _check_search(name: str, wanted: Mapping[str, Any], searches: Mapping[str, Any], where: str) -> None:
    for key in wanted:
        choose(key, {"search": 0, "seed": 0} | ({"final": 0} if name == "R" else {}), f"key of {name}", where)
    seed, final = wanted.get("seed", 1), wanted.get("final")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UserError(f"{where}: {name}'s seed is a whole number from 0 on, not {seed!r}")
    if final is not None:
        choose(final, FINALS, "final schedule", where)
    found = parameter_of(choose(str(wanted["search"]), dict(searches), "search", where))
    if found != name:
        fitting = ", ".join(key for key, declared in searches.items() if parameter_of(declared) == name)
        raise UserError(
            f"{where}: search '{wanted['search']}' is one of {found}, not of {name}; "
            + (f"searches of {name}: {fitting}" if fitting else f"no file of config/searches has `parameter: {name}`")
        )


def alike(method: Mapping[str, Any], base: Mapping[str, Any], name: str) -> bool:
    """Whether two methods, the second the first or what it extends, differ in parameter `name` alone."""
    others = [{**each["parameters"], name: None} for each in (method, base)]
    return others[0] == others[1] and all(method.get(k) == base.get(k) for k in ("version", "settings"))


def tried(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Resolved parameters as some candidate could have them: a searched one has its last value, R the usual ramp."""
    values = {k: v["spec"]["algorithm"].get("values") if asks(v) else [v] for k, v in parameters.items()}
    return {name: listed[-1] for name, listed in values.items() if listed}
