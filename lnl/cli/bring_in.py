"""`lnl import`: results of another machine, believed only as far as they can be checked.

A file comes in as a whole or not at all, and to a place that is made of declared names and parsed numbers: nothing that
a file says is a path. One that is refused is named, and costs the others nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lnl.cli import carried_manifests, carried_searches
from lnl.cli.carried_files import PAGE, RECORD, parsed, walk
from lnl.cli.import_report import Report
from lnl.cli.own_path import check as check_path
from lnl.declared import origin
from lnl.declared.suite import Cell, Run, Suite
from lnl.errors import UserError
from lnl.files import said
from lnl.files.locks import Busy
from lnl.results.damaged import ANEW
from lnl.results.valid import validated
from lnl.run import manifests
from lnl.run.store import Store, keep_aside
from lnl.search.files import choice, searched


@dataclass
class _Records:
    """What the records of a folder have told so far, for what is looked at after them."""

    other_scales: set[str] = field(default_factory=set)
    trained_on: dict[str, set[str]] = field(default_factory=dict)  # digests by manifest, of what is here after all


def command(suite: Suite, folder: Path) -> None:
    """Import, say what came of it, and end with status 2 if a file was refused."""
    bring_in(suite, folder).show()


def bring_in(suite: Suite, folder: Path) -> Report:
    """Merge records of another machine: a folder that contains records anywhere below it. Nothing here is overwritten.

    Every field is checked, a record's digest against the specification inside it and against today's declaration.
    Outcomes: `imported`, `here already`, `other declaration`, `conflict` (a different result of the same run is here)
    and so on; a file that cannot be believed is refused with a line that says why. Manifests of labels and sets come
    with the records that were trained on them. UserError if the folder holds neither record nor search.
    """
    if not os.path.isdir(folder):  # which Path.is_dir would not say of a name that is too long
        raise UserError(f"{said(folder)}: no such folder; name a results folder or docs/reproduction/…")
    report, told = Report(), _Records()
    records: list[Path] = []
    found: list[Path] = []
    of_labels: list[Path] = []
    for file, obstacle in walk(folder):
        if obstacle:
            report.refused.append(f"{said(file)}: {obstacle}; put a copy of the file or folder in its place")
        else:
            is_record, is_page = RECORD.fullmatch(file.name), PAGE.fullmatch(file.name)
            (records if is_record else found if is_page else of_labels).append(file)
    if not (records or found or report.refused):
        raise UserError(f"{said(folder)}: no records (seed*.json) and no searches (scores.json, best.json) below it")
    # a run with a searched R is looked up by what its search has found, so searches come first
    carried_searches.bring(suite.searching, found, report)
    for file in records:
        try:
            report.counts[_bring_record(suite, file, told)] += 1
        except UserError as error:
            report.refused.append(said(error))
    for file in of_labels:
        try:
            if (outcome := carried_manifests.bring(suite, file, parsed(file), told.trained_on)) is not None:
                report.counts[outcome] += 1
        except UserError as error:
            report.refused.append(said(error))
    if told.other_scales and not report.refused and {what for what, n in report.counts.items() if n} == {"other scale"}:
        raise UserError(
            f"{said(folder)}: nothing of scale {suite.scale}; its runs are of scale "
            f"{', '.join(sorted(told.other_scales))}: add --scale"
        )
    return report


def _bring_record(suite: Suite, file: Path, told: _Records) -> str:
    """Outcome of one record; UserError if it is refused."""
    record = validated(parsed(file), file, ANEW)
    result = record["result"]
    check_path(file, result, suite)
    if result["scale"] != suite.scale:
        told.other_scales.add(result["scale"])
        return "other scale"
    cell = Cell(result["protocol"], result["dataset"], result["noise"], result["method"])
    try:
        current = suite.digest(cell) == result["digest"]
    except UserError:
        current = False
    if not current:
        return "other declaration"
    networks = suite.methods[suite.spec(cell)["method"]["key"]]["networks"]
    there = len(result["curves"].get("test_accuracy", range(networks)))
    if there != networks:
        raise UserError(f"{file}: not a run record: curves of {there} networks, {networks} are declared; {ANEW}")
    paper = result.get("stand_in_for")
    if paper is not None and paper not in suite.protocols[cell.protocol]["datasets"]:
        raise UserError(f"{file}: not a run record: {cell.protocol} has no {paper} to stand in for; {ANEW}")
    if not searched(suite, cell):
        return "without its search"
    run = Run(cell, result["seed"])
    outcome = _merge(suite, run, record, file)
    if outcome in ("imported", "here already"):
        for path, known in manifests.of_record(suite, run, result):
            told.trained_on.setdefault(path, set()).add(known)
    return outcome


def _merge(suite: Suite, run: Run, record: dict[str, Any], file: Path) -> str:
    store = Store(suite, run)
    if choice(record["result"].get("searched")) != store.choice:
        return "other schedule"
    if origin.other_bytes(suite, run, record["result"]):
        return "other data or labels"
    try:
        with store.lock().acquire(timeout=0.5):
            store.adopt()
            mine = store.kept_today()
            if mine is not None:
                return "here already" if mine == record["result"] else "conflict"
            keep_aside(suite, run)  # what is published of other bytes, or of another declaration
            store.save(record)
            store.publish()
    except Busy:
        raise UserError(f"{file}: this run is being trained here; import it again when it is done") from None
    return "imported"
