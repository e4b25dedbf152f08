"""Every claim of a document judged: from records in each of its settings, from printed numbers, from arithmetic.

A verdict on a stand-in network, data set or budget says so and never counts as the document's.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lnl.declared.claims import places, settings
from lnl.errors import UserError, choose, nearest
from lnl.results.claims import identities, printed
from lnl.results.claims.decisions import Verdict, compared, decide, weighed
from lnl.results.claims.evidence import Repeats, gather
from lnl.results.claims.measured import parts
from lnl.results.claims.parts import Part
from lnl.results.claims.tests import holm
from lnl.results.claims.words import printed_words, sentence

if TYPE_CHECKING:
    from lnl.declared.suite import Suite
    from lnl.results.records import Locate


@dataclass(frozen=True)
class _Tested:
    """One claim in one setting before its verdict: what it names, read; and the settings that are the same here."""

    claim: Mapping[str, Any]
    setting: Mapping[str, Any]
    cells: dict[str, list[Repeats]]
    datasets: list[str]

    @property
    def everything(self) -> list[Repeats]:
        return [repeats for group in self.cells.values() for repeats in group]

    @property
    def synthetic(self) -> bool:
        """No training is behind it."""
        return bool(self.everything) and all(repeats.place.kind == "synthetic" for repeats in self.everything)


def judge(
    suite: Suite,
    paper: str,
    locate: Locate | None = None,
    without_runs: Container[str] | None = None,
    with_identities: bool = True,
) -> list[Verdict]:
    """Every verdict on one document's claims in declared order: runs by setting, printed numbers, identities.

    without_runs: claims whose printed numbers and identities are wanted, some of which take seconds; None: all. Runs
    are judged of every claim: its p is adjusted for the others. with_identities: some of
    them import torch.
    """
    if paper not in suite.claims:
        raise UserError(f"claims/{paper}.yaml does not exist{nearest(paper, suite.claims)}")
    declaration = suite.claims[paper]
    measured: dict[str, list[Verdict]] = {}
    families: dict[str, list[tuple[str, int]]] = {}
    for claim in declaration["claims"]:
        key = claim["key"]
        measured[key] = []
        for tested in _settings(suite, paper, declaration, claim, locate) if claim.get("test") else []:
            families.setdefault(_family(declaration, tested), []).append((key, len(measured[key])))
            measured[key].append(_measured(suite, paper, declaration, tested))
    for members in families.values():
        adjusted = holm([measured[key][i].p for key, i in members])
        against = holm([measured[key][i].p_against for key, i in members])
        for (key, i), p, q in zip(members, adjusted, against, strict=True):
            measured[key][i] = decide(replace(measured[key][i], p_holm=p, p_against_holm=q), len(members))
    out = []
    for claim in declaration["claims"]:
        out += measured[claim["key"]] or _waiting(paper, claim)
        if without_runs is None or claim["key"] in without_runs:
            out += _without_runs(suite, paper, claim, with_identities)
    return out


def _settings(
    suite: Suite, paper: str, declaration: Mapping[str, Any], claim: Mapping[str, Any], locate: Locate | None
) -> list[_Tested]:
    """The claim in each of its settings; settings that are the same cells at this scale (one stand-in) once."""
    source = f"claims/{paper}.yaml, claim '{claim['key']}'"
    found: dict[Any, _Tested] = {}
    for index, setting in enumerate(settings(declaration, claim)):
        cells = {
            name: [gather(suite, place, source, locate) for place in listed]
            for name, listed in places(declaration, claim, index).items()
        }
        other = {k: v for k, v in setting.items() if k != "dataset"}
        same = (repr(other), tuple((name, r.source or r.name) for name, group in cells.items() for r in group))
        tested = found.setdefault(same, _Tested(claim, setting, cells, []))
        tested.datasets.extend([setting["dataset"]] if "dataset" in setting else [])
    return list(found.values())


def _family(declaration: Mapping[str, Any], tested: _Tested) -> str:
    """Claims tested in the same setting: one network and data set, or the synthetic experiment."""
    if tested.synthetic:
        return "synthetic"
    setting = tested.setting
    if setting.get("label") or setting.get("name"):
        return str(setting.get("label") or setting["name"])
    return f"{setting.get('protocol', declaration.get('protocol', ''))} {setting.get('dataset', '')}"


def _tests(claim: Mapping[str, Any]) -> list[dict[str, Any]]:
    declared = claim["test"]
    return declared if isinstance(declared, list) else [declared]


def _measured(suite: Suite, paper: str, declaration: Mapping[str, Any], tested: _Tested) -> Verdict:
    claim = tested.claim
    stand_in = any(repeats.stand_in for repeats in tested.everything)
    # targets of synthetic studies are ours, since the documents print none: never the document's own setting
    own = not tested.setting.get("label") and not stand_in and suite.scale == "paper" and not tested.synthetic

    def published(table: str, row: str, column: str) -> Any:
        return printed.published(suite, table, row, column)

    found: list[Part] = []
    for test in _tests(claim):
        found += parts(test, tested.cells, published if own else None)
    verdict = Verdict(
        paper,
        claim["key"],
        claim["where"],
        claim["claim"],
        str(claim["cores"]),
        "; ".join(sentence(test) for test in _tests(claim) if not test.get("aside") and tested.cells.get(test["a"])),
        "runs",
        _setting(suite, declaration, tested),
        own,
        "not run",
        tuple(found),
        note=_note(tested),
    )
    return weighed(verdict)


def _setting(suite: Suite, declaration: Mapping[str, Any], tested: _Tested) -> str:
    if tested.synthetic:
        repeats = sorted({r.wanted for r in tested.everything})
        return f"synthetic targets, {' and '.join(map(str, repeats))} repeats"
    protocol = tested.setting.get("protocol", declaration.get("protocol", ""))
    label = tested.setting.get("label") or tested.setting.get("name") or f"protocol {protocol}"
    if tested.datasets:
        label += f", {' and '.join(tested.datasets)}"
    scales = list(dict.fromkeys(text for repeats in tested.everything if (text := repeats.scale())))
    return f"{label}; scale {suite.scale}" + (f" ({'; '.join(scales)})" if scales else "")


def _note(tested: _Tested) -> str:
    notes = []
    if tested.setting.get("methods"):
        notes.append(f"among {', '.join(tested.setting['methods'])} only")
    if any(repeats.fixed_vector for repeats in tested.everything):
        notes.append("conditional on one noise vector")
    remarks = list(dict.fromkeys(remark for repeats in tested.everything for remark in repeats.remarks))
    notes += remarks[:3] + ([f"{len(remarks) - 3} more without a number"] if len(remarks) > 3 else [])
    short = {(len(r.results), r.wanted) for r in tested.everything if 0 < len(r.results) < r.wanted}
    if short:
        fewest, wanted = min(short)
        notes.append(f"{fewest} of {wanted} repeats so far")
    if tested.claim.get("note"):
        notes.append(tested.claim["note"])
    return "; ".join(notes)


def _waiting(paper: str, claim: Mapping[str, Any]) -> list[Verdict]:
    """A claim that names a reason in place of a test."""
    if not claim.get("waits"):
        return []
    note = "; ".join(filter(None, [claim["waits"], claim.get("note")]))
    about = (paper, claim["key"], claim["where"], claim["claim"], str(claim["cores"]))
    return [Verdict(*about, "", "runs", "no test", False, "not run", (), note=note)]


def _without_runs(suite: Suite, paper: str, claim: Mapping[str, Any], with_identities: bool) -> list[Verdict]:
    """Verdicts of a claim that need no record."""
    source = f"claims/{paper}.yaml, claim '{claim['key']}'"
    groups: list[tuple[str, str, str, list[printed.Comparison]]] = []
    declared = claim.get("printed") or []
    if declared:
        found = [c for test in declared for c in printed.comparisons(suite, test, source)]
        groups.append(("printed", printed_words(declared), claim.get("printed_note", ""), found))
    if claim.get("identity") and with_identities:
        name = claim["identity"]
        choose(name, dict.fromkeys(identities.IDENTITIES), "identity", source)
        computed = list(identities.comparisons(name, suite.root))
        groups.append(("identity", identities.words(name), claim.get("identity_note", ""), computed))
    about = (paper, claim["key"], claim["where"], claim["claim"], str(claim["cores"]))
    return [compared(about, *group) for group in groups]
