"""Verdicts as a tidy CSV, a Markdown page and an HTML page, whose inside the report shows."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import reductions
from lnl.files import replacing
from lnl.render import html, markdown
from lnl.render.document import Cell, Document, Grid
from lnl.results.claims.decisions import WORDS, Verdict, part_word
from lnl.results.claims.parts import Part
from lnl.results.claims.verdicts import judge
from lnl.results.statistics import FEWEST

if TYPE_CHECKING:
    from lnl.declared.suite import Suite
    from lnl.results.records import Locate

ROUNDING = 1e-12  # smaller differences are of a machine's arithmetic, and others on another
TONES = {"held": "good", "not held": "low", "undecided": "high", "not run": "quiet"}
COLUMNS = (
    *("paper", "claim", "where", "sentence", "evidence", "setting", "counts_for_document", "part", "verdict"),
    *("n", "effect", "low", "high", "claimed_above", "claimed_below", "p", "p_holm", "test", "cores", "note"),
)
RULES = (
    "Level 0.05, Holm over the claims of this document that were tested in the same setting; repeats are the unit, "
    "never epochs. A claim holds only if every part of it does: its p is the largest of theirs, and the numbers shown "
    "are those of its weakest part. One part can refute it, if it stands up to the number of parts and claims.",
    "held / not held: the adjusted p is at most 0.05 and the 95% interval is clear of the threshold, on this or on the "
    f"other side. undecided: neither, or some runs are missing. not run: no record. Fewer than {FEWEST} repeats in any "
    "cell that a comparison uses never give a verdict.",
    "An interval of ours that is to contain a number (a printed value, an epoch) has a p of a difference in place of a "
    "p: an interval of a level above 1 - p contains it. Several of one claim are tested together (Bonferroni): m of "
    "them at the level 1 - 0.05 / m each contain theirs all at once with 95%. A printed spread of an unknown number of "
    "runs counts as that of one, the widest reading.",
    "Effect and interval are in the unit of what is tested: points of accuracy unless the test says otherwise. Names "
    "in quotes are groups of cells, spelled out line by line under the parts of claims.",
    "Searches: one number per search, at equal numbers of full trainings; the effect is the median gain of the first "
    "over the second (Mann-Whitney; fewer than four searches of each have no 95% interval).",
    "Only verdicts in the document's own setting, at paper scale, count as the document's (bold); a stand-in is named. "
    "Searches without networks have the same budget at every scale, and targets that are ours: they never count so.",
    "Printed numbers and computed identities need no run; what is 'not counted' is shown for information.",
)


def render(suite: Suite, paper: str, out_dir: str | Path, locate: Locate | None = None) -> list[Path]:
    """Write {paper}.csv, .md and .html into `out_dir`, each whole or not at all; their paths."""
    verdicts = judge(suite, paper, locate)
    shown = document(suite, paper, verdicts)
    folder = Path(out_dir)
    texts = {"csv": table(verdicts), "md": markdown.text(shown), "html": html.page(shown)}
    written = []
    for suffix, text in texts.items():
        path = folder / f"{paper}.{suffix}"
        with replacing(path) as temporary:
            Path(temporary).write_text(text, encoding="utf-8")
        written.append(path)
    return written


def counts(verdicts: list[Verdict]) -> dict[str, Counter[str]]:
    """Verdicts by word, apart for what counts as the document's, for other settings, and for what needs no run."""
    groups: dict[str, Counter[str]] = {"document": Counter(), "other settings": Counter(), "without runs": Counter()}
    for verdict in verdicts:
        group = "without runs" if verdict.evidence != "runs" else "document" if verdict.counts else "other settings"
        groups[group][verdict.word] += 1
    return groups


def document(suite: Suite, paper: str, verdicts: list[Verdict]) -> Document:
    """The claims page: a summary, a line for each verdict, and a line for each part of a claim that has several."""
    declared = suite.claims[paper]
    summary = [
        ("", (Cell(group), *(Cell(str(found.get(word, 0))) for word in WORDS)))
        for group, found in counts(verdicts).items()
        if found
    ]
    lines = [
        (_title(verdict), tuple(_line(verdict)))
        for verdict in verdicts
    ]  # fmt: skip
    details = [
        (_title(verdict, short=True), tuple(_detail(verdict, part)))
        for verdict in verdicts
        if len(verdict.parts) > 1 and any(part.outcome for part in verdict.parts)
        for part in verdict.parts
    ]
    header = ("Verdict", "From", "n", "Effect", "95% interval", "Claimed", "p", "p (Holm)", "Test", "Notes")
    grids = [Grid(("", *WORDS), tuple(summary), "Summary", "paper"), Grid(header, tuple(lines), "Claims", "list", 2)]
    if details:
        named = ("Part", "Verdict", "n", "Effect", "95% interval", "Claimed", "p", "Notes")
        grids.append(Grid(named, tuple(details), "Parts of claims, each by itself and unadjusted", "list", 1))
    return Document(
        key=f"{paper}_claims",
        title=declared.get("title", f"Claims: {paper}"),
        source=paper,
        heading=reductions.heading(suite, f"{paper}_claims"),
        caption="What the document says in words, tested on records and on its own printed numbers.",
        grids=tuple(grids),
        notes=(("How to read this", RULES), *((("Notes", tuple(declared["notes"])),) if declared.get("notes") else ())),
        verdicts=dict(Counter(verdict.word for verdict in verdicts)),
    )


def _title(verdict: Verdict, short: bool = False) -> str:
    return (
        f"{verdict.key}, {verdict.evidence}: {verdict.setting}"
        if short
        else f"{verdict.key} ({verdict.where}): {verdict.claim}"
    )


def _line(verdict: Verdict) -> list[Cell]:
    outcome = verdict.weakest.outcome if verdict.weakest else None
    notes = [verdict.note] if verdict.note else []
    if outcome and outcome.note and verdict.evidence == "runs" and outcome.note not in verdict.note:
        notes.append(outcome.note)
    counted = sum(part.counted for part in verdict.parts)
    if verdict.weakest and counted > 1:
        notes.append(f"weakest of {counted}: {verdict.weakest.label}")
    return [
        Cell(verdict.word, tone=TONES[verdict.word], bold=verdict.counts),
        Cell(verdict.setting),
        *_numbers(verdict.weakest),
        Cell(p_text(verdict.p)),
        Cell(p_text(verdict.p_holm)),
        Cell(verdict.test),
        Cell("; ".join(notes)),
    ]


def _detail(verdict: Verdict, part: Part) -> list[Cell]:
    outcome = part.outcome
    word = part_word(part)
    return [
        Cell(part.shown),
        Cell(word, tone=TONES[word]),
        *_numbers(part),
        Cell(p_text(outcome.p if outcome else None)),
        Cell(part.missing or (outcome.note if outcome else "")),
    ]


def _numbers(part: Part | None) -> list[Cell]:
    """n, effect, interval, claimed region."""
    outcome = part.outcome if part else None
    if outcome is None:
        return [Cell("")] * 4
    interval = "" if outcome.low is None or outcome.high is None else f"{short(outcome.low)} to {short(outcome.high)}"
    if outcome.low is not None and math.isinf(outcome.low):
        interval = "open"
    return [
        Cell(outcome.n),
        Cell(short(outcome.effect)),
        Cell(interval),
        Cell(" and ".join(bounds(outcome.lower, outcome.upper))),
    ]


def bounds(lower: float | None, upper: float | None) -> list[str]:
    """The region that a claim says its effect to be in: > 0, < 5."""
    found = ([f"> {lower:g}"] if lower is not None else []) + ([f"< {upper:g}"] if upper is not None else [])
    return [bound.replace("-", "−") for bound in found]


def short(value: float | None) -> str:
    """Two decimals, three significant digits below 0.1, a true minus; no digits of what is rounding."""
    if value is None:
        return ""
    if 0 < abs(value) < ROUNDING:
        return f"< {ROUNDING:g}".replace("-", "−")
    text = f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"
    return text.replace("-", "−") if float(text) != 0 else "0.00"


def p_text(p: float | None) -> str:
    """A p as papers print it."""
    return "" if p is None else "< 0.0001" if p < 0.0001 else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def table(verdicts: list[Verdict]) -> str:
    """Tidy CSV: a line for each verdict (empty `part`, numbers of its weakest part), then one for each of its parts."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(verdicts):
        texts = {name: _exact(value) if isinstance(value, float) else value for name, value in row.items()}
        writer.writerow(texts | {"counts_for_document": "yes" if row["counts_for_document"] else "no"})
    return out.getvalue()


def rows(verdicts: list[Verdict]) -> Iterator[dict[str, Any]]:
    """What the CSV holds, line by line, as mappings from COLUMNS: numbers as numbers, what is missing left out."""
    for verdict in verdicts:
        common = {
            "paper": verdict.paper,
            "claim": verdict.key,
            "where": verdict.where,
            "sentence": verdict.claim,
            "evidence": verdict.evidence,
            "setting": verdict.setting,
            "counts_for_document": verdict.counts,
            "test": verdict.test,
            "cores": verdict.cores,
        }
        row = common | _fields(verdict.weakest)
        yield row | {"p": verdict.p, "p_holm": verdict.p_holm, "verdict": verdict.word, "note": verdict.note}
        for part in verdict.parts:
            yield common | {"part": part.shown, "verdict": part_word(part)} | _fields(part)


def _fields(part: Part | None) -> dict[str, Any]:
    if part is None or part.outcome is None:
        return {"note": part.missing if part else ""}
    outcome = part.outcome
    return {
        "n": outcome.n,
        "effect": outcome.effect,
        "low": outcome.low,
        "high": outcome.high,
        "claimed_above": outcome.lower,
        "claimed_below": outcome.upper,
        "p": outcome.p,
        "note": outcome.note,
    }


def _exact(value: float) -> str:
    return f"{value:.8g}"
