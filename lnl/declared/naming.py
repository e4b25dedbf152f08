"""Whether every name that a declaration has may stand in paths, wildcards and command lines. Standard library only.

The names of files are checked where they are read (reading.py). Coordinates of cells, searches, networks and scales
that a declaration names are chosen from what there is, and need no check of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lnl.declared import names

Found = Iterator[tuple[str, str, Any]]  # (where it stands, what it names, name)


def check(found: Found) -> None:
    """UserError naming file, name and rule for the first name that is none."""
    for file, what, name in found:
        names.check(name, what, file)


def of_method(spec: Mapping[str, Any]) -> Found:
    """Names in a SPEC."""
    yield spec["file"], "method", spec["key"]
    for handover in _of(spec, "handovers").values():
        yield f"{spec['file']}: 'handovers'", "point", handover[1] if isinstance(handover, list) else None


def of_scale(file: str, scale: Any) -> Found:
    """Names in a scale."""
    for dataset in _of(_of(scale, "stand_ins"), "datasets").values():
        yield f"{file}: 'stand_ins'", "data set", dataset


def of_synthetic(file: str, synthetic: Any) -> Found:
    """Names of studies and arms."""
    for study, declared in _of(synthetic, "studies").items():
        yield file, "study", study
        for arm in _of(declared, "arms"):
            yield f"{file}: studies, {study}", "arm", arm


def of_artefact(file: str, declared: Any) -> Found:
    """Names in a table, a figure or claims."""
    source = _of(declared, "source")
    if "paper" in source:
        yield f"{file}: 'source'", "paper", source["paper"]
    for axis in ("rows", "columns"):
        yield from ((f"{file}: '{axis}'", axis[:-1], name) for name in _keys(declared, axis))
    yield from ((file, "variant", name) for name in _variants(declared))


def _of(declared: Any, key: str) -> dict[str, Any]:
    """A mapping inside a mapping; an empty one where there is none, of which the schema has to speak."""
    found = declared.get(key) if isinstance(declared, Mapping) else None
    return found if isinstance(found, dict) else {}


def _keys(declared: Any, axis: str) -> list[Any]:
    """Keys of a table's rows or columns."""
    entries = declared.get(axis) if isinstance(declared, Mapping) else None
    return [e["key"] for e in entries if isinstance(e, dict) and "key" in e] if isinstance(entries, list) else []


def _variants(declared: Any) -> Iterator[Any]:
    """What stands under `variant` anywhere in a declaration."""
    if isinstance(declared, Mapping):
        if "variant" in declared:
            yield declared["variant"]
        for value in declared.values():
            yield from _variants(value)
    elif isinstance(declared, list | tuple):
        for value in declared:
            yield from _variants(value)
