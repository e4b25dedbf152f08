"""One line per slot of an accuracy table: what was measured, what was published, and how the two compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lnl.declared import reductions
from lnl.declared.search_file import LEAKING
from lnl.declared.searches import parameter_searched
from lnl.results import statistics
from lnl.results.records import Locate, SlotRuns, collect

if TYPE_CHECKING:
    import pandas as pd

    from lnl.declared.suite import Slot, Suite


@dataclass(frozen=True)
class Line:
    """A slot with its numbers (percent). `state` says in words what is missing, '' when every run is there and ok."""

    slot: Slot
    runs: SlotRuns
    summary: statistics.Summary
    verdict: statistics.Verdict
    state: str
    remarks: tuple[str, ...]  # from single runs, such as "mean over 2 epochs, all there are"
    comparable: str | None = None  # why it is not: the scale, or a stand-in for the data set
    dagger: str = ""  # † where images that judge it had a part in choosing an epoch or a schedule
    values: Mapping[int, float] = field(default_factory=dict)  # percent by seed
    against: Line | None = None  # the line that this one is to be compared with

    @property
    def published(self) -> float | None:
        """The printed mean."""
        return self.slot.published.mean if self.slot.published else None

    @property
    def published_spread(self) -> float | None:
        """The printed spread, of its own kind."""
        return self.slot.published.spread if self.slot.published else None

    @property
    def quoted(self) -> str:
        """Whose number is printed, where it is not the document's own; else ''."""
        return self.slot.published.quoted if self.slot.published else ""

    @property
    def doubt(self) -> str:
        """Why nothing is judged by the printed number; else ''."""
        return self.slot.published.doubt if self.slot.published else ""

    @property
    def cell(self) -> str:
        """protocol/dataset/noise/method, or '' where the slot has no cell."""
        return self.slot.cell.id if self.slot.cell is not None else ""

    @property
    def difference(self) -> statistics.Difference | None:
        """This line minus the one it is compared with, over common repeats; None where there is nothing to compare."""
        return statistics.difference(self.values, self.against.values) if self.against else None


def lines(suite: Suite, key: str, locate: Locate | None = None) -> list[Line]:
    """The lines of a table, in declared order; whatever runs exist are used, and `state` tells the rest."""
    declaration = suite.tables[key]
    whole = reductions.comparable(suite, key)
    out = []
    for runs in collect(suite, suite.slots(key), locate):
        by_cell = whole and suite.scale == "paper"  # a stand-in for one data set leaves the others' rows comparable
        comparable = reductions.comparable(suite, key, runs.slot.cell) if by_cell else whole
        line = _line(declaration, comparable, runs)
        out.append(replace(line, dagger="†" if _chosen(suite, declaration, runs) else ""))
    at = {(line.slot.row, line.slot.column): line for line in out}
    return [replace(line, against=at[line.slot.against]) if line.slot.against else line for line in out]


def _chosen(suite: Suite, declaration: dict[str, Any], runs: SlotRuns) -> bool:
    """Whether a number is chosen, in part, on the images that it is measured on: the epoch, or what was searched."""
    statistic = declaration.get("statistic", "last10_mean")
    if statistic in statistics.DAGGER or runs.slot.cell is None:
        return statistic in statistics.DAGGER
    name = parameter_searched(suite, runs.slot.cell)
    if name is None:
        return False
    scored_on = suite.spec(runs.slot.cell)["method"]["parameters"][name]["spec"]["scored_on"]
    halved = statistic == "last10_mean_file" and suite.spec(runs.slot.cell)["split"] == "test-halves"
    return scored_on in LEAKING or (scored_on == "validation" and halved)


def _line(declaration: dict[str, Any], comparable: str | None, runs: SlotRuns) -> Line:
    slot = runs.slot
    statistic = declaration.get("statistic", "last10_mean")
    by_seed = {
        record["result"]["seed"]: statistics.run_statistic(
            record["result"]["curves"], statistic, record["result"].get("spec", {}).get("split", "none")
        )
        for record in runs.records()
    }
    values = list(by_seed.values())
    spread = declaration.get("spread") or {}
    summary = statistics.summarise(values, spread.get("kind", "std"), int(spread.get("ddof", 1)))
    theirs = slot.published
    comparable = (theirs.doubt if theirs else "") or comparable
    judged = statistics.verdict(
        summary.mean,
        summary.std,
        summary.n,
        theirs.mean if theirs else None,
        statistics.published_std(theirs.spread, theirs.kind, theirs.runs) if theirs else None,
        theirs.runs if theirs else None,
        float((declaration.get("tolerance") or {}).get("points", 0.0)),
        comparable,
        unmeasured(runs),
    )
    remarks = tuple(dict.fromkeys(value.remark for value in values if value.remark))
    return Line(
        slot,
        runs,
        summary,
        judged,
        state_text(runs),
        remarks,
        comparable,
        values={seed: value.value for seed, value in by_seed.items()},
    )


def unmeasured(runs: SlotRuns) -> str:
    """The word in place of a verdict where no run of the slot gave a number."""
    if runs.slot.cell is None:
        return runs.slot.absent or "not in the suite yet"
    for state in ("diverged", "failed", "stale"):
        if runs.count(state):
            return state
    return "not run"


def state_text(runs: SlotRuns) -> str:
    """What keeps a slot from being complete: "2 diverged, 1 stale, missing 1 of 5"; '' when nothing does."""
    if runs.slot.cell is None:
        return runs.slot.absent or "not in the suite yet"
    parts = [f"{runs.count(state)} {state}" for state in ("diverged", "failed", "stale") if runs.count(state)]
    missing = runs.count("missing")
    if missing:
        parts.append(f"missing {missing} of {len(runs.runs)}" if missing < len(runs.runs) else "not run")
    return ", ".join(parts)


def frame(compared: list[Line]) -> pd.DataFrame:
    """The lines as a tidy table, one row per slot, numbers unrounded; what the CSV holds."""
    import pandas as pd

    width = max((len(line.summary.networks) for line in compared), default=0)
    effects = any(line.against for line in compared)
    rows = []
    for line in compared:
        slot, summary = line.slot, line.summary
        networks = {f"mean_network{k + 1}": v for k, v in enumerate(summary.networks)}
        states = {state: line.runs.count(state) for state in ("diverged", "failed", "stale", "missing")}
        rows.append(
            {
                "row": slot.row,
                "column": slot.column,
                "row_label": slot.row_label,
                "column_label": slot.column_label,
                "n": summary.n,
                "mean": summary.mean,
                "spread": summary.spread,
                **{f"mean_network{k + 1}": networks.get(f"mean_network{k + 1}") for k in range(width)},
                "published": line.published,
                "published_spread": line.published_spread,
                "quoted": line.quoted,
                "difference": line.verdict.difference,
                "allowed": line.verdict.allowed,
                "verdict": line.verdict.word,
                **(_against(line) if effects else {}),
                "runs_asked": len(line.runs.runs),
                **states,
                "state": line.state,
                "cell": line.cell,
            }
        )
    return pd.DataFrame(rows)


def _against(line: Line) -> dict[str, Any]:
    """The comparison with another slot, as columns of the CSV."""
    found, other = line.difference, line.against
    return {
        "against": f"{other.slot.row} / {other.slot.column}" if other else None,
        "effect": found.mean if found else None,
        "effect_low": found.low if found else None,
        "effect_high": found.high if found else None,
        "effect_pairs": found.pairs if found else None,
    }
