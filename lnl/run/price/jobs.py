"""How many jobs a start has, and what each takes beside its training: of many short runs that is most of the time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from lnl.declared import dependencies, paths
from lnl.declared import searches as find
from lnl.declared.stacked_repeats import together
from lnl.declared.suite import Run, Search, Suite
from lnl.results import rendered
from lnl.search.files import current

#: Seconds of a core that a job of the warm worker takes beside its training (docs/performance.md). No record has them:
#: its seconds begin where the training does, so that prices by records leave them out as well.
BESIDE = 0.3


def jobs(suite: Suite, todo: Iterable[Run], searches: Iterable[Search], artefacts: Iterable[str]) -> int:
    """Jobs by which runs are trained, searches walked and artefacts rendered, what these need included; without the
    report.

    todo: runs without a valid record.
    """
    runs, open_ones = list(todo), [s for s in searches if not _there(suite, s)]
    keys = list(artefacts)
    missing = {path for path in _inputs(suite, runs, open_ones) if not os.path.exists(path)}
    stacks = {(run.cell, seeds) for run in runs if (seeds := together(suite, run))}
    arms = {arm for key in keys for arm in dependencies.studies(suite, key) if not rendered.current_arm(suite, *arm)}
    steps = sum(_steps(suite.searching, search) for search in open_ones)
    shown = sum(not rendered.whole(suite, key) for key in keys)
    return len(runs) + len(stacks) + len(missing) + len(arms) + steps + shown


def _inputs(suite: Suite, runs: Iterable[Run], searches: Iterable[Search]) -> Iterator[str]:
    """Manifests and hand-overs of runs and of searches' candidates, each as often as something needs it."""
    for run in runs:
        yield paths.data(suite.scale, run.cell.dataset)
        yield dependencies.noise_manifest(suite, run)
        if (sets := dependencies.set_manifest(suite, run)) is not None:
            yield sets
        own = suite.own_noise(run.cell.noise, run.cell.dataset)
        yield from (paths.data(suite.scale, each.key) for each in (own.sources if own else ()))
        for source, point in dependencies.sources(suite, run):
            yield paths.handover(suite.scale, source.cell.id, source.seed, point)
    for search in searches:
        yield paths.data(suite.searching.scale, search.dataset)
        yield dependencies.search_labels(suite.searching, search)


def _steps(suite: Suite, search: Search) -> int:
    """Jobs of a search without a result: proposals, blocks of candidates and scores of each round, and the end."""
    count = 1
    for round in range(len(find.rounds(suite, search))):
        at = (suite.scale, search.id, search.seed)
        if not current(suite, search, paths.scores(*at, round + 1)):
            done = current(suite, search, paths.proposals(*at, round + 1))
            blocks = range(len(find.blocks(suite, search, round)))
            count += 2 - done + sum(not current(suite, search, paths.block(*at, round + 1, b + 1)) for b in blocks)
    return count


def _there(suite: Suite, search: Search) -> bool:
    return current(suite.searching, search, paths.best(suite.searching.scale, search.id, search.seed))
