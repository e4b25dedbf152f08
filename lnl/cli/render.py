"""`lnl table`, `figure`, `claims`, `render`, `report`: artefacts from the records that exist."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from lnl import paths
from lnl.errors import UserError
from lnl.matrix import Suite
from lnl.resolve import choose


def artefact(suite: Suite, key: str, kind: str, partial: bool) -> None:
    """Render one artefact; without `partial`, UserError if a run that it demands has no record."""
    if kind == "claims":
        key = key if key.endswith("_claims") else f"{key}_claims"
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
    module = {"tables": "lnl.render.table", "figures": "lnl.render.figure", "claims": "lnl.claims"}[kind]
    name = suite.paper(key) if kind == "claims" else key
    for file in import_module(module).render(suite, name, folder):
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
