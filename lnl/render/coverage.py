"""How far each artefact is: runs by state, repeats per cell, verdicts, and everything that went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lnl.declared import paths
from lnl.render import table
from lnl.render.document import Document
from lnl.results.records import STATES, Locate, RunState, collect
from lnl.search.files import current

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


@dataclass(frozen=True)
class Coverage:
    """One table or figure. `runs` holds each run once; `fewest` and `most` are the ok runs of its cells.

    searches, searched: how many searches it draws, and how many of them have a result.
    """

    key: str
    kind: str  # table | figure
    title: str
    paper: str
    runs: tuple[RunState, ...]
    fewest: int
    most: int
    searches: int = 0
    searched: int = 0
    shown: Document | None = field(default=None, repr=False)  # tables only

    @property
    def states(self) -> dict[str, int]:
        """Runs by state, every state named."""
        return {state: sum(run.state == state for run in self.runs) for state in STATES}

    @property
    def done(self) -> int:
        """Runs with a valid record: a diverged run is a result."""
        return self.states["ok"] + self.states["diverged"]

    @property
    def verdicts(self) -> dict[str, int]:
        """Slots by verdict; empty for a figure."""
        return self.shown.verdicts if self.shown else {}

    @property
    def started(self) -> bool:
        """Whether any run has been made or tried, or any search has a result, or nothing is needed."""
        needed = self.runs or self.searches
        return not needed or self.states["missing"] < len(self.runs) or self.searched > 0


def coverage(suite: Suite, locate: Locate | None = None, untouched: bool = True) -> list[Coverage]:
    """Every table, then every figure, at the suite's scale. untouched: whether to render tables without a run too."""
    covered = []
    for kind, keys in (("table", suite.tables), ("figure", suite.figures)):
        for key, declaration in keys.items():
            gathered = collect(suite, suite.slots(key), locate)
            runs = {(run.cell, run.seed): run for slot in gathered for run in slot.runs}
            drawn = list(dict.fromkeys(search for _, _, search in suite.searches_of(key)))
            there = suite.searching if drawn else suite
            wanted = kind == "table" and (untouched or any(run.record is not None for run in runs.values()))
            per_cell = [slot.count("ok") for slot in gathered if slot.slot.cell is not None]
            covered.append(
                Coverage(
                    key,
                    kind,
                    str(declaration.get("title", key)),
                    str(declaration.get("source", {}).get("paper", "")),
                    tuple(runs.values()),
                    min(per_cell, default=0),
                    max(per_cell, default=0),
                    len(drawn),
                    sum(current(there, s, paths.best(there.scale, s.id, s.seed)) for s in drawn),
                    table.shown(suite, key, locate) if wanted else None,
                )
            )
    return covered


def problems(covered: list[Coverage]) -> dict[str, list[RunState]]:
    """Diverged, failed and stale runs, each once, by state; states without any are left out."""
    runs = {(run.cell, run.seed): run for entry in covered for run in entry.runs}.values()
    found = {state: [run for run in runs if run.state == state] for state in ("diverged", "failed", "stale")}
    return {state: listed for state, listed in found.items() if listed}


def verdict_text(counts: dict[str, int]) -> str:
    """5 agrees, 2 above: in a fixed order, the telling ones first."""
    order = ("agrees", "above", "below", "differs", "too few", "not comparable", "no published number", "diverged")
    words = sorted(counts, key=lambda word: (order.index(word) if word in order else len(order), word))
    return ", ".join(f"{counts[word]} {word}" for word in words)


def provenance(covered: list[Coverage]) -> tuple[str, str]:
    """Commits of the records shown, and the span of the days on which they were made; '' where no record says."""
    records = [run.record for entry in covered for run in entry.runs if run.record is not None]
    origins = [record.get("provenance") or {} for record in records]
    known = [o for o in origins if o.get("commit")]
    commits = sorted({str(o["commit"])[:10] + (" with uncommitted changes" if o.get("dirty") else "") for o in known})
    days = sorted({str(o["finished"])[:10] for o in origins if o.get("finished")})
    span = "" if not days else days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return ", ".join(commits), span
