"""Reading run records, and the state of every run that a table or figure asks for.

A record that was made under another declaration is `stale`: it is shown with its reason and never averaged. A run is
looked for in `results/`, or wherever the caller's `locate` says (committed records, for instance).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import origin, paths, searches
from lnl.declared.cells import Run
from lnl.errors import UserError
from lnl.files import sealed
from lnl.results.damaged import reason, remedy
from lnl.search.files import current_schedule

if TYPE_CHECKING:
    from lnl.declared.suite import Cell, Slot, Suite

NAME = ("scale", "protocol", "dataset", "noise", "method", "seed")  # what a record says it is of
STATES = ("ok", "diverged", "failed", "stale", "missing")
Locate = Callable[["Cell", int], Path]
_STAMPS: dict[str, tuple[tuple[object, ...], bool]] = {}  # of records: when they were written, and whether current
_REMEMBERED: ContextVar[dict[Path, dict[str, Any]] | None] = ContextVar("records by file", default=None)


@dataclass(frozen=True)
class RunState:
    """One run that an artefact asks for, and what became of it."""

    cell: Cell
    seed: int
    state: str  # one of STATES
    record: dict[str, Any] | None = field(default=None, repr=False, compare=False)
    reason: str = ""  # why it is not ok; empty for ok
    log: str = ""  # log of a failed run

    @property
    def name(self) -> str:
        """protocol/dataset/noise/method seed n: how messages and notes call a run."""
        return f"{self.cell.id} seed {self.seed}"


@dataclass(frozen=True)
class SlotRuns:
    """One place in a table (row x column) and the runs behind it; no runs where the slot has no cell."""

    slot: Slot
    runs: tuple[RunState, ...]

    def count(self, state: str) -> int:
        """How many of the runs are in this state."""
        return sum(run.state == state for run in self.runs)

    def records(self, state: str = "ok") -> list[dict[str, Any]]:
        """Records of the runs in this state, in the order of their seeds."""
        return [run.record for run in self.runs if run.state == state and run.record is not None]


@contextmanager
def remembered() -> Iterator[None]:
    """Within it a record is read from its file once: for rendering much from files that nobody changes meanwhile."""
    token = _REMEMBERED.set({})
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


def read(path: str | Path) -> dict[str, Any]:
    """One record (JSON, gzipped or not) as {"result", "provenance"}; UserError names a file that is not one."""
    path, known = Path(path), _REMEMBERED.get()
    if known is None:
        return _read(path)
    place = path.absolute()
    if place not in known:
        known[place] = _read(path)
    return known[place]


def _read(path: Path) -> dict[str, Any]:
    try:
        return shaped(sealed.opened(paths.content(path)), path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such record") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a readable record ({error}); {remedy(path)}") from None


def shaped(record: dict[str, Any], path: str | Path) -> dict[str, Any]:
    """The record itself; UserError where it lacks what every reader takes for granted."""
    result = record.get("result")
    if (
        not isinstance(result, dict)
        or not {"digest", "status", "curves", "seed"} <= set(result)
        or not all(isinstance(result.get(part, {}), dict) for part in ("curves", "labels", "spec", "summary"))
    ):
        raise UserError(f"{path}: not a run record (needs result.digest, status, curves and seed); {remedy(path)}")
    if not isinstance(result["seed"], int):  # it becomes part of a path
        raise UserError(f"{path}: result.seed is no whole number; {remedy(path)}")
    return record


def collect(suite: Suite, slots: Iterable[Slot], locate: Locate | None = None) -> list[SlotRuns]:
    """The state of every run of these slots at the suite's scale, in the order given. A shared run is read once."""
    known: dict[tuple[Cell, int], RunState] = {}
    gathered = []
    for slot in slots:
        if slot.cell is None:
            gathered.append(SlotRuns(slot, ()))
            continue
        for seed in slot.seeds:
            if (slot.cell, seed) not in known:
                known[slot.cell, seed] = state_of(suite, slot.cell, seed, locate)
        gathered.append(SlotRuns(slot, unmixed(tuple(known[slot.cell, seed] for seed in slot.seeds))))
    return gathered


def state_of(suite: Suite, cell: Cell, seed: int, locate: Locate | None = None) -> RunState:
    """What became of one run: ok, diverged, stale, failed or missing. A corrupt record is a failed run."""
    path = locate(cell, seed) if locate else paths.record(suite.scale, cell.id, seed)
    if not os.path.exists(path):  # most runs of most artefacts are not there: no object for each
        return _without_record(suite, cell, seed)
    try:
        record = read(path)
    except UserError as error:
        return RunState(cell, seed, "failed", reason=str(error))
    return judged(suite, cell, seed, record, path, of_today=not locate)


def judged(
    suite: Suite, cell: Cell, seed: int, record: dict[str, Any], path: Path | str, of_today: bool = True
) -> RunState:
    """The state of a run whose record was read from `path`: ok, diverged or stale; its curves are not looked at.

    of_today: whether it has to be of the data and labels that the manifests beside the results tell.
    """
    result = record["result"]
    digest, run = suite.digest(cell), Run(cell, seed)
    if not is_of(suite, run, result):
        other = _own(suite, run) | {key: result[key] for key in NAME if key in result}
        return RunState(cell, seed, "stale", record, f"{path} is the record of another run: {_words(other)}")
    if result["digest"] != digest:
        reason = f"made under another declaration (digest {result['digest']}, today {digest})"
        return RunState(cell, seed, "stale", record, reason)
    if not current_schedule(suite, cell, result):
        return RunState(cell, seed, "stale", record, "trained with what its search has not found by today")
    if of_today and (other_bytes := origin.other_bytes(suite, run, result)):
        return RunState(cell, seed, "stale", record, other_bytes)
    if result["status"] == "diverged":
        end = result.get("diverged") or {}
        reason = f"diverged in epoch {end.get('epoch', '?')}: {end.get('reason', 'no reason given')}"
        return RunState(cell, seed, "diverged", record, reason)
    return RunState(cell, seed, "ok", record)


def _own(suite: Suite, run: Run) -> dict[str, Any]:
    return dict(zip(NAME, (suite.scale, *run.cell.id.split("/"), run.seed), strict=True))


def is_of(suite: Suite, run: Run, result: Mapping[str, Any]) -> bool:
    """Whether a record's result says of nobody but this run that it is its own."""
    return all(result.get(key, value) == value for key, value in _own(suite, run).items())


def _words(name: dict[str, Any]) -> str:
    cell = "/".join(str(name[key]) for key in NAME[1:-1])
    return f"{cell} seed {name['seed']}, scale {name['scale']}"


def misplaced(suite: Suite, run: Run) -> str | None:
    """Why the record of a run, which is there, is none of this run's, in words; None if it is, of today or not."""
    path = paths.record(suite.scale, run.cell.id, run.seed)
    if current(suite, run):
        return None
    try:
        result = read(path)["result"]
    except UserError as error:
        return reason(error, path)
    return None if is_of(suite, run, result) else "the record of another run"


def unmixed(runs: tuple[RunState, ...]) -> tuple[RunState, ...]:
    """Runs of one cell; none of them counts where nobody can say which of different data or labels are meant."""
    counted = [run for run in runs if run.state in ("ok", "diverged") and run.record is not None]
    reason = origin.mixed(run.record["result"] for run in counted if run.record is not None)
    if reason is None:
        return runs
    return tuple(replace(run, state="stale", reason=reason) if run in counted else run for run in runs)


def current(suite: Suite, run: Run) -> bool:
    """Whether a run's record is there, of today's declaration, data, labels and of what its search has found by today.

    Of many records this is asked at every start, once for each artefact that shows it; a file is read once.
    """
    path, today = paths.record(suite.scale, run.cell.id, run.seed), origin.manifests(suite, run)
    if (known := _written(path)) is None:
        return False
    stamp = (known, suite.digest(run.cell), *today.values(), *_found_by(suite, run.cell))
    if _STAMPS.get(path, (None, False))[0] != stamp:
        _STAMPS[path] = stamp, _current(suite, run, path, today)
    return _STAMPS[path][1]


def _written(path: str) -> tuple[int, ...] | None:
    """When a file was written, and how large it is; None where none is."""
    try:
        known = os.stat(path)
    except OSError:
        return None
    return known.st_mtime_ns, known.st_ctime_ns, known.st_size


def _found_by(suite: Suite, cell: Cell) -> tuple[object, ...]:
    """Upon what it depends what the search of a cell has found by today; nothing for a cell without one."""
    search, there = searches.search_of(suite, cell), suite.searching
    if search is None:
        return ()
    best = paths.best(there.scale, search.id, search.seed)
    return _written(best), there.search_digest(search), *origin.of_search(there, search).values()


def _current(suite: Suite, run: Run, path: str, today: Mapping[str, str | None]) -> bool:
    """What a record has to say is looked for in its bytes; where that is not found as the suite writes it, or what a
    search has found belongs to it, it is read."""
    if searches.search_of(suite, run.cell) is not None:
        return state_of(suite, run.cell, run.seed).state in ("ok", "diverged")
    try:
        raw = paths.content(path)
    except (OSError, UserError):
        return False
    said = [f'"digest": "{suite.digest(run.cell)}"', f'\n  "seed": {run.seed},', f'\n  "scale": "{suite.scale}",']
    said += [f'"data_digest": "{today["data"]}"'] if today["data"] else []
    said += [f'"digest": "{today["labels"]}"'] if today["labels"] else []
    said += [f'"source": "{today["noise"]}"'] if "noise" in today else []
    whole = sealed.intact(raw) and all(words.encode() in raw for words in said)
    return whole or state_of(suite, run.cell, run.seed).state in ("ok", "diverged")


def _without_record(suite: Suite, cell: Cell, seed: int) -> RunState:
    note = paths.failure(suite.scale, cell.id, seed)
    if not os.path.exists(note):
        return RunState(cell, seed, "missing", reason="not run yet")
    try:
        failure = paths.read(note)
        if failure.get("run") not in (None, f"{cell.id} seed {seed}"):
            return RunState(cell, seed, "failed", reason=f"{note}: failure note of another run")
        return RunState(
            cell, seed, "failed", None, f"{failure['class']}: {failure['message']}", str(failure.get("log") or "")
        )
    except (UserError, OSError, KeyError):
        return RunState(cell, seed, "failed", reason=f"{note}: failure note is unreadable")
