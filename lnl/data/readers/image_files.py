"""Images that lists or folders of classes name, and that stay in their files: WebVision, ILSVRC.

Nothing is decoded that need not be: what is prepared are paths, sizes and labels. Every file is looked at once, so that
one that is missing or cut off is known before anything is trained.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data import image_files
from lnl.data.arrays import Source
from lnl.data.readers.files import exchanged
from lnl.data.readers.image_lists import Listed, listed
from lnl.data.registry import PARTS, DatasetInfo
from lnl.errors import UserError

__all__ = ["exchanged", "read"]

LOOKING = 8  # threads that wait for a disk
NAMED = 3  # files that an error line names
KEPT = 100  # that a manifest names
REFUSE, SKIP = "refuse", "skip"


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Options: `train`, `test` (and `validation`), and by name `further_tests`, as `image_lists.listed` takes them;
    `clean`: images with right labels, which stand behind those of the training file; `unreadable`: `refuse`, or `skip`
    images that are missing or cannot be read.

    UserError, one line, for images that cannot be read, and for a class that is left without any.
    """
    assert data_root is not None
    if info.shape[0] != 3 or info.shape[1] != info.shape[2]:
        raise UserError(f"{info.file}: shape: images of files are square and have 3 channels: [3, side, side]")
    told: dict[str, Any] = {name: info.options[name] for name in PARTS if name in info.options}
    told |= dict(info.options.get("further_tests") or {})
    for name in info.parts:
        if info.count(name) and name not in told:
            raise UserError(f"{info.file}: options: nothing says where the images of '{name}' are")
    if bool(info.clean) != ("clean" in info.options):
        raise UserError(f"{info.file}: counts and options: 'clean' stands in one of them only")
    source = Source({})
    for name, where in told.items():
        images, labels = _part(info, data_root, name, where, source)
        if name == "train" and info.clean:
            more = _part(info, data_root, "clean", info.options["clean"], source)
            images, labels = _joined(images, more[0]), np.concatenate([labels, more[1]])
            if source.left_out("clean") or len(more[1]) != info.clean:
                raise UserError(f"{info.file}: counts: {len(more[1])} clean images can be read, not {info.clean}")
        source.parts[f"{name}_images"], source.parts[f"{name}_labels"] = images, labels
    return source


def _part(
    info: DatasetInfo, data_root: Path, name: str, where: Any, source: Source
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    found = listed(info, data_root, name, where)
    source.supplied.extend(use for use in found.supplied if use not in source.supplied)
    with ThreadPoolExecutor(LOOKING) as pool:
        looks = list(pool.map(lambda path: image_files.look(data_root / path), found.paths, chunksize=64))
    wrong = [(path, seen.wrong) for path, seen in zip(found.paths, looks, strict=True) if seen.wrong]
    if wrong and info.options.get("unreadable", REFUSE) != SKIP:
        raise UserError(_refused(info, data_root, name, found, wrong))
    sound = [at for at, seen in enumerate(looks) if not seen.wrong]
    labels = np.array([found.labels[at] for at in sound], dtype=np.int64)
    _check_classes(info, name, labels, found)
    source.looked[name] = {
        "files": len(sound),
        "bytes": sum(looks[at].size for at in sound),
        "grey": sum(looks[at].mode in ("1", "L", "LA") for at in sound),
        "left_out": len(wrong),
        "left_out_files": [f"{path} {why}" for path, why in wrong[:KEPT]],
    }
    return image_files.entries([found.paths[at] for at in sound], [looks[at].size for at in sound]), labels


def _refused(info: DatasetInfo, data_root: Path, name: str, found: Listed, wrong: list[tuple[str, str]]) -> str:
    examples = "; ".join(f"{path} {why}" for path, why in wrong[:NAMED])
    more = f"; and {len(wrong) - NAMED:,} more" if len(wrong) > NAMED else ""
    return (
        f"{info.title}: {len(wrong):,} of {len(found.paths):,} {name} images below {data_root}: {examples}{more}; "
        "take fresh copies, or leave such images out with `unreadable_images: skip` in config/config.yaml"
    )


def _check_classes(info: DatasetInfo, name: str, labels: NDArray[np.int64], found: Listed) -> None:
    lost = set(found.labels) - set(labels.tolist())
    if lost or not len(labels):
        of = f" of class {min(lost)}" if lost else ""
        raise UserError(f"{info.title}: no {name} image{of} can be read; take fresh copies")


def _joined(first: NDArray[np.void], second: NDArray[np.void]) -> NDArray[np.void]:
    """Entries of both, as wide as the longer paths."""
    both = [[entry.decode() for entry in part["path"]] for part in (first, second)]
    return image_files.entries([*both[0], *both[1]], [*first["bytes"], *second["bytes"]])
