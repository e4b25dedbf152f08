"""What a rendered artefact was made of: a note by which the next start knows whether it is whole, and of today.

Snakemake's own bookkeeping cannot say it. It takes a file for done where the inputs that exist are the ones it knew,
whatever is missing; and it is gone where `.snakemake` was deleted.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from lnl.declared import dependencies, paths
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import sealed, sha256
from lnl.results import records
from lnl.search import files as search_files

SUFFIXES = {
    "tables": ("csv", "md", "tex", "html"),
    "figures": ("pdf", "png", "csv"),
    "claims": ("csv", "md", "html"),
}
REPORT = "report"  # the name of the report's note, which no artefact can have: artefacts are files of their own name


def files(suite: Suite, key: str) -> list[str]:
    """Files of an artefact; a claims page is called after its paper."""
    kind = suite.artefacts[key]
    name = suite.paper(key) if kind == "claims" else key
    return [paths.artefact(suite.scale, kind, name, suffix) for suffix in SUFFIXES[kind]]


def missing(suite: Suite, key: str) -> list[str]:
    """Runs, searches and arms of synthetic studies that an artefact demands and that are not there, or not of today."""
    there = suite.searching
    runs = (f"{run.cell.id} seed {run.seed}" for run in suite.demand(key) if not records.current(suite, run))
    searches = (
        f"search {search.id} seed {search.seed}"
        for search in dependencies.searches(suite, key)
        if not search_files.current(there, search, paths.best(there.scale, search.id, search.seed))
    )
    arms = (
        f"synthetic {study}/{arm}"
        for study, arm in dependencies.studies(suite, key)
        if not current_arm(suite, study, arm)
    )
    return [*runs, *searches, *arms]


def unusable(suite: Suite, key: str) -> dict[str, records.RunState]:
    """Of the runs that are missing those whose record is there: stale, or failed where it cannot be read."""
    found = {}
    for run in suite.demand(key):
        path = paths.record(suite.scale, run.cell.id, run.seed)
        if os.path.exists(path) and not records.current(suite, run):
            found[f"{run.cell.id} seed {run.seed}"] = records.state_of(suite, run.cell, run.seed)
    return found


def current_arm(suite: Suite, study: str, arm: str) -> bool:
    """Whether the results of an arm of a synthetic study are there, and of today's declaration."""
    try:
        found = paths.read(paths.synthetic(suite.scale, study, arm))
        return bool(found.get("digest") == dependencies.arm_digest(suite, study, arm))
    except (UserError, FileNotFoundError):
        return False


def note(suite: Suite, key: str, made: str, lacks: list[str]) -> None:
    """Leave a note beside an artefact that was rendered just now. made: of what, as `made_of` told before that."""
    sealed.write(paths.rendered(suite.scale, key), _content(key, made, lacks, files(suite, key)))


def whole(suite: Suite, key: str) -> bool:
    """Whether an artefact was rendered from what is declared today, lacks nothing, and would lack nothing today."""
    return _noted(suite, key) and not missing(suite, key)


def note_report(suite: Suite, keys: Iterable[str]) -> None:
    """Leave a note beside the report, which was written just now about these artefacts."""
    keys = list(keys)
    lacks = [key for key in keys if not whole(suite, key)]
    content = _content(REPORT, _report_of(suite, keys), lacks, [paths.report(suite.scale)])
    sealed.write(paths.rendered(suite.scale, REPORT), content)


def whole_report(suite: Suite, keys: Iterable[str]) -> bool:
    """Whether the report was written about these artefacts, each of them whole."""
    return _read(suite, REPORT) == _content(REPORT, _report_of(suite, keys), [], [paths.report(suite.scale)])


def made_of(suite: Suite, key: str) -> str:
    """Digest of what an artefact is rendered from, as far as it is declared: its file, its runs, searches and arms."""
    declared = [hashlib.sha256((suite.root / suite.source(key)).read_bytes()).hexdigest()]
    declared += [f"{run.cell.id}/{run.seed}/{suite.digest(run.cell)}" for run in suite.demand(key)]
    declared += [
        f"{search.id}/{search.seed}/{suite.searching.search_digest(search)}"
        for search in dependencies.searches(suite, key)
    ]
    declared += [f"{s}/{a}/{dependencies.arm_digest(suite, s, a)}" for s, a in dependencies.studies(suite, key)]
    return hashlib.sha256("\n".join(declared).encode()).hexdigest()[:16]


def _report_of(suite: Suite, keys: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(f"{key} {made_of(suite, key)}" for key in keys).encode()).hexdigest()[:16]


def _noted(suite: Suite, key: str) -> bool:
    return _read(suite, key) == _content(key, made_of(suite, key), [], files(suite, key))


def _content(key: str, made: str, lacks: list[str], written: Iterable[str]) -> dict[str, object]:
    """What a note says: of what was rendered, without what, and which bytes came of it."""
    return {"artefact": key, "made_of": made, "lacks": lacks, "files": {path: _sha256(path) for path in written}}


def _sha256(path: str) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None


def altered(suite: Suite, key: str) -> dict[str, str]:
    """Files of an artefact, or its note, that are not what was written when it was rendered, and why."""
    note = paths.rendered(suite.scale, key)
    if not os.path.exists(note):
        return {}
    known = _read(suite, key)
    if not isinstance(known, dict) or known.get("artefact") != key:
        return {note: "damaged, or another's"}
    there = [file for file in known["files"] if os.path.exists(file)]
    return {file: "not what was rendered" for file in there if _sha256(file) != known["files"][file]}


def _read(suite: Suite, name: str) -> object:
    try:
        return sealed.read(paths.rendered(suite.scale, name))
    except (OSError, ValueError):
        return None
