"""Manifests of labels and index sets that `lnl keep` puts beside records, and that `lnl import` takes with them.

A manifest is believed as far as the records beside it are: its digest has to be that of the labels, or sets, that they
say they were trained on. One that is there already stays, in an archive as among the results.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lnl.declared import origin, paths
from lnl.declared.suite import Run, Suite
from lnl.errors import UserError
from lnl.files import said, sealed
from lnl.results.damaged import ANEW
from lnl.results.records import read
from lnl.run import manifests

NAMED = re.compile(r"[a-z0-9][a-z0-9_.,+-]*-seed\d+\.json(\.gz)?")
OUTCOMES = IMPORTED, ELSEWHERE, ALONE = (
    "manifests imported",
    "manifests of another declaration",
    "manifests without a run",
)
FOLDERS = {"noise": 4, "sets": 3}  # how many parts a manifest's path has from there on


def is_one(file: Path) -> bool:
    """Whether a file lies and is called as a manifest of labels or sets."""
    return bool(NAMED.fullmatch(file.name)) and _inside(file) is not None


def of_runs(suite: Suite, runs: Iterable[Run], folder: Path) -> dict[Path, Path]:
    """Manifests to be kept, by their places below an archive's folder: of what the records of these runs say that they
    were trained on; one of other labels is named and left out.

    UserError where the archive has one of another digest in that place.
    """
    found: dict[Path, Path] = {}
    for run in runs:
        record = paths.record(suite.scale, run.cell.id, run.seed)
        for path, digest in manifests.of_record(suite, run, read(record)["result"]):
            told = origin.told(path)
            if told == digest:
                found[folder / Path(path).relative_to(paths.results()).with_suffix(".json.gz")] = Path(path)
            elif told is not None:
                line = f"{path}: digest {told}, and {record} was trained on {digest}; left out"
                print(f"lnl: {said(line)}", file=sys.stderr)
    for place, source in found.items():
        _check_kept(place, source)
    return found


def _check_kept(place: Path, path: Path) -> None:
    try:
        there = sealed.read(place).get("digest")
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UserError(f"{place}: not readable ({error}); delete it, or keep the records in another folder") from None
    if there != (here := origin.told(str(path))):
        raise UserError(
            f"{place}: digest {there}, and {path} has {here}: what is kept there was trained on others; keep these "
            "records in another folder"
        )


def bring(suite: Suite, file: Path, content: Any, trained_on: Mapping[str, set[str]]) -> str | None:
    """Outcome of one manifest; None for one that is here already, or of another scale. trained_on: digests by path of
    manifests, of the records that came with it.

    UserError where it is no manifest, or is of another digest than those records, or than the manifest that is here.
    """
    inside = _inside(file)
    assert inside is not None
    scale, target = inside
    if scale in suite.scales and scale != suite.scale:
        return None
    path = Path(paths.results(), suite.scale, target).as_posix()
    found = manifests.sound(content, file)
    if (here := origin.told(path)) is not None:
        if here != found["digest"]:
            raise UserError(
                f"{file}: digest {found['digest']}, and {path}, which is here, has {here}; nothing is replaced: delete "
                "that one if this one is meant"
            )
        return None
    if path not in trained_on:
        return ALONE
    if trained_on[path] != {found["digest"]}:
        others = ", ".join(sorted(trained_on[path]))
        raise UserError(f"{file}: digest {found['digest']}, and the runs beside it were trained on {others}; {ANEW}")
    if not manifests.of_today(suite, found):
        return ELSEWHERE
    sealed.write(path, found)
    return IMPORTED


def _inside(file: Path) -> tuple[str, str] | None:
    """(name of the folder above, path below it without .gz) of a manifest: noise/… or sets/…; None for another file."""
    parts = file.absolute().parts
    for folder, length in FOLDERS.items():
        if len(parts) > length and parts[-length] == folder:
            return parts[-length - 1], "/".join(parts[-length:]).removesuffix(".gz")
    return None
