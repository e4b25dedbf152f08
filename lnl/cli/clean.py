"""`lnl clean`: says what it would delete, how large it is and why, and deletes it when asked with --yes.

Only files that the suite writes are ever listed, by name and place: whatever else lies in a results or cache folder
stays, however that folder was chosen. No link is followed; one in the place of a file is deleted as the link it is.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lnl.data.arrays import PARTS
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.suite import Cell, Suite
from lnl.errors import UserError
from lnl.files import below, leaves, said, sealed
from lnl.files.locks import free
from lnl.results.records import read
from lnl.run.leftovers import SOCKET, dead_workers, killed_writes

KINDS = {
    "caches": "prepared arrays and label vectors, remade when needed",
    "checkpoints": "states of stopped runs",
    "stale": "records of old declarations; with --store their kept copies as well",
    "looks": "quick looks of `lnl train` with --epochs or --first",
    "leftovers": "temporary files of killed writes, folders of killed workers",
}
STATE = re.compile(r"(checkpoint|stack)-.*\.pt")
KEPT = re.compile(r"(record|handover|unreached)-([0-9a-f]{16})(-.*)?\.(json|safetensors)")
RECORD = re.compile(r"seed\d+\.json")
LABELS = re.compile(r"[\w.-]+-seed\d+\.json")
#: In a look, beside what a scale has as well: labels of networks in the store are among it.
LOOKED = re.compile(r"lock|failure\.json|seed\d+-.*\.safetensors|labels-.*-[0-9a-f]{16}\.json")
CANDIDATE = re.compile(r".*-search\d+-round\d+-candidate\d+")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Doomed:
    """One file to delete: how large, and why. Emptied folders go with it, up to and without `within`."""

    path: Path
    size: int
    why: str
    within: Path


def clean(suite: Suite, wanted: set[str], store: bool, yes: bool, say: Say = print) -> list[Doomed]:
    """List what the kinds that are `wanted` (of KINDS) would delete, and delete it if `yes`. UserError for no kind, for
    `store` without stale records, and for stale records while a declaration does not resolve."""
    if not wanted:
        raise UserError("lnl clean: say what: " + ", ".join(f"--{kind} ({what})" for kind, what in KINDS.items()))
    if store and "stale" not in wanted:
        raise UserError("lnl clean --store: goes with --stale, and deletes kept copies of records that are stale")
    found: list[Doomed] = []
    roots = (Path(Places.of(suite.config).cache_root), Path(paths.results()))
    cache, results = (root.resolve() if root.is_symlink() else root for root in roots)  # chosen so; no link below them
    base = results / suite.scale
    if leaves(base, results):
        say(f"{said(base)}: leads out of {results}/ by a link; left alone")
    elif wanted & {"checkpoints", "stale"}:
        found += _states(base, say) if "checkpoints" in wanted else []
        found += _stale(suite, base, store, say) if "stale" in wanted else []
    if "looks" in wanted and not leaves(base, results):
        found += _looks(base, say)
    if "caches" in wanted:
        found += _caches(cache)
    if "leftovers" in wanted:
        found += _leftovers(results, cache)
    for each in found:
        say(f"{_amount(each.size)}  {said(each.path)}: {said(each.why)}")
    total = f"{len(found)} file{'' if len(found) == 1 else 's'}, {_amount(sum(each.size for each in found))}"
    if found and not yes:
        say(f"{total}: nothing is deleted yet; --yes deletes them")
        return found
    for each in found:
        _delete(each)
    say(f"freed {total}" if found else "nothing to delete")
    return found


def _amount(size: int) -> str:
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.1f} kB"


def _delete(doomed: Doomed) -> None:
    """Delete the file, or the link in its place, and the folders that are empty then."""
    try:
        doomed.path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{doomed.path}: cannot be deleted ({error.strerror}); see to its folder's rights") from None
    for folder in doomed.path.parents:
        if folder == doomed.within or not folder.is_relative_to(doomed.within):
            break
        with suppress(OSError):  # not empty
            folder.rmdir()


def _files(folder: Path, deep: bool = True) -> Iterator[tuple[Path, os.stat_result]]:
    """Files and links below a folder that is no link itself, in order; links are not followed, special files left."""
    for entry in below(folder, deep):
        known = entry.stat(follow_symlinks=False)
        if stat.S_ISREG(known.st_mode) or stat.S_ISLNK(known.st_mode):
            yield Path(entry.path), known


def _held(folder: Path) -> bool:
    """Whether somebody works in a folder of the store."""
    lock = folder / "lock"
    return lock.is_file() and not lock.is_symlink() and not free(lock)


# ---- results -------------------------------------------------------------------------------------------------------


def _states(base: Path, say: Say) -> Iterator[Doomed]:
    for path, known in _files(base / "store"):
        if STATE.fullmatch(path.name):
            if _held(path.parent):
                say(f"{said(path)}: its run is being trained; left alone")
                continue
            yield Doomed(path, known.st_size, "state of a run that was stopped: it would begin anew", base)


def _looks(base: Path, say: Say) -> Iterator[Doomed]:
    for path, known in _files(base / "looks"):
        of_look, *inside = path.relative_to(base / "looks").parts
        own = any(form.fullmatch(path.name) for form in (RECORD, KEPT, STATE, LOOKED))
        own |= len(inside) == 5 and inside[1] == "noise" and bool(LABELS.fullmatch(path.name))  # what a network gave
        if own and _held(path.parent):
            say(f"{said(path)}: its look is under way; left alone")
        elif own and re.fullmatch(r"\d+-epochs|first-\d+", of_look):
            yield Doomed(path, known.st_size, "of a quick look", base)


def _stale(suite: Suite, base: Path, store: bool, say: Say) -> list[Doomed]:
    """Records of declarations that have changed. What has no declaration any more is none of them: a file that is gone
    by mistake must not take the work with it that was done for it."""
    remedy = "mend it, or bring back what was removed; nothing was deleted"
    try:
        dependencies.check(suite)
    except UserError as error:
        raise UserError(f"lnl clean --stale: a declaration does not resolve: {error}; {remedy}") from None
    found, lost = [], []
    for cell, path, known in _of_cells(base / "cells", 5):
        if RECORD.fullmatch(path.name):
            found.append((cell, path, known))
    for cell, path, known in _of_cells(base / "store", 6) if store else ():
        # candidates of searches stay: only the walk of a search knows which of them it asks for
        if KEPT.fullmatch(path.name) and not CANDIDATE.fullmatch(cell.method):
            found.append((cell, path, known))
    out = []
    for cell, path, known in found:
        try:
            today = suite.digest(cell)
        except UserError as error:
            lost.append((path, str(error)))
            continue
        try:
            made = _digest(path)
        except UserError as error:
            say(f"{said(error)} (left alone)")
            continue
        if made != today and not _held(path.parent):  # which a folder of published records never is
            out.append(Doomed(path, known.st_size, f"made under another declaration ({made}, today {today})", base))
    if lost:
        path, reason = lost[0]
        others = f", nor do those of {len(lost) - 1} more files" if len(lost) > 1 else ""
        raise UserError(
            said(
                f"lnl clean --stale: the declaration of {path} does not resolve{others}: {reason}; bring back what was "
                f"removed, or delete {path.parent} yourself if it is to go; nothing was deleted"
            )
        )
    return out


def _of_cells(base: Path, depth: int) -> Iterator[tuple[Cell, Path, os.stat_result]]:
    """Files at the depth of a run's, with the cell that their folders name."""
    for path, known in _files(base):
        inside = path.relative_to(base).parts
        if len(inside) == depth:
            yield Cell(*inside[:4]), path, known


def _digest(path: Path) -> str:
    """Digest of the declaration under which a file was made: of a kept one its name tells it."""
    kept = KEPT.fullmatch(path.name)
    return kept[2] if kept else str(read(path)["result"]["digest"])


# ---- caches and temporary files ------------------------------------------------------------------------------------


def _caches(root: Path) -> Iterator[Doomed]:
    """What the suite has written below a cache folder, which may be anybody's: files that its own notes name."""
    why = "remade when needed"
    for folder in _data_folders(root):
        meta = sealed.read_if_sound(folder / "meta.json")
        listed = meta.get("files")
        if isinstance(listed, dict) and "format" in meta:
            own = {f"{name}.npy" for name in PARTS if name in listed} | {"meta.json", ".lock"}
            yield from (Doomed(p, s.st_size, why, root) for p, s in _files(folder, deep=False) if p.name in own)
    for path, _ in _files(root / "noise"):
        if LABELS.fullmatch(path.name) and {"digest", "true_labels"} <= set(sealed.read_if_sound(path)):
            for beside in (path, path.with_suffix(".npy"), path.with_suffix(".lock")):
                with suppress(OSError):
                    yield Doomed(beside, beside.lstat().st_size, why, root)
    price = root / "price.json"
    if "machine" in sealed.read_if_sound(price):
        yield Doomed(price, price.lstat().st_size, "measured again when needed", root)


def _data_folders(root: Path) -> list[Path]:
    """Folders that may hold prepared data; none behind a link."""
    return [Path(entry.path) for entry in below(root / "data", deep=False) if entry.is_dir(follow_symlinks=False)]


def _leftovers(results: Path, cache: Path) -> Iterator[Doomed]:
    """Temporary files where the suite writes, and folders of its workers."""
    places = [(results, True, ""), (cache / "noise", True, r".*-seed\d+\."), (cache, False, r"price\.json\.")]
    places += [(folder, False, r"\w+\.(npy|json)\.") for folder in _data_folders(cache)]
    for folder, deep, name in places:
        for path, known in killed_writes(folder, deep, name):
            hours = (time.time() - known.st_mtime) / 3600
            yield Doomed(path, known.st_size, f"left by a write that was killed {hours:.0f} hours ago", folder)
    for folder in dead_workers():
        yield Doomed(folder / SOCKET, 0, "left by a warm worker that was killed", folder.parent)
