"""What a file of config/searches says, beyond its schema. Standard library only.

Such a file searches the schedule R over a space of curves, or another parameter of a method over a declared list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared import search_rounds
from lnl.declared.method_parameters import method_parameters
from lnl.declared.search_options import resolved
from lnl.declared.specification import NOISY_HOLD_OUT
from lnl.errors import UserError, choose

#: Ways in which candidates go on with what the one before has left, and the key of a specification that names that one.
SHARED = {"shared": "networks_of", "shared-with-optimiser": "networks_and_optimiser_of"}

#: The whole test file scores candidates, whatever part of it validates (S2E's first release: decision scored_on).
TEST_FILE = "test-file"

#: What may score a candidate, as lines say it; of the two that judge a result as well, a choice leaks.
SCORED_ON = {
    "validation": "validation images",
    "test": "test images",
    TEST_FILE: "all images of the test file",
    NOISY_HOLD_OUT: "examples of a noisy hold-out",
}
LEAKING = ("test", TEST_FILE)

MOST = 10_000  # candidates of a search: a hundred times the largest that a document has

OF_SPACES = ("space", "algorithm", "rounds", "samples", "datasets")


def parameter_of(declared: Mapping[str, Any]) -> str:
    """The parameter that a search finds a value of."""
    return str(declared.get("parameter", "R"))


def probe(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The searched parameter as a candidate's specification has it before a candidate is known: the last value of a
    list, no schedule at all."""
    return {parameter_of(declared): declared["values"][-1] if "values" in declared else None}


def budget_of(declared: Mapping[str, Any]) -> dict[str, int]:
    """Rounds and samples of a search over a space: Hyperband's follow from its options, and need not be declared."""
    return {key: declared.get(key, 1) for key in ("rounds", "samples")}


def check(
    name: str,
    declared: Mapping[str, Any],
    spaces: Mapping[str, Any],
    methods: Mapping[str, Mapping[str, Any]],
    datasets: Mapping[str, Any],
) -> None:
    """UserError for keys of config/searches/<name>.yaml that do not go together, for an unknown space, for a parameter
    that no method has, and for an option that the algorithm does not have."""
    where = f"config/searches/{name}.yaml"
    parameter, listed = parameter_of(declared), "values" in declared
    having = {key: 0 for method in methods.values() for key in method["parameters"]} | {"R": 0}
    choose(parameter, having, "parameter of a method", where)
    for value in declared.get("values", ()):
        _check_value(parameter, value, methods, where)
    both = [key for key in OF_SPACES if key in declared] if listed else []
    if both:
        raise UserError(f"{where}: '{both[0]}' and 'values' exclude each other: a list is one round of all its values")
    if listed == (parameter == "R"):
        how = (
            "over a space of curves, not a list of values" if listed else "by a list: give 'values' instead of a space"
        )
        raise UserError(f"{where}: {parameter} is searched {how}")
    if "hold_out" in declared and declared.get("scored_on") != NOISY_HOLD_OUT:
        raise UserError(f"{where}: 'hold_out' goes with scored_on: {NOISY_HOLD_OUT}")
    for dataset in declared.get("datasets", {}):
        choose(dataset, datasets, "data set", f"{where}: datasets")
    if not listed:
        choose(declared["space"], dict(spaces), "search space", where)
        for name, budget in {"": {}, **declared.get("datasets", {})}.items():
            at = f"{where}: datasets, {name}" if name else where
            if budget.get("algorithm", {}).get("name", declared["algorithm"]["name"]) != declared["algorithm"]["name"]:
                raise UserError(f"{at}: 'algorithm.name': one search has one algorithm; another one needs a file")
            algorithm = resolved(declared["algorithm"] | budget.get("algorithm", {}), at)
            counted = budget_of({**declared, **budget})
            check_budget(algorithm, counted["rounds"], counted["samples"], at)


def _check_value(parameter: str, value: Any, methods: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """UserError for a value that no method with this parameter takes; which one is meant, the cells say."""
    errors = []
    for method in methods.values():
        if parameter in method["parameters"]:
            if not _sound(method, where):
                continue
            try:
                method_parameters(dict(method), {parameter: value}, ("", "", ""), f"{where}: values")
                return
            except UserError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def _sound(method: Mapping[str, Any], where: str) -> bool:
    """Whether a method can be run as it is. One that cannot is no fault of a search: its own check tells."""
    try:
        method_parameters(dict(method), {}, ("", "", ""), where)
    except UserError:
        return False
    return True


def check_budget(algorithm: Mapping[str, Any], rounds: int, samples: int, where: str) -> None:
    """UserError for a search of more candidates than anybody could train; it is found before they are listed."""
    if algorithm["name"] == "hyperband":
        brackets, eta = algorithm["brackets"], algorithm["eta"]
        count = sum(sum(search_rounds.rung_sizes(algorithm, bracket)) for bracket in range(brackets))
        what = f"{brackets} brackets with eta {eta:g}"
    else:
        count, what = rounds * samples, f"{rounds} rounds of {samples}"
    if count > MOST:
        raise UserError(f"{where}: {what} are {count:,} candidates; a search has at most {MOST:,}")
