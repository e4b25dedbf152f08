"""What blocks are made of: the suite of a checkout at each scale, over its committed records alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lnl.declared.suite import Suite
from lnl.errors import UserError, choose, nearest
from lnl.results.claims.decisions import Verdict
from lnl.results.claims.verdicts import judge
from lnl.results.committed import laid_out

FOLDER = Path("docs", "reproduction")


class Committed:
    """Suites by scale, and the verdicts on their claims: to be used while the records are laid out as results."""

    def __init__(self, root: Path, scales: list[str]) -> None:
        """root: of the checkout, absolute; scales: those that have a record."""
        self.root, self.scales = root, scales
        self._suites: dict[tuple[str, int | None], Suite] = {}
        self._verdicts: dict[tuple[str, str, int | None], list[Verdict]] = {}

    def suite(self, scale: str = "paper", seeds: int | None = None) -> Suite:
        """The suite at a scale; UserError for one of which nothing is committed. seeds: repeats, as `--seeds` says."""
        if scale not in self.scales:
            raise UserError(f"no record of scale '{scale}' is committed under {FOLDER}{nearest(scale, self.scales)}")
        if (scale, seeds) not in self._suites:
            config: dict[str, Any] = {"scale": scale, "overlay": None} | ({"seeds": seeds} if seeds else {})
            self._suites[scale, seeds] = Suite.load(self.root, config, validate=False)
        return self._suites[scale, seeds]

    def verdicts(self, paper: str, scale: str = "paper", seeds: int | None = None) -> list[Verdict]:
        """Verdicts of one document's claims from runs and searches; what needs neither cannot change with a record."""
        if (paper, scale, seeds) not in self._verdicts:
            suite = self.suite(scale, seeds)
            choose(paper, suite.claims, "claims page", f"claims of scale {scale}")
            found = judge(suite, paper, without_runs=())
            self._verdicts[paper, scale, seeds] = [verdict for verdict in found if verdict.evidence == "runs"]
        return self._verdicts[paper, scale, seeds]


@contextmanager
def committed(root: Path | str) -> Iterator[Committed]:
    """The committed records of a checkout, as results, while the block runs: nothing of a user's own enters a page."""
    root = Path(root).resolve()
    with laid_out(root) as scales:
        yield Committed(root, scales)
