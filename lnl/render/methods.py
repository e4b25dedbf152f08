"""The table of methods, made from the SPECs: what `lnl methods` prints and the README shows. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lnl.errors import UserError

BEGIN, END = "<!-- methods: made by `lnl methods --write README.md` -->", "<!-- end of methods -->"
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
    for key, spec in sorted(methods.items(), key=lambda item: (item[0] != "standard", item[1]["title"].lower())):
        file = f"methods/{Path(spec['file']).name}"
        lines.append(f"| [{spec['title']}]({file}) | `{key}` | {spec['networks']} | {_needs(spec)} | {spec['paper']} |")
    return "\n".join(lines)


def _needs(spec: Mapping[str, Any]) -> str:
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
