"""Which places the tests of a claim compare: that there are any, and as many of each as the kind of test needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from lnl.declared.claim_tests import KINDS
from lnl.declared.claims import Place
from lnl.declared.decision_switches import Declarations
from lnl.errors import UserError, nearest

Tree = Mapping[str, Any]
Cells = Mapping[str, list[Place]]


def check(catalogue: Declarations, test: Tree, found: list[dict[str, list[Place]]], where: str) -> None:
    """UserError for a test that, in some setting, compares nothing or cannot be made. found: places by setting."""
    compared = False
    for cells in found:
        a = cells[test["a"]]
        if not a or ("b" in test and not cells[test["b"]]):
            continue  # a setting that leaves these methods out
        special = _SPECIAL.get(test["kind"])
        if special is not None:
            special(test, cells, where)
        if KINDS[test["kind"]].grouped:
            axis = test.get("match", "noise")
            groups = [sum(_at(p, axis) == value for p in a) for value in {_at(p, axis) for p in a}]
            compared = compared or any(size > 1 for size in groups)
        else:
            compared = compared or "b" not in test or test["kind"] in _SPECIAL or any(_pairs(catalogue, test, cells))
    if not compared:
        sides = (
            f"two places of '{test['a']}'" if "b" not in test else f"a place of '{test['a']}' with one of '{test['b']}'"
        )
        shared = test.get("match", "noise")
        raise UserError(
            f"{where}: compares nothing: it holds {sides} against each other that have one {shared} and data set"
        )


def _at(place: Place, axis: str) -> str:
    return "" if axis == "all" else place.at.get(axis, "")


def _pairs(catalogue: Declarations, test: Tree, cells: Cells) -> Iterator[bool]:
    """Whether each place of a is held against each of b, as `pairs` of lnl/results/claims/parts.py does."""
    for a, b in product(cells[test["a"]], cells[test["b"]]):
        alike = all(_at(a, k) == _at(b, k) for k in {test.get("match", "noise"), "dataset"})
        yield alike and _bed(catalogue, a) == _bed(catalogue, b) and _identity(a) != _identity(b)


def _bed(catalogue: Declarations, place: Place) -> tuple[str, ...]:
    if place.kind != "synthetic":
        return ()
    study = catalogue.synthetic["studies"][place.at["study"]]
    return study["target"], study["budget"]


def _identity(place: Place) -> tuple[Any, ...]:
    """What makes a place another one: its coordinates, whatever its variants set, and its stage."""
    changed = [part.get(key) for part in place.parts for key in ("set", "stage") if part.get(key)]
    return repr(sorted(place.at.items())), repr(changed)


def _inter(test: Tree, cells: Cells, where: str) -> None:
    """Every rival of a is there at every noise that the test names, so that each lead can be held against the other."""
    harder = [test["harder"]] if isinstance(test["harder"], str) else test["harder"]
    if test["easier"] in harder:
        raise UserError(f"{where}: '{test['easier']}' is the harder and the easier noise")
    for side in ("a", "b"):
        rivals: dict[tuple[str, str], list[str]] = {}
        for place in cells[test[side]]:
            rivals.setdefault((place.method, place.at.get("dataset", "")), []).append(place.at["noise"])
        if side == "a" and len({method for method, _ in rivals}) > 1:
            raise UserError(f"{where}: '{test['a']}' are several methods; a is one, whose lead over each b is taken")
        for (method, _), noises in rivals.items():
            for noise in (*harder, test["easier"]):
                if noise not in noises:
                    raise UserError(f"{where}: '{test[side]}' has no {method} at '{noise}'{nearest(noise, noises)}")


def _sign(test: Tree, cells: Cells, where: str) -> None:
    a, b = cells[test["a"]], cells[test["b"]]
    if len(a) != len(b) or len(a) < 2:
        raise UserError(
            f"{where}: '{test['a']}' are {len(a)} places and '{test['b']}' {len(b)}; they are compared one by one: "
            "as many of each, two at least"
        )


def _interior(test: Tree, cells: Cells, where: str) -> None:
    ends = {_where(place) for place in cells[test["b"]]}
    for place in cells[test["a"]]:
        if _where(place) not in ends:
            shown = ", ".join(filter(None, _where(place)))
            raise UserError(f"{where}: '{test['b']}' has no place at {shown}, which '{test['a']}' has")


def _where(place: Place) -> tuple[str, ...]:
    return tuple(place.at.get(axis, "") for axis in ("dataset", "noise", "method"))


def _var(test: Tree, cells: Cells, where: str) -> None:
    noises = {place.at.get("noise") for place in cells[test["b"]]}
    if not any(place.at.get("noise") in noises for place in cells[test["a"]]):
        raise UserError(f"{where}: '{test['a']}' and '{test['b']}' have no noise in common")


def _anova(test: Tree, cells: Cells, where: str) -> None:
    for place in cells[test["a"]]:
        if len(place.levels) != len(test["factors"]):
            raise UserError(
                f"{where}: 'factors' names {len(test['factors'])}, and '{test['a']}' vary {len(place.levels)}; "
                "one name for each list of 'vary'"
            )


_SPECIAL = {"INTER": _inter, "SIGN": _sign, "INTERIOR": _interior, "VAR": _var, "ANOVA": _anova}
