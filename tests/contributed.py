"""What is the suite's, and not somebody's own in this checkout: what its pinned digests and its decisions name.

Tests that hold the suite to its promises look at these. Whoever keeps a method, a protocol or a search for himself owes
nothing; who contributes one pins its cells (docs/upkeep.md, "What a contribution owes"), and is told the rest.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lnl.declared.settled import DOCUMENTS, told
from lnl.declared.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "tests" / "golden" / "digests"
UNPINNED = {"gradient"}  # searches that no cell trains with


@cache
def contributed(root: Path = ROOT, pins: Path = PINNED) -> dict[str, frozenset[str]]:
    """Names by kind: protocols, methods, searches, spaces, scales, artefacts of the checkout in a folder."""
    suite = Suite.load(root, {"scale": "paper", "overlay": None}, validate=False)
    named, pinned = told(suite.decisions), set[str]()
    for file in pins.glob("*.txt"):
        pinned.add(f"scales {file.stem}")
        for line in file.read_text(encoding="utf-8").splitlines():
            protocol, _, _, method, *search = line.split()[-1].split("/")
            fitting = (key for key in suite.methods if method == key or method.startswith(f"{key}-"))
            pinned |= {f"protocols {protocol}", f"methods {max(fitting, key=len, default=method)}"}
            pinned |= {f"searches {name}" for name in search}
    found = {
        kind: {key for key in getattr(suite, kind) if key in named or f"{kind} {key}" in pinned}
        for kind in ("protocols", "methods", "searches", "spaces", "scales")
    }
    found["artefacts"] = {
        key for key, _, paper in suite.sources() if paper in DOCUMENTS or paper in named or key in named
    }
    found["searches"] |= UNPINNED
    found["spaces"] |= {suite.searches[key]["space"] for key in found["searches"] if "space" in suite.searches[key]}
    for key in sorted(found["methods"]):  # and those whose networks they begin with
        found["methods"] |= {source for source, *_ in suite.methods[key].get("handovers", {}).values()}
    return {kind: frozenset(names) for kind, names in found.items()}
