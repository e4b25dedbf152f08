"""The switches that decisions are about: whether a place exists, which values it takes, what stands there today."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lnl.data.registry import DatasetInfo
from lnl.declared import configuration
from lnl.declared.decisions import Decision, word
from lnl.declared.schema import schema
from lnl.declared.search_options import ALGORITHMS, Word, YesNo, resolved
from lnl.errors import UserError, choose
from lnl.networks.registry import NETWORKS
from lnl.noise.keys import SHAPES
from lnl.noise.kinds import NoiseKind

Tree = Mapping[str, Any]
OPTIONS = "network_options."  # keys of a protocol that the registry of networks knows


class _Absent:
    """What stands at a key that is left out."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


class Declarations(Protocol):
    """What of a catalogue the checks read."""

    root: Path
    datasets: dict[str, DatasetInfo]
    noises: dict[str, NoiseKind]
    protocols: dict[str, dict[str, Any]]
    scales: dict[str, dict[str, Any]]
    methods: dict[str, dict[str, Any]]
    searches: dict[str, Any]
    spaces: dict[str, Any]
    synthetic: dict[str, Any]
    tables: dict[str, Any]
    figures: dict[str, Any]
    claims: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Switch:
    """One place. `kind`: protocol, method, …; `name`: its key there.

    allowed: words of all values that it takes, None for anything. held: what stands there today, by protocol, method,
    search, …; `unset`: what an absent key means, where the schema says it.
    """

    kind: str
    name: str
    allowed: tuple[str, ...] | None = None
    held: Mapping[str, Any] = field(default_factory=dict)
    unset: Any = ABSENT
    every: bool = True  # the decision is about all of `allowed`, and not about some files only


def switches(declared: Declarations, decision: Decision) -> list[Switch]:
    """The switches of a decision; UserError for one that does not exist."""
    return [_switch(declared, decision, entry) for entry in decision.switches]


def _switch(declared: Declarations, decision: Decision, entry: Tree) -> Switch:
    kind = next(key for key in entry if key != "of")
    return _KINDS[kind](declared, decision, entry[kind], entry.get("of"))


def at(tree: Any, dotted: str) -> Any:
    """What stands at a dotted key of a declaration; ABSENT if nothing does."""
    for part in dotted.split("."):
        if not isinstance(tree, Mapping) or part not in tree:
            return ABSENT
        tree = tree[part]
    return tree


def of_protocol(protocol: Tree, dotted: str) -> Any:
    """What a protocol says at a key: for all data sets, else for those that say it."""
    found = at(protocol, dotted)
    if found is not ABSENT:
        return found
    own = [at(one, dotted) for one in protocol.get("datasets", {}).values()]
    return next((value for value in own if value is not ABSENT), ABSENT)


def allowed_words(node: Tree) -> tuple[str, ...] | None:
    """Words of the values that a schema lists; None where it lists none."""
    if "enum" in node:
        return tuple(map(word, node["enum"]))
    return ("true", "false") if node.get("type") == "boolean" else None


def _node(name: str, dotted: str, decision: Decision) -> Tree:
    """The schema of a dotted key; UserError if no file of that kind has it."""
    node: Tree = schema(name)
    for part in dotted.split("."):
        if "properties" not in node and node.get("type") == "object":
            return {}
        node = choose(part, node.get("properties", {}), f"key of a {name}", f"{decision.where}, switch '{dotted}'")
    return node


def _files(kind: str, attribute: str, get: Callable[[Tree, str], Any] = at) -> Callable[..., Switch]:
    """Switches that are a key of declared files: a protocol's, a search's, a table's, …"""

    def found(declared: Declarations, decision: Decision, dotted: str, of: list[str] | None) -> Switch:
        node = _node(kind, dotted, decision)
        files: dict[str, Any] = getattr(declared, attribute)
        for name in of or ():
            choose(name, files, kind, decision.where)
        allowed, unset = allowed_words(node), node.get("default", ABSENT)
        if kind == "protocol" and dotted.startswith(OPTIONS):
            allowed = _option_values(dotted.removeprefix(OPTIONS), [files[name] for name in of or files], decision)
        if (kind, dotted) == ("search", "space"):
            allowed = tuple(declared.spaces)
        held = {name: get(files[name], dotted) for name in of or files}
        return Switch(kind, dotted, allowed, held, unset, every=kind != "search" or of is None)

    return found


def _option_values(option: str, protocols: list[Tree], decision: Decision) -> tuple[str, ...]:
    """Values of an option of the networks of some protocols: one name may mean another thing of another network."""
    choose(
        option, {name: 0 for info in NETWORKS.values() for name in info.options}, "option of a network", decision.where
    )
    named = {entry["network"] for protocol in protocols for entry in protocol["datasets"].values()}
    found = [value for name in sorted(named & set(NETWORKS)) for value in NETWORKS[name].options.get(option, ())]
    return tuple(dict.fromkeys(found))


def _method(declared: Declarations, decision: Decision, entry: Tree, of: None) -> Switch:
    name = entry["parameter"]
    held, allowed = {}, None
    for key in entry["of"]:
        spec = choose(key, declared.methods, "method", decision.where)
        held[key] = choose(name, spec["parameters"], f"parameter of {key}", decision.where)
        listed = spec.get("values", {}).get(name, [True, False] if isinstance(held[key], bool) else None)
        words = None if listed is None else tuple(map(word, listed))
        if allowed is not None and words != allowed:
            raise UserError(f"{decision.where}: {name} of {key} takes other values than that of {entry['of'][0]}")
        allowed = words
    return Switch("method", name, allowed, held)


def _algorithm(declared: Declarations, decision: Decision, entry: Tree, of: None) -> Switch:
    """An option of search algorithms; what stands there is by search, defaults filled in."""
    name = entry["option"]
    allowed: tuple[str, ...] | None = None
    for key in entry["of"]:
        forms = choose(key, dict(ALGORITHMS), "search algorithm", decision.where)
        options = {option: found for form in forms.values() for option, found in form.items()}
        if name == "form":
            allowed = tuple(form for form in forms if form)
            continue
        option = choose(name, options, f"option of {key}", decision.where)
        if isinstance(option, Word):
            allowed = (option.default, *option.others)
        elif isinstance(option, YesNo):
            allowed = ("true", "false")
    held = {
        search: resolved(content["algorithm"]).get(name, ABSENT)
        for search, content in declared.searches.items()
        if content.get("algorithm", {}).get("name") in entry["of"]
    }
    return Switch("algorithm", name, allowed, held)


def _keys(kind: str, keys: Callable[[Declarations], Tree]) -> Callable[..., Switch]:
    """Switches that are a key, or keys, of one declared thing."""

    def found(declared: Declarations, decision: Decision, names: str | list[str], of: None) -> Switch:
        listed = [names] if isinstance(names, str) else names
        known = keys(declared)
        held = {name: choose(name, dict(known), kind, decision.where) for name in listed}
        return Switch(kind, ", ".join(listed), None, held if kind == "key of config/config.yaml" else {})

    return found


def _named(kind: str, known: Callable[[Declarations], Tree]) -> Callable[..., Switch]:
    """A part of a result's path; the values of the decision are names of that kind."""

    def found(declared: Declarations, decision: Decision, value: bool, of: None) -> Switch:
        for name in decision.values:
            choose(name, dict(known(declared)), kind, f"{decision.where}, values")
        return Switch(kind, kind)

    return found


_KINDS: dict[str, Callable[..., Switch]] = {
    "protocol": _files("protocol", "protocols", of_protocol),
    "search": _files("search", "searches"),
    "space": _files("space", "spaces"),
    "table": _files("table", "tables"),
    "scale": _files("scale", "scales"),
    "method": _method,
    "algorithm": _algorithm,
    "figure": _keys("figure", lambda declared: declared.figures),
    "synthetic": _keys("key of config/synthetic.yaml", lambda declared: declared.synthetic),
    "config": _keys("key of config/config.yaml", lambda declared: configuration.DEFAULTS),
    "dataset": _named("data set", lambda declared: declared.datasets),
    "noise": _named("noise", lambda declared: {**SHAPES, **declared.noises}),
}
