"""Tables of methods, made from their files: what the README shows, and what each takes from
the contract, for the architecture's page. Standard library only."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lnl.declared.literals import parsed
from lnl.declared.reading import SINGLE_ONLY, overridden
from lnl.errors import UserError
from lnl.render import learning

BEGIN, END = "<!-- methods: made by `lnl methods --write README.md` -->", "<!-- end of methods -->"
CONTRACT = "<!-- contract: made by `lnl methods --write docs/architecture.md` -->"
CONTRACT_END = "<!-- end of contract -->"
NEEDS = {
    "noise_rate": "noise rate",
    "transition_matrix": "transition matrix",
    "clean_set": "clean validation images",
    "views": "further views",
    "indices": "example indices",
}


def method_table(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: a line for each method, with what it needs to know and whose network it begins with."""
    lines = ["| method | key | networks | needs | from |", "|---|---|---|---|---|"]
    for key, spec in in_order(methods):
        file = f"methods/{Path(spec['file']).name}"
        lines.append(f"| [{spec['title']}]({file}) | `{key}` | {spec['networks']} | {needs(spec)} | {spec['paper']} |")
    return "\n".join(lines)


def contract_table(methods: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown: of each method what it overrides of `Method`, what it uses of the learner, and whether repeats of it
    may be trained as one stack, where network and protocol allow it."""
    lines = ["| method | overrides | uses of the learner | stacks |", "|---|---|---|---|"]
    known = _members()
    for _, spec in in_order(methods):
        file = Path(spec["file"])
        trains: Mapping[str, Any] = spec
        while "extends" in trains:
            trains = methods[trains["extends"]]
        own = Path(trains["file"])  # whose class it trains with
        members = overridden(own) & known
        alone = members & set(SINGLE_ONLY) or spec.get("handovers") or spec["parameters"].get("hold_out")
        cells = [_code(members - {"networks"}), _code(_used(own)), "–" if alone else "yes"]
        lines.append(f"| [{spec['title']}](../methods/{file.name}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def renewed(text: str, methods: Mapping[str, Mapping[str, Any]], file: object) -> str:
    """`text` of a file with each table of methods that it has a place for; UserError if it has a place for none."""
    tables = [
        (BEGIN, END, method_table),
        (CONTRACT, CONTRACT_END, contract_table),
        (learning.BEGIN, learning.END, lambda _: learning.learning_table(learning.FOLDER)),
    ]
    for begin, end, table in [each for each in tables if each[0] in text] or tables[:1]:
        text = written(text, table(methods), file, begin, end)
    return text


def in_order(methods: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Methods by their titles, standard training first."""
    return sorted(methods.items(), key=lambda item: (item[0] != "standard", item[1]["title"].lower()))


def _members() -> set[str]:
    """What a method file may override, as the contract declares it; read and not imported, which would need torch."""
    tree = parsed(Path(__file__).parent.parent / "engine" / "method.py")
    (base,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Method")
    named = {
        node.target.id for node in base.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    return named | {node.name for node in base.body if isinstance(node, ast.FunctionDef)}


def _used(file: Path) -> set[str]:
    """Attributes of whatever is called `learner` in a method file, and functions that are given it as a whole."""
    own = {node.name for node in ast.walk(parsed(file)) if isinstance(node, ast.FunctionDef)}
    out: set[str] = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "learner":
            out.add(node.attr)
        elif isinstance(node, ast.Call) and any(getattr(each, "id", "") == "learner" for each in node.args):
            called = getattr(node.func, "id", "")
            out |= {f"{called}(…)"} if called and called not in own else set()
    return out


def _code(names: set[str] | frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)) or "–"


def needs(spec: Mapping[str, Any]) -> str:
    """What a method's default parameters ask for beyond the given labels."""
    out = [NEEDS[need] for need in spec.get("needs", ())]
    for source, _, *given in spec.get("handovers", {}).values():
        if all(spec["parameters"].get(key) == value for key, value in (given[0] if given else {}).items()):
            out.append(f"a network of `{source}`")
    searched = [k for k, v in spec["parameters"].items() if isinstance(v, Mapping) and "search" in v]
    out += [f"a search for {name}" for name in searched]
    return ", ".join(out) or "–"


def written(text: str, table: str, file: object, begin: str = BEGIN, end: str = END) -> str:
    """`text` of a file with the table, or whatever is made, between its two marks; UserError without one of them."""
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        lacking = f"'{begin}'" if not found else f"'{end}' below '{begin}'"
        raise UserError(f"{file}: has no line {lacking}; what is made stands between both: add it")
    return f"{before}{begin}\n{table}\n{end}{after}"
