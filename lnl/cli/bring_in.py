"""`lnl import`: results of another machine, believed only as far as they can be checked.

A file comes in as a whole or not at all, and to a place that is made of declared names and parsed numbers: nothing that
a file says is a path. One that is refused is named, and costs the others nothing.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lnl.cli import carried_manifests
from lnl.cli.own_path import check as check_path
from lnl.cli.own_path import scale_of
from lnl.declared import origin, paths
from lnl.declared.suite import Cell, Run, Search, Suite
from lnl.errors import UserError
from lnl.files import parse_json, read_file, said, sealed
from lnl.files.locks import Busy
from lnl.results.damaged import ANEW
from lnl.results.records import read
from lnl.results.valid import validated
from lnl.run import manifests
from lnl.run.searching.chain import space_of
from lnl.run.store import Store
from lnl.search import pages
from lnl.search.files import choice, searched

RECORD = re.compile(r"seed.*\.json(\.gz)?", re.S)
PAGE = re.compile(r"(scores|best)\.json(\.gz)?")
SHOWN = 20  # refused files that are named; a hundred lines say no more than how many there are
OUTCOMES = (
    "imported",
    "here already",
    "other declaration",
    "conflict",
    "other scale",
    "without its search",
    "other schedule",
    "other data or labels",
    *carried_manifests.OUTCOMES,
)


@dataclass
class Report:
    """What became of every file: numbers by outcome, and a line for each that was refused."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    refused: list[str] = field(default_factory=list)
    scales: set[str] = field(default_factory=set)  # of the records that are of another scale
    trained_on: dict[str, set[str]] = field(default_factory=dict)  # digests by manifest, of what is here after all

    def line(self) -> str:
        """All outcomes in one line."""
        numbers = {**self.counts, "refused": len(self.refused)}
        said = (f"{number} {what}" for what, number in numbers.items() if number)
        return ", ".join(re.sub(r"^1 manifests\b", "1 manifest", words) for words in said)


def command(suite: Suite, folder: Path) -> None:
    """Import, say what came of it, and end with status 2 if a file was refused."""
    report = bring_in(suite, folder)
    print(report.line())
    for line in report.refused[:SHOWN]:
        print(f"lnl: {line}", file=sys.stderr)
    if len(report.refused) > SHOWN:
        print(f"lnl: and {len(report.refused) - SHOWN} more that were refused", file=sys.stderr)
    if report.refused:
        raise SystemExit(2)


def bring_in(suite: Suite, folder: Path) -> Report:
    """Merge records of another machine: a folder that contains records anywhere below it. Nothing here is overwritten.

    Every field is checked, a record's digest against the specification inside it and against today's declaration.
    Outcomes: `imported`, `here already`, `other declaration`, `conflict` (a different result of the same run is here)
    and so on; a file that cannot be believed is refused with a line that says why. Manifests of labels and sets come
    with the records that were trained on them. UserError if the folder holds neither record nor search.
    """
    if not os.path.isdir(folder):  # which Path.is_dir would not say of a name that is too long
        raise UserError(f"{said(folder)}: no such folder; name a results folder or docs/reproduction/…")
    report = Report()
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
    for (at_scale, search), of_one in _searches(suite.searching, found, report).items():
        _merge_search(suite.searching, at_scale, search, of_one, report)
    for file in records:
        try:
            report.counts[_bring_record(suite, file, report)] += 1
        except UserError as error:
            report.refused.append(said(error))
    for file in of_labels:
        try:
            if (outcome := carried_manifests.bring(suite, file, _parsed(file), report.trained_on)) is not None:
                report.counts[outcome] += 1
        except UserError as error:
            report.refused.append(said(error))
    if report.scales and not report.refused and {what for what, n in report.counts.items() if n} == {"other scale"}:
        raise UserError(
            f"{said(folder)}: nothing of scale {suite.scale}; its runs are of scale "
            f"{', '.join(sorted(report.scales))}: add --scale"
        )
    return report


def walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files below a folder that are named like records, pages or manifests, in order, and why one of them is not read.

    Links are not followed, and nothing is opened; a link in the place of a folder could hide records, so it counts.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
            kinds = [(entry, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
        except OSError as error:
            yield here, f"cannot be listed ({error.strerror})"
            continue
        for entry, mode in kinds:
            place = here / entry.name
            named = bool(RECORD.fullmatch(entry.name) or PAGE.fullmatch(entry.name) or carried_manifests.is_one(place))
            if stat.S_ISLNK(mode):
                if named or Path(entry.path).is_dir():
                    yield place, "a link, and links are not followed"
            elif named and not stat.S_ISDIR(mode):
                yield place, "" if stat.S_ISREG(mode) else "no regular file"
        # what a results folder keeps for itself, the store, is published beside it
        waiting += [here / e.name for e, mode in reversed(kinds) if stat.S_ISDIR(mode) and e.name != "store"]


def _parsed(file: Path) -> Any:
    try:
        return sealed.opened(read_file(file), parse_json)
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: not readable ({error}); {ANEW}") from None


# ---- searches ------------------------------------------------------------------------------------------------------


def _searches(
    suite: Suite, found: list[Path], report: Report
) -> dict[tuple[str, Search], list[tuple[Path, pages.Page]]]:
    """Pages that are well formed, by the scale that their path tells and the search that they name."""
    by_search: dict[tuple[str, Search], list[tuple[Path, pages.Page]]] = {}
    for file in found:
        try:
            page = pages.well_formed(_parsed(file), file, ANEW)
            check_path(file, page, suite)
        except UserError as error:
            report.refused.append(said(error))
            continue
        scale = scale_of(file, suite) or suite.scale
        protocol, dataset, noise, method, name = page["search"].split("/")
        search = Search(protocol, dataset, noise, method, name, page["seed"])
        by_search.setdefault((scale, search), []).append((file, page))
    return by_search


def _merge_search(
    suite: Suite, at_scale: str, search: Search, found: list[tuple[Path, pages.Page]], report: Report
) -> None:
    """Pages of one search and its result, put where this scale looks for them: all of them, or none if one differs."""
    if at_scale != suite.scale:
        report.counts["other scale"] += len(found)
        return
    try:
        known = suite.parse_search(search.id, search.seed)
        current = [(file, page) for file, page in found if page["digest"] == suite.search_digest(known)]
    except UserError:
        current = []
    report.counts["other declaration"] += len(found) - len(current)
    today = origin.of_search(suite, search) if current else {}
    elsewhere = [page for _, page in current if origin.other(today, page.get("trained_on") or {})]
    report.counts["other data or labels"] += len(elsewhere)
    if not current or elsewhere:
        return
    wanted: dict[Path, pages.Page] = {}
    sound = _sound(suite, known, current, report)
    agreed = True
    for file, page in sound:
        at = (suite.scale, known.id, known.seed)
        target = Path(paths.scores(*at, page["round"]) if pages.is_scores(page) else paths.best(*at))
        try:
            there = paths.read(target) if target.exists() else page
        except UserError as error:
            report.refused.append(said(f"{file}: {error}; or delete it, and import again"))
            return
        agreed &= _found(there) == _found(page) == _found(wanted.setdefault(target, page))
    for target, page in wanted.items() if agreed else ():
        if not target.exists():
            sealed.write(target, page)
            report.counts["imported"] += 1
            sound.remove(next(entry for entry in sound if entry[1] == page))
    report.counts["here already" if agreed else "conflict"] += len(sound)


def _found(page: pages.Page) -> pages.Page:
    """What a page says that its search has found, whoever made it."""
    return {key: value for key, value in page.items() if key != "trained_on"}


def _sound(
    suite: Suite, search: Search, found: list[tuple[Path, pages.Page]], report: Report
) -> list[tuple[Path, pages.Page]]:
    """Those pages that the search can have written; the result is held to the scores beside it."""
    space, declared = space_of(suite, search), suite.declared_search(search)
    rounds: dict[int, pages.Page] = {}
    sound = []
    for file, page in sorted(found, key=lambda entry: not pages.is_scores(entry[1])):
        try:
            sound.append((file, pages.fitting(page, declared, space, rounds, file, ANEW)))
        except UserError as error:
            report.refused.append(said(error))
            continue
        if pages.is_scores(page):
            rounds[page["round"]] = page
    return sound


# ---- records -------------------------------------------------------------------------------------------------------


def _bring_record(suite: Suite, file: Path, report: Report) -> str:
    """Outcome of one record; UserError if it is refused."""
    record = validated(_parsed(file), file, ANEW)
    result = record["result"]
    check_path(file, result, suite)
    if result["scale"] != suite.scale:
        report.scales.add(result["scale"])
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
            report.trained_on.setdefault(path, set()).add(known)
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
            if store.record_file.exists():
                mine = read(store.record_file)["result"]
                return "here already" if mine == record["result"] else "conflict"
            store.save(record)
            store.publish()
    except Busy:
        raise UserError(f"{file}: this run is being trained here; import it again when it is done") from None
    return "imported"
