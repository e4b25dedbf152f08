"""The searches that cells and artefacts ask for at one scale: each declared once. Standard library only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lnl.declared import searched as asked
from lnl.declared.catalogue import Catalogue
from lnl.declared.cells import DeclaredSearch, Search
from lnl.declared.search_file import parameter_of, probe
from lnl.declared.search_specification import declare
from lnl.declared.specification import digest
from lnl.errors import UserError, choose

#: Specification of coordinates with a variant's changes, asked for at a place that messages name.
Resolved = Callable[[dict[str, Any], dict[str, Any], str], dict[str, Any]]


class DeclaredSearches:
    """Searches by what they are about, with what they declare. catalogue: the declarations that they are made of;
    resolved: the specifications of their candidates."""

    def __init__(self, catalogue: Catalogue, resolved: Resolved) -> None:
        self._catalogue = catalogue
        self._resolved = resolved
        self._declared: dict[Search, DeclaredSearch] = {}  # by search with seed 0: repeats share their declaration
        self._digests: dict[Search, str] = {}
        self._named: dict[tuple[str, Search], dict[str, DeclaredSearch]] = {}  # what artefacts declare that it is for

    def registered(self) -> list[dict[Any, Any]]:
        """What is noted while an artefact is resolved."""
        return [self._declared, self._digests, self._named]

    def every(self) -> list[Search]:
        """Every search that was asked for so far, with seed 0 for all of its repeats."""
        return list(self._declared)

    def known(self, search: Search) -> DeclaredSearch | None:
        """Specification of a search that was asked for; None of any other."""
        return self._declared.get(replace(search, seed=0))

    def declared(self, search: Search) -> DeclaredSearch:
        """Specification of a search that was asked for."""
        return self._declared[replace(search, seed=0)]

    def ask(self, at: dict[str, Any], changes: dict[str, Any], wanted: dict[str, Any], where: str) -> Search:
        """The search {search, seed} of a cell's coordinates, registered; UserError if there can be none."""
        named = choose(str(wanted["search"]), self._catalogue.searches, "search", where)
        base = self._base(at, changes, named, where)
        declared = replace(declare(self._catalogue, at, base, wanted["search"], where), changes=changes)
        seed = wanted.get("seed", 1)
        found = Search(at["protocol"], base["dataset"], at["noise"], at["method"], wanted["search"], seed)
        known = self._declared.setdefault(replace(found, seed=0), declared)
        here = self._named.setdefault((where.partition(",")[0], replace(found, seed=0)), {})
        here[f"{at['dataset']} {changes}"] = declared
        if known.spec != declared.spec:
            raise UserError(
                f"{where}: search {found.id} has another specification in {known.source}; a cell with other values "
                f"needs a search of its own: copy config/searches/{found.name}.yaml to another name"
            )
        return found

    def _base(self, at: dict[str, Any], changes: dict[str, Any], named: dict[str, Any], where: str) -> dict[str, Any]:
        """Specification of the candidates of a search, but for what is searched; UserError for a parameter or a value
        that the method does not have, and for a second search."""
        parameter, methods = parameter_of(named), self._catalogue.methods
        if parameter not in methods[at["method"]]["parameters"]:
            having = ", ".join(k for k, m in methods.items() if parameter in m["parameters"]) or "none"
            raise UserError(
                f"{where}: {at['method']} has no parameter {parameter} that could be searched; "
                f"methods that have: {having}"
            )
        for value in named.get("values", ()):
            self._resolved(at, changes | {parameter: value}, where)
        base = self._resolved(at, changes | probe(named), where)
        other = asked.searched_parameter(base["method"]["parameters"], where)
        if other is not None:
            raise UserError(
                f"{where}: {other} of {at['method']} is searched as well as {parameter}; a cell searches one "
                f"parameter: give {other} a value"
            )
        return base

    def named(self, source: str, search: Search) -> list[DeclaredSearch]:
        """What the file of an artefact declares that a search is in place of; empty where it asks for none."""
        return list(self._named.get((source, replace(search, seed=0)), {}).values())

    def digest(self, search: Search, declared: DeclaredSearch) -> str:
        """Digest of a search's specification and seed, which its files carry."""
        if search not in self._digests:
            self._digests[search] = digest({"search": declared.spec, "seed": search.seed})
        return self._digests[search]

    def written_out(
        self,
        at: dict[str, Any],
        changes: dict[str, Any],
        spec: dict[str, Any],
        where: str,
        there: Callable[[], DeclaredSearches],
    ) -> dict[str, Any]:
        """A specification with the search that one of its parameters names written out: what it may find is part of it.

        there: the searches of the scale whose searches this one uses. A method that extends another leaves the search
        to that one, if they differ in nothing else.
        """
        values, key = spec["method"]["parameters"], spec["method"]["key"]
        methods, files = self._catalogue.methods, self._catalogue.searches
        name = asked.check(values, methods[at["method"]]["parameters"], files, where)
        if name is None:
            return spec
        wanted, searches = values[name], there()
        alone = not asked.alike(methods[at["method"]], methods[key], name)
        found = searches.ask(at if alone else at | {"method": key}, changes, wanted, where)
        values[name] = {
            "search": found.name,
            "seed": found.seed,
            "final": wanted.get("final") or files[found.name]["final"],
            "spec": searches.declared(found).spec,
            **({"method": found.method} if alone else {}),
        }
        return spec
