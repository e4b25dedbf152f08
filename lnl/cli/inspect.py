"""`lnl plan`, `lnl status`: what an artefact costs, and how far it is."""

from __future__ import annotations

import sys
from pathlib import Path

from lnl.cli.tables import Listing, line
from lnl.declared import dependencies, label_needs, paths, searches
from lnl.declared.cautions import cautions
from lnl.declared.search_file import SCORED_ON
from lnl.declared.stacked_repeats import together
from lnl.declared.suite import Run, Search, Suite
from lnl.errors import UserError
from lnl.files.locks import free
from lnl.render.amounts import duration, size
from lnl.results import rendered
from lnl.results.records import RunState, state_of
from lnl.run.price.cost import Correction, Cost, Estimator, on_gpu
from lnl.run.price.jobs import BESIDE
from lnl.search.files import current

PRICES = ("runs to train", "candidates", "jobs", "device time", "longest", "PFLOP", "memory ≥", "disk")
STATES = ("done", "running", "stopped", "diverged", "failed", "stale", "missing")


def plan(suite: Suite, wanted: str | list[str]) -> None:
    """Print runs, jobs, hours and disk per artefact, and of all together (shared runs once)."""
    keys = _wanted(suite, wanted)
    estimator = Estimator(suite)
    title = f"Scale {suite.scale}: {suite.scales[suite.scale]['title']}"
    less = [("PFLOP",), ("memory ≥",), ("longest",), ("disk",), ("jobs",)]
    shown = Listing(title, ("artefact", *PRICES), ("artefact",), less, apart=True)
    for key in keys:
        runs, found = dependencies.trained(suite, key), dependencies.searches(suite, key)
        _row(shown, key, estimator.cost(runs, found, [key]))
    every = [search for key in keys for search in dependencies.searches(suite, key)]
    total = estimator.cost((run for key in keys for run in dependencies.trained(suite, key)), every, keys)
    _row(shown, "together", total)
    shown.show()
    device = "GPU" if on_gpu(suite) else "CPU core"
    line(
        f"Device time is that of one {device}; n jobs side by side take an n-th of it. "
        "longest: of one training. together: runs that artefacts share count once."
    )
    if total.jobs:
        line(
            "Jobs are also those that draw labels, walk searches, publish the runs of a stack and render. "
            f"Device time has {BESIDE:g} s for each, beside its training: it is more on a busy machine or a cluster."
        )
    if every:
        line("Candidates are the trainings of searches; a search stands before the runs that use it.")
    if total.unpriced:
        trainings = "1 training has" if total.unpriced == 1 else f"{total.unpriced} trainings have"
        line(
            f"? {trainings} no price and no part in the sums: their work cannot be counted, or this device is not here "
            "and their protocol declares no runtime of it."
        )
    said = {
        "modelled": "≈ counted work over the measured speed of this device (a large network's from a small one's)"
        + _corrected(estimator.correction, device),
        "declared": "~ what the protocol declares for a run of its dearest method (runtime_of), by counted work, "
        "without stacks, replay or bfloat16: no such device is here to be measured.",
    }
    if total.basis in said:
        line(said[total.basis])


def _wanted(suite: Suite, wanted: str | list[str]) -> list[str]:
    """Artefacts that are asked for, and a line about each that lacks a label file and about what may be a slip; of all
    there are, without the former."""
    keys = suite.select(wanted)
    lacking = {key: why for key in keys if (why := label_needs.lacking(suite, key))}
    for key, why in lacking.items():
        if wanted == "all":
            print(f"{key} is left out: {why}")
        else:  # it is counted, as what is asked for, and cannot be made
            print(f"lnl: {label_needs.not_made(key, why)}", file=sys.stderr)
    kept = [key for key in keys if wanted != "all" or key not in lacking]
    for words in cautions(suite, kept):
        print(f"lnl: {words}", file=sys.stderr)
    return kept


def _corrected(correction: Correction, device: str) -> str:
    """How modelled prices are corrected, and what records there are besides: those of stacks correct none."""
    stacks = "Such a price is of a run alone: stacks take less."
    if not correction.alone + correction.stacked:
        return f"; no run that an artefact wants at this scale has been measured on a {device} yet. {stacks}"
    spread = f" (half of them within {100 * correction.error:.0f}% of that)" if correction.kinds > 1 else ""
    factor = f", times {correction.factor:.2f}: what {_kinds(correction.kinds)} of runs took{spread}"
    nothing = ", not corrected: no run alone that it can price has been measured"
    counts = ((correction.alone, "alone"), (correction.stacked, "in stacks"))
    measured = " and ".join(f"{_kinds(count)} trained {how}" for count, how in counts if count)
    corrected = factor if correction.kinds else nothing
    return f"{corrected}. {stacks} Runs of kinds that were measured cost what those took: {measured}."


def _kinds(count: int) -> str:
    return "1 kind" if count == 1 else f"{count} kinds"


def _row(shown: Listing, key: str, cost: Cost) -> None:
    todo = cost.todo + cost.candidates_todo
    sign = {"measured": "", "modelled": "≈ ", "declared": "~ "}[cost.basis]
    counts = [
        f"{left} of {all_of_them}" if all_of_them else "-"
        for left, all_of_them in ((cost.todo, cost.runs), (cost.candidates_todo, cost.candidates))
    ]
    work = (f"{cost.petaflop:,.0f}" if cost.petaflop >= 10 else f"{cost.petaflop:.2g}") if cost.petaflop else "-"
    memory = size(cost.memory_mb) if cost.memory_mb else "-"
    more = " + ?" if cost.unpriced else ""
    times = (sign + duration(cost.hours) + more, duration(cost.longest)) if todo > cost.unpriced else ("?", "?")
    prices = (*times, work, memory, size(cost.disk_mb)) if todo else ("-",) * 5
    shown.add(key, *counts, f"{cost.jobs:,}" if cost.jobs else "-", *prices)


def _rendered(suite: Suite, key: str) -> str:
    """yes, incomplete: something that it demands is missing; outdated: made of other things than are there now; no."""
    if not any(Path(file).exists() for file in rendered.files(suite, key)):
        return "no"
    if rendered.whole(suite, key):
        return "yes"
    return "incomplete" if rendered.missing(suite, key) else "outdated"


def status(suite: Suite, wanted: str | list[str]) -> None:
    """Print how many runs of each artefact are done, running, stopped, diverged, failed, stale or missing."""
    keys = _wanted(suite, wanted)
    states = {
        run: _state(suite, state_of(suite, run.cell, run.seed))
        for key in keys
        for run in dependencies.trained(suite, key)
    }
    there = {word for word, _ in states.values()}
    less = [(word,) for word in ("stale", "diverged", "failed", "stopped", "running") if word not in there]
    words = ("artefact", "rendered")
    title = f"Scale {suite.scale}, runs by state"
    shown = Listing(title, (words[0], *STATES, words[1]), words, less, " (no run is)")
    for key in keys:
        counts = [states[run][0] for run in suite.demand(key)]
        shown.add(key, *(str(counts.count(w) or "·") for w in STATES), _rendered(suite, key))
    shown.show()
    untouched = 0
    for search in dict.fromkeys(search for key in keys for search in dependencies.searches(suite, key)):
        if Path(paths.search(suite.searching.scale, search.id, search.seed)).exists():
            print(f"search {search.id} seed {search.seed}: {progress(suite.searching, search)}")
        else:
            untouched += 1
    if untouched:
        line("1 search has not begun" if untouched == 1 else f"{untouched} searches have not begun")
    for run, (word, state) in states.items():
        if word in ("diverged", "failed", "stale"):
            log = f", log {state.log}" if state.log else ""
            print(f"{word}: {run.cell.id} seed {run.seed}: {state.reason}{log}")


def progress(suite: Suite, search: Search) -> str:
    """How far a search is, in words, and which of its candidates have failed."""
    folder = Path(paths.store(suite.scale, f"{search.protocol}/{search.dataset}/{search.noise}", 0)).parent
    pattern = f"{search.method}-{search.name}-search{search.seed}-*/seed*/failure.json"
    failed = sorted(folder.glob(pattern))
    said = ""
    if failed:
        said = f"; {len(failed)} failed, the first with {_failure(failed[0])}"
    return _how_far(suite, search) + said


def _failure(note: Path) -> str:
    try:
        found = paths.read(note)
        return f"{found['class']}: {found['message']}, log {found.get('log')}"
    except (UserError, KeyError):
        return f"a note that cannot be read, {note}"


def _how_far(suite: Suite, search: Search) -> str:
    at = (suite.scale, search.id, search.seed)
    planned = searches.rounds(suite, search)
    if current(suite, search, paths.best(*at)):
        best = paths.read(paths.best(*at))
        value = f"{best['parameter']} = {best['best']['value']}, " if "parameter" in best else ""
        score = f"{value}{100 * best['best']['score']:.2f}% on {SCORED_ON[best['scored_on']]}"
        return f"done, best of {best['candidates']} candidates {score}"
    for round, candidates in enumerate(planned):
        if not current(suite, search, paths.scores(*at, round + 1)):
            blocks = len(searches.blocks(suite, search, round))
            there = [paths.block(*at, round + 1, block + 1) for block in range(blocks)]
            done = sum(current(suite, search, path) for path in there)
            return f"round {round + 1} of {len(planned)}, {done} of {blocks} jobs of its {len(candidates)} candidates"
    return "all rounds scored"


def _state(suite: Suite, state: RunState) -> tuple[str, RunState]:
    if state.state == "ok":
        return "done", state
    if state.state in ("missing", "stale", "failed"):
        folder = Path(paths.store(suite.scale, state.cell.id, state.seed))
        if (folder / "lock").exists() and not free(folder / "lock"):
            return "running", state
        stacked = folder.parent.glob("seed*/stack-*.pt") if together(suite, Run(state.cell, state.seed)) else ()
        begun = folder.glob(f"checkpoint-{suite.digest(state.cell)}*.pt")  # as it is declared today: it would go on
        if state.state == "missing" and (any(begun) or any(stacked)):
            return "stopped", state
    return state.state, state
