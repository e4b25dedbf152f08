"""The suite: all that the declarations of a checkout ask for, cells and the searches behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from lnl.declared import noise_checks
from lnl.declared.cells import COORDINATES, Cell, Declared, DeclaredSearch, Run, Search, Slot
from lnl.declared.demands import Demands
from lnl.declared.layers import whole
from lnl.errors import UserError, choose

__all__ = ["Cell", "Run", "Search", "Slot", "Suite"]


class Suite(Demands):
    """Cells, runs and searches of a checkout, at one scale."""

    @classmethod
    def load(cls, root: Path | str = ".", config: Mapping[str, Any] | None = None, validate: bool = True) -> Self:
        """Read the declarations under `root` (Catalogue.load); overlays' artefacts that do not resolve are left out."""
        found = super().load(root, config, validate)
        found.layers.importable()
        if found.layers.overlays and found.layers.by_head is None:
            found._resolve_overlays()
        return found

    def _resolve_overlays(self) -> None:
        """Leave out artefacts of overlays whose cells do not resolve; the checkout's come first, and have to."""
        of_overlays = [key for key in self.artefacts if self.layers.of_overlay(self.source(key))]
        for key in [key for key in self.artefacts if key not in of_overlays]:
            _ = self.demand(key), self.searches_of(key)
        for key in of_overlays:
            kind = self.artefacts[key]
            with self.spared(kind, key.removesuffix("_claims") if kind == "claims" else key), whole(self.registered()):
                _ = self.demand(key), self.searches_of(key)

    def search_at(self, at: dict[str, Any], name: str, seed: int, where: str) -> Search:
        """The search `name` of these coordinates at the scale whose searches this one uses; UserError without one."""
        missing = [k for k in COORDINATES if k not in at]
        if missing:
            raise UserError(f"{where}: no {missing[0]} is given")
        choose(at["method"], self.methods, "method", where)
        return self.searching._searches.ask(at, {}, {"search": name, "seed": seed}, where)

    def declared_search(self, search: Search) -> DeclaredSearch:
        """Specification of a search; one that no artefact demands resolves with its method's defaults."""
        known = self._searches.known(search)
        if known is None and search.method in self.methods:
            _ = self.cells  # a variant may have declared it with other values than the method's defaults
            for key in self.artefacts:
                self.searches_of(key)
            known = self._searches.known(search)
        if known is None:
            at = self.where(Cell(search.protocol, search.dataset, search.noise, search.method))
            self._searches.ask(at, {}, {"search": search.name, "seed": search.seed}, search.id)
            known = self._searches.declared(search)
        return known

    def sought(self, key: str, search: Search) -> list[DeclaredSearch]:
        """What an artefact declares that a search is in place of; other artefacts may have it in place of others."""
        self.demand(key)
        found = self._searches.named(self.source(key), search)
        return found or [self.declared_search(search)]

    def declared_searches(self) -> list[Search]:
        """Every search that was asked for so far, with seed 0 for all of its repeats."""
        return self._searches.every()

    def search_digest(self, search: Search) -> str:
        """Digest of a search's specification and seed, which its files carry."""
        return self._searches.digest(search, self.declared_search(search))

    def parse(self, cell_id: str) -> Cell:
        """Cell of a `protocol/dataset/noise/method` text; UserError if it is not one."""
        parts = cell_id.strip("/").split("/")
        if len(parts) != 4:
            raise UserError(f"'{cell_id}' is not protocol/dataset/noise/method")
        cell = Cell(*parts)
        with self.layers.explained():
            noise_checks.declared(cell.noise, self.noises, cell.id)  # all kinds are known here
            self.declared(cell)
        return cell

    def parse_search(self, search_id: str, seed: int) -> Search:
        """Search of a `protocol/dataset/noise/method/search` text; UserError if it is not one."""
        parts = search_id.strip("/").split("/")
        if len(parts) != 5:
            raise UserError(f"'{search_id}' is not protocol/dataset/noise/method/search")
        protocol, dataset, noise, method, name = parts
        found = Search(protocol, dataset, noise, method, name, seed)
        with self.layers.explained():
            choose(method, self.methods, "method", search_id)
            self.declared_search(found)
        return found

    def searches_of(self, key: str) -> list[tuple[str, str, Search]]:
        """(row, column, search) of a figure that draws searches, in declared order; a search of each seed.

        Of a claims page: (claim, the claim's name for it, search).
        """
        declared = self.declaration(key)
        if self.artefacts[key] == "claims":
            return list(dict.fromkeys(self._claimed_searches(key)))
        if declared.get("kind") != "searches":
            return []
        common = {k: declared[k] for k in (*COORDINATES, "search") if k in declared}
        out = []
        for row in self.axis(key, "rows"):
            for column in self.axis(key, "columns"):
                at = {**common, **{k: v for k, v in {**row, **column}.items() if k in (*COORDINATES, "search")}}
                where = f"{self.source(key)}, row '{row['key']}', column '{column['key']}'"
                missing = [k for k in (*COORDINATES, "search") if k not in at]
                if missing:
                    raise UserError(f"{where}: no {missing[0]} is given")
                name = at.pop("search")
                for seed in self.seeds(declared.get("seeds")):
                    found = self.searching._searches.ask(at, {}, {"search": name, "seed": seed}, where)
                    out.append((row["key"], column["key"], found))
        return out

    def declarations_of(self, cell: Cell) -> list[Declared]:
        """What all artefacts together declare that a cell is in place of; empty where none demands it."""
        _ = self.cells  # of all artefacts
        found = (named for (_, one), named in self._named.items() if one == cell)
        return list({key: declared for named in found for key, declared in named.items()}.values())

    def seek(self, cell: Cell) -> None:
        """Resolve artefacts until one declares the cell: what a job needs of declarations that its head has checked."""
        for key in self.artefacts:
            if cell in self._cells:
                return
            self.demand(key)

    def admit(self, cell: Cell, declared: Declared) -> None:
        """Make a search's candidate known, so that it is trained like any other cell."""
        self._cells[cell] = declared

    def set_otherwise(self, cell: Cell, changes: dict[str, Any], where: str) -> None:
        """Give a plain method's cell other values than the declared ones, as a variant's `set` would, in this object
        alone. UserError for a variant, and for what is no parameter of the method or key of the protocol."""
        if cell.method not in self.methods:
            raise UserError(f"{where}: {cell.method} is a variant; name its method, and set what differs")
        at = self.where(cell)
        self.admit(cell, Declared(self.resolved(at, changes, where), at["dataset"], where, changes))
        self._varied[cell] = (dict(at), changes, "-set")

    def _claimed_searches(self, key: str) -> Iterator[tuple[str, str, Search]]:
        from lnl.declared.claims import demanded

        for place in demanded(self.declaration(key), "search"):
            where = f"{self.source(key)}, claim '{place.claim}', cell '{place.name}'"
            for seed in self.seeds(place.seeds):
                yield place.claim, place.name, self.search_at(*place.search, seed, where)
