"""States of trainings that were stopped: whose they are, and whether they are as they were written.

torch.save writes a zip archive whose entries carry checksums that torch.load does not look at.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lnl.declared.suite import Run, Suite
from lnl.files import replacing
from lnl.files.sealed import clear, set_aside
from lnl.run.store import Store

Name = list[str | int]  # cell, seed, and what the store keeps the run under


def name(suite: Suite, run: Run) -> Name:
    """How a state calls a run that it is of."""
    return [run.cell.id, run.seed, Store(suite, run).key]


def save(
    path: Path, training: Any, runs: Sequence[Name], trained_on: Sequence[Mapping[str, Any]], **about: object
) -> None:
    """Write the state of a training of these runs, on these data and labels (lnl.declared.origin)."""
    clear(path)
    with replacing(path) as temporary:
        torch.save({"training": training, "runs": list(runs), "trained_on": list(trained_on), **about}, temporary)


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """Content of a state; None where there is none. One that is damaged is set aside, and a line says so."""
    clear(path)
    if not path.exists():
        return None
    content = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(content) as archive:
            if (entry := archive.testzip()) is not None:
                raise ValueError(f"{entry} is not what its checksum was made of")
        content.seek(0)
        saved = torch.load(content, map_location=device, weights_only=True)
        if not isinstance(saved, dict) or not {"training", "runs", "trained_on"} <= set(saved):
            raise ValueError("no state of a training")
    except MemoryError:  # no word about the file
        raise
    except Exception as error:  # whatever zipfile and torch make of bytes that are no such file
        set_aside(path, f"damaged checkpoint ({str(error).splitlines()[0][:200] if str(error) else 'cut off'})")
        return None
    return saved


def begun(
    path: Path, runs: Sequence[Name], trained_on: Sequence[Mapping[str, Any]], device: torch.device | str = "cpu"
) -> dict[str, Any] | None:
    """Content of a state that is there, is of these runs, and of training on these data and labels; None otherwise.

    A digest that is None is one that nothing tells, and fits any. A state of other runs is set aside.
    """
    saved = load(path, device)
    if saved is None:
        return None
    if saved["runs"] != list(runs):
        set_aside(path, "checkpoint of another run")
        return None
    return saved if all(map(_fits, saved["trained_on"], trained_on)) else None


def _fits(then: Mapping[str, Any], today: Mapping[str, Any]) -> bool:
    return all(digest is None or then.get(what) in (None, digest) for what, digest in today.items())
