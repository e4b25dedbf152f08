"""`lnl table`, `figure`, `claims`, `render`, `report`: artefacts from the records that exist."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from lnl.declared import dependencies, label_needs, paths
from lnl.declared.suite import Suite
from lnl.errors import UserError, choose
from lnl.render.document import COMMANDS, snakemake_command
from lnl.results import rendered
from lnl.results.damaged import reason
from lnl.results.records import RunState

MODULES = {"tables": "lnl.render.table", "figures": "lnl.render.figure", "claims": "lnl.render.claims"}
KINDS = {"tables": "a table", "figures": "a figure", "claims": "a page of claims"}


def artefact(suite: Suite, key: str, kind: str, partial: bool) -> None:
    """Render one artefact, claims by their paper's key or their own; without `partial`, UserError if a run that it
    demands has no record."""
    key = named(suite, key, kind)
    missing, lacking = rendered.missing(suite, key), label_needs.lacking(suite, key)
    if lacking and not partial:
        raise UserError(f"{key}: {lacking}")
    if missing and not partial:
        asked = len(suite.demand(key)) + len(dependencies.searches(suite, key)) + len(dependencies.studies(suite, key))
        what = "runs" if asked == len(suite.demand(key)) else "runs and searches"
        raise UserError(
            f"{key}: {_lack(missing, rendered.unusable(suite, key), f'of {asked} {what}', suite.scale)}; "
            f"`{snakemake_command(suite, key)}` makes them, `--partial` renders without them"
        )
    name, made = suite.paper(key) if kind == "claims" else key, rendered.made_of(suite, key)
    for file in import_module(MODULES[kind]).render(suite, name, Path(paths.results()) / suite.scale / kind):
        print(f"{file}{' (incomplete)' if missing else ''}")
    rendered.note(suite, key, made, missing)


def named(suite: Suite, word: str, kind: str) -> str:
    """The artefact of a kind that somebody names; UserError with the command for one of another kind, or a paper, and
    with all that is wrong with one that is left out."""
    with suite.layers.explained():
        return _named(suite, word, kind)


def _named(suite: Suite, word: str, kind: str) -> str:
    own = [key for key, of in suite.artefacts.items() if of == kind]
    known = {suite.paper(key): key for key in own} if kind == "claims" else {key: key for key in own}
    if word in own:
        return word
    if word in known:
        return known[word]
    fault = suite.layers.fault(kind, word)  # claims have the name of a table that may well be sound
    if fault is not None:
        raise fault
    other = suite.artefacts.get(word)
    if other is not None:
        typed = suite.paper(word) if other == "claims" else word
        raise UserError(f"'{word}' is {KINDS[other]}: `lnl {COMMANDS[other]} {typed}`")
    if word in suite.papers and word not in suite.broken:
        if kind == "claims":
            raise UserError(f"'{word}' is a paper without claims; with claims are {', '.join(sorted(known))}")
        raise UserError(f"'{word}' is a paper: `lnl render {word}` renders all of it, `lnl status {word}` lists it")
    what = {"claims": "claims page"}.get(kind, COMMANDS[kind])
    return str(choose(word, known, what, "command line"))


def _lack(missing: list[str], unusable: Mapping[str, RunState], of: str, scale: str) -> str:
    """How many of what an artefact demands are not there, and how many are there and stale, or cannot be read."""
    parts: list[tuple[str, list[str]]] = [
        ("{} are missing", [f"{name} …" for name in missing if name not in unusable]),
        ("{} are stale", [run.reason for run in unusable.values() if run.state == "stale"]),
        ("the records of {} cannot be read", [_damage(r, scale) for r in unusable.values() if r.state != "stale"]),
    ]
    said: list[str] = []
    for words, each in parts:
        if each:  # of what, and at which scale, is said once
            count, where = (str(len(each)), "") if said else (f"{len(each)} {of}", f" at scale {scale}")
            said.append(f"{words.format(count)}{where} ({each[0]})")
    return ", and ".join(said)


def _damage(run: RunState, scale: str) -> str:
    path = paths.record(scale, run.cell.id, run.seed)
    return f"{path}: {reason(run.reason, path)}"


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
