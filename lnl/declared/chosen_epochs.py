"""Statistics of a table that choose an epoch on examples that validate: what they need of its cells. Standard library.

Known from the declarations, so that a table that could not be made says so before anything is trained for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lnl.declared.reading import overridden
from lnl.declared.suite import Suite
from lnl.errors import UserError


def check(suite: Suite) -> None:
    """UserError for a table whose statistic needs a curve that one of its cells does not record."""
    for key, declared in suite.tables.items():
        statistic = declared.get("statistic", "")
        if not statistic.startswith("at_validation_"):
            continue
        for slot in suite.slots(key):
            spec = suite.spec(slot.cell) if slot.cell else None
            lacks = spec and (_no_loss if statistic == "at_validation_loss" else _no_accuracy)(suite, spec)
            if lacks:
                where = f"{suite.source(key)}, row '{slot.row}', column '{slot.column}'"
                raise UserError(f"{where}: {statistic} {lacks}")


def _no_accuracy(suite: Suite, spec: dict[str, Any]) -> str | None:
    if spec["split"] != "none":
        return None
    return f"needs images that validate, and protocol {spec['protocol']} has none: use last10_mean"


def _no_loss(suite: Suite, spec: dict[str, Any]) -> str | None:
    recording = [key for key, method in suite.methods.items() if _records_a_loss(method)]
    if spec["method"]["key"] in recording and "hold_out" in spec["method"]["parameters"]:
        return None
    return f"needs a loss on held-out examples: set hold_out to a share such as 0.1 ({', '.join(recording)} have it)"


def _records_a_loss(method: dict[str, Any]) -> bool:
    """Whether a method's class has a loss of its own for what it holds out."""
    return "extends" not in method and "validation_loss" in overridden(Path(method["file"]))
