"""Effects that searches show: what they chose, how well their scores rank, what they find of a declared R(t)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lnl.declared import paths
from lnl.declared.decisions import word
from lnl.declared.searches import search_of
from lnl.errors import UserError
from lnl.render.decisions.evidence import Evidence
from lnl.render.decisions.tables import Rows, by_scale, places, where
from lnl.render.decisions.words import NOT_YET, counted, link, parts, span
from lnl.results.records import SlotRuns
from lnl.results.search_quality import effect as compared
from lnl.search.files import read

Effect = Mapping[str, Any]
PAGE = "reproduction/search_quality/quality.md"


def chosen(evidence: Evidence, effect: Effect) -> list[str]:
    """The value that a search has chosen, as the runs that were trained with it tell."""
    place = effect["chosen"]

    def one(scale: str) -> Rows:
        for runs, label in _cells(evidence, place, scale):
            found = [record["result"].get("searched") or {} for record in runs.records()]
            values = dict.fromkeys(word(s["value"]) for s in found if s.get("parameter") == place["parameter"])
            yield runs, label, " and ".join(values) or NOT_YET

    return by_scale(evidence, f"{place['parameter']} chosen", where(place), one)


def estimates(evidence: Evidence, effect: Effect) -> list[str]:
    """Smallest and largest entry of the diagonals of the transition matrices that runs have estimated."""
    place = effect["estimates"]

    def one(scale: str) -> Rows:
        for runs, label in _cells(evidence, place, scale):
            found = [(record["result"].get("estimates") or {}).get("transition") for record in runs.records()]
            entries = [t[i][i] for t in found if t is not None for i in range(len(t))]
            yield runs, label, span(entries) if entries else NOT_YET

    return by_scale(evidence, "diagonal of the estimated T", where(place), one)


def ranking(evidence: Evidence, effect: Effect) -> list[str]:
    """How the scores of a search's candidates rank them, and what its choice costs: one search a cell."""
    place = effect["ranking"]

    def one(scale: str) -> Rows:
        for runs, label in _cells(evidence, place, scale):
            yield runs, label, _ranked(evidence, scale, runs, place["search"]) or NOT_YET

    return by_scale(evidence, "scores of one search a cell held against test accuracy", where(place), one)


def _cells(evidence: Evidence, place: Effect, scale: str) -> Iterator[tuple[SlotRuns, str]]:
    for key in places(evidence, place, place["columns"]):
        runs = evidence.runs(place.get("table", place.get("figure")), scale)[key]
        yield runs, f"{runs.slot.row_label}, {runs.slot.column_label}"


def _ranked(evidence: Evidence, scale: str, runs: SlotRuns, name: str) -> str:
    """How the first round of the search behind a cell ranks its candidates; '' where it is not kept."""
    from scipy.stats import spearmanr

    suite = evidence.suites[scale].searching
    search = search_of(evidence.suites[scale], runs.slot.cell) if runs.slot.cell else None
    if search is None or search.name != name:
        return ""
    try:
        page = read(suite, search, paths.scores(suite.scale, search.id, search.seed, 1))
    except UserError:
        return ""
    usable = [(c["score"], c["test"]) for c in page["candidates"] if c["score"] is not None and c["test"] is not None]
    scores, tests = np.array(usable).T
    correlation = float(spearmanr(scores, tests).statistic)
    behind = 100 * float(tests.max() - tests[scores.argmax()])  # of equal scores the first, as searches choose
    text = f"rank correlation {correlation:.2f} over {counted(len(usable), 'candidate')}"
    return f"{text}, its choice {behind:.2f} points behind the best".replace("-", "−")


def without_networks(evidence: Evidence, effect: Effect) -> list[str]:
    """Searches for a declared R(t): counts against another algorithm, a difference of medians, or the medians."""
    asked = effect["searches"]
    budget = evidence.suite.synthetic["budgets"][asked["budget"]]
    said = {"counts": _counts, "difference": _differences, "median": _medians}[asked["show"]](evidence, asked)
    size = f"searches for a declared R(t), {budget['rounds']} rounds of {budget['samples']}"
    return [parts(f"{size} ({link('search_quality', PAGE)})", list(said))]


def _title(evidence: Evidence, algorithm: str) -> str:
    return str(evidence.suite.synthetic["algorithms"][algorithm]["title"])


def _counts(evidence: Evidence, asked: Effect) -> Iterator[str]:
    other = _title(evidence, asked["against"])
    for name in asked["algorithms"]:
        targets = evidence.suite.synthetic["targets"]
        found = evidence.quality.counts(asked["budget"], name, asked["against"], targets)
        text = f"in {found.better} and worse in {found.worse} of {found.of} pairs of space and target"
        yield f"{_title(evidence, name)}: " + (f"better than {other} {text}" if found.of else NOT_YET)


def _final(evidence: Evidence, asked: Effect, space: str, algorithm: str) -> list[float] | None:
    return evidence.quality.final.get((space, asked["target"], asked["budget"], algorithm))


def _spaces(asked: Effect) -> list[str]:
    return asked["spaces"] if "spaces" in asked else [asked["space"]]


def _differences(evidence: Evidence, asked: Effect) -> Iterator[str]:
    for space in _spaces(asked):
        for name in asked["algorithms"]:
            ours, others = (_final(evidence, asked, space, which) for which in (name, asked["against"]))
            text = NOT_YET
            if ours and others:
                found = compared(ours, others)
                bounds = f"{found['low']:+.0f} to {found['high']:+.0f}"
                size = str(len(ours)) if len(ours) == len(others) else f"{len(ours)} and {len(others)}"
                text = f"{found['percent']:+.0f}% ({bounds}) of the median RMSE of {_title(evidence, asked['against'])}"
                text = f"{text}, {size} searches each".replace("-", "−")
            yield f"{_title(evidence, name)}, space {space}, target {asked['target']}: {text}"


def _medians(evidence: Evidence, asked: Effect) -> Iterator[str]:
    for name in asked["algorithms"]:
        said = []
        for space in _spaces(asked):
            final = _final(evidence, asked, space, name)
            said.append(f"{space} {f'{np.median(final):.3f} ({len(final)} searches)' if final else NOT_YET}")
        yield f"median RMSE of {_title(evidence, name)}, target {asked['target']}: {', '.join(said)}"
