"""Which other cells' networks a cell begins with: hand-overs as a method's SPEC declares them. Standard library only.

What a cell begins with can change its numbers, so that its specification carries the digest of each source's. A source
has the protocol, data, labels and seed of its reader: a variant that changes protocol values has sources of its own,
which carry its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lnl.errors import UserError


def read(method: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(name, method that hands over, point) of the hand-overs that a method reads with these parameters.

    A SPEC may say with which values of its parameters it reads one: S-model needs no other network for some starts.
    """
    for name, (source, point, *given) in method.get("handovers", {}).items():
        if all(parameters.get(key) == value for key, value in (given[0] if given else {}).items()):
            yield name, source, point


def check(methods: Mapping[str, Mapping[str, Any]], key: str) -> None:
    """UserError for a method that, through others or at once, begins with its own networks."""
    method = methods[key]
    reached, new = set[str](), [source for source, *_ in method.get("handovers", {}).values()]
    while new:
        source = new.pop()
        if source == key:
            raise UserError(f"{method['file']}: SPEC: 'handovers' lead from {key} back to itself")
        if source not in reached:
            reached.add(source)
            new += [further for further, *_ in methods.get(source, {}).get("handovers", {}).values()]
