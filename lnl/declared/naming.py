"""Whether every name that a checkout declares may stand in paths, wildcards and command lines. Standard library only.

The names of files are checked where they are read (reading.py). Coordinates of cells, searches, networks and scales
that a declaration names are chosen from what there is, and need no check of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lnl.declared import names

Declarations = Mapping[str, Any]  # by key


def check(
    methods: Declarations,
    scales: Declarations,
    synthetic: Declarations,
    tables: Declarations,
    figures: Declarations,
    claims: Declarations,
) -> None:
    """UserError naming file, name and rule for the first name that is none."""
    for file, what, name in (
        *_in_settings(methods, scales, synthetic),
        *(found for key, one in tables.items() for found in _in_artefact(f"tables/{key}.yaml", one)),
        *(found for key, one in figures.items() for found in _in_artefact(f"figures/{key}.py", one)),
        *((f"claims/{key}.yaml", "variant", name) for key, one in claims.items() for name in _variants(one)),
    ):
        names.check(name, what, file)


def _in_settings(
    methods: Declarations, scales: Declarations, synthetic: Declarations
) -> Iterator[tuple[str, str, Any]]:
    """(where it stands, what it names, name) of every name in methods, scales and synthetic studies."""
    for spec in methods.values():
        yield spec["file"], "method", spec["key"]
        for handover in _of(spec, "handovers").values():
            yield f"{spec['file']}: 'handovers'", "point", handover[1] if isinstance(handover, list) else None
    for key, scale in scales.items():
        for dataset in _of(_of(scale, "stand_ins"), "datasets").values():
            yield f"config/scales/{key}.yaml: 'stand_ins'", "data set", dataset
    for study, declared in _of(synthetic, "studies").items():
        yield "config/synthetic.yaml", "study", study
        for arm in _of(declared, "arms"):
            yield f"config/synthetic.yaml: studies, {study}", "arm", arm


def _in_artefact(file: str, declared: Any) -> Iterator[tuple[str, str, Any]]:
    """The same of a table or figure."""
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
