"""docs/decisions.md: contents, the decisions by chapter, and what is surprising in the sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lnl.declared.decisions import Chapter, Decision, Decisions
from lnl.declared.suite import Suite
from lnl.render.decisions import effects
from lnl.render.decisions.entry import default_text, linked, section
from lnl.render.decisions.evidence import Evidence, committed
from lnl.render.decisions.wrapping import anchor, item, paragraph
from lnl.results.arithmetic import sentence

COMMAND = "lnl decisions --write docs/decisions.md"
BEGIN, END = f"<!-- decisions: made by `{COMMAND}` -->", "<!-- end of decisions -->"
LEGEND = (
    "Differences are in points of accuracy, with their 95% interval over pairs of repeats (one seed: the same initial "
    "weights and order of examples) or over runs, and are bold where three or more of them have an interval clear of "
    "zero. Of fewer it is said that there are no more: they show no effect. A verdict on a claim is bold where it "
    "counts as the document's, and not that of a stand-in; effect and interval are in the unit of what it tests. "
    "Numbers come from the records, searches and tables that are committed under docs/reproduction, at the scale that "
    "is nearest to the papers' own."
)


def page(suite: Suite) -> str:
    """Everything below the introduction of docs/decisions.md, from declarations and committed records alone."""
    decisions = suite.decisions
    with committed(suite.root, list(_everything(decisions))) as evidence:
        chapters = [_chapter(evidence, chapter, decisions) for chapter in decisions.chapters]
    return "\n\n".join([paragraph(LEGEND), _contents(decisions), *chapters]) + "\n"


def entry(suite: Suite, decision: Decision) -> str:
    """The section of one decision."""
    with committed(suite.root, decision.effects) as evidence:
        return section(decision, effects.lines(evidence, decision), ()) + "\n"


def overview(decisions: Decisions) -> str:
    """Keys, titles and defaults by chapter, for a terminal."""
    width = max(len(decision.key) for decision in decisions)
    lines: list[str] = []
    for chapter in decisions.chapters:
        lines += [*([""] if lines else []), chapter.title] if chapter.decisions else []
        lines += [f"  {d.key:<{width}}  {d.title}: {default_text(d)}" for d in chapter.decisions]
    return "\n".join(lines) + "\n"


def _everything(decisions: Decisions) -> Iterator[Mapping[str, Any]]:
    for chapter in decisions.chapters:
        yield from (effect for decision in chapter.decisions for effect in decision.effects)
        yield from chapter.surprises


def _contents(decisions: Decisions) -> str:
    lines = []
    for chapter in decisions.chapters:
        lines.append(f"- [{chapter.title}](#{anchor(chapter.title)})")
        lines += [f"  - [{decision.key}](#{decision.key}): {decision.title}" for decision in chapter.decisions]
    return "\n".join(lines)


def _chapter(evidence: Evidence, chapter: Chapter, decisions: Decisions) -> str:
    known = decisions.by_key
    parts = [f"## {chapter.title}", *([paragraph(chapter.intro)] if chapter.intro else [])]
    parts += [section(decision, effects.lines(evidence, decision), known) for decision in chapter.decisions]
    surprises = [item(_surprise(evidence, one, chapter)) for one in chapter.surprises]
    return "\n\n".join([*parts, *([linked("\n".join(surprises), known)] if surprises else [])])


def _surprise(evidence: Evidence, surprise: Mapping[str, Any], chapter: Chapter) -> str:
    says, where = surprise["says"], f"{chapter.file}: {surprise['key']}"
    if "arithmetic" in surprise:
        says = sentence(evidence.suite, says, surprise["arithmetic"], surprise.get("with", {}), where)
    bears = f" See decision {surprise['decision']}." if surprise["decision"] else ""
    shown = [effects.claim(evidence, surprise["claim"]).replace("\n  - ", "; ")] if surprise.get("claim") else []
    return "\n  - ".join([f"**{surprise['key']}**: {says}{bears}", *shown])
