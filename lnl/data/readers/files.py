"""The files that a declared data set names: where they lie, what was read of them, and whether others lie there now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from lnl.data.registry import DatasetInfo
from lnl.errors import UserError
from lnl.files import sha256
from lnl.files.home import written_out


def place(info: DatasetInfo, data_root: Path, name: object) -> Path:
    """Where a file, or folder, of a data set lies: below the data root unless its path is absolute (~ is home)."""
    if not isinstance(name, str) or not name:
        raise UserError(f"{info.file}: options: {name!r} is no path of a file")
    path = written_out(name, f"{info.file}: options")
    path = path if path.is_absolute() else data_root / path
    if not path.exists():
        raise UserError(f"{info.title}: there is no {path}, which {info.file} names; put it there, or mend its path")
    return path


def noted(path: Path, name: str) -> dict[str, str]:
    """What a manifest says of a file that was read: its name as declared, its digest and size."""
    return {"file": name, "digest": sha256(path), "bytes": str(path.stat().st_size)}


def listed(folder: Path, name: str) -> dict[str, str]:
    """What a manifest says of a folder of many files that was read: its name as declared, a digest of the names, sizes
    and dates of its files, and how many they are."""
    total, files = hashlib.sha256(), sorted(file for file in folder.rglob("*") if file.is_file())
    for file in files:
        known = file.stat()
        total.update(f"{file.relative_to(folder).as_posix()} {known.st_size} {known.st_mtime_ns}\n".encode())
    return {"file": name, "digest": total.hexdigest(), "files": str(len(files))}


def exchanged(info: DatasetInfo, data_root: Path, supplied: Iterable[Mapping[str, str]]) -> bool:
    """Whether other files than those that were read lie there now; none at all are no other ones.

    Standard library only: every start asks it.
    """
    for use in supplied:
        path = written_out(use["file"], str(info.file))
        path = path if path.is_absolute() else data_root / path
        if path.exists() and (listed if path.is_dir() else noted)(path, use["file"]) != dict(use):
            return True
    return False
