"""Systems that the documents compare: config/systems.yaml, held against the cells and searches of their artefacts.

Standard library and PyYAML only; read when somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from lnl.declared import dependencies
from lnl.declared.cells import Cell
from lnl.declared.reading import read_mapping
from lnl.declared.suite import Suite
from lnl.errors import UserError, choose

FILE = "config/systems.yaml"


@dataclass
class System:
    """One system: its title, patterns of its cells' names, its searches, or why there are printed numbers alone."""

    title: str
    cells: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    published: tuple[str, ...] = ()  # table/row
    why: str = ""
    methods: set[str] = field(default_factory=set)  # keys of methods/*.py that its cells train with
    artefacts: set[str] = field(default_factory=set)

    @property
    def runs(self) -> bool:
        return not self.why


class Systems:
    """All of them, in declared order, with what the documents' artefacts have of each."""

    def __init__(self, suite: Suite) -> None:
        """UserError for a system without cells, searches or a reason, and for names that no artefact has."""
        self.suite = suite
        self.declared = read_mapping(suite.root / FILE)
        self.all = [self._read(entry) for entry in self.declared["systems"]]
        self.ours = tuple(self.declared["ours"])
        self._find()
        for system in self.all:
            if not system.artefacts:
                raise UserError(f"{FILE}: '{system.title}': no artefact of a document has it; mend its names")

    def _read(self, entry: dict[str, Any]) -> System:
        cells, searches, published = (tuple(entry.get(name, ())) for name in ("cells", "searches", "published"))
        found = System(entry["title"], cells, searches, published, entry.get("why", ""))
        if bool(found.published) != bool(found.why) or bool(found.why) == bool(found.cells or found.searches):
            raise UserError(f"{FILE}: '{found.title}': give its cells or searches, or where it is published and why")
        for search in found.searches:
            choose(search, self.suite.searches, "search", FILE)
        return found

    @cached_property
    def keys(self) -> list[str]:
        """Tables, figures and claims of the documents."""
        papers = self.suite.papers
        return [key for paper in self.declared["documents"] for key in choose(paper, papers, "paper", FILE)]

    @cached_property
    def shown(self) -> list[str]:
        """Those of them that have rows and columns."""
        return [key for key in self.keys if self.suite.artefacts[key] != "claims"]

    def of_cell(self, name: str, joined: bool = False) -> System | None:
        """The system whose longest pattern a cell's last part fits; None for one of this suite's own, and for one that
        no system has where its method has `joined` the artefact by itself: such are its author's own."""
        fitting = [(len(p), s) for s in self.all for p in s.cells if fnmatchcase(name, p)]
        ours = [len(p) for p in self.ours if fnmatchcase(name, p)]
        best = max(fitting, key=lambda each: each[0], default=None)
        if best is None and not ours and not joined:
            raise UserError(f"{FILE}: no system has the cell '{name}'; add a pattern to one, or to 'ours'")
        return None if best is None or (ours and max(ours) >= best[0]) else best[1]

    def _find(self) -> None:
        rows = {place: system for system in self.all for place in system.published}
        for key in self.keys:
            for slot in self.suite.slots(key) if key in self.shown else ():
                place = f"{key}/{slot.row}"
                if slot.cell is not None:
                    system = self.of_cell(slot.cell.method, bool(slot.joined))
                    if system is not None:
                        system.artefacts.add(key)
                        system.methods.add(self._method(slot.cell))
                elif place in rows:
                    rows[place].artefacts.add(key)
            for search in dependencies.searches(self.suite, key):
                for system in self.all:
                    if search.name in system.searches:
                        system.artefacts.add(key)
                        system.methods.add(search.method)

    def _method(self, cell: Cell) -> str:
        """Key of the method that a cell trains with: its name's, unless a stage of another one goes on from it."""
        named, _ = dependencies.parted(self.suite, cell.method)
        trained = str(self.suite.spec(cell)["method"]["key"])
        return named if self.suite.methods[named].get("extends", named) == trained else trained
