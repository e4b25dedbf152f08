"""`lnl table`, `figure`, `claims`, `render`, `report`: artefacts from the records that exist."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from lnl.declared import dependencies, paths
from lnl.declared.specification import choose
from lnl.declared.suite import Suite
from lnl.errors import UserError

MODULES = {"tables": "lnl.render.table", "figures": "lnl.render.figure", "claims": "lnl.render.claims"}
LONG_AGO = 315_532_800  # 1 January 1980


def artefact(suite: Suite, key: str, kind: str, partial: bool) -> None:
    """Render one artefact; without `partial`, UserError if a run that it demands has no record."""
    if kind == "claims":
        key = key if key.endswith("_claims") else f"{key}_claims"
    choose(key, {k: 0 for k, v in suite.artefacts.items() if v == kind}, kind.removesuffix("s"), "command line")
    missing = _missing(suite, key)
    if missing and not partial:
        asked = len(suite.demand(key)) + len(dependencies.searches(suite, key)) + len(dependencies.studies(suite, key))
        what = "runs" if asked == len(suite.demand(key)) else "runs and searches"
        raise UserError(
            f"{key}: {len(missing)} of {asked} {what} are missing at scale {suite.scale} ({missing[0]} …); "
            f"`snakemake {key}` makes them, `--partial` renders without them"
        )
    name = suite.paper(key) if kind == "claims" else key
    for file in import_module(MODULES[kind]).render(suite, name, Path(paths.RESULTS) / suite.scale / kind):
        _finish(file, unfinished=bool(missing))


def everything(suite: Suite, partial: bool) -> None:
    """Render all artefacts of the configuration, then the report."""
    for key in suite.selected:
        artefact(suite, key, suite.artefacts[key], partial)
    report(suite)


def report(suite: Suite) -> None:
    """Write the report and the page of what is reproduced so far."""
    from lnl.render.report import render_report
    from lnl.render.reproduced import render_reproduced

    print(render_reproduced(suite, Path(paths.RESULTS) / suite.scale / "reproduced.md"))
    unfinished = any(_missing(suite, key) for key in suite.selected)
    _finish(render_report(suite, Path(paths.report(suite.scale))), unfinished)


def _missing(suite: Suite, key: str) -> list[str]:
    """Runs, searches and arms of synthetic studies that an artefact demands and that are not there, in words."""
    there = suite.searching.scale
    wanted = {f"{r.cell.id} seed {r.seed}": paths.record(suite.scale, r.cell.id, r.seed) for r in suite.demand(key)}
    searched = dependencies.searches(suite, key)
    wanted |= {f"search {s.id} seed {s.seed}": paths.best(there, s.id, s.seed) for s in searched}
    wanted |= {f"synthetic {a}/{b}": paths.synthetic(suite.scale, a, b) for a, b in dependencies.studies(suite, key)}
    return [words for words, path in wanted.items() if not Path(path).exists()]


def _finish(file: Path, unfinished: bool) -> None:
    """Name a written file. One that lacks runs is dated long ago, or Snakemake would take it for done."""
    if unfinished:
        os.utime(file, (LONG_AGO, LONG_AGO))
    print(f"{file}{' (incomplete)' if unfinished else ''}")
