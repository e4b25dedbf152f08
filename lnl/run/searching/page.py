"""One round of a search: its candidates as runs, and their scores. Whatever is finished is scored without torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lnl.declared import paths, searches
from lnl.declared.cells import Run, Search
from lnl.declared.search_file import SHARED, TEST_FILE
from lnl.results import records
from lnl.results.statistics import LAST, file_accuracy
from lnl.run.store import Store, Trained
from lnl.search.files import chosen, current, read, write

if TYPE_CHECKING:
    from lnl.declared.suite import Suite


class Page:
    """The candidates of one round, as they were proposed."""

    def __init__(self, suite: Suite, search: Search, round: int) -> None:
        self.suite, self.search, self.round = suite, search, round
        self.declared = suite.declared_search(search)
        path = paths.proposals(suite.scale, search.id, search.seed, round + 1)
        self.proposed: list[dict[str, Any]] = read(suite, search, path)["candidates"]

    def before(self, round: int) -> Page:
        """The page of an earlier round."""
        return Page(self.suite, self.search, round)

    def run(self, index: int) -> Run:
        """The run of a candidate. One that continues another (Hyperband) is that one's run, trained further."""
        origin = self.proposed[index]["continues"]
        if origin is not None:
            return self.before(origin[0] - 1).run(origin[1] - 1)
        return self._shared[index] if self._shares else self._run(index, None)

    def _run(self, index: int, after: Run | None) -> Run:
        digest = None if after is None else self.suite.digest(after.cell)
        return searches.candidate(self.suite, self.search, self.round, index, chosen(self.proposed[index]), digest)

    @property
    def _shares(self) -> bool:
        return self.declared.spec["candidates"] in SHARED

    @cached_property
    def _shared(self) -> list[Run]:
        """The runs of candidates that share networks: each goes on from the one before it, from the first round on."""
        runs: list[Run] = []
        after: Run | None = None
        for page in (*map(self.before, range(self.round)), self):
            runs = []
            for index in range(len(page.proposed)):
                after = page._run(index, after)
                runs.append(after)
        return runs

    def until(self, index: int) -> int:
        """Number of epochs after which a candidate is scored; at least one of them is trained."""
        return self.declared.until(self.proposed[index]["fraction"])

    def points(self) -> tuple[str, ...]:
        """Where candidates hand their networks over: at their end if the next one continues them."""
        return ("final",) if self._shares else ()

    def stored(self, index: int) -> Trained | None:
        """What the store holds of a candidate that has ended; None for one that has not, or is only part way."""
        store = Store(self.suite, self.run(index))
        if not store.finished(self.points()):
            return None
        result = records.read(store.record_file)["result"]
        return Trained(result["curves"], result["diverged"])

    def entry(self, index: int, outcome: Trained) -> dict[str, Any]:
        """A candidate's score as files hold it; no score for one that diverged before it could be scored."""
        until = self.until(index)
        alive = not outcome.diverged or outcome.epochs >= until
        return {
            "candidate": index + 1,
            "u": self.proposed[index]["u"],
            "score": _accuracy(self._scoring(outcome.curves), self._scored(until)) if alive else None,
            "test": _accuracy(outcome.curves["test_accuracy"], self._scored(until)) if alive else None,
            "diverged": None if alive else outcome.diverged,
            "epochs": until,
        }

    def _scoring(self, curves: Mapping[str, Any]) -> list[Any]:
        """Accuracies (percent) [networks][epochs] on the examples that score a candidate."""
        scored_on = self.declared.spec["scored_on"]
        if scored_on == TEST_FILE:
            return file_accuracy(curves, self.declared.candidate["split"])
        return list(curves["test_accuracy" if scored_on == "test" else "validation_accuracy"])

    def _scored(self, until: int) -> range:
        """Epochs that score a candidate: the last of the first `until`, or with last10_mean their last ten trained."""
        if self.declared.spec.get("statistic") != "last10_mean":
            return range(until - 1, until)
        return range(max(until - LAST, int(self.declared.candidate["untrained_epoch"])), until)

    def known(self) -> dict[int, dict[str, Any]]:
        """Scores of this round that are there already, for instance from another machine (`lnl import`)."""
        path = paths.scores(self.suite.scale, self.search.id, self.search.seed, self.round + 1)
        if not current(self.suite, self.search, path):
            return {}
        names = ("candidate", "u", "score", "test", "diverged", "epochs")
        pairs = zip(read(self.suite, self.search, path)["candidates"], self.proposed, strict=True)
        return {k["candidate"] - 1: {n: k[n] for n in names} for k, p in pairs if k["u"] == p["u"]}

    def from_store(self, members: Iterable[int]) -> list[dict[str, Any]] | None:
        """Scores of these candidates if none of them has to be trained any more, else None."""
        known, entries = self.known(), []
        for index in members:
            outcome = None if index in known else self.stored(index)
            if index not in known and outcome is None:
                return None
            entries.append(known[index] if outcome is None else self.entry(index, outcome))
        return entries

    def write_block(self, block: int, entries: list[dict[str, Any]]) -> None:
        """Write the scores that one job has come by."""
        path = paths.block(self.suite.scale, self.search.id, self.search.seed, self.round + 1, block + 1)
        write(self.suite, self.search, path, {"round": self.round + 1, "block": block + 1, "candidates": entries})


def _accuracy(networks: list[Any], epochs: range) -> float:
    """Mean of the networks' accuracies (percent) in these epochs, as a fraction."""
    values: list[float] = [network[epoch] for network in networks for epoch in epochs]
    return sum(values) / len(values) / 100
