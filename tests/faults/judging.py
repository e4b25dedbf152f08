"""What has to hold whatever was done to a suite: nothing lost, nothing mixed, nothing left where it does not belong.

Each judgement is made from the files alone, apart from the code that wrote them: a table's means are computed again
from the records that should count, and a record is held against that of a checkout to which nothing has happened.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lnl.declared import dependencies, paths, searches
from lnl.declared.suite import Run, Suite
from lnl.files import sealed

from .tiny_suite import LABELS, STATE, TinySuite

MUTABLE = (LABELS, "methods/coteaching.py", "config/scales/demo.yaml", "tables/tiny.yaml")
NAME = ("scale", "protocol", "dataset", "noise", "method")


class References:
    """Results of runs in a checkout to which nothing ever happens, each trained once."""

    def __init__(self, undisturbed: TinySuite) -> None:
        self.undisturbed = undisturbed
        self._known: dict[tuple[object, ...], dict[str, Any] | None] = {}

    def of(self, suite: TinySuite, loaded: Suite, run: Run, learn: bool = False) -> dict[str, Any] | None:
        """`result` of a run as `suite` declares it, on the labels and with the search's result that lie there; None
        while its search has none."""
        search = searches.search_of(loaded, run.cell)
        best = suite.root / paths.best(loaded.scale, search.id, search.seed) if search else None
        if best and not _sound(best):
            return None
        labels = _sha(suite.root / LABELS) if run.cell.noise == "file-mine" else ""
        key = (run.cell.id, run.seed, loaded.digest(run.cell), labels, _sha(best) if best else "")
        if key not in self._known:
            self._known[key] = published(suite, loaded, run) if learn else self._trained(suite, loaded, run, best)
        return self._known[key]

    def learn(self, suite: TinySuite, loaded: Suite, run: Run) -> None:
        """Take the published record of a suite to which nothing has happened yet."""
        self.of(suite, loaded, run, learn=True)

    def _trained(self, suite: TinySuite, loaded: Suite, run: Run, best: Path | None) -> dict[str, Any]:
        clean = self.undisturbed
        shutil.rmtree(clean.root / "results", ignore_errors=True)
        for name in MUTABLE:
            shutil.copyfile(suite.root / name, clean.root / name)
        if best:
            (place := clean.root / best.relative_to(suite.root)).parent.mkdir(parents=True)
            shutil.copyfile(best, place)
        for source, point in dependencies.handovers(loaded, run).values():
            ended = clean.lnl("handover", source.cell.id, "--seed", str(source.seed), "--point", point)
            assert ended.status == 0, ended.said
        ended = clean.lnl("train", run.cell.id, "--seed", str(run.seed))
        assert ended.status == 0, ended.said
        found: dict[str, Any] = json.loads((clean.root / _record(loaded, run)).read_bytes())["result"]
        return found


def _sound(file: Path) -> bool:
    try:
        return bool(sealed.read(file))
    except (OSError, ValueError):
        return False


def finished(suite: TinySuite) -> dict[str, list[str]]:
    """Finished results that lie in a place of their own, published or kept: digest of `result` -> files."""
    found: dict[str, list[str]] = {}
    base = suite.root / "results/demo"
    for file in (*base.glob("cells/*/*/*/*/seed*.json"), *base.glob("store/*/*/*/*/*/record-*.json")):
        result = _result(file)
        parts = file.relative_to(base).parts
        seed = file.stem if parts[0] == "cells" else parts[-2]
        if result and ["demo", *parts[1:5], seed] == [*(result.get(key) for key in NAME), f"seed{result.get('seed')}"]:
            found.setdefault(digest(result), []).append(str(file.relative_to(suite.root)))
    return found


def outside(suite: TinySuite) -> set[str]:
    """All files of the checkout that are not where commands write."""
    return {
        str(path.relative_to(suite.root))
        for entry in suite.root.iterdir()
        if entry.name not in STATE
        for path in (entry, *entry.rglob("*"))
        if "__pycache__" not in path.parts
    }


def unequal(suite: TinySuite, loaded: Suite, references: References, runs: Iterable[Run]) -> Iterator[tuple[Run, bool]]:
    """Runs whose published record is not what an undisturbed run gives: (run, whether it claims to be)."""
    for run in runs:
        result = published(suite, loaded, run)
        today = result is not None and result.get("digest") == loaded.digest(run.cell)
        wanted = references.of(suite, loaded, run) if today else None
        if result is None or result != wanted:
            yield run, bool(result and wanted and _claims(result) == _claims(wanted))


def published(suite: TinySuite, loaded: Suite, run: Run) -> dict[str, Any] | None:
    """`result` of a published record; None where there is none that can be read."""
    return _result(suite.root / _record(loaded, run))


def rows(suite: TinySuite) -> list[dict[str, str]]:
    """The table as CSV has it; nothing where there is none."""
    table = suite.root / "results/demo/tables/tiny.csv"
    return list(csv.DictReader(table.read_text().splitlines())) if table.is_file() else []


def mixed(suite: TinySuite, loaded: Suite) -> Iterator[str]:
    """Numbers of the table that are not the mean of all records of one specification, one data set and one vector of
    labels, each of its own seed, that lie there."""
    for row in rows(suite):
        if not row["cell"]:
            continue
        cell = loaded.parse(row["cell"])
        runs = [run for run in loaded.demand("tiny") if run.cell == cell]
        results = [published(suite, loaded, run) for run in runs]
        sound = [
            result
            for run, result in zip(runs, results, strict=True)
            if result and result["digest"] == loaded.digest(cell) and _is_of(result, run)
        ]
        told = int(row["n"]), round(float(row["mean"]), 9) if row["mean"] else None
        if told != (0, None) and told not in set(_means(sound)):
            yield f"{row['cell']}: the table says {told}, its records {sorted(set(_means(sound)))}"


def _means(results: list[dict[str, Any]]) -> Iterator[tuple[int, float]]:
    """(n, mean) of the records of each vector of labels and each data set among these."""
    for kind in {_bytes(result) for result in results}:
        values = [_last(result) for result in results if _bytes(result) == kind]
        yield len(values), round(sum(values) / len(values), 9)


def _last(result: dict[str, Any]) -> float:
    """Mean over the networks of the accuracy after the last epochs that were trained, from the curves."""
    curves = [network[1:][-10:] for network in result["curves"]["test_accuracy"]]  # the first is of untrained networks
    return sum(sum(curve) / len(curve) for curve in curves) / len(curves)


def _claims(result: dict[str, Any]) -> list[object]:
    said = {key: result.get(key) for key in (*NAME, "seed", "digest")}
    searched = result.get("searched") or {}
    return [said, _bytes(result), searched.get("schedule")]


def _bytes(result: dict[str, Any]) -> tuple[object, object]:
    return result.get("data_digest"), (result.get("labels") or {}).get("digest")


def _is_of(result: dict[str, Any], run: Run) -> bool:
    own = [*run.cell.id.split("/"), run.seed]
    return [result.get(key) for key in (*NAME[1:], "seed")] == own


def _record(loaded: Suite, run: Run) -> str:
    return paths.record(loaded.scale, run.cell.id, run.seed)


def _result(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_bytes())["result"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def digest(result: dict[str, Any]) -> str:
    """What tells results apart."""
    return hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()[:16]


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
