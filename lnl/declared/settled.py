"""Which declarations decisions are about: those that a decision names, and the tables of the documents.

What a user adds, a protocol, a search, a space or a scale that no decision names, is held against none of them, in an
overlay or in the checkout.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from types import MappingProxyType

from lnl.declared.decision_switches import Declarations
from lnl.declared.decisions import Decisions
from lnl.declared.synonyms import SYNONYMS

#: Papers whose tables decisions settle: the documents that have names for methods, and this suite's own questions.
DOCUMENTS = frozenset({"suite", *(key for names in SYNONYMS.values() for key in names)} - {"title", "others"})

Names = Mapping[str, Collection[str]]  # by kind: `protocols`, `methods`, `searches`, ...
NONE: Names = MappingProxyType({})

KINDS = ("protocols", "searches", "spaces", "scales")  # of which a user may add some, beside tables


def told(decisions: Decisions) -> frozenset[str]:
    """Every name that decisions say something of: protocols, methods, searches, spaces, scales, tables."""
    found: set[str] = set()
    for decision in decisions:
        found |= set(decision.by_name)
        for entry in decision.switches:
            found |= {*entry.get("of", ()), *entry.get("method", {}).get("of", ())}
            if entry.get("search") == "space":  # whose values are names of spaces
                found |= set(decision.values)
    return frozenset(found)


def settled(declared: Declarations, decisions: Decisions, also: Names) -> Declarations:
    """The declarations without those that nobody has decided anything about.

    also: further names by kind (`protocols`, `searches`, …) that are held against what is decided.
    """
    found, named = copy.copy(declared), told(decisions)
    for kind in KINDS:
        kept = {*named, *also.get(kind, ())}
        setattr(found, kind, {key: each for key, each in getattr(declared, kind).items() if key in kept})
    found.tables = {
        key: table
        for key, table in declared.tables.items()
        if key in named or table["source"]["paper"] in DOCUMENTS or key in also.get("tables", ())
    }
    return found
