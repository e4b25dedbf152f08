"""What decisions and surprises name as their evidence: tables, figures, claims and searches that are declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lnl.declared.decision_switches import Declarations
from lnl.declared.decisions import Decision
from lnl.errors import UserError, choose

#: Effects that name rows and columns of a table, or of a figure.
PLACED = ("cells", "differences", "statistics", "networks", "chosen", "ranking", "estimates")


def check_effects(declared: Declarations, decision: Decision) -> None:
    """UserError for the first thing that an effect names and that is not declared."""
    where = f"{decision.where}, effect"
    for effect in decision.effects:
        if effect.get("claim"):
            choose(effect["claim"], claims(declared), "claim", where)
        if "table" in effect:
            axes = _axes(declared, effect, where)
            rows = {row["key"]: row for row in declared.tables[effect["table"]]["rows"]}
            choose(effect["row"], axes["rows"], f"row of {effect['table']}", where)
            if "against" not in rows.get(effect["row"], {}):
                raise UserError(f"{where}: row '{effect['row']}' of {effect['table']} is held `against` no other row")
            _check_columns(effect["columns"], axes, effect["table"], where)
        for kind in PLACED:
            if kind in effect:
                _check_place(declared, effect[kind], where)
        if "searches" in effect:
            _check_searches(declared, effect["searches"], where)


def claims(declared: Declarations) -> dict[str, str]:
    """The document of every claim, by the claim's key."""
    return {claim["key"]: paper for paper, file in declared.claims.items() for claim in file["claims"]}


def _axes(declared: Declarations, place: Mapping[str, Any], where: str) -> dict[str, dict[str, int]]:
    """Keys of rows and columns of the table, or figure, that a place names; methods that may join it are among them."""
    kind = "table" if "table" in place else "figure"
    demand = choose(place[kind], declared.tables if kind == "table" else declared.figures, kind, where)
    axes = {axis: {entry["key"]: 0 for entry in demand.get(axis, [])} for axis in ("rows", "columns")}
    if "joins" in demand:
        axes[demand["joins"]] |= dict.fromkeys(declared.methods, 0)
    return axes


def _check_columns(columns: list[str], axes: dict[str, dict[str, int]], key: str, where: str) -> None:
    for column in columns:
        choose(column, axes["columns"], f"column of {key}", where)


def _check_place(declared: Declarations, place: Mapping[str, Any], where: str) -> None:
    key = place.get("table", place.get("figure"))
    axes = _axes(declared, place, where)
    for row in place["rows"] if place["rows"] != "all" else ():
        choose(row, axes["rows"], f"row of {key}", where)
    _check_columns(place.get("columns", []), axes, key, where)
    if "columns" not in place:  # one column less another
        _check_columns([place["of"], place["against"]], axes, key, where)
    if "search" in place:
        choose(place["search"], declared.searches, "search", where)


def _check_searches(declared: Declarations, asked: Mapping[str, Any], where: str) -> None:
    known = declared.synthetic
    choose(asked["budget"], known["budgets"], "budget", where)
    for name in [*asked["algorithms"], *([asked["against"]] if "against" in asked else [])]:
        choose(name, known["algorithms"], "algorithm of config/synthetic.yaml", where)
    for name in asked.get("spaces", [asked["space"]] if "space" in asked else []):
        choose(name, declared.spaces, "search space", where)
    if "target" in asked:
        choose(asked["target"], known["targets"], "target", where)
