"""Claims files, beyond their schema: whatever a test needs of its claim is there before anything is trained for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lnl.declared import claim_groups, claim_keys, claim_printed, claim_tests
from lnl.declared.cells import COORDINATES
from lnl.declared.claim_tests import KINDS, PLACES, QUANTITIES, Test
from lnl.declared.claims import Place, places, settings
from lnl.declared.decision_switches import Declarations
from lnl.declared.search_file import parameter_of
from lnl.errors import UserError, choose, nearest

Tree = Mapping[str, Any]


def check(catalogue: Declarations) -> None:
    """UserError for the first claim that could not be judged, and for two claims of one key."""
    taken: dict[str, str] = {}
    for paper, declaration in catalogue.claims.items():
        check_paper(catalogue, paper, declaration, taken)


def check_paper(catalogue: Declarations, paper: str, declaration: Tree, taken: dict[str, str]) -> None:
    """UserError for the first of one paper's claims that could not be judged, or whose key is taken. taken: by key the
    file of every claim so far, to which these are added."""
    said = declaration.get("source", {}).get("paper", paper)
    if said != paper:
        raise UserError(f"claims/{paper}.yaml: 'source.paper': the page of '{said}' is declared in claims/{said}.yaml")
    for claim in declaration["claims"]:
        where = f"claims/{paper}.yaml, claim '{claim['key']}'"
        if claim["key"] in taken:
            raise UserError(f"{where}: {taken[claim['key']]} has a claim of this key already; give it another")
        taken[claim["key"]] = f"claims/{paper}.yaml"
        _check_claim(catalogue, declaration, claim, where)


def _check_claim(catalogue: Declarations, declaration: Tree, claim: Tree, where: str) -> None:
    for index, setting in enumerate(settings(declaration, claim)):
        _check_setting(catalogue, setting, f"{where}, settings {index + 1}")
    for test in claim.get("printed") or []:
        claim_printed.check(catalogue, test, f"{where}, printed {test['kind']}")
    if "identity" in claim:
        choose(claim["identity"], dict.fromkeys(claim_tests.IDENTITIES), "identity", where)
    found = [places(declaration, claim, index) for index in range(len(settings(declaration, claim)))]
    for place in (place for cells in found for listed in cells.values() for place in listed):
        _check_place(catalogue, place, f"{where}, cell '{place.name}'")
    for test in tests(claim):
        _check_test(catalogue, claim, test, found, f"{where}, test {test['kind']}")
    used = {test[side] for test in tests(claim) for side in ("a", "b") if side in test}
    for name in claim.get("cells", {}):
        if name not in used:
            raise UserError(f"{where}: cell '{name}' is in no test; name it in one, or leave it out")
    if claim.get("test") and all(test.get("control") or test.get("aside") for test in tests(claim)):
        raise UserError(f"{where}: all of its tests are controls or set aside; one has to count")


def tests(claim: Tree) -> list[dict[str, Any]]:
    """The tests of a claim, of which it may have one, several or none."""
    declared = claim.get("test") or []
    return declared if isinstance(declared, list) else [declared]


def _check_setting(catalogue: Declarations, setting: Tree, where: str) -> None:
    from lnl.declared.synonyms import SYNONYMS

    if "protocol" in setting:
        choose(setting["protocol"], catalogue.protocols, "protocol", where)
    every = {dataset: 0 for protocol in catalogue.protocols.values() for dataset in protocol["datasets"]}
    if "dataset" in setting:
        choose(setting["dataset"], every, "data set", where)
    for method in setting.get("methods", []):
        choose(method, SYNONYMS | catalogue.methods, "method", where)


def _check_place(catalogue: Declarations, place: Place, where: str) -> None:
    """Trainings and searches are resolved with the cells of the suite; arms and their studies are looked up here."""
    at = place.at
    for key in COORDINATES if place.kind != "synthetic" else ():
        if key not in at:
            raise UserError(f"{where}: names no {key}, and neither do the claim's settings or the file")
    if place.kind == "synthetic":
        study = choose(at["study"], catalogue.synthetic["studies"], "study", where)
        choose(at["arm"], study["arms"], f"arm of study '{at['study']}'", where)
    elif place.kind == "search":
        choose(at["search"], catalogue.searches, "search", where)


def _check_test(
    catalogue: Declarations, claim: Tree, test: Tree, found: list[dict[str, list[Place]]], where: str
) -> None:
    kind = KINDS[test["kind"]]
    claim_keys.check_test(test, where)
    for key in kind.needs:
        if key not in test:
            raise UserError(f"{where}: '{key}' is missing")
    for side in ("a", "b"):
        if side in test:
            choose(test[side], claim["cells"], "cell", f"{where}, '{side}'")
            _check_kinds(catalogue, test, kind, side, [p for cells in found for p in cells[test[side]]], where)
    _check_numbers(test, where)
    _check_words(catalogue, test, found, where)
    claim_groups.check(catalogue, test, found, where)


def _check_kinds(catalogue: Declarations, test: Tree, kind: Test, side: str, members: list[Place], where: str) -> None:
    """Places of one side are of a kind that the test can compare, and have the number that it takes."""
    if not members:
        raise UserError(f"{where}: '{test[side]}' has no place in any setting of the claim; see 'only' and 'methods'")
    for place in members:
        allowed = kind.a if side == "a" else kind.b
        if place.kind not in allowed:
            wanted = " or ".join(PLACES[each] for each in allowed)
            raise UserError(f"{where}: '{test[side]}' are {PLACES[place.kind]}; {side} has to be {wanted}")
    kinds = {place.kind for place in members}
    if len(kinds) > 1:
        raise UserError(
            f"{where}: '{test[side]}' are {' and '.join(PLACES[k] for k in sorted(kinds))}; take one of them"
        )
    for key, of in _quantities(test, side):
        (found,) = kinds
        if of not in QUANTITIES[found]:
            raise UserError(f"{where}: {PLACES[found]} have no '{of}' ('{key}'){nearest(of, QUANTITIES[found])}")
        schedules = [
            p for p in members if p.kind == "search" and parameter_of(catalogue.searches[p.at["search"]]) != "R"
        ]
        if of in claim_tests.OF_SCHEDULES and schedules:
            raise UserError(
                f"{where}: search '{schedules[0].at['search']}' finds a value, no schedule R(t) with a '{of}'"
            )
        if "at" in test and (found != "runs" or of in claim_tests.ESTIMATES):
            raise UserError(f"{where}: '{of}' is one number, and has no 'at'")
        if "minus" in test and found == "synthetic":
            raise UserError(f"{where}: synthetic arms have no labels, and no clean rate to take off")


def _quantities(test: Tree, side: str) -> Iterator[tuple[str, str]]:
    """(key, quantity) of what a test takes of this side; nothing where the kind of test says it."""
    if test["kind"] in ("REF", "SEARCH", "SHARE") or (test["kind"] == "SPEARMAN" and "b" in test):
        return
    key = "of_b" if side == "b" and "of_b" in test else "of"
    yield key, test.get(key, "test_accuracy")
    if "b" not in test and "of_b" in test:
        yield "of_b", test["of_b"]


def _check_numbers(test: Tree, where: str) -> None:
    kind = test["kind"]
    if test.get("match") == "all" and not KINDS[kind].grouped:
        raise UserError(f"{where}: 'match': all makes one group of a test's places, and {kind} compares pairs of them")
    if "low" in test and not test["low"] < test["high"]:
        raise UserError(f"{where}: 'low' {test['low']:g} is not below 'high' {test['high']:g}")
    if kind in ("EQ", "FALL", "HOLD", "SHARE") and test.get("margin", 0) < 0:
        raise UserError(f"{where}: 'margin' is a distance, from 0 on, not {test['margin']:g}")
    if kind == "EQ" and test["margin"] == 0:
        raise UserError(f"{where}: 'margin' 0 leaves nothing that could be within it")
    if kind in ("SPREAD", "RANGE") and not test["below"] > 0:
        raise UserError(f"{where}: 'below' is a spread above 0, not {test['below']:g}")
    low, high = {"SHARE": (0, 1), "SPEARMAN": (-1, 1)}.get(kind, (-1000, 1000))
    if not low <= test.get("threshold", low) <= high or (kind == "SHARE" and test["threshold"] in (0, 1)):
        raise UserError(f"{where}: 'threshold' lies between {low} and {high}, unlike {test['threshold']:g}")
    if kind == "RISE":
        _check_span(test, where)
    if kind == "SEARCH" and (test.get("from", 1) == "peak" or not 1 <= test.get("from", 1) <= 10_000):
        raise UserError(f"{where}: 'from' is a cost in full trainings, from 1 on, not {test['from']}")
    if kind == "SPEARMAN" and test.get("from", "peak") != "peak":
        raise UserError(f"{where}: 'from' is peak, or left out, not {test['from']}")
    if kind == "CROSS" and test["near"] < 0:
        raise UserError(f"{where}: 'near' is an epoch, not {test['near']:g}")


def _check_span(test: Tree, where: str) -> None:
    if test["from"] == "peak":
        return
    if "to" not in test:
        raise UserError(f"{where}: 'to' is missing: the epoch up to which the slope is taken")
    if not 0 <= test["from"] < test["to"]:
        raise UserError(f"{where}: 'from' {test['from']:g} is no epoch before 'to' {test['to']:g}")


def _check_correlation(test: Tree, kinds: set[str], where: str) -> None:
    """With a b it is about searches, and what they have found; without one about two curves of one training."""
    for key in ("of", "of_b", "from") if "b" in test else ():
        if key in test:
            raise UserError(f"{where}: with a 'b' it is about what searches have found, and takes no '{key}'")
    if "b" not in test and "of" not in test:
        raise UserError(f"{where}: 'of' is missing: the curve that 'of_b' is correlated with")
    wanted = "search" if "b" in test else "runs"
    if kinds != {wanted}:
        raise UserError(
            f"{where}: '{test['a']}' have to be {PLACES[wanted]}, {'with' if 'b' in test else 'without'} a b"
        )


def _check_words(catalogue: Declarations, test: Tree, found: list[dict[str, list[Place]]], where: str) -> None:
    """What stands beside a and b: a second quantity, the point of a curve, the side that is pooled, a printed table."""
    if "b" not in test and "of_b" in KINDS[test["kind"]].keys:
        if "of_b" not in test:
            raise UserError(f"{where}: names no 'b' to compare with, and no 'of_b', another number of the same cells")
        if test["of_b"] == test.get("of", "test_accuracy"):
            raise UserError(f"{where}: compares '{test['of_b']}' of '{test['a']}' with itself")
    if test["kind"] == "SPEARMAN":
        _check_correlation(test, {place.kind for cells in found for place in cells[test["a"]]}, where)
    if test.get("at") == "last10_file" and (test.get("of", "test_accuracy") != "test_accuracy" or "of_b" in test):
        raise UserError(f"{where}: 'at': last10_file is of test_accuracy alone")
    if test.get("pool") == "b" and "b" not in test:
        raise UserError(f"{where}: 'pool': b, and there is no b")
    if test["kind"] == "REF":
        claim_printed.check_reference(catalogue, test, [p for cells in found for p in cells[test["a"]]], where)
