"""`lnl export`, `lnl keep`: all runs as one tidy file, and records that are worth committing."""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lnl.cli import carried_manifests
from lnl.cli.common import named
from lnl.declared import dependencies, paths
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import replacing, said
from lnl.results.curve_rows import COLUMNS as CURVES
from lnl.results.curve_rows import curves as curves_of
from lnl.results.curve_rows import lines as curve_lines
from lnl.results.run_rows import every, rows


def export(suite: Suite, out: Path, curves: Path | None = None) -> int:
    """Write a line per record of the scale to a CSV file, and a line per epoch of each curve to another one; says so.

    A record that cannot be believed is named on standard error and left out: it costs the others nothing, and the next
    start names it again and trains it anew. Returns the number of runs; UserError where there is none.
    """
    if curves is not None and curves.absolute() == out.absolute():
        raise UserError(f"--curves {curves}: is the file of the runs; name another one")
    found = every(suite, _warn)
    if not found:
        raise UserError(_nothing(suite, "export"))
    columns, lines = rows(suite, found)
    _write(out, columns, lines)
    print(f"{out}: {len(lines)} runs")
    if curves is not None:
        about, of_runs = curves_of(suite, found, None, _warn)
        _write(curves, CURVES, curve_lines(about, of_runs))
        print(f"{curves}: {len(of_runs)} curves of {len(about)} runs")
    return len(lines)


def _warn(line: str) -> None:
    print(f"lnl: {said(line)}; left out", file=sys.stderr)


def _write(out: Path, columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> None:
    with named(out), replacing(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(lines)


def _nothing(suite: Suite, what: str) -> str:
    held = sorted(folder.parent.name for folder in Path(paths.results()).glob("*/cells"))
    others = f"; {paths.results()}/ holds runs of scale {', '.join(held)}: name one with --scale" if held else ""
    return f"no run of scale {suite.scale} to {what}{others}"


def keep(suite: Suite, wanted: list[str], folder: Path) -> int:
    """Copy the records that artefacts demand, gzipped, below `folder`: compact and worth committing. Returns how many.

    Scores and results of the searches behind them come along, and the manifests of labels and sets, which of labels
    that a network has predicted are all there is.

    The bytes depend on the records alone. `lnl import` reads them back, and the page of what is reproduced finds them.
    UserError where there is nothing to keep, or the folder has what was trained on other labels.
    """
    asked = dict.fromkeys(run for key in suite.select(wanted) for run in suite.demand(key))
    places = {run: Path(paths.record(suite.scale, run.cell.id, run.seed)) for run in asked}
    records = {run: file for run, file in places.items() if file.exists()}
    if not records:
        raise UserError(_nothing(suite, "keep"))
    of_labels = carried_manifests.of_runs(suite, records, folder)
    for run, file in records.items():
        _compress(file, folder / suite.scale / run.cell.id / f"seed{run.seed}.json.gz")
    for place, manifest in of_labels.items():
        _compress(manifest, place)
    for search in dict.fromkeys(search for key in suite.select(wanted) for search in dependencies.searches(suite, key)):
        there = suite.searching.scale
        source = Path(paths.search(there, search.id, search.seed))
        for file in [*sorted(source.glob("round*/scores.json")), source / "best.json"]:
            if file.exists():
                inside = Path(search.id, f"seed{search.seed}", file.relative_to(source))
                _compress(file, folder / there / "searches" / f"{inside}.gz")
    return len(records)


def _compress(file: Path, place: Path) -> None:
    with named(place), replacing(place) as temporary:
        temporary.write_bytes(gzip.compress(paths.content(file), mtime=0))
