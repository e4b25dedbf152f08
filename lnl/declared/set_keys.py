"""How index sets that are drawn together are called in a path, and what a name means: all that a draw depends on beside
data set and seed, so that two protocols with the same sets share them.

`clean-100-balanced+hyper-validation-5000`: a hundred clean images, classes alike, and 5,000 that validate;
`train-5000-shares-0.01,0.99`: trained on in these shares; `hold-out-0.1`: a tenth that a method leaves out;
`probe-500-balanced-of-clean`: of the data set's clean examples, which stand behind its training file.
`probe-100-balanced+left.by-openset-cifar100-60`: not of images that this noise replaces, by the seed of the sets; with
`-seed0` behind, by that one. Sets with `-given` are of all images there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lnl.data.set_sizes import CLEAN, GIVEN, HOLD_OUT
from lnl.declared.names import NAME
from lnl.errors import UserError

PATTERN = r"[a-z0-9][a-z0-9_.,+-]*"  # of a wildcard
_HELD = re.compile(rf"{HOLD_OUT}-(0\.[0-9]+)")
_SET = re.compile(rf"({NAME})-([0-9]+)(-balanced)?(-of-clean)?(?:-shares-([0-9.,e-]+))?(-given)?")
_LEFT = re.compile(r"left\.by-([a-z0-9][a-z0-9_.-]*?)(?:-seed([0-9]+))?")


def key(spec: Mapping[str, Any], replaces: bool = False) -> str | None:
    """Name of the sets that runs of a resolved specification draw; None if they draw none.

    replaces: whether its noise replaces images, so that sets depend on it.
    """
    parts = [_called(name, declared, replaces) for name, declared in sorted(spec.get("sets", {}).items())]
    noise = spec.get("noise", {})
    if replaces and parts:
        parts.append(f"left.by-{noise['key']}" + (f"-seed{noise['seed']}" if noise["vector"] == "fixed" else ""))
    if "hold_out" in spec:
        parts.append(f"{HOLD_OUT}-{spec['hold_out']['share']:g}")
    return "+".join(parts) or None


def _called(name: str, declared: Mapping[str, Any], replaces: bool) -> str:
    balanced = "-balanced" if declared.get("balanced") else ""
    shares = f"-shares-{','.join(map(repr, declared['shares']))}" if "shares" in declared else ""
    of = f"-of-{declared['of']}" if "of" in declared else ""
    given = "-given" if replaces and declared.get("labels") == GIVEN else ""
    return f"{name}-{declared['count']}{balanced}{of}{shares}{given}"


def left_by(key: str, seed: int) -> tuple[str, int] | None:
    """(noise, noise seed) whose replaced images are in no set with true labels of those that are called so and drawn
    with `seed`; None where there are none."""
    for part in key.split("+"):
        if found := _LEFT.fullmatch(part):
            return found[1], seed if found[2] is None else int(found[2])
    return None


def meant(key: str) -> tuple[dict[str, dict[str, Any]], float | None]:
    """Sets as a draw wants them, and the share that is held out; UserError for what no specification is called."""
    sets: dict[str, dict[str, Any]] = {}
    share = None
    for part in key.split("+"):
        if _LEFT.fullmatch(part):
            continue
        if held := _HELD.fullmatch(part):
            share = float(held[1])
        elif (found := _SET.fullmatch(part)) and found[1] != HOLD_OUT:
            name, count, balanced, of, shares, given = found.groups()
            sets[name] = {"count": int(count)}
            if balanced:
                sets[name]["balanced"] = True
            if of:
                sets[name]["of"] = CLEAN
            if shares:
                sets[name]["shares"] = _numbers(shares, key)
            if given:
                sets[name]["labels"] = GIVEN
        else:
            raise UserError(f"'{key}' names no sets; write them as clean-100-balanced+hyper-validation-5000")
    return sets, share


def _numbers(text: str, key: str) -> list[float]:
    try:
        return [float(share) for share in text.split(",")]
    except ValueError:
        raise UserError(f"'{key}': '{text}' are no shares; write them as shares-0.01,0.99") from None
