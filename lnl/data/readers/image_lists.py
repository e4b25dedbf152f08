"""Which images a part has: rows of lists, `path class`, or folders that are called after the classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from lnl.data.readers.files import noted, place
from lnl.data.registry import DatasetInfo
from lnl.data.streams import named_stream
from lnl.errors import UserError

IMAGES = (".jpeg", ".jpg", ".png", ".bmp", ".webp", ".gif", ".tif", ".tiff")
LIST, FOLDERS = {"lists", "images"}, {"folders", "named", "each"}


@dataclass
class Listed:
    """Images of a part in order: paths below the data root (or absolute), class numbers, and files that name them."""

    paths: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    supplied: list[dict[str, str]] = field(default_factory=list)


def listed(info: DatasetInfo, data_root: Path, part: str, told: Any) -> Listed:
    """Images that the option of a part names. UserError, one line, for an option, a list or a folder that is none.

    `{lists: [file, …], images: folder}`: rows `path class` of text files, one list after another; paths begin at the
    folder. Rows of a class beyond the declared ones are left out: with 50 classes, a list of 1,000 has its first 50.
    `{folders: folder, named: file, each: n}`: one folder for each class, called by the first word of a line of `named`,
    in the order of the class numbers (without it, in that of their names); `each`: so many of every class, drawn by
    the names of the files.
    """
    if isinstance(told, Mapping):
        if "lists" in told and "images" in told and set(told) <= LIST and isinstance(told["lists"], list):
            return _rows(info, data_root, told)
        if "folders" in told and set(told) <= FOLDERS:
            return _folders(info, data_root, told)
    raise UserError(
        f"{info.file}: options: {part}: write {{lists: [file, …], images: folder}}, or {{folders: folder, named: file}}"
    )


def _rows(info: DatasetInfo, data_root: Path, told: Mapping[str, Any]) -> Listed:
    found, below = Listed(), PurePosixPath(str(told["images"]))
    place(info, data_root, told["images"])
    for name in told["lists"]:
        file = place(info, data_root, name)
        found.supplied.append(noted(file, name))
        for number, line in enumerate(_lines(file), 1):
            path, _, label = line.strip().rpartition(" ")
            if not path or not label.isdecimal():
                raise UserError(f"{file}: line {number}: {line.strip()[:80]!r} is no `path class`; take a fresh copy")
            if ".." in PurePosixPath(path).parts or path.startswith("/"):
                raise UserError(f"{file}: line {number}: {path!r} is no path below a folder; take a fresh copy")
            if int(label) < info.classes:
                found.paths.append(str(below / path.strip()))
                found.labels.append(int(label))
    return found


def _folders(info: DatasetInfo, data_root: Path, told: Mapping[str, Any]) -> Listed:
    found, below = Listed(), place(info, data_root, told["folders"])
    for number, name in enumerate(_class_names(info, data_root, told, below, found)):
        folder = below / name
        if not folder.is_dir():
            raise UserError(
                f"{folder}: is not there; {info.file} wants a folder for each of {info.classes} classes below {below}"
            )
        files = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in IMAGES)
        if "each" in told:
            files = _some(files, int(told["each"]), name, folder)
        found.paths += [str(PurePosixPath(str(told["folders"])) / name / file) for file in files]
        found.labels += [number] * len(files)
    return found


def _class_names(info: DatasetInfo, data_root: Path, told: Mapping[str, Any], below: Path, found: Listed) -> list[str]:
    if "named" in told:
        file = place(info, data_root, told["named"])
        found.supplied.append(noted(file, told["named"]))
        names = [line.split()[0] for line in _lines(file) if line.strip()]
        where = str(file)
    else:
        names = sorted(entry.name for entry in below.iterdir() if entry.is_dir())
        where = f"{below} (its folders)"
    if len(names) < info.classes:
        raise UserError(f"{where}: names {len(names)} classes, and {info.file} declares {info.classes}")
    return names[: info.classes]


def _some(files: list[str], count: int, name: str, folder: Path) -> list[str]:
    """`count` of a class's images, by ranks from a stream of its name, in the order of their names."""
    if len(files) < count:
        raise UserError(f"{folder}: has {len(files)} images, and {count} of each class are wanted")
    rank = named_stream(f"images of class\n{name}").random(len(files))
    return [files[at] for at in np.sort(np.argsort(rank, kind="stable")[:count])]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read as a list ({error}); take a fresh copy") from None
