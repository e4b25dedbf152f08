"""Digests of what is declared are a promise: a record of yesterday is today's, unless a change says that it is not.

`python -m tests.test_digests` writes the list anew; a commit that moves a digest shows which, and says why.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from lnl.declared.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "tests" / "golden" / "digests"
SCALES = sorted(path.stem for path in PINNED.glob("*.txt"))  # a scale of somebody's own owes no promise


def declared(scale: str) -> dict[str, str]:
    """Digest of every declared cell and search of a scale."""
    suite = Suite.load(ROOT, {"scale": scale}, validate=False)
    found = {cell.id: suite.digest(cell) for cell in suite.cells}
    for key in suite.artefacts:
        suite.searches_of(key)
    for search in suite.declared_searches():
        found[f"search {search.id}"] = suite.search_digest(replace(search, seed=1))
    return dict(sorted(found.items()))


def lines(digests: dict[str, str]) -> list[str]:
    return [f"{digest} {name}" for name, digest in digests.items()]


@pytest.mark.parametrize("scale", SCALES)
def test_no_digest_of_a_declared_run_or_search_has_moved(scale: str) -> None:
    pinned = (PINNED / f"{scale}.txt").read_text().splitlines()
    today = lines(declared(scale))
    assert sorted(set(pinned) - set(today)) == []  # moved, or no longer declared
    new = [line for line in today if line not in set(pinned) and not somebodys_own(line, scale)]
    assert sorted(new) == []  # write the list anew


def somebodys_own(line: str, scale: str) -> bool:
    """Whether a line is of a protocol, a method, a search or an artefact that is not the suite's: it owes nothing."""
    from contributed import contributed  # of tests/, which is no place of modules for `python -m tests.test_digests`

    ours, (protocol, *_, method) = contributed(), line.split()[-1].split("/")[:4]
    search = line.split("/")[4:]
    known = any(method == key or method.startswith(f"{key}-") for key in ours["methods"])
    if protocol not in ours["protocols"] or not known or not set(search) <= ours["searches"]:
        return True
    return line.split()[-1] not in demanded(scale)


@cache
def demanded(scale: str) -> frozenset[str]:
    """Cells and searches of the suite's own artefacts, those among them whose networks others begin with."""
    from contributed import contributed

    suite = Suite.load(ROOT, {"scale": scale}, validate=False)
    for key in {key for key, *_ in suite.sources()} - contributed()["artefacts"]:
        for kind in (suite.tables, suite.figures, suite.claims):
            kind.pop(key.removesuffix("_claims") if kind is suite.claims else key, None)
    found = {cell.id for cell in suite.cells}
    for key in suite.artefacts:
        suite.searches_of(key)
    return frozenset(found | {search.id for search in suite.declared_searches()})


if __name__ == "__main__":
    PINNED.mkdir(exist_ok=True)
    for name in sorted(path.stem for path in (ROOT / "config" / "scales").glob("*.yaml")):
        (PINNED / f"{name}.txt").write_text("\n".join(lines(declared(name))) + "\n")
