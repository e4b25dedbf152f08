"""The report of one scale: a single HTML page that loads nothing from elsewhere, made only of records and declarations.

It holds no time of its own making: rendering the same records again gives the same bytes.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from lnl.declared import paths, reductions
from lnl.render import html, one_training
from lnl.render.coverage import Coverage, coverage, problems, provenance, verdict_text
from lnl.render.decisions.as_html import converted
from lnl.render.document import plural, snakemake_command, source_text
from lnl.render.html import escape
from lnl.render.table import write
from lnl.results.records import state_of

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

PICTURE = 64 * 2**20  # bytes of a drawing, or of a page of claims, at most

CSS = (
    html.CSS
    + """
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
.layout { display: grid; grid-template-columns: 17.5rem minmax(0, 1fr); max-width: 96rem; margin: 0 auto; }
main { box-sizing: border-box; width: 100%; min-width: 0; }  /* an automatic margin would size it by its widest table */
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.8rem 1rem 2rem 1.5rem;
  background: var(--panel); border-right: 1px solid var(--line); font-size: .86rem; line-height: 1.4; }
nav b { display: block; margin: 1.1rem 0 .3rem; color: var(--soft);
  font-size: .75rem; letter-spacing: .05em; text-transform: uppercase; }
nav a { display: block; padding: .14rem 0; color: var(--ink); }
section { border-top: 1px solid var(--line); margin-top: 2.4rem; padding-top: 1.8rem; }
.key { font-size: .8rem; color: var(--faint); font-family: ui-monospace, Consolas, monospace; }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .8rem 0 0; font-size: .92rem; }
.facts span { color: var(--soft); margin-right: .35rem; }
.bar { display: inline-block; width: 4.5rem; height: .55rem; margin-right: .5rem;
  background: #e6eaef; border-radius: 3px; overflow: hidden; }
.coverage table { width: 100%; } .coverage td.words { min-width: 0; }
.bar i { display: block; height: 100%; background: #4b9564; }
img { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 4px; background: #fff; }
.picture { overflow-x: auto; margin: .6rem 0; } .picture img { min-width: 44rem; }  /* small print is to be read */
.empty { background: var(--panel); border: 1px dashed #c3cbd4; border-radius: 4px; padding: 1.2rem; }
@media (max-width: 60rem) { .layout { display: block; } nav { position: static; height: auto;
  max-height: 40vh; border: 0; } }
@media print { nav { display: none; } .layout { display: block; } section { break-inside: avoid-page; } }
"""
)


def render_report(suite: Suite, out_path: str | Path) -> Path:
    """Write the report of the suite's scale: coverage, every table and figure, the claims pages, what went wrong.

    What is decided where the sources disagree comes along, as docs/decisions.md has it.
    """
    covered = coverage(suite)
    begun = [entry for entry in covered if _begun(suite, entry)]  # what nobody has asked for is named, not shown
    tables = [entry for entry in begun if entry.kind == "table"]
    figures = [entry for entry in begun if entry.kind == "figure"]
    folder = Path(paths.artefact(suite.scale, "claims", "any", "html")).parent
    claims = {path.stem: html.inner(paths.content(path, PICTURE).decode()) for path in sorted(folder.glob("*.html"))}
    decided = _decisions(suite)
    parts = [
        _header(suite, covered),
        _section("coverage", _coverage(suite, begun, [entry for entry in covered if entry not in begun])),
        *(
            _section(entry.key, f'<div class="key">{entry.key}</div>\n{html.body(entry.shown)}')
            for entry in tables
            if entry.shown
        ),
        *(_section(entry.key, _figure(suite, entry)) for entry in figures),
        *(
            _section(f"claims-{paper}", f'<div class="key">{paper}_claims</div>\n{page}')
            for paper, page in claims.items()
        ),
        *([_section("decisions", decided)] if decided else []),
        _section("problems", _problems(covered)),
    ]
    main = "\n".join(parts)
    contents = _contents(tables, figures, list(claims), bool(decided))
    content = f'<div class="layout">\n{contents}\n<main>\n{main}\n</main>\n</div>'
    return write(Path(out_path), html.shell(f"Learning with noisy labels: scale {suite.scale}", content, CSS))


def _decisions(suite: Suite) -> str:
    """The page of what is decided where the sources disagree; '' in a checkout without it."""
    page = Path(suite.root) / "docs" / "decisions.md"
    return converted(page.read_text(encoding="utf-8")) if page.is_file() else ""


def _begun(suite: Suite, entry: Coverage) -> bool:
    """Whether there is anything to show of an artefact: a run, a search's result, or a file that somebody rendered."""
    drawn = Path(paths.artefact(suite.scale, f"{entry.kind}s", entry.key, "csv")).exists()
    return drawn or (entry.started and bool(entry.runs or entry.searches))


def _section(anchor: str, content: str) -> str:
    return f'<section id="{anchor}">\n{content}\n</section>'


def _header(suite: Suite, covered: list[Coverage]) -> str:
    known = {(run.cell, run.seed): run for entry in covered for run in entry.runs}
    for paper in suite.claims:  # claims may demand runs of their own
        for run in suite.demand(f"{paper}_claims"):
            if (run.cell, run.seed) not in known:
                known[run.cell, run.seed] = state_of(suite, run.cell, run.seed)
    runs = known.values()
    done = sum(run.state in ("ok", "diverged") for run in runs)
    commits, days = provenance(covered)
    facts = {
        "Scale": f"{suite.scale}: {suite.scales.get(suite.scale, {}).get('title', '')}".rstrip(": "),
        "Runs": f"{done} of {len(runs)} done",
        "Commit": commits,
        "Records of": days,
    }
    shown = "".join(f"<div><span>{name}</span>{escape(value)}</div>" for name, value in facts.items() if value)
    return (
        "<h1>Learning with noisy labels: published numbers beside ours</h1>\n"
        "<p>Each table shows what the suite measured and, in grey, what the document printed. "
        "A verdict is given only where the setting is the paper's own.</p>\n"
        f'<div class="facts">{shown}</div>'
    )


def _contents(tables: list[Coverage], figures: list[Coverage], claims: list[str], decided: bool) -> str:
    parts = ['<a href="#coverage">Coverage</a>']
    for heading, entries in (("Tables", tables), ("Figures", figures)):
        if entries:
            parts.append(f"<b>{heading}</b>")
            parts += [f'<a href="#{entry.key}">{escape(entry.title)}</a>' for entry in entries]
    if claims:
        parts.append("<b>Claims</b>")
        parts += [f'<a href="#claims-{paper}">{escape(paper)}</a>' for paper in claims]
    if decided:
        parts.append('<b>Decisions</b>\n<a href="#decisions">Where the sources disagree</a>')
    parts.append('<b>Runs</b>\n<a href="#problems">Diverged, failed, stale</a>')
    return "<nav>\n" + "\n".join(parts) + "\n</nav>"


def _coverage(suite: Suite, begun: list[Coverage], others: list[Coverage]) -> str:
    rows = []
    last = ""
    for entry in begun:
        states = entry.states
        remarks = ", ".join(f"{states[s]} {s}" for s in ("diverged", "failed", "stale", "missing") if states[s])
        if entry.kind != last:
            rows.append(f'<tr class="group"><td colspan="4">{entry.kind.capitalize()}s</td></tr>')
            last = entry.kind
        cells = (f'<a href="#{entry.key}">{escape(entry.title)}</a>', remarks, escape(verdict_text(entry.verdicts)))
        artefact, rest, verdicts = (f'<td class="words">{cell}</td>' for cell in cells)
        rows.append(f"<tr>{artefact}<td>{_bars(entry)}</td>{rest}{verdicts}</tr>")
    head = "<tr><th></th><th>Done</th><th>Remarks</th><th>Cells by verdict</th></tr>"
    body = "\n".join(rows)
    inner = f"<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>"
    named = ", ".join(f"<code>{entry.key}</code>" for entry in others)
    makes = f"<code>{escape(snakemake_command(suite, 'KEY'))}</code> makes one"
    rest = f'\n<p class="source">Nothing yet at this scale of {named}: {makes}.</p>'
    table = f'<h2>Coverage</h2>\n<div class="wide coverage"><table class="list">\n{inner}</table></div>'
    return table + (rest if others else "")


def _bars(entry: Coverage) -> str:
    """How many of its runs and searches are done."""
    counts = [(entry.done, len(entry.runs), "runs"), (entry.searched, entry.searches, "searches")]
    bars = [
        f'<span class="bar"><i style="width:{round(100 * done / total)}%"></i></span>{done} of {total} {what}'
        for done, total, what in counts
        if total
    ]
    return "<br>".join(bars) or "no training"


def _figure(suite: Suite, entry: Coverage) -> str:
    declaration = suite.figures[entry.key]
    image = Path(paths.artefact(suite.scale, "figures", entry.key, "png"))
    if image.exists():
        data = base64.b64encode(paths.content(image, PICTURE)).decode("ascii")
        shown = f'<div class="picture"><img alt="{escape(entry.title)}" src="data:image/png;base64,{data}"></div>'
    else:
        shown = (
            f'<p class="empty">Not drawn yet: <code>{escape(snakemake_command(suite, entry.key))}</code> draws it.</p>'
        )
    alike = one_training.said(suite, entry.key, suite.slots(entry.key))
    said = [*(declaration.get("notes") or ()), *filter(None, [alike])]
    notes = "".join(f"<li>{escape(note)}</li>" for note in said)
    scale = f'<span class="scale">{escape(reductions.heading(suite, entry.key))}</span>'
    return (
        f'<div class="key">{entry.key}</div>\n<h2>{escape(entry.title)}</h2>\n'
        f'<p class="source">{escape(source_text(declaration))} {scale}</p>\n{shown}'
        + (f'\n<ul class="notes">{notes}</ul>' if notes else "")
    )


def _problems(covered: list[Coverage]) -> str:
    found = problems(covered)
    parts = ["<h2>Diverged, failed, stale</h2>"]
    if not found:
        parts.append("<p>None.</p>")
    for state, runs in found.items():
        items = "".join(f"<li>{escape(run.name)}: {escape(run.reason)}{_log(run.log)}</li>" for run in runs)
        parts.append(f'<div class="notes"><h4>{plural(len(runs), "run")} {state}</h4><ul>{items}</ul></div>')
    return "\n".join(parts)


def _log(path: str) -> str:
    return f" (log: <code>{escape(path)}</code>)" if path else ""
