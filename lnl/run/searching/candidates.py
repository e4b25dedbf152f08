"""Training the candidates of a round: the same runs as any other, with a schedule in place of a ramp.

Each finished candidate is kept in the store at once, under the digest of its specification: whatever happens to the
job, to the round or to the files of the DAG, nothing is trained twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lnl.declared import origin, paths, searches
from lnl.declared.cells import Search
from lnl.declared.data_places import Places
from lnl.engine.loop import Stopped
from lnl.engine.progress import Progress, unwatched
from lnl.run import checkpoints, handed_over
from lnl.run.searching import chain
from lnl.run.searching.page import Page
from lnl.run.store import Store, Trained
from lnl.run.train import held, train
from lnl.search.files import current, read

if TYPE_CHECKING:
    from lnl.declared.suite import Suite

Progresses = Callable[[str], AbstractContextManager[Progress]]  # a progress bar for a title


def train_block(
    page: Page,
    block: int,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progresses,
    log: str | None,
) -> None:
    """Train the candidates of a block and write their scores.

    A candidate that fails costs its neighbours nothing: it is reported when they are done.
    """
    suite, search, known = page.suite, page.search, page.known()
    members = searches.blocks(suite, search, page.round)[block]
    if searches.mode(suite, search) == "stacked" and not set(members) <= set(known):
        from lnl.run.job import fail_unfinished
        from lnl.run.stack import train_stack

        runs = [page.run(index) for index in members]
        try:
            with progress(f"round {page.round + 1}, {len(members)} candidates") as bar:
                train_stack(suite, runs, places, device, stop, bar)
        except Stopped:
            raise
        except Exception as error:
            fail_unfinished(suite, runs, error, log)
            raise
    entries, failed = [], None
    for index in members:
        if index in known:
            entries.append(known[index])
            continue
        title = f"round {page.round + 1}, candidate {index + 1} of {len(page.proposed)}"
        try:
            with progress(title) as bar:
                outcome = trained(page, index, places, device, stop, bar)
            entries.append(page.entry(index, outcome))
        except Stopped:
            raise
        except Exception as error:
            Store(suite, page.run(index)).fail(error, log)
            failed = error
    if failed:
        raise failed
    page.write_block(block, entries)


def trained(
    page: Page,
    index: int,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progress,
) -> Trained:
    """One candidate, trained as far as its round wants it; from the store as far as it has come.

    While another process is at it, wait for what it makes of it.
    """
    suite, run, until = page.suite, page.run(index), page.until(index)
    store = Store(suite, run)
    with held(store, stop):
        known = _so_far(page, index)
        if known:
            return known
        start = _networks_before(page, index, places, device, stop) if page.points() else None
        whole = until >= page.declared.candidate["epochs"]
        return train(
            suite,
            run,
            places,
            device,
            stop,
            progress,
            until=None if whole else until,
            start=start,
            with_optimiser=page.declared.spec["candidates"] == "shared-with-optimiser",
            points=page.points(),
        )


def _so_far(page: Page, index: int) -> Trained | None:
    """What the store holds of a candidate, if it has come as far as its round wants it (or diverged before)."""
    suite, run = page.suite, page.run(index)
    known = page.stored(index)
    if known is None:
        file, today = Store(suite, run).checkpoint_file, origin.manifests(suite, run)
        saved = checkpoints.begun(file, [checkpoints.name(suite, run)], [today])
        if saved is not None and saved["training"]["position"]["epoch"] >= page.until(index):
            return Trained(saved["training"]["curves"][0], saved["training"]["diverged"][0])
    return known


def _networks_before(
    page: Page, index: int, places: Places, device: torch.device, stop: Callable[[], bool]
) -> dict[str, Tensor] | None:
    """Networks that the candidate before has left (weight sharing); None for the first, or after one that diverged."""
    if index == 0 and page.round == 0:
        return None
    before = page if index else page.before(page.round - 1)
    place = (index or len(before.proposed)) - 1
    outcome = trained(before, place, places, device, stop, unwatched)
    if outcome.diverged:
        return None
    return handed_over.load(Store(page.suite, before.run(place)).handover_file("final"))


def walk(
    suite: Suite,
    search: Search,
    places: Places,
    device: torch.device,
    stop: Callable[[], bool],
    progress: Progresses,
    say: Callable[[str], None],
) -> Path:
    """The whole chain in this process, from wherever it stands; returns the path of the result."""
    at = (suite.scale, search.id, search.seed)
    for round in range(len(searches.rounds(suite, search))):
        started = time.monotonic()
        if current(suite, search, paths.scores(*at, round + 1)):
            continue
        if not current(suite, search, paths.proposals(*at, round + 1)):
            chain.propose(suite, search, round)
        page = Page(suite, search, round)
        for block in range(len(searches.blocks(suite, search, round))):
            if not current(suite, search, paths.block(*at, round + 1, block + 1)):
                train_block(page, block, places, device, stop, progress, None)
        chain.score(suite, search, round)
        scored = read(suite, search, paths.scores(*at, round + 1))["candidates"]
        scores = [c["score"] for c in scored if c["score"] is not None]
        best = f"best {100 * max(scores):.2f}%" if scores else "all diverged"
        say(f"round {round + 1}: {len(scored)} candidates, {best}, {time.monotonic() - started:.0f} s")
    chain.conclude(suite, search)
    return Path(paths.best(*at))
