"""Which keys a claim's tests may have: those of their kinds. Asked before the schema, which knows the keys of all.

A value that is wrong at a key that the kind does not take is no matter: the key has to go. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lnl.declared.claim_tests import COMMON, KINDS, PRINTED, TAKEN
from lnl.errors import UserError, nearest

Tree = Mapping[str, Any]
OF_TESTS = {key for kind in KINDS.values() for key in kind.keys}
OF_PRINTED = {key for keys in (*PRINTED.values(), *TAKEN.values()) for key in keys}


def check_test(test: Tree, where: str) -> None:
    """UserError for a key that this kind of test does not take."""
    _check(test, (*COMMON, *KINDS[test["kind"]].keys), KINDS[test["kind"]].keys, where)


def check_printed(test: Tree, where: str) -> None:
    """UserError for a key that this comparison of printed numbers does not take."""
    keys = (*PRINTED[test["kind"]], *TAKEN.get(test["kind"], ()))
    _check(test, ("kind", "a", *keys), keys, where)


def check_file(declaration: Any, source: str) -> None:
    """UserError with a line for every test of a file, of whatever form, with a key of another kind of test."""
    lines: list[str] = []
    for where, test, printed in _tests(declaration, source):
        kinds: Mapping[str, Any] = PRINTED if printed else KINDS
        if not isinstance(test, dict) or not isinstance(test.get("kind"), str) or test["kind"] not in kinds:
            continue
        of_others = OF_PRINTED if printed else OF_TESTS
        known = {key: value for key, value in test.items() if key in ("kind", "a", *of_others)}
        try:
            (check_printed if printed else check_test)(known, f"{where} {test['kind']}")
        except UserError as error:
            lines += error.lines
    if lines:
        raise UserError(*lines)


def _check(test: Tree, taken: tuple[str, ...], own: tuple[str, ...], where: str) -> None:
    for key in test:
        if key not in taken:
            raise UserError(f"{where}: takes no '{key}'{nearest(key, own)}")


def _tests(declaration: Any, source: str) -> Iterator[tuple[str, Any, bool]]:
    """(where it stands, a test, whether it is of printed numbers) of what may be no sound declaration."""
    claims = declaration.get("claims") if isinstance(declaration, dict) else None
    for index, claim in enumerate(claims if isinstance(claims, list) else []):
        if not isinstance(claim, dict):
            continue
        key = claim.get("key")
        where = f"{source}, claim '{key}'" if isinstance(key, str) and len(key) < 40 else f"{source}, claim {index + 1}"
        for name in ("test", "printed"):
            said = claim.get(name)
            for test in said if isinstance(said, list) else [said]:
                yield f"{where}, {name}", test, name == "printed"
