"""`lnl search`: a whole search in one process, or one step of it as a job of the DAG."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from lnl.cli.stopping import Stop
from lnl.declared import dependencies, paths, searches
from lnl.declared.cells import Search
from lnl.declared.data_places import Places
from lnl.declared.search_file import SCORED_ON
from lnl.declared.searched import FINALS
from lnl.declared.suite import Suite
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.run.hardware import lease_gpu
from lnl.search.files import current, read

if TYPE_CHECKING:
    from lnl.engine.progress import Progress

STEPS = ("propose", "train", "score", "conclude")


def command(suite: Suite, search_id: str, seed: int | None, quiet: bool) -> None:
    """Walk a search from wherever it stands to its result. Exits with 143 when told to stop, with 130 by Ctrl-C."""
    suite = suite.searching
    search = named(suite, search_id, seed)
    best = paths.best(suite.scale, search.id, search.seed)
    if not _whole(suite, search):
        with _training(suite) as (device, stop):
            from lnl.cli.prepare import for_search
            from lnl.run.searching.candidates import walk

            for_search(suite, search)
            walk(suite, search, Places.of(suite.config), device, stop, _bars(quiet), print)
    found = read(suite, search, best)
    best_one = found["best"]
    value = f"{found['parameter']} = {best_one['value']}, " if "parameter" in found else ""
    print(
        f"best of {found['candidates']} candidates: {value}{100 * best_one['score']:.2f}% "
        f"on {SCORED_ON[found['scored_on']]} (round {best_one['round']}, candidate {best_one['candidate']}) -> {best}"
    )
    final = suite.searches[search.name]["final"]
    if final != "best":
        print(f"methods train with {FINALS[final]}")


def _whole(suite: Suite, search: Search) -> bool:
    """Whether the result is there, and none of the scores beside it is damaged, or of another declaration."""
    at = (suite.scale, search.id, search.seed)
    scores = [paths.scores(*at, round + 1) for round in range(len(searches.rounds(suite, search)))]
    there = [path for path in scores if os.path.exists(path)]  # a result may have been imported without them
    return all(current(suite, search, path) for path in [paths.best(*at), *there])


def step(
    suite: Suite, search_id: str, seed: int | None, what: str, round: int | None, block: int | None, log: str | None
) -> None:
    """One step of the chain. `round` and `block` count from 1, as in paths; UserError for one that is not there."""
    suite = suite.searching
    search = named(suite, search_id, seed)
    from lnl.run.searching import chain

    if what == "conclude":
        chain.conclude(suite, search)
        return
    planned = searches.rounds(suite, search)
    number = _counted("--round", round, len(planned), f"{search.id} has rounds", what)
    if what == "propose":
        chain.propose(suite, search, number - 1)
    elif what == "score":
        chain.score(suite, search, number - 1)
    else:
        jobs = searches.blocks(suite, search, number - 1)
        place = _counted("--block", block, len(jobs), f"round {number} of {search.id} has blocks", what)
        _train(suite, search, number - 1, place - 1, jobs[place - 1], log)


def _counted(option: str, value: int | None, last: int, there: str, what: str) -> int:
    """The number that an option of a step has to give, from 1 to `last`; UserError for none, or for another."""
    if value is None:
        raise UserError(f"--step {what} needs {option}: {there} 1 to {last}")
    if not 1 <= value <= last:
        raise UserError(f"{option} {value}: {there} 1 to {last}")
    return value


def _train(suite: Suite, search: Search, round: int, block: int, members: range, log: str | None) -> None:
    """A block's scores: from the store, without torch, if its candidates are finished; else by training them."""
    from lnl.run.searching.page import Page

    page = Page(suite, search, round)
    entries = page.from_store(members)
    if entries is not None:
        page.write_block(block, entries)
        return
    with _training(suite) as (device, stop):
        from lnl.run.searching.candidates import train_block

        train_block(page, block, Places.of(suite.config), device, stop, _bars(True), log)


def arm(suite: Suite, study: str, name: str) -> None:
    """Write the result of one arm of a synthetic study."""
    from lnl.files import sealed
    from lnl.search.synthetic import run_arm

    marked = dependencies.arm_digest(suite, study, name)
    found = run_arm(suite.root, study, name, dependencies.arm_repeats(suite, study, name))
    path = paths.synthetic(suite.scale, study, name)
    sealed.write(path, {"digest": marked, **found})
    print(path)


def named(suite: Suite, text: str, seed: int | None) -> Search:
    """The search of `protocol/dataset/noise/method/search`, or of a cell with a searched parameter."""
    if text.strip("/").count("/") == 4:
        return suite.parse_search(text, 1 if seed is None else seed)
    cell = suite.parse(text)
    search = searches.search_of(suite, cell)
    if search is None:
        raise UserError(f"{text} has no searched R or other parameter; name protocol/dataset/noise/method/search")
    return search if seed is None else replace(search, seed=seed)


@contextmanager
def _training(suite: Suite):  # type: ignore[no-untyped-def]
    """Device and stop function of a process that trains; a stopped one exits with a line and its checkpoints."""
    lease_gpu(str(suite.config["device"]))
    stop = Stop()

    from lnl.engine.loop import Stopped
    from lnl.run.hardware import torch_device

    try:
        yield torch_device(str(suite.config["device"]), bool(suite.config.get("deterministic"))), stop
    except Stopped:
        print("lnl: the search was stopped; what was trained is kept and the next start goes on", file=sys.stderr)
        sys.exit(stop.status)


def _bars(quiet: bool) -> Callable[[str], AbstractContextManager[Progress]]:
    if quiet or not sys.stderr.isatty():
        return lambda title: nullcontext(unwatched)
    from lnl.cli.progress import epochs

    return epochs
