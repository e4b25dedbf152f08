"""What quality.json.gz keeps beside its searches, so that a page of tables takes no computing: intervals and floors.

Both are made when the benchmark runs, and made again only where what they rest on is declared otherwise by now.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from lnl.declared.specification import digest
from lnl.files import dump_json, replacing, sealed
from lnl.results.search_quality import interval
from lnl.search import synthetic

Entry = dict[str, Any]
DIGITS = 6
SEARCH = {"draws": 4000, "starts": 12}  # of `floor`


def read(path: Path) -> dict[str, list[Entry]]:
    """Searches and floors of a quality.json.gz; none where there is no such file."""
    kept = sealed.read(path) if path.is_file() else {}
    return {"searches": kept.get("searches", []), "floors": kept.get("floors", [])}


def write(path: Path, searches: Iterable[Entry], floors: Iterable[Entry]) -> None:
    """It is written to be committed, and has no seal, as no committed record has one."""
    with replacing(path) as temporary:
        text = dump_json({"searches": list(searches), "floors": list(floors)})
        temporary.write_bytes(gzip.compress(text.encode(), mtime=0))


def rounded(value: float) -> float:
    """A number as it is kept."""
    return float(f"{value:.{DIGITS}g}")


def place(entry: Entry) -> tuple[str, str, str, str]:
    """Where in the tables a set of searches stands."""
    return entry["space"], entry["target"], entry["budget"], entry["algorithm"]


def random_of(entry: Entry) -> tuple[str, str, str, str]:
    """The place of the random searches that a set is held against."""
    return (*place(entry)[:3], "random")


def with_intervals(entries: Sequence[Entry]) -> list[Entry]:
    """Every set of searches that is held against random ones with the 95% interval of that, percent."""
    random = {place(e): e for e in entries if e["algorithm"] == "random" and not e["options"]}
    out = []
    for entry in entries:
        other = None if entry["options"] or entry["algorithm"] == "random" else random.get(random_of(entry))
        kept = entry.get("against_random")
        bare = {name: value for name, value in entry.items() if name != "against_random"}
        if other is not None and (kept is None or kept["digest"] != other["digest"]):
            low, high = interval(entry["final"], other["final"])
            kept = {"digest": other["digest"], "interval": [rounded(low), rounded(high)]}
        out.append(bare if other is None else {**bare, "against_random": kept})
    return out


def floors(
    root: Path, declared: dict[str, Any], curves: dict[str, dict[str, Any]], kept: Iterable[Entry]
) -> list[Entry]:
    """The lowest RMSE of each space for each target that is a curve. curves: what each space's declaration says."""
    known = {entry["digest"]: entry for entry in kept}
    out = []
    for target in declared["targets"]:
        content = synthetic.target(declared, target)
        for space, said in curves.items() if "optimum" not in content else ():
            of = digest({"target": content, "curves": said, "search": SEARCH})
            if of not in known:
                rmse = rounded(floor(root, declared, space, target))
                known[of] = {"space": space, "target": target, "digest": of, "rmse": rmse}
            out.append(known[of])
    return out


def floor(root: Path, declared: dict[str, Any], space: str, target: str) -> float:
    """The lowest RMSE of a space that a local search from the best of many draws finds."""
    where = synthetic.bed(root, declared, space, target)
    draws = np.random.default_rng(1).random((SEARCH["draws"], where.dimension))
    best = draws[np.argsort(where.error(draws))[: SEARCH["starts"]]]
    steps = 1e-6 * np.eye(where.dimension)

    def squared(u: np.ndarray) -> tuple[float, np.ndarray]:
        both = where.error(np.clip(np.concatenate([u + steps, u - steps]), 0.0, 1.0)) ** 2
        return float(where.error(u[None])[0] ** 2), (both[: len(u)] - both[len(u) :]) / 2e-6

    ends = [minimize(squared, u, jac=True, bounds=[(0.0, 1.0)] * len(u), method="L-BFGS-B").fun for u in best]
    return float(np.sqrt(max(min(ends), 0.0)))
