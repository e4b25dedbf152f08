"""The committed records as a results folder: what renderers read in results/, they then read from docs/reproduction."""

from __future__ import annotations

import contextlib
import copy
import gzip
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from lnl.declared import paths
from lnl.declared.specification import choose
from lnl.declared.suite import Suite
from lnl.errors import UserError, nearest
from lnl.render.reproduced import kept_records
from lnl.results.claims.decisions import Verdict
from lnl.results.claims.verdicts import judge
from lnl.results.records import remembered

FOLDER = Path("docs", "reproduction")


class Committed:
    """The suite of a checkout at each scale, over its committed records alone: valid inside `committed`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._suites: dict[tuple[str, int | None], Suite] = {}
        self._verdicts: dict[tuple[str, str, int | None], list[Verdict]] = {}

    @cached_property
    def scales(self) -> list[str]:
        """Scales that have a record, as the declarations name them."""
        return [path.parent.name for path in sorted(Path(paths.RESULTS).glob("*/cells"))]

    def suite(self, scale: str = "paper", seeds: int | None = None) -> Suite:
        """The suite at a scale; UserError for one of which nothing is committed. seeds: repeats, as `--seeds` says."""
        if scale not in self.scales:
            raise UserError(f"no record of scale '{scale}' is committed under {FOLDER}{nearest(scale, self.scales)}")
        if (scale, seeds) not in self._suites:
            config: dict[str, Any] = {"scale": scale} | ({"seeds": seeds} if seeds else {})
            self._suites[scale, seeds] = Suite.load(self.root, config, validate=False)
        return self._suites[scale, seeds]

    def verdicts(self, paper: str, scale: str = "paper", seeds: int | None = None) -> list[Verdict]:
        """Verdicts of one document's claims from runs and searches; what needs neither cannot change with a record."""
        if (paper, scale, seeds) not in self._verdicts:
            suite = copy.copy(self.suite(scale, seeds))
            declared = choose(paper, suite.claims, "claims page", f"claims of scale {scale}")
            listed = [{k: v for k, v in c.items() if k not in ("printed", "identity")} for c in declared["claims"]]
            suite.claims = {**suite.claims, paper: {**declared, "claims": listed}}
            self._verdicts[paper, scale, seeds] = judge(suite, paper)
        return self._verdicts[paper, scale, seeds]


@contextlib.contextmanager
def committed(root: Path | str) -> Iterator[Committed]:
    """The committed records of a checkout, laid out as results/ in a temporary folder, which is the working directory
    for as long: nothing of the user's own results enters a page, and nothing that renders must know of both."""
    root = Path(root).resolve()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), remembered():
        for (scale, cell, seed), file in kept_records(root).items():
            _lay(file, Path(paths.record(scale, cell, seed)))
        for file in sorted((root / FOLDER).glob("*/records/*/searches/**/*.json.gz")):
            scale, _, *inside = file.relative_to(next(p for p in file.parents if p.name == "records")).parts
            _lay(file, Path(paths.RESULTS, scale, "searches", *inside).with_suffix(""))
        yield Committed(root)


def _lay(file: Path, place: Path) -> None:
    raw = file.read_bytes()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(gzip.decompress(raw) if file.suffix == ".gz" else raw)
