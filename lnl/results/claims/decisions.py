"""The word for a claim: held, not held, undecided or not run.

A claim is the conjunction of its parts, so its p is the largest of theirs, and it is contradicted by the strongest
contradiction among them (Bonferroni over the parts). Both are then adjusted by Holm over the claims of one document
that were tested in the same setting. Held or not held needs the adjusted p at 0.05 and a 95% interval clear of the
threshold; all else is undecided.

So m parts need no stricter level each to hold together: that all of them pass by luck is no likelier than that the
worst does. Intervals that are to contain a number (REF, CROSS) are the other way round: of m right ones of 95% at least
one misses with a chance of 1 - 0.95^m, one in seven for three. Tests that say `allow: chance` are therefore taken
together: each interval of the claim has the level 1 - 0.05 / m, so that all m contain theirs with 95% at least
(Bonferroni; Holm's procedure begins with it, and that one interval misses is all there is to find out). The claim is
held if all contain theirs at that level. It is not held only if one of them does not, after Holm over the claims too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lnl.results.claims.outcome import LEVEL, Outcome
from lnl.results.claims.parts import Part
from lnl.results.claims.printed import Comparison
from lnl.results.claims.tests import WIDEST

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


def supported(outcome: Outcome, miss: float = LEVEL) -> bool:
    """The claim's direction is clear in this part by itself, before any adjustment.

    `miss`: the chance that an interval which is to contain a number misses a right one; its level is 1 - miss.
    """
    if outcome.holds is not None:
        return outcome.holds or (outcome.p_against is not None and outcome.p_against > miss)
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


def weighed(verdict: Verdict) -> Verdict:
    """The claim's p, the largest of its parts', and that of its opposite, Bonferroni over the parts; both unadjusted.

    No p unless every part has one. Intervals that are tested together count from the start, run or not.
    """
    counted = [part for part in verdict.parts if part.counted]
    ran = [part.outcome for part in counted if part.outcome is not None]
    ps = [outcome.p for outcome in ran if outcome.p is not None]
    against = [outcome.p_against for outcome in ran if outcome.p_against is not None]
    tried = [outcome for outcome in ran if outcome.holds is None]
    complete = len(ran) == len(counted) and len(ps) == len(tried) > 0
    tests = max(len(against), sum(part.joint for part in counted))
    return replace(
        verdict,
        p=max(ps) if complete else None,
        p_against=min(1.0, min(against) * tests) if against else None,
    )


def decide(verdict: Verdict, family: int) -> Verdict:
    """The word for a claim with its adjusted p; `family` claims were tested in the same setting."""
    counted = [part for part in verdict.parts if part.counted]
    ran = [part for part in counted if part.outcome is not None]
    if not ran:
        missing = next((part.missing for part in counted if part.missing), "no cell of this claim is in this setting")
        return replace(verdict, word="not run", note="; ".join(filter(None, [missing, verdict.note])))
    weakest = max(ran, key=_weakness)
    notes = [verdict.note] if verdict.note else []
    together = sum(part.joint for part in counted)
    miss = LEVEL / together if together else LEVEL
    if together > 1:
        notes.insert(0, f"{together} intervals tested together, each of {100 * (1 - miss):.2f}%, p above {miss:.2g}")
    refuted = verdict.p_against_holm is not None and verdict.p_against_holm <= LEVEL
    against = [part for part in ran if part.outcome and contradicted(part.outcome)]
    if refuted and against:
        word = "not held"
    elif len(ran) < len(counted):
        word = "undecided"
        notes.insert(0, f"{len(ran)} of {len(counted)} parts run")
    elif all(part.outcome and supported(part.outcome, miss if part.joint else LEVEL) for part in ran) and (
        verdict.p is None or (verdict.p_holm is not None and verdict.p_holm <= LEVEL)
    ):
        word = "held"
    else:
        word = "undecided"
        if verdict.p is not None and verdict.p <= LEVEL and (verdict.p_holm or 0) > LEVEL:
            notes.insert(0, "not after Holm's adjustment")
    open_ = [part.outcome.note for part in ran if part.outcome and _open(part.outcome)]
    if word == "undecided" and open_:
        notes.insert(0, open_[0])
    if any(part.outcome and WIDEST in part.outcome.note for part in ran):
        notes.append(WIDEST)
    if word == "undecided" and against:
        parts_ = "its only part is" if len(counted) == 1 else f"{len(against)} of {len(counted)} parts"
        verb = "" if len(counted) == 1 else " is" if len(against) == 1 else " are"
        notes.insert(0, f"{parts_}{verb} not held, seen alone; not so once {_tried(len(ran), family)} are allowed for")
    controls = {part_word(part) for part in verdict.parts if part.control}
    if controls & {"not held"} and word == "held":
        word = "undecided"
        notes.insert(0, "the control shows the same")
    elif "not run" in controls:
        notes.append("control not run")
    notes += [f"control: {p.outcome.note}" for p in verdict.parts if p.control and p.outcome and _open(p.outcome)][:1]
    return replace(verdict, word=word, weakest=weakest, note="; ".join(notes))


def _open(outcome: Outcome) -> bool:
    """Nothing that a word could rest on: too few repeats, most often. The outcome's note says why."""
    return outcome.p is None and outcome.holds is None


def _tried(parts_: int, family: int) -> str:
    """How many comparisons a contradiction has to stand up to."""
    return f"{parts_} parts and {family} claims" if parts_ > 1 else f"{family} claims"


def _weakness(part: Part) -> float:
    outcome = part.outcome
    if outcome is None:
        return -1.0
    if outcome.holds is not None:
        return (0.0 if outcome.holds else 2.0) - (outcome.p_against or 0.0)
    if outcome.p is None:
        return 1.5
    return outcome.p


def compared(
    about: tuple[str, str, str, str, str], evidence: str, test: str, note: str, found: list[Comparison]
) -> Verdict:
    """The verdict on comparisons that need no record: printed numbers, or an identity (whose tests have a p)."""
    made = tuple(Part(c.label, c.outcome or Outcome("", c.effect, holds=c.fits), aside=not c.counts) for c in found)
    counted = [part for part in made if part.counted]
    words_ = [part_word(part) for part in counted]
    word = "not held" if "not held" in words_ else "undecided" if "undecided" in words_ else "held"
    weakest = max((part for part, w in zip(counted, words_, strict=True) if w == word), key=_weakness)
    notes = [f"{words_.count('held')} of {len(counted)} comparisons fit the sentence", *([note] if note else [])]
    said = {"printed": "the document's printed numbers", "identity": "computed, no run"}[evidence]
    return Verdict(*about, test, evidence, said, True, word, made, weakest, note="; ".join(notes))
