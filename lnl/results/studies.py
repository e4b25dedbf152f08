"""What became of the arms of S2E's synthetic studies: searches of a known R(t), without networks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lnl.declared import dependencies, paths
from lnl.declared.suite import Suite


@dataclass(frozen=True)
class Arm:
    """One arm of a study, and what is there of it. `best`: [repeats, evaluations], the lowest RMSE so far."""

    study: str
    name: str
    label: str
    state: str  # ok, stale, missing
    best: NDArray[np.float64] | None = field(default=None, repr=False)


def arms(suite: Suite, key: str) -> list[Arm]:
    """The arms of a figure of kind `synthetic`, in declared order."""
    return [_arm(suite, study, name) for study, name in dependencies.studies(suite, key)]


def _arm(suite: Suite, study: str, name: str) -> Arm:
    label = suite.synthetic["studies"][study]["arms"][name]["title"]
    best, state = found(suite, study, name)
    return Arm(study, name, label, state, np.array(best, dtype=float) if state == "ok" else None)


def found(suite: Suite, study: str, name: str) -> tuple[list[list[float]], str]:
    """Lowest error so far [repeats][evaluations] of an arm and ok, or none and why: stale or missing. UserError for
    unknown names."""
    digest = dependencies.arm_digest(suite, study, name)
    try:
        content = paths.read(paths.synthetic(suite.scale, study, name))
    except FileNotFoundError:
        return [], "missing"
    return (list(content["best"]), "ok") if content.get("digest") == digest else ([], "stale")
