"""Blocks about what stands behind the numbers: runs and their commits, label vectors, searches, verdicts of claims."""

from __future__ import annotations

import math
import statistics
from typing import Any

from lnl.declared.searched import FINALS
from lnl.declared.searches import search_of
from lnl.declared.suite import Search, Suite
from lnl.errors import UserError, choose, nearest
from lnl.render import markdown
from lnl.render.claims import short
from lnl.render.document import Cell, Grid, number, plural
from lnl.render.label_notes import given_by, span
from lnl.render.pages.committed import Committed
from lnl.render.pages.marks import Mark
from lnl.render.pages.places import Place, places, suite_of
from lnl.results.claims import search_values
from lnl.results.claims.decisions import Verdict
from lnl.results.claims.units import PERCENT


def runs(mark: Mark, kept: Committed) -> str:
    """`runs KEY …`: how many runs there are, which places have how many repeats, and the commits that made them."""
    lines = []
    every: list[Place] = []
    for key in mark.words:
        chosen = [place for place in places(mark, kept, [key]) if place.slot.cell is not None]
        every += chosen
        asked = sum(len(place.runs.runs) for place in chosen)
        lines.append(f"* `{key}`: {sum(place.done for place in chosen)} of {plural(asked, 'run')}")
        for done, of in sorted({(p.done, len(p.runs.runs)) for p in chosen}, reverse=True):
            here = [p for p in chosen if (p.done, len(p.runs.runs)) == (done, of)]
            what = f"{done} of {plural(of, 'repeat')}" if done else "none yet"
            lines.append(f"    * {what}: {'; '.join(_named(here, chosen))}")
    return "\n".join([*lines, *_origin(every)])


def _named(here: list[Place], every: list[Place]) -> list[str]:
    """These places by the columns, else rows, that they fill; the others by both, under their column."""
    left, said = list(here), []
    for axis in ("column", "row"):
        for key in dict.fromkeys(getattr(place.slot, axis) for place in every):
            whole = [p for p in every if getattr(p.slot, axis) == key]
            if len(whole) > 1 and all(p in left for p in whole):
                said.append(whole[0].slot.column_label if axis == "column" else _row(whole[0], every))
                left = [p for p in left if p not in whole]
    for column in dict.fromkeys(p.slot.column for p in left):
        listed = [p for p in left if p.slot.column == column]
        rows = ", ".join(_quoted(_row(p, every)) for p in listed)
        alone = len({p.slot.column for p in every}) == 1
        said.append(rows if alone else f"{_quoted(listed[0].slot.column_label)} of {rows}")
    return said


def _quoted(label: str) -> str:
    """A label within a list: in quotation marks where it has a comma of its own."""
    return f'"{label}"' if "," in label else label


def _row(place: Place, every: list[Place]) -> str:
    """A row by its label, and by that of the row which it varies."""
    base = next((p for p in every if place.slot.against == p.at and p.slot.row != place.slot.row), None)
    return f"{base.slot.row_label} ({place.slot.row_label})" if base else place.slot.row_label


def _origin(every: list[Place]) -> list[str]:
    """Commits, days, devices and seconds of the runs, each run once."""
    records = {(run.cell, run.seed): run.record for place in every for run in place.runs.runs if run.record is not None}
    origins = [record["provenance"] for record in records.values()]
    known = [o for o in origins if o.get("commit")]
    commits = sorted({str(o["commit"])[:10] + (" (uncommitted changes)" if o.get("dirty") else "") for o in known})
    days = sorted({str(o["finished"])[:10] for o in origins if o.get("finished")})
    seconds = [float(o["seconds"]) for o in origins if o.get("seconds") is not None]
    resumed = sum(bool(o.get("resumed")) for o in origins)
    devices = ", ".join(dict.fromkeys(str(o["device"]) for o in origins if o.get("device")))
    said = [
        f"* commits {', '.join(commits)}" if commits else "",
        f"* {days[0]}{f' to {days[-1]}' if days[-1] != days[0] else ''}, on {devices}" if days else "",
        f"* {statistics.median(seconds):.0f} seconds a run (median; {min(seconds):.0f} to {max(seconds):.0f})"
        if seconds
        else "",
        f"* {plural(resumed, 'run')} stopped and resumed" if resumed else "",
    ]
    return list(filter(None, said))


def labels(mark: Mark, kept: Committed) -> str:
    """`labels KEY …`: the vectors of given labels, and how many of them are wrong beside how many were asked for."""
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for place in places(mark, kept):
        for record in place.runs.records():
            result = record["result"]
            found.setdefault((result["dataset"], result["noise"]), {})[result["labels"]["digest"]] = result["labels"]
    rows = []
    for (dataset, noise), vectors in found.items():
        asked = [100 * float(each["requested_rate"]) for each in vectors.values() if each["requested_rate"] is not None]
        few = ", ".join(f"`{digest}`" for digest in list(vectors)[:2]) + (" …" if len(vectors) > 2 else "")
        wrong = span(float(each["realised_rate"]) for each in vectors.values())
        texts = dataset, noise, str(len(vectors)), few, number(min(asked)) if asked else given_by(noise), wrong
        rows.append(("", tuple(Cell(text) for text in texts)))
    heads = ("data", "noise", "vectors", "digest", "wrong labels asked for, %", "there, %")
    return markdown.table(Grid(heads, tuple(rows), shape="list"))


HEADS = ("chosen", "its score", "on the other images", "afresh", "R at the end, %")


def searches(mark: Mark, kept: Committed) -> str:
    """`searches KEY …`: budget of the search behind each place, what is trained of it, its score, its worth afresh.

    A draw, a mode or a mean of the last distribution has no score of its own. Afresh: the repeats that trained with
    it, in their last epoch, on the images whose labels had scored the candidates. A column in which no search has
    anything is left out.
    """
    suite = suite_of(mark, kept)
    rows = []
    for place in places(mark, kept):
        records = [record["result"] for record in place.runs.records() if record["result"].get("searched")]
        if records and place.slot.cell is not None:
            rows.append([place.slot.row_label, place.slot.column_label, *_search(suite, place, records)])
    if not rows:
        raise UserError("none of these places trains with what a search has found")
    heads = ["", "", "candidates", "best of each round", *HEADS]
    filled = [place < 2 or any(texts[place] for texts in rows) for place in range(len(heads))]
    heads, *rows = ([text for text, there in zip(texts, filled, strict=True) if there] for texts in (heads, *rows))
    return markdown.table(Grid(tuple(heads), tuple(("", tuple(map(Cell, texts))) for texts in rows)))


def _search(suite: Suite, place: Place, records: list[dict[str, Any]]) -> list[str]:
    """Candidates, best of each round, what was chosen, then as in HEADS."""
    won = records[0]["searched"]
    assert place.slot.cell is not None
    search = search_of(suite, place.slot.cell)
    result, _ = search_values.searched(suite.searching, search) if search else (None, "")
    count, rounds, test = "", "", ""
    if result is not None:
        trained = [entry for page in result["pages"] for entry in page["candidates"]]
        parts = "up to " if result["budget"]["algorithm"] == "hyperband" else ""
        count = f"{len(trained)}, {parts}{result['spec']['epochs']} epochs each"
        rounds = _rounds(result["pages"])
        found = search_values.value(result, "best_test") if "candidate" in won else math.nan
        test = "" if math.isnan(found) else number(found)
    end = number(100 * search_values.as_trained(won["schedule"], records[0]["spec"])[-1]) if "schedule" in won else ""
    part = f"{won.get('scored_on', 'validation')}_accuracy"
    last = [statistics.fmean(net[-1] for net in r["curves"][part]) for r in records if r["curves"].get(part)]
    afresh = number(statistics.fmean(last)) if last else ""
    score = number(100 * won["score"]) if "score" in won else ""
    return [count, rounds, _winner(won, _names(suite, search)), score, test, afresh, end]


def _rounds(pages: list[dict[str, Any]]) -> str:
    """The best score of each round, of candidates that were trained to their end; nothing of a single round."""
    if len(pages) == 1:
        return ""
    scores = [[e["score"] for e in page["candidates"] if e["fraction"] == 1.0] for page in pages]
    return ", ".join(number(100 * max((s for s in each if s is not None), default=math.nan)) for each in scores)


def _names(suite: Suite, search: Search | None) -> tuple[str, ...]:
    """The name of a searched schedule's number, where it has one only."""
    declared = suite.searching.searches[search.name] if search else {}
    listed = [entry["name"] for entry in suite.spaces.get(declared.get("space", ""), {}).get("coordinates", [])]
    return tuple(listed) if len(listed) == 1 else ()


def _winner(won: dict[str, Any], names: tuple[str, ...]) -> str:
    if "value" in won:
        return f"{won.get('parameter', 'value')} = {won['value']:g}"
    numbers = "".join(f"{name} = {x:.4g}, " for name, x in zip(names, won["schedule"]["x"], strict=False))
    return (
        f"{numbers}round {won['round']}, candidate {won['candidate']}" if "candidate" in won else FINALS[won["final"]]
    )


def claims(mark: Mark, kept: Committed) -> str:
    """`claims PAPER`: verdicts on claims with their weakest part; keys=… which (default: all that have been tested).

    in=… only those settings whose description has this word.
    """
    paper = mark.words[0]
    every = kept.verdicts(paper, mark.options.get("scale", "paper"), mark.number("seeds"))
    keys = mark.listed("keys")
    for key in keys:
        if key not in {verdict.key for verdict in every}:
            raise UserError(f"no claim '{key}' on {paper} that runs test{nearest(key, [v.key for v in every])}")
    where = mark.options.get("in", "")
    chosen = [v for v in every if v.word != "not run" and (not keys or v.key in keys) and where in v.setting]
    chosen.sort(key=lambda v: keys.index(v.key) if keys else 0)
    if not chosen:
        raise UserError(f"no committed run tests {', '.join(keys) or 'a claim'} of {paper}")
    several = len({_setting(verdict) for verdict in chosen}) > 1
    rows = []
    for v in chosen:
        about = [_setting(v)] if several else [v.key, v.claim]
        group = f"{v.key}: {v.claim}" if several else ""
        rows.append((group, tuple(Cell(text) for text in (*about, v.word, *_weakest(v)))))
    heads = (*(["claim, and where it is tested"] if several else ["claim", "says"]), "verdict", "weakest part")
    return markdown.table(Grid((*heads, "effect (95% interval)", "n"), tuple(rows), shape="list"))


def _setting(verdict: Verdict) -> str:
    return verdict.setting.partition(";")[0]


def _weakest(verdict: Verdict) -> tuple[str, str, str]:
    """Label, effect with its interval, and repeats of the part that the verdict hangs on."""
    part = verdict.weakest
    if part is None or part.outcome is None:
        return part.label if part else "", "", ""
    low, high = part.outcome.low, part.outcome.high
    known = low is not None and high is not None and not math.isinf(low)
    shown = short(part.outcome.effect)
    unit = f"{'' if part.unit == PERCENT else ' '}{part.unit}" if part.unit and shown else ""
    return (
        part.label,
        shown + unit + (f" ({short(low)} to {short(high)})" if known else ""),
        part.outcome.n,
    )


def verdict(mark: Mark, kept: Committed) -> str:
    """`verdict CLAIM`, within a line: held, not held or undecided; in=… a word of the setting, where it has several."""
    key, scale = mark.words[0], mark.options.get("scale", "paper")
    suite = kept.suite(scale, mark.number("seeds"))
    papers = {claim["key"]: paper for paper, declared in suite.claims.items() for claim in declared["claims"]}
    paper = choose(key, papers, "claim", "")
    found = [v for v in kept.verdicts(paper, scale, mark.number("seeds")) if v.key == key and v.word != "not run"]
    chosen = [v for v in found if mark.options.get("in", "") in v.setting]
    if not chosen:
        raise UserError(f"no committed run tests claim {key}")
    said = dict.fromkeys(v.word for v in chosen)
    if len(said) > 1:
        raise UserError(f"claim {key} is {' and '.join(f'{v.word} in {_setting(v)}' for v in chosen)}: name one, in=…")
    return next(iter(said))
