"""What settles a point without any run: a number that follows from a formula, a network or a declaration.

Decisions and surprises name a function here and what it is given; what it returns fills the braces of their sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lnl.errors import UserError, choose

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


def functions() -> dict[str, Callable[..., dict[str, str]]]:
    """Every function by its name."""
    from lnl.results.arithmetic import budgets, losses, noises

    return {
        name: function
        for module in (budgets, losses, noises)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    }


def sentence(suite: Suite, says: str, name: str, given: Mapping[str, Any], where: str) -> str:
    """`says` with its braces filled by function `name` from what it is `given`, and by that itself.

    A function that asks for `suite` gets it. UserError, which begins with `where`, for an unknown function, for one
    that is given something else than it takes, and for a brace that nothing fills.
    """
    function: Callable[..., dict[str, str]] = choose(name, functions(), "arithmetic", where)
    takes = inspect.signature(function)
    asked = {**given, **({"suite": suite} if "suite" in takes.parameters else {})}
    try:
        takes.bind(**asked)
    except TypeError as error:
        raise UserError(f"{where}: arithmetic '{name}' takes {', '.join(takes.parameters)}: {error}") from None
    values = {key: str(value) for key, value in given.items()} | function(**asked)
    try:
        return says.format_map(values)
    except (KeyError, IndexError, ValueError) as error:
        raise UserError(f"{where}: nothing fills {error} of '{says}'; there is {', '.join(values)}") from None
