"""The places of tables and figures: every row x column, and the cell that fills it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext
from typing import Any

from lnl.declared.catalogue import Catalogue
from lnl.declared.cells import COORDINATES, Cell, Slot
from lnl.declared.layers import whole
from lnl.declared.printed import places, printed
from lnl.errors import UserError, choose


class Slots(Catalogue, ABC):
    """Artefacts as places. Demands gives them cells."""

    @abstractmethod
    def cell_of(self, parts: list[dict[str, Any]], where: str) -> tuple[Cell | None, str | None]:
        """Cell of merged coordinates, or why there is none."""

    @abstractmethod
    def registered(self) -> list[dict[Any, Any]]:
        """What is noted while an artefact is resolved."""

    def axis(self, key: str, name: str) -> list[dict[str, Any]]:
        """Entries of an artefact's `rows` or `columns`, those of methods that join it among them."""
        declared = self.declaration(key)
        entries = [dict(e) for e in declared.get(name, [])]
        if declared.get("joins") == name:
            taken, sets = {e.get("method") for e in entries}, declared.get("joined", {})
            for method, spec in self.methods.items():
                if key in spec.get("joins", []) and method not in taken:
                    entries.append({"key": method, "label": spec["title"], "method": method, "joined": True, **sets})
        return entries

    def slots(self, key: str) -> list[Slot]:
        """Every row x column of a table or figure, in declared order."""
        declared = self.declaration(key)
        if declared.get("kind", "accuracy") not in ("accuracy", "curves"):
            return []
        seeds = self.seeds(declared.get("seeds"))
        published = printed(declared)
        skips = {place: skip["reason"] for skip in declared.get("skips", []) for place in places(skip)}
        common = {k: declared[k] for k in COORDINATES if k in declared}
        slots = []
        for row in self.axis(key, "rows"):
            for column in self.axis(key, "columns"):
                at = (row["key"], column["key"]), (row["key"], None), (None, column["key"])
                reason = next((skips[place] for place in at if place in skips), None)
                cell, absent = (None, reason) if reason else self._fill(key, common, row, column)
                slots.append(
                    Slot(
                        row["key"],
                        row.get("label", row["key"]),
                        column["key"],
                        column.get("label", column["key"]),
                        cell,
                        seeds,
                        published.get(at[0]),
                        absent,
                        "rows" if row.get("joined") else "columns" if column.get("joined") else "",
                        self._against(key, row, column),
                    )
                )
        return slots

    def place(self, key: str, row: str, column: str) -> str:
        """Where a slot is declared, as messages say it."""
        return f"{self.source(key)}, row '{row}', column '{column}'"

    def _against(self, key: str, row: dict[str, Any], column: dict[str, Any]) -> tuple[str, str] | None:
        """The slot that a row or column asks to be compared with: at its `against`, all else equal."""
        if "against" not in row and "against" not in column:
            return None
        if "against" in row and "against" in column:
            raise UserError(
                f"{self.source(key)}: 'against' stands in row '{row['key']}' and in column '{column['key']}'"
            )
        for axis, entry in (("rows", row), ("columns", column)):
            if "against" in entry:
                keys = {e["key"]: 0 for e in self.axis(key, axis) if e["key"] != entry["key"]}
                choose(entry["against"], keys, "key", f"{self.source(key)}, {axis}, 'against' of '{entry['key']}'")
        return row.get("against", row["key"]), column.get("against", column["key"])

    def _fill(
        self, key: str, common: dict[str, Any], row: dict[str, Any], column: dict[str, Any]
    ) -> tuple[Cell | None, str | None]:
        where = self.place(key, row["key"], column["key"])
        if row.get("published_only") or column.get("published_only"):
            return None, "published numbers only"
        try:
            with whole(self.registered()) if self.layers.overlays else nullcontext():
                return self.cell_of([common, *_parts(row), *_parts(column)], where)
        except UserError as error:
            joined = next((self.methods[entry["method"]]["file"] for entry in (row, column) if entry.get("joined")), "")
            self.layers.forgive(joined, error)  # a private method costs a paper's table no other place
            return None, str(error)


def _parts(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """A row or column, and each of its `variants`, in the order in which they name a cell."""
    return [{key: value for key, value in entry.items() if key != "variants"}, *entry.get("variants", [])]
