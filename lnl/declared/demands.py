"""Declarations -> cells. A table, a figure or a claims file is a demand; the DAG is the union of demands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from lnl.declared import handovers, labellers, stages
from lnl.declared.cells import COORDINATES, Cell, Declared, Run
from lnl.declared.slots import Slots
from lnl.declared.specification import digest, of_protocol
from lnl.declared.specifications import Specifications
from lnl.declared.specifications import source as source_of
from lnl.errors import Unknown, UserError, choose, nearest
from lnl.noise.keys import SEMANTIC


class Demands(Slots):
    """The cells and runs that a checkout's declarations ask for, at one scale."""

    def __init__(self, root: Path, config: dict[str, Any], validate: bool) -> None:
        super().__init__(root, config, validate)
        self._cells: dict[Cell, Declared] = {}
        self._specifications = Specifications(self, self._check, lambda: self.searching._searches)
        self._searches = self._specifications.searches
        self._demands: dict[str, list[Run]] = {}
        self._digests: dict[Cell, str] = {}
        self._named: dict[tuple[str, Cell], dict[str, Declared]] = {}  # what artefacts declare that it stands for
        self._placed: dict[str, Declared] = {}  # by the row and column that declare it
        self._varied: dict[Cell, tuple[dict[str, Any], dict[str, Any], str]] = {}  # coordinates, changes, path's suffix
        self._staged: dict[Cell, tuple[Cell, str]] = {}  # what a stage goes on from, and the point of it

    def registered(self) -> list[dict[Any, Any]]:
        """What is noted while an artefact is resolved, its searches at the scale that searches among it."""
        found: list[dict[Any, Any]] = [self._cells, self._demands, self._digests]
        found += [self._named, self._placed, self._varied, self._staged]
        found += self._searches.registered()
        there = self.searching
        return found if there is self else [*found, *there._searches.registered(), there._cells]

    def at(self, scale: str) -> Self:
        """The same declarations at another scale, without what was left out of this one."""
        return type(self)(self.root, self.layers.passed_on(self.config) | {"scale": scale}, validate=False)

    @cached_property
    def searching(self) -> Self:
        """The suite at the scale whose searches this one uses: itself, unless the scale says `searched_at`."""
        scale = self.scales[self.scale].get("searched_at", self.scale)
        if scale == self.scale:
            return self
        choose(scale, self.scales, "scale", f"config/scales/{self.scale}.yaml, key 'searched_at'")
        return self.at(scale)

    # ---- demands ---------------------------------------------------------------------------------------------------

    def cell_of(self, parts: list[dict[str, Any]], where: str) -> tuple[Cell | None, str | None]:
        """Cell of merged coordinates (later parts win), registered with its specification; or why there is none."""
        at: dict[str, Any] = {}
        for part in parts:
            at |= {k: part[k] for k in COORDINATES if k in part}
        missing = [k for k in COORDINATES if k not in at]
        if missing:
            raise UserError(f"{where}: no {missing[0]} is given")
        method = self.methods.get(at["method"])
        if method is None:
            from lnl.declared.synonyms import SYNONYMS

            choose(at["method"], {**SYNONYMS, **self.methods}, "method", where)
            return None, "not in the suite yet"

        name: str = at["method"]
        changes: dict[str, Any] = {}
        suffix = ""  # of the variants that change the protocol
        base = self.resolved(at, {}, where)
        for part in parts:
            extra = part.get("set") or {}
            if not extra:
                continue
            if not part.get("variant"):
                raise UserError(f"{where}: 'set' needs a 'variant' that names it in the path")
            if self.resolved(at, changes | extra, where) != self.resolved(at, changes, where):
                name += f"-{part['variant']}"
                suffix += f"-{part['variant']}" if of_protocol(extra) else ""
            changes = changes | extra
        spec = self.resolved(at, changes, where)
        if spec == base:
            name = at["method"]
        cell = self._add(Cell(at["protocol"], spec["dataset"], at["noise"], name), spec, at, changes, suffix, where)
        stage = next((part["stage"] for part in reversed(parts) if "stage" in part), None)
        if stage is not None:
            cell = self._add_stage(cell, stage, at, changes, suffix, where)
        named = Declared(self._cells[cell].spec, at["dataset"], where, changes)
        self._named.setdefault((where.partition(",")[0], cell), {})[f"{at['dataset']} {changes}"] = named
        self._placed[where] = named
        return cell, None

    def _add(
        self, cell: Cell, spec: dict[str, Any], at: dict[str, Any], changes: dict[str, Any], suffix: str, where: str
    ) -> Cell:
        """The cell, registered with what it begins with."""
        self._register(cell, Declared(spec, at["dataset"], where, changes))
        if "handovers" in spec["method"]:
            self._varied[cell] = (at, changes, suffix)
            self.begins_with(cell)  # a job knows its sources by their names alone
        self.labeller(cell.noise, cell.dataset)
        return cell

    def _add_stage(
        self, base: Cell, name: str, at: dict[str, Any], changes: dict[str, Any], suffix: str, where: str
    ) -> Cell:
        """The cell of a stage, which goes on from `base` or begins anew, registered."""
        spec = self.resolved(at, changes, where, name)
        own = stages.stage_of(self.protocols, at, name, where)
        there = at | {"method": stages.learner_of(own, at)}
        kept = changes if there == at else of_protocol(changes)
        staged = replace(base, method=f"{base.method}-{name}")
        if "stage" in spec:
            self._staged[staged] = (base, spec["stage"]["point"])
        return self._add(staged, spec, there, kept, suffix, where)

    def named(self, key: str, cell: Cell) -> list[Declared]:
        """The declarations of one artefact that are trained as this cell: several where one stand-in takes the place of
        several data sets or networks, and the cell's own where the artefact has none."""
        self.demand(key)
        return list(self._named.get((self.source(key), cell), {}).values()) or [self.declared(cell)]

    def declared_at(self, key: str, row: str, column: str) -> Declared:
        """What an artefact declares at a place that has a cell."""
        return self._placed[self.place(key, row, column)]

    def resolved(
        self, at: dict[str, Any], changes: dict[str, Any], where: str, stage: str | None = None
    ) -> dict[str, Any]:
        """Specification of coordinates with a variant's changes; of a stage of theirs, where one is named."""
        return self._specifications.of(at, changes, where, stage)

    def begins_with(self, cell: Cell) -> dict[str, tuple[Cell, str]]:
        """Hand-overs that a cell reads: name -> (cell that writes it, point)."""
        out = {stages.BASE: self._staged[cell]} if "stage" in self.spec(cell) else {}
        if "handovers" not in self.spec(cell)["method"]:
            return out
        at, changes, suffix = self._varied.get(cell) or (self.where(cell), {}, "")
        for name, source, point in handovers.read(self.methods[at["method"]], self.spec(cell)["method"]["parameters"]):
            there, kept = source_of(at, changes, source)
            spec = self.resolved(there, kept, cell.id)
            if spec == self.resolved(there, {}, cell.id):
                found = Cell(cell.protocol, cell.dataset, cell.noise, source)
            else:
                found = Cell(cell.protocol, cell.dataset, cell.noise, source + suffix)
                self._register(found, Declared(spec, at["dataset"], self.declared(cell).source, kept))
                self._varied.setdefault(found, (there, kept, suffix))
                self.begins_with(found)
            out[name] = (found, point)
        return out

    def labeller(self, noise: str, dataset: str) -> Cell | None:
        """The cell whose network predicts the labels of a noise on a data set (as used), registered; None for any other
        noise. UserError for an unknown network, and for a data set that the protocol does not have."""
        where = f"noise '{noise}'"
        network = labellers.network_of(noise, dataset)
        if network is None:
            return None
        at = labellers.coordinates(labellers.paper_dataset(self.protocols, self.used_for, dataset, where))
        spec = self.resolved(at, labellers.changes(network), where)
        plain = spec == self.resolved(at, {}, where)
        found = Cell(at["protocol"], dataset, at["noise"], at["method"] + ("" if plain else f"-{network}"))
        self._register(found, Declared(spec, at["dataset"], where, labellers.changes(network)))
        return found

    def _register(self, cell: Cell, declared: Declared) -> None:
        known = self._cells.setdefault(cell, declared)
        if known.spec != declared.spec:
            raise UserError(
                f"{declared.source}: {cell.id} has another specification in {known.source} at scale {self.scale}; "
                "name a variant"
            )

    def demand(self, key: str) -> list[Run]:
        """Runs that an artefact needs at this scale, each once, in declared order."""
        if key not in self._demands:
            self._demands[key] = list(dict.fromkeys(self._demand(key)))
        return self._demands[key]

    def _demand(self, key: str) -> Iterator[Run]:
        if self.artefacts.get(key) == "claims":
            yield from self._claimed(key)
            return
        for slot in self.slots(key):
            if slot.cell:
                yield from (Run(slot.cell, seed) for seed in slot.seeds)

    def _claimed(self, key: str) -> Iterator[Run]:
        from lnl.declared.claims import demanded

        for place in demanded(self.declaration(key)):
            where = f"{self.source(key)}, claim '{place.claim}', cell '{place.name}'"
            cell, _ = self.cell_of(place.parts, where)
            if cell:
                yield from (Run(cell, seed) for seed in self.seeds(place.seeds))

    # ---- cells -----------------------------------------------------------------------------------------------------

    @cached_property
    def cells(self) -> dict[Cell, Declared]:
        """Every cell that some artefact declares, with its specification. UserError for one path with two specs."""
        for key in self.artefacts:
            self.demand(key)
        return self._cells

    def declared(self, cell: Cell) -> Declared:
        """Specification of a cell; a plain method that no artefact demands resolves with its defaults."""
        known = self._cells.get(cell) or self.cells.get(cell)
        if known:
            return known
        if (network := labellers.named(cell.protocol, cell.noise, cell.method)) is not None:
            self.labeller(f"{SEMANTIC}-{network}", cell.dataset)  # which no artefact's noise names
            if cell in self._cells:
                return self._cells[cell]
        where = self.where(cell)
        declared = Declared(self.resolved(where, {}, cell.id), where["dataset"], "the command line")
        self._cells[cell] = declared
        return declared

    def where(self, cell: Cell) -> dict[str, str]:
        """Coordinates, with the paper's data set, of a plain method's cell that no artefact demands."""
        if cell.method not in self.methods:
            elsewhere = [f"{c.protocol}/{c.dataset}/{c.noise}" for c in self.cells if c.method == cell.method]
            if elsewhere:
                raise UserError(
                    f"{cell.id}: the variant '{cell.method}' is declared for {', '.join(dict.fromkeys(elsewhere))}; "
                    "to have it here, add a row or column with its 'set' to a table (docs/add-a-method.md)"
                )
            labels = {c.method: 0 for c in self.cells} | dict.fromkeys(self.methods, 0)
            raise Unknown(cell.id, "method or variant", cell.method, nearest(cell.method, labels))
        protocol = choose(cell.protocol, self.protocols, "protocol", cell.id)
        papers = [d for d in protocol["datasets"] if self.used_for(d) == cell.dataset]
        if not papers:
            hint = nearest(cell.dataset, dict.fromkeys(self.used_for(d) for d in protocol["datasets"]))
            if cell.dataset in protocol["datasets"]:
                hint = f": {self.used_for(cell.dataset)} stands in for it; name that, or another scale (--scale lite)"
            said = f"protocol {cell.protocol} has no '{cell.dataset}' at scale {self.scale}{hint}"
            raise Unknown(cell.id, "data set", cell.dataset, hint, said)
        paper = next((d for d in papers if labellers.can_label(self.protocols, cell.noise, d)), papers[0])
        return {"protocol": cell.protocol, "dataset": paper, "noise": cell.noise, "method": cell.method}

    def spec(self, cell: Cell) -> dict[str, Any]:
        """Resolved specification of a cell."""
        return self.declared(cell).spec

    def digest(self, cell: Cell) -> str:
        """Digest of a cell's resolved specification, which its records carry."""
        if cell not in self._digests:
            self._digests[cell] = digest(self.spec(cell))
        return self._digests[cell]
