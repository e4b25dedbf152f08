"""What decisions say of switches, held against the declarations: one line for whatever does not agree.

A decision names switches that exist, explains every value that they take and no other, and states the defaults that
stand there. `uncovered` finds the switches with a choice of which no decision speaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lnl.declared.decision_effects import check_effects
from lnl.declared.decision_switches import ABSENT, OPTIONS, Declarations, Switch, allowed_words, at, switches
from lnl.declared.decisions import LEFT_OUT, OTHERWISE, Decision, Decisions, explained_by, is_form, word
from lnl.declared.reading import read_folder, read_literal
from lnl.declared.schema import schema
from lnl.declared.settled import NONE, Names, settled, told
from lnl.errors import UserError, choose
from lnl.networks.registry import NETWORKS

#: Where a stated default is held against the declarations: these have one value for each name.
STATED = ("protocol", "method", "search", "table", "space", "scale", "key of config/config.yaml")

#: Where a switch has to have its values explained: these are set to a number, a word, or yes and no, mostly.
EXPLAINED = ("protocol", "method", "search", "table", "space", "algorithm")

NEITHER = "names no switch; name one, or say under 'fixed' why there is none"
BOTH = "names a switch, and says under 'fixed' why there is none; leave one of them out"


def check(declared: Declarations, decisions: Decisions, also: Names = NONE) -> None:
    """UserError for the first decision, or surprise, that does not agree with what is declared.

    also: names by kind that are held against the defaults beside those that decisions name (`settled`).
    """
    own = settled(declared, decisions, also)
    for decision in decisions:
        if bool(decision.switches) == bool(decision.fixed):
            raise UserError(f"{decision.where}: {BOTH if decision.fixed else NEITHER}")
        found = switches(own, decision)
        for switch in found:
            _check_values(decision, switch)
        if not found and not isinstance(decision.default, str):
            raise UserError(
                f"{decision.where}: default: {word(decision.default)}, and no switch that takes it; say it in words"
            )
        if found and not decision.told:
            _check_default(decision, found)
        _check_settings(declared, decision)
        check_effects(declared, decision)
        _check_mentions(str(decision.declared), decisions, decision.where)
    named: set[str] = set()
    for chapter in decisions.chapters:
        for surprise in chapter.surprises:
            where = f"{chapter.file}: {surprise['key']}"
            if surprise["key"] in named:
                raise UserError(f"{where}: another surprise has this key already; give one of them another")
            named.add(surprise["key"])
            if surprise["decision"] is not None:
                choose(surprise["decision"], decisions.by_key, "decision", where)
            check_effects(declared, Decision(surprise["key"], chapter.file, {"effect": [surprise]}))
            _check_mentions(surprise["says"], decisions, where)


def _check_mentions(text: str, decisions: Decisions, where: str) -> None:
    for key in re.findall(r"decision ([a-z0-9_]+)", text):
        choose(key, decisions.by_key, "decision", where)


def _check_values(decision: Decision, switch: Switch) -> None:
    trees = [isinstance(held, Mapping | list) for held in switch.held.values() if held is not ABSENT]
    if not decision.values and switch.kind in EXPLAINED and not (trees and all(trees)):
        raise UserError(f"{decision.where}: explains no value of {switch.name}")
    if switch.allowed is None:
        return
    said = [name for name in decision.values if name != LEFT_OUT and not is_form(name)]
    for name in said:
        choose(name, dict.fromkeys(switch.allowed, 0), f"value of {switch.name}", f"{decision.where}, values")
    missing = [name for name in switch.allowed if name not in said]
    if missing and switch.every:
        raise UserError(
            f"{decision.where}, values: '{missing[0]}' of {switch.name} is not explained; say what it means"
        )


def _check_default(decision: Decision, found: list[Switch]) -> None:
    """Every stated default stands in a switch of the decision, and has a meaning among its values."""
    if not decision.by_name:  # one for all: of the first kind of switch; a scale, say, need not repeat it
        found = [switch for switch in found if switch.kind == found[0].kind]
        _check_explained(decision, decision.default)
    named = {name for switch in found for name in switch.held}
    if decision.by_name:
        for name, value in decision.by_name.items():
            if name != OTHERWISE:
                choose(name, dict.fromkeys(named, 0), "name", f"{decision.where}, default")
            _check_explained(decision, value)
    kinds = (*STATED, "algorithm") if decision.by_name else STATED  # one form is judged, others stand beside it
    for name in sorted(named):
        rest = decision.by_name.get(OTHERWISE, ABSENT)
        stated = decision.by_name.get(name, rest) if decision.by_name else decision.default
        holding = [switch for switch in found if switch.kind in kinds and name in switch.held]
        if stated is ABSENT or not holding or any(_holds(switch, name, stated) for switch in holding):
            continue
        there = holding[0].held[name]
        shown = LEFT_OUT if there is ABSENT else word(there)
        raise UserError(
            f"{decision.where}: default {word(stated)}, but {holding[0].name} of {holding[0].kind} {name} is {shown}; "
            "change one of them"
        )


def _check_explained(decision: Decision, value: Any) -> None:
    if decision.values and explained_by(value, decision.values) is None:
        known = ", ".join(decision.values)
        raise UserError(f"{decision.where}: default {word(value)} is none of its values: {known}")


def _holds(switch: Switch, name: str, stated: Any) -> bool:
    there = switch.held[name]
    if there is ABSENT and switch.unset is ABSENT:  # a table without printed numbers has no tolerance to state
        return stated == LEFT_OUT or switch.kind == "table"
    if there is ABSENT:
        return stated in (LEFT_OUT, switch.unset)
    return word(there) == word(stated)


def _check_settings(declared: Declarations, decision: Decision) -> None:
    """Other defaults in a setting are those of the SPECs, all of them, and of the protocols' data sets."""
    for entry in decision.switches:
        if "method" in entry:
            name = entry["method"]["parameter"]
            for method in entry["method"]["of"]:
                real = {
                    setting: changes[name]
                    for setting, changes in declared.methods[method].get("settings", {}).items()
                    if name in changes
                }
                said = {s["at"]: s["value"] for s in decision.settings if method in s.get("of", [method])}
                _check_same(decision, f"{name} of {method}", said, real)
        if "protocol" in entry:
            said = {s["at"]: s["value"] for s in decision.settings if "of" not in s}
            for setting, value in said.items():
                protocol, dataset, _ = setting.split("/")
                own = choose(protocol, declared.protocols, "protocol", decision.where)["datasets"]
                there = at(choose(dataset, own, "data set", decision.where), entry["protocol"])
                _check_same(decision, f"{entry['protocol']}", {setting: value}, {setting: there})


def _check_same(decision: Decision, what: str, said: Mapping[str, Any], real: Mapping[str, Any]) -> None:
    for setting in sorted({*said, *real}):
        a, b = said.get(setting, ABSENT), real.get(setting, ABSENT)
        if a is ABSENT or b is ABSENT or word(a) != word(b):
            shown = ["nothing" if value is ABSENT else word(value) for value in (a, b)]
            raise UserError(
                f"{decision.where}, settings: {what} at {setting}: {shown[0]} here, {shown[1]} where it is set"
            )


def uncovered(declared: Declarations, decisions: Decisions, also: Names = NONE) -> list[str]:
    """Switches with a choice that have no decision, as `file: key`: of protocols, and of the methods' SPECs.

    Looked at are those that some decision names, and `also`: somebody's own owe nobody a reason.
    """
    named = told(decisions)
    looked_at = {kind: {*named, *also.get(kind, ())} for kind in ("protocols", "methods")}
    of_protocols: dict[str, list[list[str] | None]] = {}
    of_methods = set()
    for decision in decisions:
        for entry in decision.switches:
            if "protocol" in entry:
                of_protocols.setdefault(entry["protocol"], []).append(entry.get("of"))
            if "method" in entry:
                of_methods |= {(key, entry["method"]["parameter"]) for key in entry["method"]["of"]}
    files = read_folder(declared.root / "config" / "protocols")  # as they are, without what they are like
    out = []
    for key in protocol_choices():
        known = of_protocols.get(key, [])
        if not known:
            out.append(f"workflow/schemas/protocol.yaml: {key}")
        for name, content in files.items() if known else ():
            if name not in looked_at["protocols"]:
                continue
            places = [content, *content.get("datasets", {}).values()]
            set_there = any(at(place, key) is not ABSENT for place in places)
            if set_there and not any(of is None or name in of for of in known):
                out.append(f"config/protocols/{name}.yaml: {key}")
    for method, spec in declared.methods.items():
        if method not in looked_at["methods"]:
            continue
        own = (read_literal(Path(spec["file"]), "SPEC") or {})["parameters"]
        choices = (
            name for name, value in own.items() if name in spec.get("values", {}) or isinstance(value, bool | str)
        )
        out += [f"{spec['file']}: {name}" for name in choices if (method, name) not in of_methods]
    return out


def protocol_choices() -> list[str]:
    """Dotted keys of a protocol that take one of several values: of its schema, and options of networks."""
    options = dict.fromkeys(OPTIONS + name for info in NETWORKS.values() for name in info.options)
    return [*_choices(schema("protocol")), *options]


def _choices(node: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, inner in node.get("properties", {}).items():
        if allowed_words(inner) is not None:
            yield before + name
        elif inner.get("type") == "object":
            yield from _choices(inner, f"{before}{name}.")


def check_covered(declared: Declarations, decisions: Decisions, also: Names = NONE) -> None:
    """UserError for a switch with a choice of which no decision speaks."""
    lacking = uncovered(declared, decisions, also)
    if lacking:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise UserError(f"{lacking[0]}: a choice without a decision{more}; add one to config/decisions")
