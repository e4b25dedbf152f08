"""Prepared data sets: read and verified once, kept as memory-mapped .npy files behind a small verified record."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from lnl.data.arrays import PARTS, Arrays, Source, content_digest
from lnl.data.registry import READERS, DatasetInfo
from lnl.errors import UserError
from lnl.files import replacing, said, sealed, sha256
from lnl.files.disk import unwritten
from lnl.files.home import written_out
from lnl.files.locks import Lock

FORMAT = 1  # raised when a reader changes what it makes, so that older caches are made anew


def load(
    info: DatasetInfo, data_root: Path | str | None, cache_root: Path | str, accepted: Collection[str] = ()
) -> Arrays:
    """A data set as memory-mapped arrays; prepared into `cache_root`/data/`key` the first time.

    `data_root` is where torchvision looks (None: the environment's LNL_DATA_ROOT); embedded data sets need none.
    `accepted`: MD5 sums of source files that pass although they are not the documented ones; they are recorded.
    A truncated or altered cache is noticed and made again, and so is one whose `supplied` file has been exchanged for
    another; one whose files are gone is used. UserError for missing or refused files,
    or a cache folder that cannot be written.
    """
    folder = Path(cache_root) / "data" / info.key
    root = _data_root(info, data_root)
    with suppress(OSError, ValueError):  # which are said below, unless another process prepares the data meanwhile
        return _open(info, folder, root, accepted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = Lock(folder / ".lock")
        lock.acquire()
    except OSError as error:
        raise unwritten(folder, error, "choose another cache folder") from error
    try:
        return _prepared(info, folder, root, accepted)
    finally:
        lock.release()


def _prepared(info: DatasetInfo, folder: Path, root: Path | None, accepted: Collection[str]) -> Arrays:
    """The arrays, prepared unless another process has done it meanwhile; the folder's lock is held."""
    try:
        return _open(info, folder, root, accepted)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        print(f"lnl: {said(error)}; prepared again", file=sys.stderr)
    _prepare(info, root, folder, accepted)
    try:
        return _open(info, folder, root, accepted)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{error}: what was just prepared does not verify; check the disk, or choose another cache folder"
        ) from None


def _data_root(info: DatasetInfo, given: Path | str | None) -> Path | None:
    if info.embedded:
        return None
    root = given or os.environ.get("LNL_DATA_ROOT")
    return written_out(root, "the data root") if root else None


def _reader(info: DatasetInfo) -> Any:
    return importlib.import_module(READERS[info.reader].module if info.reader in READERS else "lnl.data.readers.own")


def _prepare(info: DatasetInfo, data_root: Path | None, folder: Path, accepted: Collection[str]) -> None:
    if data_root is None and not info.embedded:
        raise UserError(f"{info.title} needs a data root: set data_root in config/config.yaml, or LNL_DATA_ROOT")
    source: Source = _reader(info).read(info, data_root, accepted)
    _check(info, source, data_root)
    files = {}
    for name, array in source.parts.items():
        path = folder / f"{name}.npy"
        sealed.clear(path)
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
        files[name] = {"sha256": sha256(path)}
    meta = {
        "format": FORMAT,
        "declared": info.declared,
        "digest": content_digest(source.parts),
        "accepted": source.accepted,
        "supplied": source.supplied,
        "files": files,
        **({"looked": source.looked} if source.looked else {}),
    }
    sealed.write(folder / "meta.json", meta)  # last: without it the folder counts as empty


def _check(info: DatasetInfo, source: Source, data_root: Path | None) -> None:
    """Parts, counts, shapes, type of numbers and label range as declared."""
    there = {part: source.parts.get(f"{part}_labels") for part in info.parts}
    counts = {part: (0 if labels is None else len(labels)) + source.left_out(part) for part, labels in there.items()}
    remedy = "take fresh copies of its files"
    if info.brought:
        own = counts | {"train": counts["train"] - info.clean}
        written = ", ".join(
            f"{part}: {own[part]}" for part in counts if counts[part] and part not in info.further_tests
        )
        remedy = f"take other files, or declare what they hold in {info.file}: counts: {{{written}}}"
    for part, labels in there.items():
        count = info.count(part)
        if counts[part] != count or labels is None:
            if counts[part] != count:
                raise UserError(f"{info.title}: {counts[part]:,} {part} examples, {count:,} are declared; {remedy}")
            continue
        if info.in_files:  # whose reader has looked at every image
            continue
        images = source.parts[f"{part}_images"]
        right = images.shape == (count, *info.shape) and images.dtype == info.dtype and labels.shape == (count,)
        if not right or labels.min() < 0 or labels.max() >= info.classes:
            raise UserError(
                f"{info.title} under {data_root}: the {part} part is {images.shape} with labels up to {labels.max()}, "
                f"expected {(count, *info.shape)} with labels below {info.classes}; {remedy}"
            )


def _open(info: DatasetInfo, folder: Path, data_root: Path | None, accepted: Collection[str]) -> Arrays:
    """The cached arrays. FileNotFoundError where there are none, ValueError with the file that cannot be trusted."""
    note = folder / "meta.json"
    try:
        meta = sealed.read(note)
        files, supplied = meta["files"], meta.get("supplied", [])
        used = {use["digest"] for use in meta["accepted"]}
        further = {f"{part}_{what}" for part in info.further_tests for what in ("images", "labels")}
        needed = {f"{part}_{what}" for part in ("train", "test") for what in ("images", "labels")} | further
        if meta["format"] != FORMAT or not needed <= set(files) <= {*PARTS, *further}:
            raise ValueError("of another version of the suite")
        if not used <= {digest.lower() for digest in accepted}:
            raise ValueError("of files that are no longer accepted")
        if meta.get("declared", info.declared) != info.declared:
            raise ValueError("of another declaration")
        if supplied and data_root and _reader(info).exchanged(info, data_root, supplied):
            raise ValueError("of other files")
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{note}: {error}") from None
    mapped = {}
    for name, known in files.items():
        path = folder / f"{name}.npy"
        try:
            if sha256(path) != known["sha256"]:  # each time, at the speed of a disk: a date says nothing about bytes
                raise ValueError("damaged")
            mapped[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ValueError(f"{path}: {error}") from None
    return Arrays(
        **{name: mapped.get(name) for name in PARTS},  # type: ignore[arg-type]
        digest=meta["digest"],
        accepted=tuple(meta["accepted"]),
        supplied=tuple(supplied),
        further_tests={name: (mapped[f"{name}_images"], mapped[f"{name}_labels"]) for name in info.further_tests},
        root=data_root if info.in_files else None,
        side=info.shape[-1] if info.in_files else None,
        looked=meta.get("looked", {}),
    )
