"""How good the search algorithms are on declared targets: `python -m benchmarks.search_quality`. Nothing is timed.

Every variant against random search in every space at the published 100 evaluations, the sound ones also at 400 and at
40; what p_theta looks like after one step and at the end; the grid on which step and memory were fixed. Finished
searches, the intervals over them and the lowest error of each space are kept in quality.json.gz and not made again
unless their declaration changes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import quality_store, quality_tables
from lnl.declared.reading import read_yaml
from lnl.declared.specification import digest
from lnl.search import synthetic

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reproduction" / "search_quality"
CURVES = ("inside", "late-rise", "coteaching")
SOUND = ("natural-gradient", "newton", "gradient")
#: Bayesian optimisation takes ten seconds a search, and 10,000 draws of 200 numbers take long, too: on these only.
SELECTED = ("inside", "quadratic")
STEPS, MEMORIES = (0.3, 0.6, 1.0, 1.5), (2, 4, 8)
SHRINKS = (0.1, 0.3, 0.6)


def case(declared: dict[str, Any], space: str, target: str, budget: str, name: str, **options: Any) -> dict[str, Any]:
    """One set of searches: its place in the tables, all that its results depend on, and the digest of both."""
    place = {"space": space, "target": target, "budget": budget, "algorithm": name, "options": options}
    content = {
        "algorithm": {**declared["algorithms"][name]["algorithm"], **options},
        "target": synthetic.target(declared, target),
        "budget": declared["budgets"][budget],
        "repeats": declared["repeats"],
    }
    if "optimum" not in content["target"]:  # a quadratic bed has no use for the space
        content["curves"] = curves(space)
    return {**place, "digest": digest({**place, **content}), "declared": content}


@cache
def curves(space: str) -> dict[str, Any]:
    """What a space's declaration says about its curves, without title and source."""
    declared: dict[str, Any] = read_yaml(ROOT / "config" / "spaces" / f"{space}.yaml")
    return {key: declared[key] for key in ("formula", "written", "clip", "coordinates")}


def spaces() -> list[str]:
    """All declared spaces, the proposed one first."""
    names = sorted(path.stem for path in (ROOT / "config" / "spaces").glob("*.yaml"))
    return sorted(names, key=lambda name: (name != "two-decays", name))


def slow(declared: dict[str, Any], space: str, name: str) -> bool:
    """Whether an algorithm takes minutes rather than seconds for its 60 searches."""
    algorithm = declared["algorithms"][name]["algorithm"]
    return algorithm["name"] == "bayesian" or (space == "free" and "fisher_samples" in algorithm)


def cases(declared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every set of searches, the cheap ones first."""
    beds = [("two-decays", "quadratic"), *((space, target) for target in CURVES for space in spaces())]
    for space, target in beds:
        for name in declared["algorithms"]:
            if not slow(declared, space, name):
                yield case(declared, space, target, "published", name)
        for name in ("random", *SOUND):
            yield case(declared, space, target, "small", name)
    for space, target in beds:
        if space == "two-decays":
            for name in ("random", *SOUND):
                yield case(declared, space, target, "long", name)
    yield from tuning(declared)
    for space, target in beds:
        for name in declared["algorithms"]:
            if slow(declared, space, name) and target in SELECTED:
                yield case(declared, space, target, "published", name)


def tuning(declared: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The sound forms on the tuning targets, over step, memory and shrinkage."""
    for budget in declared["budgets"]:
        for target in declared["tuning_targets"]:
            yield case(declared, "two-decays", target, budget, "random")
            for step in STEPS:
                for memory in MEMORIES:
                    yield case(declared, "two-decays", target, budget, "natural-gradient", step=step, memory=memory)
            for shrink in SHRINKS:
                yield case(declared, "two-decays", target, budget, "newton", shrink=shrink)


def run(wanted: dict[str, Any]) -> dict[str, Any]:
    """Search, and keep the final errors and the shape of p_theta after one step and at the end.

    Of the tuning, whose searches are held against nothing but their median, the median is all that is kept.
    """
    declared = wanted["declared"]
    whole = synthetic.load(ROOT)
    where = synthetic.bed(ROOT, whole, wanted["space"], wanted["target"])
    budget = declared["budget"]
    found = synthetic.search(where, declared["algorithm"], budget["rounds"], budget["samples"], declared["repeats"])
    shape = None
    if np.isfinite(found["theta"]).all():
        shape = {
            f"{what}_{when}": float(middle(found[what][:, place]))
            for what, middle in (("theta", np.median), ("spread", np.median), ("pinned", np.mean))
            for when, place in (("after_one_step", 0), ("at_the_end", -1))
        }
    return slim({**wanted, "final": found["best"][:, -1].tolist(), "shape": shape})


def slim(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry as it is kept: six digits, no declaration beside its digest."""
    final = [np.median(entry["final"])] if entry["options"] else entry["final"]
    kept = {name: value for name, value in entry.items() if name not in ("declared", "final")}
    return {**kept, "final": [quality_store.rounded(value) for value in final]}


def main() -> None:
    """Run what is missing, then print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of quality.json.gz and quality.md")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--without", default="", help="algorithms to leave out, with commas between (bayesian)")
    parser.add_argument("--no-run", action="store_true", help="only print and write what there is")
    asked = parser.parse_args()
    declared = synthetic.load(ROOT)
    store = asked.out / "quality.json.gz"
    before = quality_store.read(store)
    kept = {entry["digest"]: entry for entry in before["searches"]}
    without = set(filter(None, asked.without.split(",")))
    wanted = [entry for entry in cases(declared) if entry["algorithm"] not in without]
    missing = [] if asked.no_run else [entry for entry in wanted if entry["digest"] not in kept]
    asked.out.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(asked.jobs) as pool:
        for number, result in enumerate(pool.map(run, missing), 1):
            kept[result["digest"]] = result
            if number % 25 == 0 or number == len(missing) or result["algorithm"] == "bayesian":
                quality_store.write(store, kept.values(), before["floors"])
                print(f"{number} of {len(missing)} sets of searches", flush=True)
    entries = quality_store.with_intervals([kept.pop(e["digest"]) for e in cases(declared) if e["digest"] in kept])
    floors = quality_store.floors(ROOT, declared, {space: curves(space) for space in spaces()}, before["floors"])
    others = kept.values() if asked.no_run else ()  # a run leaves out what is declared otherwise by now
    quality_store.write(store, [*entries, *others], floors)
    text = quality_tables.render(declared, entries, floors)
    print(text)
    quality_tables.insert(asked.out / "quality.md", text)


if __name__ == "__main__":
    main()
