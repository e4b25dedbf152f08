"""Specifications by coordinates: what `resolve` says of one, and what other cells and searches add to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lnl.declared import handovers, labellers, stages
from lnl.declared.catalogue import Catalogue
from lnl.declared.declared_searches import DeclaredSearches
from lnl.declared.specification import digest, of_protocol, resolve

Tree = dict[str, Any]


def source(at: Tree, changes: Tree, method: str) -> tuple[Tree, Tree]:
    """Coordinates and changes of a cell's source: of its own variant, what concerns the protocol."""
    return {**at, "method": method}, of_protocol(changes)


class Specifications:
    """Specifications of a catalogue's coordinates, each resolved once; they are read, and never changed.

    check: validates a protocol that a data set or a variant has changed; there: the searches of the scale whose
    searches this one uses.
    """

    def __init__(
        self, catalogue: Catalogue, check: Callable[[Tree, str], None] | None, there: Callable[[], DeclaredSearches]
    ) -> None:
        self._catalogue = catalogue
        self._check = check
        self._there = there
        self._known: dict[str, Tree] = {}
        self.searches = DeclaredSearches(catalogue, self.of)

    def of(self, at: Tree, changes: Tree, where: str, stage: str | None = None) -> Tree:
        """Specification of coordinates with a variant's changes; of a stage of theirs, where one is named."""
        key = repr((sorted(at.items()), sorted(changes.items()), stage))
        if key not in self._known:
            self._known[key] = self._resolved(at, changes, where, stage)
        return self._known[key]

    def _resolved(self, at: Tree, changes: Tree, where: str, stage: str | None) -> Tree:
        catalogue = self._catalogue
        own = stages.stage_of(catalogue.protocols, at, stage, where)
        base = digest(self.of(at, changes, where)) if own and "begins" in own else ""
        method = stages.learner_of(own, at)
        if method != at["method"]:
            at, changes = at | {"method": method}, of_protocol(changes)
        spec = resolve(
            protocol=at["protocol"],
            protocols=catalogue.protocols,
            scale=catalogue.scale,
            scales=catalogue.scales,
            dataset=at["dataset"],
            noise=at["noise"],
            noises=catalogue.noises,
            datasets=catalogue.datasets,
            method=catalogue.methods[at["method"]],
            changes=changes,
            source=where,
            check=self._check,
            stage=None if own is None else lambda protocol: stages.applied(protocol, own),
        )
        spec |= stages.beginning(own, stage, base)
        network = labellers.network_of(at["noise"], where)
        if network is not None:  # another labeller gives other labels
            by = digest(self.of(labellers.coordinates(at["dataset"]), labellers.changes(network), where))
            spec["noise"] = {**spec["noise"], "labeller": by}
        sources = {
            name: {"from": digest(self.of(*source(at, changes, begun), where)), "point": point}
            for name, begun, point in handovers.read(catalogue.methods[at["method"]], spec["method"]["parameters"])
        }
        if sources:
            spec = {**spec, "method": {**spec["method"], "handovers": sources}}
        return self.searches.written_out(at, changes, spec, where, self._there)
