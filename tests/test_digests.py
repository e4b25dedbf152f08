"""Digests of what is declared are a promise: a record of yesterday is today's, unless a change says that it is not.

`python -m tests.test_digests` writes the list anew; a commit that moves a digest shows which, and says why.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lnl.declared.suite import Suite

ROOT = Path(__file__).resolve().parent.parent
PINNED = ROOT / "tests" / "golden" / "digests"
SCALES = sorted(path.stem for path in (ROOT / "config" / "scales").glob("*.yaml"))


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
    assert sorted(set(today) - set(pinned)) == []  # new: write the list anew


if __name__ == "__main__":
    PINNED.mkdir(exist_ok=True)
    for name in SCALES:
        (PINNED / f"{name}.txt").write_text("\n".join(lines(declared(name))) + "\n")
