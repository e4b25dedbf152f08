"""What measures a decision, in words: one line, or a few, for each effect that it declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lnl.declared.decision_effects import claims
from lnl.declared.decisions import Decision
from lnl.render.claims import bounds, short
from lnl.render.decisions import searches, tables
from lnl.render.decisions.evidence import Evidence
from lnl.render.decisions.words import NOT_YET, counted, link, parts
from lnl.results.arithmetic import sentence
from lnl.results.claims.decisions import Verdict
from lnl.results.statistics import FEWEST

Effect = Mapping[str, Any]
_KINDS: dict[str, Callable[[Evidence, Effect], list[str]]] = {
    "table": tables.row,
    "cells": tables.cells,
    "differences": tables.columns,
    "statistics": tables.of_statistics,
    "networks": tables.networks,
    "chosen": searches.chosen,
    "ranking": searches.ranking,
    "estimates": searches.estimates,
    "searches": searches.without_networks,
}


def lines(evidence: Evidence, decision: Decision) -> list[str]:
    """The effects of a decision in declared order, as items of a Markdown list; parts of an item begin with `  - `."""
    return [line for effect in decision.effects for line in _of(evidence, effect, decision.where)]


def _of(evidence: Evidence, effect: Effect, where: str) -> list[str]:
    for kind, function in _KINDS.items():
        if kind in effect:
            return function(evidence, effect)
    if "claim" in effect:
        return [claim(evidence, effect["claim"], effect.get("says", ""))]
    if "arithmetic" in effect:
        said = sentence(evidence.suite, effect["says"], effect["arithmetic"], effect.get("with", {}), where)
        return [f"arithmetic: {said}"]
    if "page" in effect:
        return [f"{link(effect['page'].rpartition('/')[2], effect['page'])}: {effect['says']}"]
    return [str(effect["by_construction"])]


def claim(evidence: Evidence, key: str, says: str = "") -> str:
    """A claim with its verdicts: one for each setting and scale in which something is behind it."""
    paper = claims(evidence.suite)[key]
    words = next(one["claim"] for one in evidence.suite.claims[paper]["claims"] if one["key"] == key)
    head = f'claim {link(key, f"../claims/{paper}.yaml")}, "{words}"' + (f" ({says})" if says else "")
    return parts(head, [_verdict(verdict) for verdict in evidence.verdicts(key)] or [NOT_YET])


def _verdict(verdict: Verdict) -> str:
    """`held, 31.57 (20.10 to 40.20), claimed > 0, five pairs (protocol s2e, mnist; scale paper …)`."""
    outcome = verdict.weakest.outcome if verdict.weakest else None
    said = [f"**{verdict.word}**" if verdict.counts else verdict.word]
    if outcome is not None and outcome.effect is not None:
        known = outcome.low is not None and outcome.high is not None and abs(outcome.low) != float("inf")
        said.append(short(outcome.effect) + (f" ({short(outcome.low)} to {short(outcome.high)})" if known else ""))
        limits = bounds(outcome.lower, outcome.upper)
        said += [f"claimed {' and '.join(limits)}"] if limits else []
    if outcome is not None and verdict.evidence == "runs":
        said += [_size(outcome.n)] if outcome.n else []
    behind = {"runs": verdict.setting, "printed": verdict.test}.get(verdict.evidence, f"computed: {verdict.test}")
    return f"{', '.join(said)} ({behind})"


def _size(n: str) -> str:
    """`5 pairs` -> `five pairs`, `2` -> `two runs only`; what is no plain count stays as it is."""
    number, _, thing = n.partition(" ")
    if number.isdigit() and thing in ("", "pairs"):
        return counted(int(number), thing.removesuffix("s") or "run")
    smallest = min((int(part) for part in n.split(" + ") if part.isdigit()), default=FEWEST)
    return n + (" only" if smallest < FEWEST else "")
