"""`lnl table`, `figure`, `claims`, `render`, `report`: artefacts from the records that exist."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from lnl.declared import dependencies, label_needs, paths
from lnl.declared.specification import choose
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.render.document import snakemake_command
from lnl.results import rendered

MODULES = {"tables": "lnl.render.table", "figures": "lnl.render.figure", "claims": "lnl.render.claims"}


def artefact(suite: Suite, key: str, kind: str, partial: bool) -> None:
    """Render one artefact; without `partial`, UserError if a run that it demands has no record."""
    if kind == "claims":
        key = key if key.endswith("_claims") else f"{key}_claims"
    choose(key, {k: 0 for k, v in suite.artefacts.items() if v == kind}, kind.removesuffix("s"), "command line")
    missing, lacking = rendered.missing(suite, key), label_needs.lacking(suite, key)
    if lacking and not partial:
        raise UserError(f"{key}: {lacking}")
    if missing and not partial:
        asked = len(suite.demand(key)) + len(dependencies.searches(suite, key)) + len(dependencies.studies(suite, key))
        what = "runs" if asked == len(suite.demand(key)) else "runs and searches"
        raise UserError(
            f"{key}: {_lack(missing, rendered.unreadable(suite, key), f'of {asked} {what}', suite.scale)}; "
            f"`{snakemake_command(suite, key)}` makes them, `--partial` renders without them"
        )
    name, made = suite.paper(key) if kind == "claims" else key, rendered.made_of(suite, key)
    for file in import_module(MODULES[kind]).render(suite, name, Path(paths.results()) / suite.scale / kind):
        print(f"{file}{' (incomplete)' if missing else ''}")
    rendered.note(suite, key, made, missing)


def _lack(missing: list[str], unreadable: dict[str, str], of: str, scale: str) -> str:
    """How many of what an artefact demands are not there, and how many are there and cannot be read."""
    absent = [name for name in missing if name not in unreadable]
    said = [f"{len(absent)} {of} are missing at scale {scale} ({absent[0]} …)"] if absent else []
    if unreadable:
        which = str(len(unreadable)) if absent else f"{len(unreadable)} {of}"
        where = "" if absent else f" at scale {scale}"
        said.append(f"the records of {which} cannot be read{where} ({next(iter(unreadable.values()))})")
    return ", and ".join(said)


def everything(suite: Suite, wanted: list[str], partial: bool) -> None:
    """Render these artefacts, or all of the configuration and the report. UserError for an unknown one."""
    for key in suite.select(wanted) if wanted else label_needs.selected(suite):
        artefact(suite, key, suite.artefacts[key], partial)
    if not wanted:
        report(suite)


def report(suite: Suite) -> None:
    """Write the report and the page of what is reproduced so far."""
    from lnl.render.report import render_report
    from lnl.render.reproduced import render_reproduced

    print(render_reproduced(suite, Path(paths.results()) / suite.scale / "reproduced.md"))
    file = render_report(suite, Path(paths.report(suite.scale)))
    made = label_needs.selected(suite)
    rendered.note_report(suite, made)
    whole = rendered.whole_report(suite, made)
    print(f"{file}{'' if whole else ' (incomplete)'}")
