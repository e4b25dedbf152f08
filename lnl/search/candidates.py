"""Training the candidates of a round: the same runs as any other, with a schedule in place of a ramp.

Each finished candidate is kept in the store at once, under the digest of its specification: whatever happens to the
job, to the round or to the files of the DAG, nothing is trained twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lnl import paths, searches
from lnl.cells import Run, Search
from lnl.engine.loop import Stopped
from lnl.places import Places
from lnl.search.files import read, write
from lnl.store import Store
from lnl.train import Progress, Trained, train

if TYPE_CHECKING:
    from lnl.matrix import Suite


Progresses = Callable[[str], AbstractContextManager[Progress]]  # a progress bar for a title


class Round:
    """The candidates of one round, as they were proposed."""

    def __init__(self, suite: Suite, search: Search, round: int) -> None:
        self.suite, self.search, self.round = suite, search, round
        path = paths.proposals(suite.scale, search.id, search.seed, round + 1)
        self.proposed: list[dict[str, Any]] = read(suite, search, path)["candidates"]
        self.declared = suite.declared_search(search)

    def run(self, index: int) -> Run:
        """The run of a candidate. One that continues another (Hyperband) is that one's run, trained further."""
        origin = self.proposed[index]["continues"]
        if origin is not None:
            return Round(self.suite, self.search, origin[0] - 1).run(origin[1] - 1)
        return searches.candidate(self.suite, self.search, self.round, index, self.proposed[index]["schedule"])

    def until(self, index: int) -> int:
        """Number of epochs after which a candidate is scored; at least one of them is trained."""
        spec = self.declared.candidate
        least = 2 if spec["untrained_epoch"] else 1
        return max(least, round(self.proposed[index]["fraction"] * spec["epochs"]))


def train_block(
    suite: Suite,
    search: Search,
    round: int,
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
    page = Round(suite, search, round)
    scored = _scored(page)
    members = searches.blocks(suite, search, round)[block]
    if searches.mode(suite, search) == "stacked" and not set(members) <= set(scored):
        from lnl.search.stack import train_stack

        with progress(f"round {round + 1}, {len(members)} candidates") as bar:
            train_stack(page, members, places, device, stop, bar)
    entries, failed = [], None
    for index in members:
        if index in scored:
            entries.append(scored[index])
            continue
        title = f"round {round + 1}, candidate {index + 1} of {len(page.proposed)}"
        try:
            with progress(title) as bar:
                entries.append(_entry(page, index, trained(page, index, places, device, stop, bar)))
        except Stopped:
            raise
        except Exception as error:
            Store(suite, page.run(index)).fail(error, log)
            failed = error
    if failed:
        raise failed
    path = paths.block(suite.scale, search.id, search.seed, round + 1, block + 1)
    write(suite, search, path, {"round": round + 1, "candidates": entries})


def _scored(page: Round) -> dict[int, dict[str, Any]]:
    """Scores of this round that are there already, for instance from another machine (`lnl import`)."""
    from lnl.search.chain import current

    path = paths.scores(page.suite.scale, page.search.id, page.search.seed, page.round + 1)
    if not current(page.suite, page.search, path):
        return {}
    names = ("candidate", "score", "test", "diverged", "epochs")
    known = read(page.suite, page.search, path)["candidates"]
    pairs = zip(known, page.proposed, strict=True)
    return {k["candidate"] - 1: {n: k[n] for n in names} for k, p in pairs if k["u"] == p["u"]}


def trained(
    page: Round, index: int, places: Places, device: torch.device, stop: Callable[[], bool], progress: Progress
) -> Trained:
    """One candidate, trained as far as its round wants it; from the store as far as it has come."""
    suite, run, until = page.suite, page.run(index), page.until(index)
    whole = until >= page.declared.candidate["epochs"]
    shared = page.declared.spec["candidates"] == "shared"
    points = ("final",) if shared else ()
    store = Store(suite, run)
    while True:
        known = _known(store, until, points)
        if known:
            return known
        with store.lock().acquire(timeout=-1, blocking=True):  # another process at this candidate: wait for its result
            known = _known(store, until, points)
            if known:
                return known
            start = _networks_before(page, index, places, device, stop) if shared else None
            train(
                suite,
                run,
                places,
                device,
                stop,
                progress,
                until=None if whole else until,
                start=start,
                points=points,
            )


def _known(store: Store, until: int, points: tuple[str, ...]) -> Trained | None:
    """What the store holds of a candidate, if it has come to `until` epochs (or diverged before)."""
    if store.finished(points):
        record = json.loads(store.record_file.read_text())
        return Trained(record["result"]["curves"], record["result"]["diverged"], record["provenance"]["seconds"])
    if store.checkpoint_file.exists():
        saved = torch.load(store.checkpoint_file, map_location="cpu", weights_only=True)
        so_far = saved["training"]
        if so_far["position"]["epoch"] >= until:
            return Trained(so_far["curves"][0], so_far["diverged"][0], saved["seconds"])
    return None


def _networks_before(
    page: Round, index: int, places: Places, device: torch.device, stop: Callable[[], bool]
) -> dict[str, Tensor] | None:
    """Networks that the candidate before has left (weight sharing); None for the first, or after one that diverged."""
    if index == 0 and page.round == 0:
        return None
    before = page if index else Round(page.suite, page.search, page.round - 1)
    place = (index or len(before.proposed)) - 1
    outcome = trained(before, place, places, device, stop, lambda done, total: None)
    if outcome.diverged:
        return None
    from safetensors.torch import load_file

    return load_file(Store(page.suite, before.run(place)).handover_file("final"))


def _entry(page: Round, index: int, outcome: Trained) -> dict[str, Any]:
    until = page.until(index)
    spec = page.declared.spec
    alive = not outcome.diverged or outcome.epochs >= until
    return {
        "candidate": index + 1,
        "score": _accuracy(outcome.curves, f"{spec['scored_on']}_accuracy", until) if alive else None,
        "test": _accuracy(outcome.curves, "test_accuracy", until) if alive else None,
        "diverged": None if alive else outcome.diverged,
        "epochs": until,
        "seconds": outcome.seconds,
    }


def _accuracy(curves: Mapping[str, Any], name: str, until: int) -> float:
    """Mean of the networks' accuracies, a fraction, in the last of the first `until` epochs."""
    values = [network[until - 1] for network in curves[name]]
    return sum(values) / len(values) / 100


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
    from lnl.search import chain

    at = (suite.scale, search.id, search.seed)
    for round in range(len(searches.rounds(suite, search))):
        started = time.monotonic()
        if chain.current(suite, search, paths.scores(*at, round + 1)):
            continue
        if not chain.current(suite, search, paths.proposals(*at, round + 1)):
            chain.propose(suite, search, round)
        for block in range(len(searches.blocks(suite, search, round))):
            if not chain.current(suite, search, paths.block(*at, round + 1, block + 1)):
                train_block(suite, search, round, block, places, device, stop, progress, None)
        chain.score(suite, search, round)
        page = read(suite, search, paths.scores(*at, round + 1))
        scores = [c["score"] for c in page["candidates"] if c["score"] is not None]
        best = f"best {100 * max(scores):.2f}%" if scores else "all diverged"
        say(f"round {round + 1}: {len(page['candidates'])} candidates, {best}, {time.monotonic() - started:.0f} s")
    chain.conclude(suite, search)
    return Path(paths.best(*at))
