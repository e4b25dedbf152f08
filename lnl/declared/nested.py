"""Nested declarations: one laid over another, and one value of them set. Standard library only."""

from __future__ import annotations

from typing import Any

from lnl.errors import UserError, choose


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, recursively; neither is changed, and what they have in common is shared."""
    out = dict(base)
    for key, value in over.items():
        out[key] = merge(out[key], value) if isinstance(value, dict) and isinstance(out.get(key), dict) else value
    return out


def set_dotted(tree: dict[str, Any], dotted: str, value: Any, source: str) -> None:
    """Set one existing value of a nested declaration; UserError for a key that is not there."""
    *parents, last = dotted.split(".")
    node = tree
    for part in parents:
        node = choose(part, node, "key", source)
        if not isinstance(node, dict):
            raise UserError(f"{source}: '{dotted}' goes below '{part}', which has no keys")
    choose(last, node, "key", source)
    node[last] = value
