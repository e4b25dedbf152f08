"""The words of the matrix: cell, run, search, slot. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lnl.declared import search_rounds
from lnl.declared.printed import Printed

COORDINATES = ("protocol", "dataset", "noise", "method")  # of a cell, as declarations and records name them


@dataclass(frozen=True, order=True)
class Cell:
    """protocol x data set x noise x method (with its variant): what one number in a table is made of."""

    protocol: str
    dataset: str
    noise: str
    method: str

    @property
    def id(self) -> str:
        return f"{self.protocol}/{self.dataset}/{self.noise}/{self.method}"


@dataclass(frozen=True, order=True)
class Run:
    """One repeat of a cell."""

    cell: Cell
    seed: int


@dataclass(frozen=True, order=True)
class Search:
    """One search for the schedule R(t) of a small-loss method, or for the value of another parameter; `seed` numbers
    its repeats."""

    protocol: str
    dataset: str
    noise: str
    method: str  # whose parameter is searched
    name: str  # a file in config/searches
    seed: int

    @property
    def id(self) -> str:
        return f"{self.protocol}/{self.dataset}/{self.noise}/{self.method}/{self.name}"


@dataclass(frozen=True)
class Slot:
    """One place of a table or figure: where it stands, what is printed there, and the cell that fills it."""

    row: str
    row_label: str
    column: str
    column_label: str
    cell: Cell | None
    seeds: tuple[int, ...]
    published: Printed | None = None
    absent: str | None = None  # why there is no cell
    joined: str = ""  # the axis, rows or columns, to which a method's own file has added it
    against: tuple[str, str] | None = None  # row and column of the slot that this one is to be compared with

    @property
    def joined_label(self) -> str:
        """What the table calls the method that has joined it."""
        return {"rows": self.row_label, "columns": self.column_label}.get(self.joined, "")


@dataclass(frozen=True)
class Declared:
    """What a cell was declared as: resolved specification, the data set that the paper names, by whom, and the `set` of
    its variant, which names what no scale has replaced yet."""

    spec: dict[str, Any]
    paper_dataset: str
    source: str
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DeclaredSearch:
    """What a search was declared as.

    spec: all that may change its outcome, and nothing else. candidate: specification of one candidate's training, but
    for its schedule, or value.
    """

    spec: dict[str, Any]
    candidate: dict[str, Any]
    paper_dataset: str
    source: str
    changes: dict[str, Any] = field(default_factory=dict)  # of the variant that searches

    @cached_property
    def rounds(self) -> list[list[float]]:
        """For each round the share of the full training that each candidate reaches (every job of the DAG asks)."""
        return search_rounds.plan(self.spec["algorithm"], self.spec["rounds"], self.spec["samples"])

    @property
    def length(self) -> search_rounds.Length:
        """Of a candidate's full training."""
        return search_rounds.Length.of(self.candidate)

    def accounting(self) -> list[tuple[int, int, float]]:
        """(round, index, share of a full training that it adds) of all evaluations, in the order they are paid."""
        spec = self.spec
        return search_rounds.accounting(spec["algorithm"], spec["rounds"], spec["samples"], self.length)

    @property
    def trainings(self) -> float:
        """Full trainings that the search costs."""
        return search_rounds.trainings(self.spec["algorithm"], self.spec["rounds"], self.spec["samples"], self.length)

    def until(self, share: float) -> int:
        """Epochs after which a candidate is scored that reaches `share` of a full training."""
        return search_rounds.until(self.spec["algorithm"], share, self.length)
