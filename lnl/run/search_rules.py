"""What the rules of searches ask: inputs and resources by wildcards. Standard library and PyYAML only."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from lnl.declared import dependencies, paths, search_rounds, searches
from lnl.declared.suite import Search, Suite
from lnl.search import files as search_files


class SearchRules:
    """The part of lnl.run.dag.Dag that walks searches, at the scale where they live."""

    def __init__(self, searching: Suite, again: Callable[[str], None], trains: Callable[[str], None]) -> None:
        """searching: the declarations at the scale of searches; again, trains: as lnl.run.dag.Dag has them."""
        self.searching = searching
        self._again = again
        self._trains = trains
        self._damaged: dict[str, str] = {}  # files that are made again for another reason than a declaration: why

    def _remake(self, path: str, why: str | None = None) -> None:
        """Have a file made again that is there, but not as it should be; why: if that is not for a declaration."""
        self._again(path)
        self._damaged |= {path: why} if why else {}

    def best_of(self, search: Search) -> str:
        """Result of a search."""
        return paths.best(self.searching.scale, search.id, search.seed)

    def _own(self, search: Search, path: str) -> None:
        """A file of a search that is there, but another search's or an earlier declaration's, is made again."""
        if os.path.exists(path) and not search_files.current(self.searching, search, path):
            self._remake(path, search_files.misplaced(search, path))

    def search(self, wildcards: Any) -> Search:
        """The search that a job's wildcards name."""
        w = wildcards
        found = Search(w.protocol, w.dataset, w.noise, w.method, w.search, int(w.seed))
        self.searching.declared_search(found)
        return found

    def search_id(self, wildcards: Any) -> str:
        """protocol/dataset/noise/method/search, as commands call it."""
        return self.search(wildcards).id

    def search_digest(self, wildcards: Any) -> str:
        """Digest of a search: a changed declaration walks it again (and finds its finished candidates)."""
        return self.searching.search_digest(self.search(wildcards))

    def scores_before(self, wildcards: Any) -> list[str]:
        """What a round's proposals are made from: the round before, unless no score is asked for."""
        search, round = self.search(wildcards), int(wildcards.round)
        self._own(search, paths.proposals(self.searching.scale, search.id, search.seed, round))
        if round == 1 or not search_rounds.adaptive(self.searching.declared_search(search).spec["algorithm"]):
            return []
        return [paths.scores(self.searching.scale, search.id, search.seed, round - 1)]

    def candidate_inputs(self, wildcards: Any) -> list[str]:
        """What a block's candidates depend on: their proposals, the data set and the given labels."""
        self._trains("search")
        search, scale = self.search(wildcards), self.searching.scale
        self._own(search, paths.block(scale, search.id, search.seed, wildcards.round, wildcards.block))
        return [
            paths.proposals(scale, search.id, search.seed, wildcards.round),
            paths.data(scale, search.dataset),
            dependencies.search_labels(self.searching, search),
        ]

    def blocks_of(self, wildcards: Any) -> list[str]:
        """The blocks of a round."""
        search, round = self.search(wildcards), int(wildcards.round)
        count = len(searches.blocks(self.searching, search, round - 1))
        scale = self.searching.scale
        self._own(search, paths.scores(scale, search.id, search.seed, round))
        return [paths.block(scale, search.id, search.seed, round, block + 1) for block in range(count)]

    def history(self, wildcards: Any) -> list[str]:
        """All scores of a search."""
        search = self.search(wildcards)
        self._own(search, self.best_of(search))
        count = len(searches.rounds(self.searching, search))
        return [paths.scores(self.searching.scale, search.id, search.seed, round + 1) for round in range(count)]

    def block_cost(self, name: str) -> Callable[[Any], int]:
        """A resource of a block's job."""

        def cost(wildcards: Any) -> int:
            search, round = self.search(wildcards), int(wildcards.round)
            members = searches.blocks(self.searching, search, round - 1)[int(wildcards.block) - 1]
            shares = [searches.rounds(self.searching, search)[round - 1][i] for i in members]
            return dependencies.search_resources(self.searching, search, sum(shares))[name]

        return cost
