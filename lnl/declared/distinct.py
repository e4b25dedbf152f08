"""Names that stand for one thing only: artefacts, papers and rules are all targets of the same command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lnl.errors import UserError

#: Rules of workflow/rules: a target of such a name would be two things.
RULES = (
    *("selected", "all", "report", "data", "noise", "sets", "table", "figure", "claims"),
    *("propose", "candidates", "scores", "best", "synthetic", "train", "repeats", "handover"),
)
_FOLDERS = (
    "config/protocols",
    "config/scales",
    "config/searches",
    "config/spaces",
    "config/datasets",
    "config/noises",
    "config/decisions",
    "tables",
    "claims",
)


def check_files(root: Path) -> None:
    """UserError for a file that nobody would read, since it ends in another way."""
    for folder in _FOLDERS:
        for path in sorted((root / folder).glob("*.yml")):
            raise UserError(f"{folder}/{path.name}: declarations end in .yaml; rename it to {path.stem}.yaml")


def check_artefacts(sources: Iterable[tuple[str, str, str]]) -> None:
    """UserError for two artefacts of one name, or one that is called like a rule, or like a paper that is not its own.

    A table that has the name of its paper is a part of what this name asks for: all of the paper.
    sources: (key, file, paper) of every artefact.
    """
    listed = list(sources)
    papers = {paper: file for _, file, paper in reversed(listed)}
    taken: dict[str, str] = {}
    for key, file, paper in listed:
        if key in taken:
            raise UserError(f"{file}: there is an artefact '{key}' already, {taken[key]}; rename one of the files")
        if key in papers and key != paper:
            raise UserError(f"{file}: '{key}' is the name of another paper as well ({papers[key]}); rename the file")
        taken[key] = file
    for name, file in [*taken.items(), *papers.items()]:
        if name in RULES:
            raise UserError(f"{file}: '{name}' is the name of a rule of the workflow; choose another one")


def targets(artefacts: Iterable[str], papers: Iterable[str]) -> list[str]:
    """Every word that `snakemake` may be asked for; one that names a paper and its table is there once."""
    return list(dict.fromkeys([*artefacts, *papers, "all", "report"]))


def keys_of(entries: Iterable[Mapping[str, Any]], what: str, where: str) -> dict[str, Mapping[str, Any]]:
    """Entries of rows or columns by their keys; UserError for two of one key."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if entry["key"] in found:
            raise UserError(f"{where}: two {what} have the key '{entry['key']}'; give one of them another")
        found[entry["key"]] = entry
    return found
