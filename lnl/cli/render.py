"""`lnl table`, `figure`, `claims`, `render`, `report`: artefacts from the records that exist."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from lnl import paths
from lnl.errors import UserError
from lnl.matrix import Run, Suite
from lnl.resolve import choose

MODULES = {"tables": "lnl.render.table", "figures": "lnl.render.figure", "claims": "lnl.claims"}
LONG_AGO = 315_532_800  # 1 January 1980


def artefact(suite: Suite, key: str, kind: str, partial: bool) -> None:
    """Render one artefact; without `partial`, UserError if a run that it demands has no record."""
    if kind == "claims":
        key = key if key.endswith("_claims") else f"{key}_claims"
    choose(key, {k: 0 for k, v in suite.artefacts.items() if v == kind}, kind.removesuffix("s"), "command line")
    missing = _missing(suite, key)
    if missing and not partial:
        first = f"{missing[0].cell.id} seed {missing[0].seed}"
        raise UserError(
            f"{key}: {len(missing)} of {len(suite.demand(key))} runs are missing at scale {suite.scale} ({first} …); "
            f"`snakemake {key}` trains them, `--partial` renders without them"
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


def _missing(suite: Suite, key: str) -> list[Run]:
    return [r for r in suite.demand(key) if not Path(paths.record(suite.scale, r.cell.id, r.seed)).exists()]


def _finish(file: Path, unfinished: bool) -> None:
    """Name a written file. One that lacks runs is dated long ago, or Snakemake would take it for done."""
    if unfinished:
        os.utime(file, (LONG_AGO, LONG_AGO))
    print(f"{file}{' (incomplete)' if unfinished else ''}")
