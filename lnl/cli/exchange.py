"""`lnl export`, `lnl import`: all runs as one tidy file, and results of another machine."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

from lnl.declared import dependencies, paths
from lnl.declared.specification import digest
from lnl.declared.suite import Cell, Run, Suite
from lnl.errors import UserError
from lnl.files import replacing, write_json_atomic
from lnl.results.records import read
from lnl.run.store import Store
from lnl.search.files import choice, searched

COLUMNS = (
    "scale", "protocol", "dataset", "stand_in_for", "noise", "method", "seed", "status", "last10_mean", "final", "best",
    "realised_rate", "label_digest", "spec_digest", "stale", "epochs", "seconds", "device", "mode", "commit",
)  # fmt: skip


def export(suite: Suite, out: Path) -> int:
    """Write one line per record of the scale to a CSV file; returns the number of lines. UserError without any."""
    rows = [_line(suite, read(file)) for file in sorted(Path(paths.RESULTS, suite.scale, "cells").rglob("seed*.json"))]
    if not rows:
        raise UserError(_nothing(suite, "export"))
    with replacing(out) as temporary, temporary.open("w", newline="") as stream:
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
    with replacing(place) as temporary:
        temporary.write_bytes(gzip.compress(file.read_bytes(), mtime=0))


def bring_in(suite: Suite, folder: Path) -> dict[str, int]:
    """Merge records of another machine: a folder that contains records anywhere below it. Nothing here is overwritten.

    A record's digest is checked against the specification inside it, and against today's declaration. Counts by
    outcome: `imported`, `here already`, `other declaration`, `conflict` (a different result of the same run is here).
    UserError if the folder holds neither record nor search, or a record whose digest does not fit its specification.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; name a results folder or docs/reproduction/…")
    files = sorted(
        f for pattern in ("seed*.json", "seed*.json.gz") for f in folder.rglob(pattern) if "store" not in f.parts
    )
    found = sorted(f for name in ("scores", "best") for f in folder.rglob(f"{name}.json*"))
    if not files and not found:
        raise UserError(f"{folder}: no records (seed*.json) and no searches (scores.json, best.json) below it")
    counts = dict.fromkeys(
        (
            "imported",
            "here already",
            "other declaration",
            "conflict",
            "other scale",
            "without its search",
            "other schedule",
        ),
        0,
    )
    # a run with a searched R is looked up by what its search has found, so searches come first
    pages: dict[Path, list[Path]] = {}
    for file in found:
        pages.setdefault(file.parent if file.name.startswith("best") else file.parents[1], []).append(file)
    for files_of_one in pages.values():
        for outcome in _merge_search(suite.searching, files_of_one):
            counts[outcome] += 1
    for file in files:
        record = read(file)
        result = record["result"]
        if digest(result["spec"]) != result["digest"]:
            raise UserError(f"{file}: the record's digest does not fit its own specification; the file was altered")
        if result["scale"] != suite.scale:
            counts["other scale"] += 1
            continue
        counts[_merge(suite, record)] += 1
    if {result for result, number in counts.items() if number} == {"other scale"}:
        scales = sorted({read(file)["result"]["scale"] for file in files})
        raise UserError(
            f"{folder}: nothing of scale {suite.scale}; its runs are of scale {', '.join(scales)}: add --scale"
        )
    return counts


def _merge_search(suite: Suite, files: list[Path]) -> list[str]:
    """Pages of one search and its result, put where this scale looks for them: all of them, or none if one differs."""
    at_scale = files[0].parts[files[0].parts.index("searches") - 1] if "searches" in files[0].parts else suite.scale
    if at_scale != suite.scale and at_scale in suite.scales:
        return ["other scale"] * len(files)
    found: list[tuple[Path, dict[str, Any]]] = []
    for file in files:
        raw = file.read_bytes()
        try:
            page = json.loads(gzip.decompress(raw) if file.suffix == ".gz" else raw)
            if not isinstance(page["seed"], int) or not isinstance(page.get("round", 1), int):
                return ["other declaration"] * len(files)  # both become parts of a path
            search = suite.parse_search(page["search"], page["seed"])
            current = suite.search_digest(search) == page["digest"]
        except (UserError, OSError, ValueError, KeyError, TypeError):
            current = False
        if not current:
            return ["other declaration"] * len(files)
        at = (suite.scale, search.id, search.seed)
        found.append((Path(paths.scores(*at, page["round"]) if "round" in page else paths.best(*at)), page))
    there = [target for target, _ in found if target.exists()]
    if any(json.loads(target.read_text()) != page for target, page in found if target in there):
        return ["conflict"] * len(files)
    for target, page in found:
        if target not in there:
            write_json_atomic(target, page)
    return ["here already" if target in there else "imported" for target, _ in found]


def _merge(suite: Suite, record: dict[str, Any]) -> str:
    result = record["result"]
    cell = Cell(result["protocol"], result["dataset"], result["noise"], result["method"])
    try:
        if suite.digest(cell) != result["digest"]:
            return "other declaration"
    except UserError:
        return "other declaration"
    if not searched(suite, cell):
        return "without its search"
    store = Store(suite, Run(cell, result["seed"]))
    if choice(result.get("searched")) != store.choice:
        return "other schedule"
    with store.lock():
        store.adopt()
        if store.record_file.exists():
            mine = json.loads(store.record_file.read_text())["result"]
            return "here already" if mine == result else "conflict"
        store.save(record)
        store.publish()
    return "imported"
