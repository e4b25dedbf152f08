"""From outcomes to verdicts: held, not held, undecided, not run.

A claim is the conjunction of its parts, so its p is the largest of theirs, and it is contradicted by the strongest
contradiction among them (Bonferroni over the parts). Both are then adjusted by Holm over the claims of one document
that were tested in the same setting. Held or not held needs the adjusted p at 0.05 and a 95% interval clear of the
threshold; all else is undecided. A verdict on a stand-in network, data set or budget says so and never counts as the
document's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lnl.claims import printed
from lnl.claims.declarations import places, settings
from lnl.claims.evidence import Repeats, gather
from lnl.claims.identities import IDENTITIES
from lnl.claims.measured import Part, parts
from lnl.claims.tests import LEVEL, Outcome, holm
from lnl.errors import UserError, nearest

if TYPE_CHECKING:
    from lnl.matrix import Suite
    from lnl.records import Locate

WORDS = ("held", "not held", "undecided", "not run")


@dataclass(frozen=True)
class Verdict:
    """One claim in one setting, from runs, printed numbers or arithmetic."""

    paper: str
    key: str
    where: str
    claim: str
    cores: str
    test: str
    evidence: str  # runs | printed | identity
    setting: str  # which network, data and budget
    counts: bool  # the document's own setting
    word: str
    parts: tuple[Part, ...]
    weakest: Part | None = None
    p: float | None = None
    p_against: float | None = None
    p_holm: float | None = None
    p_against_holm: float | None = None
    note: str = ""


def judge(suite: Suite, paper: str, locate: Locate | None = None) -> list[Verdict]:
    """Every verdict on one document's claims in declared order: runs by setting, printed numbers, identities."""
    if paper not in suite.claims:
        raise UserError(f"claims/{paper}.yaml does not exist{nearest(paper, suite.claims)}")
    declaration = suite.claims[paper]
    measured: dict[tuple[str, int], Verdict] = {}
    families: dict[str, list[tuple[str, int]]] = {}
    for claim in declaration["claims"]:
        if not claim.get("test"):
            continue
        for index, setting in enumerate(settings(declaration, claim)):
            measured[claim["key"], index] = _measured(suite, paper, declaration, claim, index, locate)
            families.setdefault(_family(setting), []).append((claim["key"], index))
    for members in families.values():
        adjusted = holm([measured[m].p for m in members])
        against = holm([measured[m].p_against for m in members])
        for member, p, q in zip(members, adjusted, against, strict=True):
            measured[member] = _decide(replace(measured[member], p_holm=p, p_against_holm=q))
    out = []
    for claim in declaration["claims"]:
        out += [verdict for (key, _), verdict in measured.items() if key == claim["key"]]
        out += _without_runs(suite, paper, claim)
    return out


def _family(setting: Mapping[str, Any]) -> str:
    return str(setting.get("label") or setting.get("protocol") or "")


def _tests(claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    declared = claim["test"]
    return declared if isinstance(declared, list) else [declared]


def words(test: Mapping[str, Any]) -> str:
    """A declared test on one line, as the claims page shows it."""
    inside = [str(test[k]) for k in ("a", "b") if k in test]
    keys: tuple[str, ...] = ("margin", "threshold", "direction", "low", "high", "below", "of", "of_b", "at", "minus")
    keys += ("from", "to", "near", "repeats", "factors", "table", "match")
    extra = [f"{k} {_plain(test[k])}" for k in keys if k in test]
    text = f"{test['kind']}({', '.join(inside)}{'; ' if inside and extra else ''}{', '.join(extra)})"
    return f"control {text}" if test.get("control") else text


def _plain(value: Any) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)


def _measured(
    suite: Suite,
    paper: str,
    declaration: Mapping[str, Any],
    claim: Mapping[str, Any],
    index: int,
    locate: Locate | None,
) -> Verdict:
    source = f"claims/{paper}.yaml, claim '{claim['key']}'"
    setting = settings(declaration, claim)[index]
    cells = {
        name: [gather(suite, place, source, locate) for place in found]
        for name, found in places(declaration, claim, index).items()
    }
    found: list[Part] = []
    for test in _tests(claim):
        found += parts(test, cells, lambda table, row, column: printed.published(suite, table, row, column))
    everything = [repeats for group in cells.values() for repeats in group]
    stand_in = any(r.get("stand_in_for") for repeats in everything for r in repeats.results.values())
    verdict = Verdict(
        paper,
        claim["key"],
        claim["where"],
        claim["claim"],
        str(claim["cores"]),
        "; ".join(words(test) for test in _tests(claim)),
        "runs",
        _setting(suite, declaration, setting, everything),
        suite.scale == "paper" and not setting.get("label") and not stand_in,
        "not run",
        tuple(found),
        note=_note(setting, everything, claim),
    )
    counted = [part for part in found if not part.control]
    ran = [part for part in counted if part.outcome is not None]
    ps = [part.outcome.p for part in ran if part.outcome and part.outcome.p is not None]
    against = [part.outcome.p_against for part in ran if part.outcome and part.outcome.p_against is not None]
    tested = [part for part in ran if part.outcome and part.outcome.holds is None]
    complete = len(ran) == len(counted) and len(ps) == len(tested) > 0
    return replace(
        verdict,
        p=max(ps) if complete else None,
        p_against=min(1.0, min(against) * len(against)) if against else None,
    )


def _setting(
    suite: Suite, declaration: Mapping[str, Any], setting: Mapping[str, Any], everything: list[Repeats]
) -> str:
    protocol = setting.get("protocol", declaration.get("protocol", ""))
    label = setting.get("label") or f"protocol {protocol}"
    scales = list(dict.fromkeys(text for repeats in everything if (text := repeats.scale())))
    return f"{label}; scale {suite.scale}" + (f" ({'; '.join(scales)})" if scales else "")


def _note(setting: Mapping[str, Any], everything: list[Repeats], claim: Mapping[str, Any]) -> str:
    notes = []
    if setting.get("methods"):
        notes.append(f"among {', '.join(setting['methods'])} only")
    if any(repeats.fixed_vector for repeats in everything):
        notes.append("conditional on one noise vector")
    remarks = list(dict.fromkeys(remark for repeats in everything for remark in repeats.remarks))
    notes += remarks[:3] + ([f"{len(remarks) - 3} more runs without a number"] if len(remarks) > 3 else [])
    short = {(len(r.results), r.wanted) for r in everything if 0 < len(r.results) < r.wanted}
    if short:
        fewest, wanted = min(short)
        notes.append(f"{fewest} of {wanted} repeats so far")
    if claim.get("note"):
        notes.append(claim["note"])
    return "; ".join(notes)


def supported(outcome: Outcome) -> bool:
    """The claim's direction is clear in this part by itself, before any adjustment."""
    if outcome.holds is not None:
        return outcome.holds
    return outcome.p is not None and outcome.p <= LEVEL and outcome.inside


def contradicted(outcome: Outcome) -> bool:
    """This part by itself speaks against the claim, before any adjustment."""
    if outcome.holds is not None:
        return not outcome.holds
    return outcome.p_against is not None and outcome.p_against <= LEVEL and outcome.outside


def part_word(part: Part) -> str:
    """held, not held, undecided or not run for one part by itself (unadjusted)."""
    if part.outcome is None:
        return "not run"
    if supported(part.outcome):
        return "held"
    return "not held" if contradicted(part.outcome) else "undecided"


def _decide(verdict: Verdict) -> Verdict:
    counted = [part for part in verdict.parts if not part.control]
    ran = [part for part in counted if part.outcome is not None]
    if not ran:
        missing = next((part.missing for part in counted if part.missing), "no cell of this claim is in this setting")
        return replace(verdict, word="not run", note="; ".join(filter(None, [missing, verdict.note])))
    weakest = max(ran, key=_weakness)
    notes = [verdict.note] if verdict.note else []
    outright = any(part.outcome and part.outcome.holds is False for part in ran)
    refuted = verdict.p_against_holm is not None and verdict.p_against_holm <= LEVEL
    if outright or (refuted and any(part.outcome and contradicted(part.outcome) for part in ran)):
        word = "not held"
    elif len(ran) < len(counted):
        word = "undecided"
        notes.insert(0, f"{len(ran)} of {len(counted)} parts run")
    elif all(part.outcome and supported(part.outcome) for part in ran) and (
        verdict.p is None or (verdict.p_holm is not None and verdict.p_holm <= LEVEL)
    ):
        word = "held"
    else:
        word = "undecided"
        if verdict.p is not None and verdict.p <= LEVEL and (verdict.p_holm or 0) > LEVEL:
            notes.insert(0, "not after Holm's adjustment")
        if any(part.outcome and part.outcome.effect is None for part in ran):
            notes.insert(0, next(p.outcome.note for p in ran if p.outcome and p.outcome.effect is None))
    controls = {part_word(part) for part in verdict.parts if part.control}
    if controls & {"not held"} and word == "held":
        word = "undecided"
        notes.insert(0, "the control shows the same")
    elif "not run" in controls:
        notes.append("control not run")
    return replace(verdict, word=word, weakest=weakest, note="; ".join(notes))


def _weakness(part: Part) -> float:
    outcome = part.outcome
    if outcome is None:
        return -1.0
    if outcome.holds is not None:
        return 0.0 if outcome.holds else 2.0
    if outcome.p is None:
        return 1.5
    return outcome.p


def _without_runs(suite: Suite, paper: str, claim: Mapping[str, Any]) -> list[Verdict]:
    """Verdicts of a claim that need no record."""
    source = f"claims/{paper}.yaml, claim '{claim['key']}'"
    groups: list[tuple[str, str, list[printed.Comparison]]] = []
    declared = claim.get("printed") or []
    if declared:
        found = [c for test in declared for c in printed.comparisons(suite, test, source)]
        groups.append(("printed", f"PRINT {', '.join(dict.fromkeys(t['kind'] for t in declared))}", found))
    if claim.get("identity"):
        name = claim["identity"]
        if name not in IDENTITIES:
            raise UserError(f"{source}: unknown identity '{name}'{nearest(name, IDENTITIES)}")
        groups.append(("identity", f"ID {name}", IDENTITIES[name]()))
    out = []
    for evidence, test, found in groups:
        fits = sum(c.fits for c in found)
        made = tuple(Part(c.label, Outcome("", c.effect, holds=c.fits)) for c in found)
        words_ = {"printed": "the document's printed numbers", "identity": "arithmetic, no run"}[evidence]
        note = f"{fits} of {len(found)} comparisons fit the sentence"
        weakest = next((part for part in made if part.outcome and not part.outcome.holds), made[0])
        if evidence == "printed" and claim.get("printed_note"):
            note += f"; {claim['printed_note']}"
        out.append(
            Verdict(
                paper,
                claim["key"],
                claim["where"],
                claim["claim"],
                str(claim["cores"]),
                test,
                evidence,
                words_,
                True,
                "held" if fits == len(found) else "not held",
                made,
                weakest,
                note=note,
            )
        )
    return out
