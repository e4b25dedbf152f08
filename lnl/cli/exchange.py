"""`lnl export`, `lnl keep`: all runs as one tidy file, and records that are worth committing."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

from lnl.cli.common import named
from lnl.declared import dependencies, paths
from lnl.declared.suite import Cell, Suite
from lnl.errors import UserError
from lnl.files import replacing
from lnl.results.records import read

COLUMNS = (
    "scale", "protocol", "dataset", "stand_in_for", "noise", "method", "seed", "status", "last10_mean", "final", "best",
    "realised_rate", "label_digest", "spec_digest", "stale", "epochs", "seconds", "device", "mode", "commit",
)  # fmt: skip


def export(suite: Suite, out: Path) -> int:
    """Write one line per record of the scale to a CSV file; returns the number of lines. UserError without any."""
    rows = [_line(suite, read(file)) for file in sorted(Path(paths.RESULTS, suite.scale, "cells").rglob("seed*.json"))]
    if not rows:
        raise UserError(_nothing(suite, "export"))
    with named(out), replacing(out) as temporary, temporary.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _nothing(suite: Suite, what: str) -> str:
    held = sorted(folder.parent.name for folder in Path(paths.RESULTS).glob("*/cells"))
    others = f"; {paths.RESULTS}/ holds runs of scale {', '.join(held)}: name one with --scale" if held else ""
    return f"no run of scale {suite.scale} to {what}{others}"


def _line(suite: Suite, record: dict[str, Any]) -> dict[str, Any]:
    result, origin = record["result"], record["provenance"]
    cell = Cell(result["protocol"], result["dataset"], result["noise"], result["method"])
    try:
        stale = suite.digest(cell) != result["digest"]
    except UserError:
        stale = True
    return {
        **{
            k: result.get(k)
            for k in ("scale", *("protocol", "dataset", "stand_in_for", "noise", "method", "seed", "status"))
        },
        **{k: result["summary"].get(k) for k in ("last10_mean", "final", "best")},
        "realised_rate": result["labels"]["realised_rate"],
        "label_digest": result["labels"]["digest"],
        "spec_digest": result["digest"],
        "stale": stale,
        "epochs": len(result["curves"].get("epoch", [])),
        **{k: origin.get(k) for k in ("seconds", "device", "mode", "commit")},
    }


def keep(suite: Suite, wanted: list[str], folder: Path) -> int:
    """Copy the records that artefacts demand, gzipped, below `folder`: compact and worth committing. Returns how many.

    Scores and results of the searches behind them come along.

    The bytes depend on the records alone. `lnl import` reads them back, and the page of what is reproduced finds them.
    UserError where there is nothing to keep.
    """
    count = 0
    for run in dict.fromkeys(run for key in suite.select(wanted) for run in suite.demand(key)):
        file = Path(paths.record(suite.scale, run.cell.id, run.seed))
        if not file.exists():
            continue
        place = folder / suite.scale / run.cell.id / f"seed{run.seed}.json.gz"
        _compress(file, place)
        count += 1
    for search in dict.fromkeys(search for key in suite.select(wanted) for search in dependencies.searches(suite, key)):
        there = suite.searching.scale
        source = Path(paths.search(there, search.id, search.seed))
        for file in [*sorted(source.glob("round*/scores.json")), source / "best.json"]:
            if file.exists():
                inside = Path(search.id, f"seed{search.seed}", file.relative_to(source))
                _compress(file, folder / there / "searches" / f"{inside}.gz")
    if not count:
        raise UserError(_nothing(suite, "keep"))
    return count


def _compress(file: Path, place: Path) -> None:
    with named(place), replacing(place) as temporary:
        temporary.write_bytes(gzip.compress(paths.content(file), mtime=0))
