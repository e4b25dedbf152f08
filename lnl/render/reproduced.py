"""The page that says what is reproduced so far: every artefact at every scale that has records, kept ones included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lnl.declared import paths
from lnl.render.coverage import Coverage, coverage, provenance, verdict_text
from lnl.render.table import write
from lnl.results.records import Locate, read

if TYPE_CHECKING:
    from lnl.declared.suite import Cell, Suite

ORDER = ("paper", "fast", "transfer", "lite", "demo", "smoke")
Kept = dict[tuple[str, str, int], Path]  # (scale, cell, seed) -> committed record


def render_reproduced(suite: Suite, out_path: str | Path) -> Path:
    """Write a Markdown page: artefact x scale x runs x repeats x verdicts, from results/ and docs/reproduction/."""
    about = (
        "Made by the suite from records, not written by hand. Runs are counted once per artefact; a diverged run is "
        "done, a stale one (made under another declaration) is not. Verdicts exist only at scale `paper`."
    )
    return write(Path(out_path), f"# What is reproduced so far\n\n{about}\n\n{reproduced(suite)}\n")


def reproduced(suite: Suite, kept: Kept | None = None) -> str:
    """What that page says below its heading: links to the pages of what was found, then a section for each scale.

    kept: records beside those in results/, by default all that are committed.
    """
    kept = kept_records(suite.root) if kept is None else kept
    scales = [s for s in suite.scales if Path(paths.results(), s, "cells").is_dir() or any(k[0] == s for k in kept)]
    parts = _pages(suite.root)
    for scale in sorted(scales, key=lambda s: ORDER.index(s) if s in ORDER else len(ORDER)):
        at_scale = suite
        if scale != suite.scale:
            at_scale = type(suite).load(suite.root, {**suite.config, "scale": scale}, validate=False)
        parts += _scale(at_scale, coverage(at_scale, _locate(scale, kept), untouched=False))
    if not scales:
        parts.append("No records yet.")
    return "\n\n".join(parts)


def _pages(root: Path) -> list[str]:
    """Links to the pages of docs/reproduction that say what was found."""
    pages = sorted(Path(root).glob("docs/reproduction/*/README.md"))
    titles = [page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages]
    lines = [f"* [{title}]({page.parent.name}/README.md)" for page, title in zip(pages, titles, strict=True)]
    return ["What was found:", "\n".join(lines)] if lines else []


def kept_records(root: Path) -> Kept:
    """Records under docs/reproduction/*/records, by what they say they are, wherever in that folder they lie."""
    found: Kept = {}
    for pattern in ("seed*.json", "seed*.json.gz"):  # pages of searches lie beside them
        for path in sorted(Path(root).glob(f"docs/reproduction/*/records/**/{pattern}")):
            r = read(path)["result"]
            found[r["scale"], "/".join((r["protocol"], r["dataset"], r["noise"], r["method"])), r["seed"]] = path
    return found


def _locate(scale: str, kept: Kept) -> Locate:
    def locate(cell: Cell, seed: int) -> Path:
        fresh = Path(paths.record(scale, cell.id, seed))
        return fresh if fresh.exists() else kept.get((scale, cell.id, seed), fresh)

    return locate


def _scale(suite: Suite, covered: list[Coverage]) -> list[str]:
    rows = [
        "| artefact | kind | runs done | repeats per cell | diverged, failed, stale | cells by verdict |",
        "| :--- | :--- | ---: | ---: | :--- | :--- |",
    ]
    trained = [entry for entry in covered if (entry.runs or entry.searches) and entry.started]
    for entry in trained:
        repeats = str(entry.most) if entry.fewest == entry.most else f"{entry.fewest} to {entry.most}"
        wrong = ", ".join(
            f"{n} {state}" for state, n in entry.states.items() if n and state in ("diverged", "failed", "stale")
        )
        cells = (
            entry.key,
            entry.kind,
            f"{entry.done} of {len(entry.runs)}" if entry.runs else f"{entry.searched} of {entry.searches} searches",
            repeats if entry.runs else "",
            wrong,
            verdict_text(entry.verdicts),
        )
        rows.append("| " + " | ".join(cells) + " |")
    commits, days = provenance(covered)
    title = suite.scales[suite.scale].get("title", "")
    said = ". ".join(
        part for part in (f"Commits {commits}" if commits else "", f"records of {days}" if days else "") if part
    )
    untouched = [f"`{entry.key}`" for entry in covered if (entry.runs or entry.searches) and not entry.started]
    return [
        f"## Scale {suite.scale}" + (f": {title}" if title else ""),
        *([said + "."] if said else []),
        "\n".join(rows) if trained else "No artefact has a run yet.",
        *([f"Not started: {', '.join(untouched)}."] if untouched else []),
    ]
