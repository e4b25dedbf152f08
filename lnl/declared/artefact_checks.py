"""Tables and figures, beyond their schemas: keys that are there once, printed numbers with a place, known names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared.cells import COORDINATES
from lnl.declared.decision_switches import Declarations
from lnl.declared.distinct import keys_of
from lnl.declared.printed import check_printed, places
from lnl.declared.synonyms import SYNONYMS
from lnl.errors import UserError, choose
from lnl.networks.registry import resolve

Tree = Mapping[str, Any]
Axes = dict[str, dict[str, Tree]]

FACTS = ("train", "validation", "test", "classes", "image")  # columns of a table about data sets
VARIANTS = ("variant", "set", "variants", "stage")
#: What a row or a column may say, by kind of table or figure; key and label always.
ROWS = {"datasets": ("dataset",), "networks": (), "traits": ()}
COLUMNS = {"datasets": (), "networks": ("network", "shape", "classes", "options"), "traits": ("method",)}
FILLED = {
    "accuracy": (*COORDINATES, *VARIANTS, "published_only", "against"),
    "curves": (*COORDINATES, *VARIANTS),
    "searches": (*COORDINATES, "search"),
}


def check_table(catalogue: Declarations, key: str, table: Tree) -> None:
    """UserError for the first thing in a table that could not be filled or shown."""
    where, kind = f"tables/{key}.yaml", table.get("kind", "accuracy")
    axes = _axes(table, where)
    _check_entries(table, kind, where)
    if kind == "accuracy":
        open_to = dict.fromkeys(catalogue.methods, 0) if "joins" in table else {}
        rows, columns = (
            {**axes[name], **(open_to if table.get("joins") == name else {})} for name in ("rows", "columns")
        )
        check_printed(table, rows, columns, where)
    else:
        for name in (*COORDINATES, "skips"):
            if name in table:
                raise UserError(f"{where}: a table of kind {kind} has no '{name}'")
        _check_plain(catalogue, kind, axes, where)
        _check_facts(table, kind, axes, where)
    _check_skips(table, axes, where)


def check_figure(catalogue: Declarations, key: str, figure: Tree) -> None:
    """UserError for the first thing in a figure's DEMAND that could not be drawn."""
    where, kind = f"figures/{key}.py", figure.get("kind", "curves")
    axes = _axes(figure, where)
    if kind in FILLED:
        _check_entries(figure, kind, where)
    for name, of in {"studies": "synthetic", "search": "searches", "joins": "curves"}.items():
        if name in figure and kind != of:
            raise UserError(f"{where}: '{name}' belongs to figures of kind {of}, and this is one of kind {kind}")
    if kind == "synthetic" and "studies" not in figure:
        raise UserError(f"{where}: a figure of kind synthetic names its 'studies'")
    for name in (*COORDINATES, "seeds") if kind in ("none", "synthetic") else ():
        if name in figure:
            raise UserError(f"{where}: a figure of kind {kind} has no '{name}'")
    for study in figure.get("studies", []):
        choose(study, catalogue.synthetic["studies"], "study", where)
    _check_skips(figure, axes, where)


def _axes(declared: Tree, where: str) -> Axes:
    return {name: dict(keys_of(declared[name], name, where)) for name in ("rows", "columns")}


def _check_entries(declared: Tree, kind: str, where: str) -> None:
    """Rows and columns say what their kind of artefact reads, and a cell's coordinate once."""
    for axis, allowed in (("rows", ROWS), ("columns", COLUMNS)):
        for entry in declared[axis]:
            for name in entry:
                if name not in ("key", "label", *(allowed.get(kind, FILLED.get(kind, ())))):
                    raise UserError(
                        f"{where}, {axis}, '{entry['key']}': '{name}' has no use in an artefact of kind {kind}"
                    )


def _check_plain(catalogue: Declarations, kind: str, axes: Axes, where: str) -> None:
    """Rows and columns of a table without trainings name what there is of their kind."""
    rows, columns = axes["rows"], axes["columns"]
    if kind == "datasets":
        for entry in rows.values():
            choose(entry["dataset"], catalogue.datasets, "data set", where)
        for key in columns:
            choose(key, dict.fromkeys(FACTS), "fact about data sets (a column's key)", where)
    elif kind == "networks":
        for key, entry in columns.items():
            try:
                resolve(entry["network"], entry.get("options", {}))
            except UserError as error:
                raise UserError(f"{where}, column '{key}': {error}") from None
    else:
        traits = {name for spec in catalogue.methods.values() for name in spec.get("traits", {})}
        for entry in columns.values():
            choose(entry["method"], SYNONYMS | catalogue.methods, "method", where)
        for key in rows:
            choose(key, dict.fromkeys(traits), "trait of a method (a row's key)", where)


def _check_facts(table: Tree, kind: str, axes: Axes, where: str) -> None:
    """Printed facts of tables without trainings: by row and column, or lists of layers by column."""
    axis = "column" if kind == "networks" else "row"
    for name, values in (table.get("published") or {}).get("values", {}).items():
        choose(name, axes[f"{axis}s"], axis, f"{where}: published")
        if kind != "networks":
            _check_row(values, kind, axes, f"{where}: published, {name}")
        elif not isinstance(values, list) or not all(isinstance(line, str) and line.strip() for line in values):
            raise UserError(f"{where}: published, {name}: is a list of layers, a text each")
    if kind != "networks" and "parameters" in table:
        raise UserError(f"{where}: 'parameters' are those of networks, and this is a table of kind {kind}")
    for name in (table.get("parameters") or {}).get("values", {}):
        choose(name, axes["columns"], "column", f"{where}: parameters")


def _check_row(values: Any, kind: str, axes: Axes, where: str) -> None:
    if not isinstance(values, Mapping):
        raise UserError(f"{where}: is a mapping of columns to what is printed")
    for column, value in values.items():
        choose(column, axes["columns"], "column", where)
        if kind == "traits" and value not in ("YES", "NO"):
            raise UserError(f'{where}, {column}: is "YES" or "NO", in quotes, not {value!r}')
        count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12
        if kind == "datasets" and column != "image" and not count:
            raise UserError(f"{where}, {column}: {value!r} is no count, a whole number from 0 on")
        if column == "image" and not (isinstance(value, str) and value.strip()):
            raise UserError(f"{where}, {column}: {value!r} is no text, such as 28×28")


def _check_skips(declared: Tree, axes: Axes, where: str) -> None:
    seen = set()
    for skip in declared.get("skips", []):
        for row, column in places(skip):
            for name, key in (("row", row), ("column", column)):
                if key is not None:
                    choose(key, axes[f"{name}s"], name, f"{where}: skips")
            if (row, column) in seen or (row, column) == (None, None):
                raise UserError(f"{where}: skips: names no row or column, or one that another skip names")
            seen.add((row, column))
