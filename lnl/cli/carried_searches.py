"""Pages of searches that `lnl import` takes with the records: what a search has found, all of it or none.

Every page is held to the search that it names, and the result to the scores beside it.
"""

from __future__ import annotations

from pathlib import Path

from lnl.cli.carried_files import parsed
from lnl.cli.import_report import Report
from lnl.cli.own_path import check as check_path
from lnl.cli.own_path import scale_of
from lnl.declared import origin, paths
from lnl.declared.suite import Search, Suite
from lnl.errors import UserError
from lnl.files import said, sealed
from lnl.results.damaged import ANEW
from lnl.run.searching.chain import space_of
from lnl.search import pages


def bring(suite: Suite, files: list[Path], report: Report) -> None:
    """Merge the searches of these pages, and add to the report what became of each."""
    for (at_scale, search), found in _searches(suite, files, report).items():
        _merge_search(suite, at_scale, search, found, report)


def _searches(
    suite: Suite, found: list[Path], report: Report
) -> dict[tuple[str, Search], list[tuple[Path, pages.Page]]]:
    """Pages that are well formed, by the scale that their path tells and the search that they name."""
    by_search: dict[tuple[str, Search], list[tuple[Path, pages.Page]]] = {}
    for file in found:
        try:
            page = pages.well_formed(parsed(file), file, ANEW)
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
    if not current:
        return
    today = origin.of_search(suite, search)
    if any(origin.other(today, page.get("trained_on") or {}) for _, page in current):
        report.counts["other data or labels"] += len(current)
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
