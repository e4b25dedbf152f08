"""`lnl table`, `figure`, `claims`, `render`, `report`: artefacts from the records that exist."""

from __future__ import annotations

from pathlib import Path

from lnl import paths
from lnl.errors import UserError
from lnl.matrix import Suite
from lnl.resolve import choose


def artefact(suite: Suite, key: str, kind: str, partial: bool) -> None:
    """Render one artefact; without `partial`, UserError if a run that it demands has no record."""
    choose(key, {k: 0 for k, v in suite.artefacts.items() if v == kind}, kind.removesuffix("s"), f"lnl {kind}")
    if not partial:
        wanted = suite.demand(key)
        missing = [r for r in wanted if not Path(paths.record(suite.scale, r.cell.id, r.seed)).exists()]
        if missing:
            first = f"{missing[0].cell.id} seed {missing[0].seed}"
            raise UserError(
                f"{key}: {len(missing)} of {len(wanted)} runs are missing at scale {suite.scale}, first {first}; "
                f"`snakemake {key}` trains them, `--partial` renders without them"
            )
    folder = Path(paths.RESULTS) / suite.scale / kind
    if kind == "tables":
        from lnl.render.table import render
    elif kind == "figures":
        from lnl.render.figure import render
    else:
        from lnl.claims import render

        key = suite.paper(key)
    for file in render(suite, key, folder):
        print(file)


def everything(suite: Suite, partial: bool) -> None:
    """Render all artefacts of the configuration, then the report."""
    for key in suite.select(suite.config["artefacts"]):
        artefact(suite, key, suite.artefacts[key], partial)
    report(suite)


def report(suite: Suite) -> None:
    """Write the report and the page of what is reproduced so far."""
    from lnl.render.report import render_report
    from lnl.render.reproduced import render_reproduced

    print(render_reproduced(suite, Path(paths.RESULTS) / suite.scale / "reproduced.md"))
    print(render_report(suite, Path(paths.report(suite.scale))))
