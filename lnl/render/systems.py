"""docs/systems.md: every system of the five documents, with its rows, file, decisions and state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lnl.declared.suite import Suite
from lnl.declared.systems import System, Systems
from lnl.render.decisions.wrapping import anchor

COMMAND = "lnl systems --write docs/systems.md"
BEGIN, END = f"<!-- systems: made by `{COMMAND}` -->", "<!-- end of systems -->"
COUNT, COUNTED = "<!-- count of systems -->", "<!-- end of count -->"


def page(suite: Suite) -> str:
    """A line for each system, those that run first as declared."""
    found = Systems(suite)
    lines = ["| system | tables, figures, claims | file | decisions | state |", "|---|---|---|---|---|"]
    for system in found.all:
        shown = ", ".join(f"`{key}`" for key in found.keys if key in system.artefacts)
        state = "can be trained here" if system.runs else f"printed numbers only: {system.why}"
        cells = [system.title, shown, _files(suite, system), _decisions(suite, system), state]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def count(suite: Suite) -> str:
    """How many there are, in a sentence for the README."""
    found = Systems(suite).all
    running = sum(system.runs for system in found)
    return (
        f"Of the {len(found)} systems that the documents compare, {running} can be trained here and "
        f"{len(found) - running} have printed numbers only: [docs/systems.md](docs/systems.md)."
    )


def _files(suite: Suite, system: System) -> str:
    methods = [suite.methods[key] for key in sorted(system.methods)]
    files = [f"methods/{Path(spec['file']).name}" for spec in methods]
    files += [f"config/searches/{name}.yaml" for name in system.searches]
    return ", ".join(f"[{Path(file).name}](../{file})" for file in dict.fromkeys(files)) or "–"


def _decisions(suite: Suite, system: System) -> str:
    """Those that have a switch of one of its methods or searches."""
    mine = []
    for decision in suite.decisions:
        for switch in decision.switches:
            if _names(switch, "method") & system.methods or _names(switch, "search") & set(system.searches):
                mine.append(decision.key)
                break
    return ", ".join(f"[{key}](decisions.md#{anchor(key)})" for key in mine) or "–"


def _names(switch: Mapping[str, Any], kind: str) -> set[str]:
    """Methods or searches whose parameter a switch is."""
    inside = switch.get(kind)
    found = inside.get("of", ()) if isinstance(inside, Mapping) else switch.get("of", ()) if inside else ()
    return {found} if isinstance(found, str) else set(found)
