"""A SPEC's `settings`: other defaults of parameters by protocol/data set/noise. Standard library only.

`*` is any; in the noise's place `<kind>-*` is a kind of noise at any rate. Of the keys that match a cell the one that
says more wins: an exact noise beats its kind, which beats `*`; a name beats `*`. Two of which neither says more must
not give one parameter two values, unless a further key says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from lnl.errors import UserError
from lnl.noise import keys

ANY = "*"
KIND = "-*"  # behind the name of a kind


def changes(settings: Mapping[str, Mapping[str, Any]], cell: tuple[str, str, str]) -> dict[str, Any]:
    """What a method's settings change for (protocol, data set, noise); nothing where these are empty words."""
    matching = [key for key in settings if all(map(_fits, key.split("/"), cell))]
    out: dict[str, Any] = {}
    for key in sorted(matching, key=_said):  # what says more comes later, and wins
        out |= settings[key]
    return out


def check_apart(settings: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """UserError for two keys that match one cell equally well and give a parameter two values.

    Where a third key matches all that both do and is a special case of one of them, that one has no say there.
    """
    for a, b in combinations(settings, 2):
        both = _meet(a, b)
        if both is None or both in (a, b):
            continue
        for name in settings[a].keys() & settings[b].keys():
            saying = [key for key in settings if name in settings[key] and _meet(key, both) == both]
            apart = settings[a][name] != settings[b][name]
            if apart and not any(key != one and _meet(key, one) == key for key in saying for one in (a, b)):
                raise UserError(
                    f"{where}: '{a}' and '{b}' say equally much of {both}, and give {name} two values, "
                    f"{settings[a][name]!r} and {settings[b][name]!r}; add '{both}', which says what holds there"
                )


def _fits(wanted: str, here: str) -> bool:
    if wanted.endswith(KIND) and here:
        return keys.parse(here).kind == wanted.removesuffix(KIND)
    return wanted in (ANY, here)


def _said(key: str) -> int:
    """How specific a key is, as a number: for each part 2 for a name, 1 for a kind of noise, 0 for `*`, added up."""
    return sum(0 if part == ANY else 1 if part.endswith(KIND) else 2 for part in key.split("/"))


def _meet(a: str, b: str) -> str | None:
    """The key that matches just the cells that both keys match; None where there are no such cells."""
    found = []
    for one, other in zip(a.split("/"), b.split("/"), strict=True):
        less, more = sorted((one, other), key=_said)
        if less not in (more, ANY) and (not less.endswith(KIND) or more.endswith(KIND) or not _fits(less, more)):
            return None
        found.append(more)
    return "/".join(found)
