"""The store of finished runs, and the lock that lets one process work on a run. Standard library and filelock only.

A record is kept under its specification's digest, so that going back to an earlier declaration finds what was computed
then.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lnl.declared import origin, paths
from lnl.declared.searches import search_of
from lnl.declared.specification import digest
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.files import replacing, sealed
from lnl.files.disk import unwritten
from lnl.files.locks import Lock
from lnl.results.damaged import reason
from lnl.results.records import is_of, read
from lnl.results.valid import validated
from lnl.run import handed_over
from lnl.search.files import choice, found


@dataclass(frozen=True)
class Trained:
    """How far a run has come: its curves, none if it diverged before anything was evaluated; why it ended early."""

    curves: dict[str, Any]
    diverged: dict[str, Any] | None

    @property
    def epochs(self) -> int:
        """Epochs that the curves hold."""
        return len(self.curves.get("epoch", ()))


class Store:
    """Everything that is kept of one run outside the DAG's outputs."""

    def __init__(self, suite: Suite, run: Run) -> None:
        self.suite, self.run = suite, run
        self.folder = Path(paths.store(suite.scale, run.cell.id, run.seed))
        self.digest = suite.digest(run.cell)

    @cached_property
    def key(self) -> str:
        """What files are kept under: the digest of the specification, and of what its search has found."""
        return self.digest if self.choice is None else f"{self.digest}-{digest(self.choice)[:8]}"

    @cached_property
    def choice(self) -> dict[str, Any] | None:
        """The schedule, or {"value": value}, that the run's search has found; None for a run without one. UserError
        while there is none."""
        if search_of(self.suite, self.run.cell) is None:
            return None
        return choice(found(self.suite, self.run.cell))

    @property
    def record_file(self) -> Path:
        return self.folder / f"record-{self.key}.json"

    @property
    def checkpoint_file(self) -> Path:
        return self.folder / f"checkpoint-{self.key}.pt"

    @property
    def _unreached_file(self) -> Path:
        return self.folder / f"unreached-{self.key}.json"

    def handover_file(self, point: str) -> Path:
        return self.folder / f"handover-{self.key}-{point}.safetensors"

    def finished(self, points: tuple[str, ...] = ()) -> bool:
        """Whether the record, of the data and labels of today, and the hand-overs at `points`, are there."""
        result = self.kept_today()
        if result is None:
            return False
        wanted = [p for p in points if not self._handed_over(p, origin.trained_on(result))]
        return not wanted or set(wanted) <= set(self._unreached())

    def _kept(self, file: Path) -> dict[str, Any] | None:
        """The result of a record that is kept; None where there is none. One that is damaged, or another run's, is set
        aside."""
        if not file.exists():
            return None
        try:
            result: dict[str, Any] = validated(read(file), file)["result"]
        except UserError as error:
            sealed.set_aside(file, reason(error, file))
            return None
        if is_of(self.suite, self.run, result) and result["digest"] == self.digest:
            return result
        sealed.set_aside(file, "record of another run")
        return None

    def kept_today(self) -> dict[str, Any] | None:
        """The result that is kept, if it was trained on the data and labels of today, or could be found beside it."""
        result = self._kept(self.record_file)
        if result is not None and origin.other_bytes(self.suite, self.run, result) is None:
            return result
        return self._returned()

    def _returned(self) -> dict[str, Any] | None:
        """The result of a record that was set aside for one of other data or labels, if its own are today's again."""
        aside = _on_other_bytes(self.record_file, origin.manifests(self.suite, self.run))
        result = self._kept(aside)
        if result is None or origin.other_bytes(self.suite, self.run, result) is not None:
            return None
        self.save(read(aside))
        aside.unlink()
        return result

    def about(self, point: str, trained_on: Mapping[str, str | None]) -> dict[str, str]:
        """What a hand-over of this run says of itself: whose it is, at which point, and on which bytes it learned."""
        known = {what: digest for what, digest in trained_on.items() if digest is not None}
        return {"run": self._name, "made_of": self.key, "point": point, **known}

    def _handed_over(self, point: str, trained_on: Mapping[str, str | None]) -> bool:
        """Whether a hand-over is kept; one that is damaged is set aside, and replaced by the published one if that is
        sound."""
        kept, about = self.handover_file(point), self.about(point, trained_on)
        if handed_over.sound(kept, about):
            return True
        if kept.exists():
            sealed.set_aside(kept, handed_over.obstacle(kept, about))
        published = Path(paths.handover(self.suite.scale, self.run.cell.id, self.run.seed, point))
        if not handed_over.sound(published, about):
            return False
        _copy(published, kept, durable=True)
        return True

    def keeps(self, point: str) -> bool:
        """Whether there is nothing to train for the state at a point, of the data and labels of today: it is here, or
        the run is known to end without it. Only looks."""
        if handed_over.sound(self.handover_file(point), self.about(point, origin.manifests(self.suite, self.run))):
            return True
        try:
            return point in sealed.read(self._unreached_file)["points"]
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def _unreached(self) -> list[str]:
        """Hand-over points that the run ended without reaching (it diverged, or the point lies beyond its end)."""
        try:
            return list(sealed.read(self._unreached_file)["points"])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            sealed.set_aside(self._unreached_file, error)
            return []

    def note_unreached(self, points: list[str]) -> None:
        """Remember the points that a finished run did not reach, so that nobody trains it again for them; of one that
        has reached all of them, forget what an earlier training, of other data or labels, did not."""
        if points:
            sealed.write(self._unreached_file, {"points": points})
        else:
            sealed.clear(self._unreached_file)
            self._unreached_file.unlink(missing_ok=True)

    def lock(self) -> Lock:
        """Lock of this run; UserError where the results folder cannot be written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self.folder, error, "run where results/ can be") from error
        sealed.clear(self.folder / "lock")
        return Lock(self.folder / "lock")

    def adopt(self) -> bool:
        """Take over a published record of today's specification into an empty store (results copied or imported)."""
        published = Path(paths.record(self.suite.scale, self.run.cell.id, self.run.seed))
        if not published.exists() or self.kept_today() is not None:
            return False
        try:
            record = validated(read(published), published)
        except UserError:
            return False
        result = record["result"]
        same = result["digest"] == self.digest and choice(result.get("searched")) == self.choice
        same = same and is_of(self.suite, self.run, result)
        if same and origin.other_bytes(self.suite, self.run, result) is None:
            self.save(record)
            return True
        return False

    def save(self, record: dict[str, Any]) -> None:
        """Keep a finished record; checkpoint and failure note go. One of other data or labels is set aside."""
        before = self._kept(self.record_file)
        if before is not None and origin.trained_on(before) != origin.trained_on(record["result"]):
            os.replace(self.record_file, _on_other_bytes(self.record_file, origin.trained_on(before)))
        sealed.write(self.record_file, record, durable=True)
        sealed.clear(self.checkpoint_file)
        self.checkpoint_file.unlink(missing_ok=True)
        self._forget_failure()

    def publish(self) -> Path:
        """Copy the record to its declared path; a file that is the same already is left alone (its time stamp too)."""
        target = Path(paths.record(self.suite.scale, self.run.cell.id, self.run.seed))
        if not target.is_file() or target.read_bytes() != self.record_file.read_bytes():
            _copy(self.record_file, target)
        return target

    def publish_handover(self, point: str) -> Path:
        """Copy a hand-over to its declared path."""
        target = Path(paths.handover(self.suite.scale, self.run.cell.id, self.run.seed, point))
        if not self.handover_file(point).exists():
            raise UserError(f"{self._name} ended without reaching '{point}' (see its record)")
        _copy(self.handover_file(point), target)
        return target

    @property
    def _name(self) -> str:
        return f"{self.run.cell.id} seed {self.run.seed}"

    def _forget_failure(self) -> None:
        note = self.folder / "failure.json"
        try:
            known = sealed.read(note)
            if "class" not in known or known.get("run") not in (None, self._name):
                raise ValueError("no note of a failure of this run")
            note.unlink()
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            sealed.set_aside(note, error)

    def fail(self, error: BaseException, log: str | None) -> None:
        """Leave a note of a failure, where there is room for it: a row of the table will show it."""
        last = (str(error) or type(error).__name__).strip().splitlines()[-1]
        note = {"run": self._name, "class": type(error).__name__, "message": last[:500], "log": log}
        with suppress(UserError):  # what is said of the failure itself matters more
            self._forget_failure()
            sealed.write(self.folder / "failure.json", note)


def _copy(source: Path, target: Path, durable: bool = False) -> None:
    sealed.clear(target)
    with replacing(target, durable) as temporary:
        shutil.copyfile(source, temporary)


def _on_other_bytes(file: Path, trained_on: Mapping[str, Any]) -> Path:
    """Where a record is set aside whose place is taken by one of other data or labels."""
    return file.with_name(f"{file.stem}-on-{digest(dict(trained_on))[:8]}.json")


def keep_aside(suite: Suite, run: Run) -> None:
    """Keep a published record in the store before a job replaces it, unless the same is there.

    Under its own digest where it is of another declaration, beside the one that is there where it is of other data or
    labels. What is no record of this run, or not sound, is not kept.
    """
    published = Path(paths.record(suite.scale, run.cell.id, run.seed))
    try:
        record = validated(read(published), published)
    except UserError:
        return
    result = record["result"]
    if not is_of(suite, run, result):
        return
    searched = choice(result.get("searched"))
    key = result["digest"] if searched is None else f"{result['digest']}-{digest(searched)[:8]}"
    file = Path(paths.store(suite.scale, run.cell.id, run.seed), f"record-{key}.json")
    if file.exists() and published.read_bytes() != file.read_bytes():
        file = _on_other_bytes(file, origin.trained_on(result))
    if not file.exists():
        sealed.write(file, record, durable=True)
