"""Whether a record was trained on the bytes of today: on the data and labels that the manifests beside it tell."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.data.readers.files import exchanged
from lnl.declared import dependencies, paths
from lnl.declared.data_places import Places
from lnl.declared.specification import digest
from lnl.errors import UserError
from lnl.noise.kinds import OwnNoise
from lnl.noise.label_source import LabelFile, Labeller

if TYPE_CHECKING:
    from lnl.data.registry import DatasetInfo
    from lnl.declared.cells import Run, Search
    from lnl.declared.suite import Suite


def manifests(suite: Suite, run: Run) -> dict[str, str | None]:
    """Digests of the data and of the labels that a run trains on today; None where no manifest tells. Of a declared
    kind of noise what it means as well."""
    return {
        "data": told(paths.data(suite.scale, run.cell.dataset)),
        "labels": _labels(suite, run.cell.noise, dependencies.noise_manifest(suite, run)),
        **meaning(suite, run.cell.noise, run.cell.dataset),
    }


def _labels(suite: Suite, noise: str, manifest: str) -> str | None:
    """The digest of labels that their manifest tells. Where they were read from another file than the one that is
    declared today: that file, whose labels nobody has read, so that no record has been trained on them."""
    known = told(manifest)
    if known is None or not noise.startswith("file-"):
        return known
    try:
        file = Places.of(suite.config, suite.root).label_file(noise)
    except UserError:  # what was trained on its labels is shown without it
        return known
    return f"unread, {file.path}" if file and other_source(manifest, file) else known


def meaning(suite: Suite, noise: str, dataset: str) -> dict[str, str]:
    """{noise: digest} of what a declared kind does on a data set; nothing of any other noise."""
    own = suite.own_noise(noise, dataset)
    return {} if own is None else {"noise": digest(own.source())}


def of_search(suite: Suite, search: Search) -> dict[str, str | None]:
    """Digests of the data and labels that the candidates of a search train on today, as `manifests` has a run's."""
    return {
        "data": told(paths.data(suite.scale, search.dataset)),
        "labels": _labels(suite, search.noise, dependencies.search_labels(suite, search)),
        **meaning(suite, search.noise, search.dataset),
    }


def trained_on(result: Mapping[str, Any]) -> dict[str, str | None]:
    """Digests of the data and labels that a run was trained on, as its record's result (or what is to become one) tells
    them; None for one that it does not tell. Of a declared kind of noise what it meant as well."""
    labels = result.get("labels")
    known: Mapping[str, Any] = labels if isinstance(labels, Mapping) else {}
    made = {"noise": known["source"]} if "source" in known else {}
    return {"data": result.get("data_digest"), "labels": known.get("digest"), **made}


def other_bytes(suite: Suite, run: Run, result: Mapping[str, Any]) -> str | None:
    """Why a record's data or labels are not today's, in words; None where they are, or nothing tells."""
    return other(manifests(suite, run), trained_on(result))


def other(today: Mapping[str, Any], then: Mapping[str, Any]) -> str | None:
    """Which digest of `today` is another one in `then`, in words; None where none differs. One that is None, or
    missing, is not compared."""
    for what, known in today.items():
        if known is not None and then.get(what) is not None and known != then[what]:
            return f"trained on other {what} (digest {then[what]}, today {known})"
    return None


def mixed(results: Iterable[Mapping[str, Any]]) -> str | None:
    """Why runs of one cell may not be averaged: their data differ, or labels that all are to share; None otherwise."""
    results = list(results)
    for what in ("data", "labels", "noise"):
        shared = [r for r in results if what != "labels" or _fixed(r.get("labels"))]
        found = sorted({str(known) for r in shared if (known := trained_on(r).get(what)) is not None})
        if len(found) > 1:
            return f"runs of this cell were trained on different {what} (digests {', '.join(found)})"
    return None


def _fixed(labels: object) -> bool:
    return isinstance(labels, Mapping) and labels.get("vector") == "fixed"


def told(manifest: str) -> str | None:
    """The digest in a manifest of data, labels or sets; None where there is none, or a damaged one, or another's."""
    found = _found(manifest)
    return None if found is None else str(found["digest"])


def other_source(manifest: str, source: LabelFile | OwnNoise | Labeller) -> bool:
    """Whether labels were read from another file, or in another way, or made by a kind that meant something else, or by
    another labeller."""
    found = _found(manifest)
    try:
        return found is None or found.get("source") != source.source()
    except OSError:
        return False  # whoever has to read it says that it cannot be read


def other_data(manifest: str, info: DatasetInfo, places: Places) -> bool:
    """Whether a user's data were declared otherwise, or read from other files, than today."""
    found = _found(manifest)
    try:
        read = (found or {}).get("supplied_files", [])
        root = Path(places.data_root or ".")
        return found is None or found.get("declared") != info.declared or exchanged(info, root, read)
    except OSError:
        return False  # whoever has to read it says that it cannot be read


def remarks(suite: Suite, run: Run) -> list[str]:
    """What looks wrong with a run's labels as their manifest tells: a label file that is misread, or a declared kind of
    noise under which the true class is no longer the likeliest."""
    found = _found(dependencies.noise_manifest(suite, run)) or {}
    return [str(each) for each in found.get("remarks") or filter(None, [found.get("warning")])]


def _found(manifest: str) -> dict[str, Any] | None:
    try:
        known = os.stat(manifest)
    except OSError:
        return None
    return _read(manifest, (known.st_mtime_ns, known.st_ctime_ns, known.st_size))


@lru_cache(maxsize=4096)
def _read(manifest: str, stamp: tuple[int, ...]) -> dict[str, Any] | None:
    """A manifest, read again only when it was written again."""
    try:
        found = paths.read(manifest)
    except (UserError, OSError):
        return None
    return found if placed(found, Path(manifest)) else None


def placed(found: Mapping[str, Any], where: Path) -> bool:
    """Whether a manifest of data, labels or sets has a digest and lies where it says that it belongs."""
    if "noise" in found:
        generator, _, seed = where.stem.rpartition("-seed")
        own = (found.get("dataset"), found["noise"], str(found.get("noise_seed")))
        there = own == (where.parent.parent.name, where.parent.name, seed)
        there = there and found.get("generator") in (generator, "file", "labeller", "own")  # of no generator
    elif "sets" in found:
        there = found.get("dataset") == where.parent.name
        there = there and f"{found.get('called')}-seed{found.get('seed')}" == where.stem
    else:
        there = found.get("dataset") == where.stem
    return there and isinstance(found.get("digest"), str)
