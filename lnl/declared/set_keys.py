"""How index sets that are drawn together are called in a path, and what a name means: all that a draw depends on beside
data set and seed, so that two protocols with the same sets share them.

`clean-100-balanced+hyper-validation-5000`: a hundred clean images, classes alike, and 5,000 that validate;
`train-5000-shares-0.01,0.99`: trained on in these shares; `hold-out-0.1`: a tenth that a method leaves out;
`probe-500-balanced-of-clean`: of the data set's clean examples, which stand behind its training file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lnl.data.set_sizes import CLEAN, HOLD_OUT
from lnl.declared.names import NAME
from lnl.errors import UserError

PATTERN = r"[a-z0-9][a-z0-9_.,+-]*"  # of a wildcard
_HELD = re.compile(rf"{HOLD_OUT}-(0\.[0-9]+)")
_SET = re.compile(rf"({NAME})-([0-9]+)(-balanced)?(-of-clean)?(?:-shares-([0-9.,e-]+))?")


def key(spec: Mapping[str, Any]) -> str | None:
    """Name of the sets that runs of a resolved specification draw; None if they draw none."""
    parts = [_called(name, declared) for name, declared in sorted(spec.get("sets", {}).items())]
    if "hold_out" in spec:
        parts.append(f"{HOLD_OUT}-{spec['hold_out']['share']:g}")
    return "+".join(parts) or None


def _called(name: str, declared: Mapping[str, Any]) -> str:
    balanced = "-balanced" if declared.get("balanced") else ""
    shares = f"-shares-{','.join(map(repr, declared['shares']))}" if "shares" in declared else ""
    of = f"-of-{declared['of']}" if "of" in declared else ""
    return f"{name}-{declared['count']}{balanced}{of}{shares}"


def meant(key: str) -> tuple[dict[str, dict[str, Any]], float | None]:
    """Sets as a draw wants them, and the share that is held out; UserError for what no specification is called."""
    sets: dict[str, dict[str, Any]] = {}
    share = None
    for part in key.split("+"):
        if held := _HELD.fullmatch(part):
            share = float(held[1])
        elif (found := _SET.fullmatch(part)) and found[1] != HOLD_OUT:
            name, count, balanced, of, shares = found.groups()
            sets[name] = {"count": int(count)}
            if balanced:
                sets[name]["balanced"] = True
            if of:
                sets[name]["of"] = CLEAN
            if shares:
                sets[name]["shares"] = _numbers(shares, key)
        else:
            raise UserError(f"'{key}' names no sets; write them as clean-100-balanced+hyper-validation-5000")
    return sets, share


def _numbers(text: str, key: str) -> list[float]:
    try:
        return [float(share) for share in text.split(",")]
    except ValueError:
        raise UserError(f"'{key}': '{text}' are no shares; write them as shares-0.01,0.99") from None
