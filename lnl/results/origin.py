"""Whether a record was trained on the bytes of today: on the data and labels that the manifests beside it tell."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnl.declared import dependencies, paths

if TYPE_CHECKING:
    from lnl.declared.cells import Run
    from lnl.declared.suite import Suite


def manifests(suite: Suite, run: Run) -> dict[str, str | None]:
    """Digests of the data and of the labels that a run trains on today; None where no manifest tells."""
    return {
        "data": _digest(paths.data(suite.scale, run.cell.dataset)),
        "labels": _digest(dependencies.noise_manifest(suite, run)),
    }


def trained_on(result: Mapping[str, Any]) -> dict[str, str | None]:
    """The same of a record's result (or of what is to become one)."""
    labels = result.get("labels")
    return {"data": result.get("data_digest"), "labels": labels.get("digest") if isinstance(labels, Mapping) else None}


def other_bytes(suite: Suite, run: Run, result: Mapping[str, Any]) -> str | None:
    """Why a record's data or labels are not today's, in words; None where they are, or nothing tells."""
    today, then = manifests(suite, run), trained_on(result)
    for what, digest in today.items():
        if digest is not None and then[what] is not None and digest != then[what]:
            return f"trained on other {what} (digest {then[what]}, today {digest})"
    return None


def mixed(results: Iterable[Mapping[str, Any]]) -> str | None:
    """Why runs of one cell may not be averaged: their data differ, or labels that all are to share; None otherwise."""
    results = list(results)
    for what in ("data", "labels"):
        shared = [r for r in results if what == "data" or _fixed(r.get("labels"))]
        found = sorted({str(digest) for r in shared if (digest := trained_on(r)[what]) is not None})
        if len(found) > 1:
            return f"runs of this cell were trained on different {what} (digests {', '.join(found)})"
    return None


def _fixed(labels: object) -> bool:
    return isinstance(labels, Mapping) and labels.get("vector") == "fixed"


def _digest(manifest: str) -> str | None:
    try:
        return _read(manifest, os.stat(manifest).st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _read(manifest: str, stamp: int) -> str | None:
    """Digest in a manifest, read again only when it was written again."""
    try:
        digest = json.loads(Path(manifest).read_text(encoding="utf-8"))["digest"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) else None
