"""Which file, and what of it, or whose network given labels come from. Standard library only: every start asks it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from lnl.files import sha256


@dataclass(frozen=True)
class LabelFile:
    """A file of labels as the configuration declares it (key `label_files`)."""

    path: Path
    field: str | None = None  # the array or column that holds the labels; not needed where there is one
    index: str | Literal[False] | None = None  # the one that numbers the examples from 0; False: none does, rows do
    classes: tuple[str, ...] = ()  # what stands in the file for class 0, 1, …; nothing: these numbers themselves
    clean: str | None = None  # the one that repeats the true labels, and is held against them

    def source(self) -> dict[str, Any]:
        """Digest of the file's bytes and how they are read, for the manifest. OSError where there is no file."""
        known = self.path.stat()
        read = _sha256(self.path, (known.st_mtime_ns, known.st_ctime_ns, known.st_size))
        found: dict[str, Any] = {"sha256": read, "field": self.field}
        said = {"index": self.index, "classes": list(self.classes) or None, "clean": self.clean}
        return found | {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Labeller:
    """The run whose network predicts the labels of a noise."""

    run: str  # its cell and seed
    made_of: str  # digest of its specification

    def source(self) -> dict[str, str]:
        """Whose labels they are, for the manifest."""
        return {"labeller": self.run, "made_of": self.made_of}


@lru_cache(maxsize=64)
def _sha256(path: Path, stamp: tuple[int, ...]) -> str:
    """Digest of a file's bytes, read again only when it was written again: every run of its labels is asked for it."""
    return sha256(path)
