"""What is committed, gathered for the decisions: lines of tables, runs of figures, verdicts; each when asked for."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from lnl.declared import lengths
from lnl.declared.cells import Cell
from lnl.declared.decision_effects import claims
from lnl.declared.suite import Suite
from lnl.render.compare import Line, lines
from lnl.render.reproduced import ORDER
from lnl.results.claims.decisions import Verdict
from lnl.results.claims.verdicts import judge
from lnl.results.committed import laid_out
from lnl.results.records import SlotRuns, collect
from lnl.results.search_quality import Quality

Place = tuple[str, str]  # row and column


class Evidence:
    """Committed numbers by artefact and scale."""

    def __init__(self, root: Path, scales: list[str], settled: Container[str]) -> None:
        """root: of the checkout; scales: those with records; settled: claims whose printed numbers and identities are
        wanted, some of which take seconds. To be used while the records are laid out as results."""
        self.root, self.settled = root, settled
        known = [scale for scale in ORDER if scale in scales] + [scale for scale in scales if scale not in ORDER]
        self.suites = {scale: self._suite(scale) for scale in known}
        self._lines: dict[tuple[str, str], dict[Place, Line]] = {}
        self._runs: dict[tuple[str, str], dict[Place, SlotRuns]] = {}
        self._verdicts: dict[tuple[str, str], list[Verdict]] = {}

    def _suite(self, scale: str) -> Suite:
        """The suite at a scale with every repeat that an artefact declares: how many a scale trains does not say how
        many are kept."""
        suite = Suite.load(self.root, {"scale": scale, "seeds": None, "overlay": None}, validate=False)
        suite.scales[scale] = {key: value for key, value in suite.scales[scale].items() if key != "seeds"}
        return suite

    @cached_property
    def suite(self) -> Suite:
        """The declarations, for whatever no scale changes."""
        return self.suites.get("paper") or self._suite("paper")

    @cached_property
    def quality(self) -> Quality:
        """The searches without networks that are kept."""
        return Quality.read(self.root)

    def lines(self, table: str, scale: str) -> dict[Place, Line]:
        """The lines of a table by row and column."""
        if (table, scale) not in self._lines:
            found = lines(self.suites[scale], table)
            self._lines[table, scale] = {(line.slot.row, line.slot.column): line for line in found}
        return self._lines[table, scale]

    def runs(self, key: str, scale: str) -> dict[Place, SlotRuns]:
        """The runs of a table or figure by row and column."""
        if key in self.suite.tables:
            return {place: line.runs for place, line in self.lines(key, scale).items()}
        if (key, scale) not in self._runs:
            suite = self.suites[scale]
            found = collect(suite, suite.slots(key))
            self._runs[key, scale] = {(one.slot.row, one.slot.column): one for one in found}
        return self._runs[key, scale]

    def verdicts(self, claim: str) -> list[Verdict]:
        """The verdicts on one claim that something is behind: from runs at the first scale that has any of them, from
        printed numbers and identities."""
        first = next(iter(self.suites), "paper")
        fixed = [v for v in self._judged(claim, first) if v.evidence != "runs"]
        for scale in self.suites:
            ran = [v for v in self._judged(claim, scale) if v.evidence == "runs" and v.word != "not run"]
            if ran:
                return ran + fixed
        return fixed

    def _judged(self, claim: str, scale: str) -> list[Verdict]:
        paper = claims(self.suite)[claim]
        if (paper, scale) not in self._verdicts:
            settled = self.settled if scale == next(iter(self.suites), "paper") else ()
            suite = self.suites.get(scale, self.suite)
            self._verdicts[paper, scale] = judge(suite, paper, without_runs=settled)
        return [verdict for verdict in self._verdicts[paper, scale] if verdict.key == claim]

    def setting(self, scale: str, cells: list[Cell]) -> str:
        """`scale lite: mnist, mlp, 60 of 200 epochs`: where numbers of these cells come from."""
        suite, said = self.suites[scale], {}
        for cell in cells:
            spec, printed = suite.spec(cell), suite.declared(cell).paper_dataset
            data = cell.dataset if cell.dataset == printed else f"{cell.dataset} for {printed}"
            said[f"{data}, {spec['network']['name']}, {lengths.said(spec)}"] = 0
        return f"scale {scale}: {'; '.join(said)}"


@contextmanager
def committed(root: Path, effects: Iterable[Mapping[str, Any]]) -> Iterator[Evidence]:
    """The evidence of a checkout for these effects, for as long as the block runs."""
    settled = {effect["claim"] for effect in effects if effect.get("claim")}
    with laid_out(root) as scales:
        yield Evidence(root, scales, settled)
