"""Prepared data sets: read and verified once, kept as memory-mapped .npy files behind a small verified record."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from lnl.data.arrays import PARTS, Arrays, Source, content_digest
from lnl.data.registry import EMBEDDED, DatasetInfo, dataset_info
from lnl.errors import UserError
from lnl.files import replacing, write_json_atomic
from lnl.files.disk import unwritten
from lnl.files.locks import Lock

FORMAT = 1  # raised when a reader changes what it makes, so that older caches are made anew


def load(key: str, data_root: Path | str | None, cache_root: Path | str, accepted: Collection[str] = ()) -> Arrays:
    """Data set `key` as memory-mapped arrays; prepared into `cache_root`/data/`key` the first time.

    `data_root` is where torchvision looks (None: the environment's LNL_DATA_ROOT); embedded data sets need none.
    `accepted`: MD5 sums of source files that pass although they are not the documented ones; they are recorded.
    A truncated or altered cache is noticed and made again, and so is one whose `supplied` file has been exchanged for
    another; one whose files are gone is used. UserError for an unknown key, missing or refused files,
    or a cache folder that cannot be written.
    """
    info = dataset_info(key)
    folder = Path(cache_root) / "data" / key
    root = _data_root(info, data_root)
    arrays = _open(info, folder, root, accepted)
    if arrays is None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = Lock(folder / ".lock")
            lock.acquire()
        except OSError as error:
            raise unwritten(folder, error, "choose another cache folder") from error
        try:
            arrays = _open(info, folder, root, accepted)  # another process may have prepared it meanwhile
            if arrays is None:
                _prepare(info, root, folder, accepted)
                arrays = _open(info, folder, root, accepted)
        finally:
            lock.release()
    if arrays is None:
        raise UserError(
            f"{folder}: what was just prepared does not verify; check the disk, or choose another cache folder"
        )
    return arrays


def _data_root(info: DatasetInfo, given: Path | str | None) -> Path | None:
    if info.family in EMBEDDED:
        return None
    root = given or os.environ.get("LNL_DATA_ROOT")
    return Path(root).expanduser() if root else None


def _reader(info: DatasetInfo) -> Any:
    return importlib.import_module(f"lnl.data.{info.family}")


def _prepare(info: DatasetInfo, data_root: Path | None, folder: Path, accepted: Collection[str]) -> None:
    if data_root is None and info.family not in EMBEDDED:
        raise UserError(f"{info.title} needs a data root: set data_root in config/config.yaml, or LNL_DATA_ROOT")
    source: Source = _reader(info).read(info, data_root, accepted)
    _check(info, source, data_root)
    files = {}
    for name, array in source.parts.items():
        path = folder / f"{name}.npy"
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
        files[name] = {**_stamp(path), "sha256": _sha256(path)}
    meta = {
        "format": FORMAT,
        "digest": content_digest(source.parts),
        "accepted": source.accepted,
        "supplied": source.supplied,
        "files": files,
    }
    write_json_atomic(folder / "meta.json", meta)  # last: without it the folder counts as empty


def _check(info: DatasetInfo, source: Source, data_root: Path | None) -> None:
    """Counts, shapes, type of numbers and label range as the registry declares them."""
    for part, count in (("train", info.train), ("validation", info.validation), ("test", info.test)):
        if count == 0:
            continue
        images, labels = source.parts[f"{part}_images"], source.parts[f"{part}_labels"]
        right = images.shape == (count, *info.shape) and images.dtype == info.dtype and labels.shape == (count,)
        if not right or labels.min() < 0 or labels.max() >= info.classes:
            raise UserError(
                f"{info.title} under {data_root}: the {part} part is {images.shape} with labels up to {labels.max()}, "
                f"expected {(count, *info.shape)} with labels below {info.classes}; take fresh copies of its files"
            )


def _open(info: DatasetInfo, folder: Path, data_root: Path | None, accepted: Collection[str]) -> Arrays | None:
    """The cached arrays, or None where there are none that can be trusted."""
    try:
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        if meta["format"] != FORMAT or not {use["digest"] for use in meta["accepted"]} <= {d.lower() for d in accepted}:
            return None
        supplied = meta.get("supplied", [])
        if supplied and data_root and _reader(info).exchanged(info, data_root, supplied):
            return None
        mapped = {}
        for name, known in meta["files"].items():
            path = folder / f"{name}.npy"
            # Size and time are those of the file that was hashed; a copied cache has other times and is hashed again.
            if (
                _stamp(path) != {"size": known["size"], "mtime_ns": known["mtime_ns"]}
                and _sha256(path) != known["sha256"]
            ):
                return None
            mapped[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        if (
            not {f"{part}_{what}" for part in ("train", "test") for what in ("images", "labels")}
            <= set(mapped)
            <= set(PARTS)
        ):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Arrays(
        **{name: mapped.get(name) for name in PARTS},  # type: ignore[arg-type]
        digest=meta["digest"],
        accepted=tuple(meta["accepted"]),
        supplied=tuple(supplied),
    )


def _stamp(path: Path) -> dict[str, int]:
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
