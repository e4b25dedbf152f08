"""Verified label vectors, and the noise manifest that runs depend on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Arrays, integer_digest
from lnl.data.registry import dataset_info
from lnl.errors import UserError
from lnl.files import replacing, write_json_atomic
from lnl.files.disk import unwritten
from lnl.files.locks import Lock
from lnl.noise.draw import draw
from lnl.noise.keys import check, flip_rate, warning
from lnl.noise.labelfile import read_labels
from lnl.noise.transition import matrix


def ensure_labels(
    arrays: Arrays,
    dataset: str,
    noise: str,
    generator: str,
    seed: int,
    cache_root: Path | str,
    label_file: Path | str | None = None,
    label_column: str | None = None,
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Given labels int64 [N] of the whole training file, and their manifest.

    Drawn labels are kept in `cache_root`/noise and verified by digest at each use; a cache that is damaged or belongs
    to other true labels is drawn again. A `file-<name>` noise is read from `label_file` each time. UserError for bad
    keys, a missing or wrong label file, or a cache folder that cannot be written.
    """
    classes = dataset_info(dataset).classes
    key = check(noise, classes)
    if key.kind == "file":
        if label_file is None:
            raise UserError(f"noise '{noise}': no label file is named for '{key.name}' in the configuration")
        labels = read_labels(label_file, len(arrays.train_labels), classes, label_column)
    else:
        labels = _cached(arrays, dataset, noise, generator, seed, Path(cache_root), classes)
    return labels, manifest(arrays, dataset, noise, generator, seed, labels)


def manifest(
    arrays: Arrays, dataset: str, noise: str, generator: str, seed: int, labels: NDArray[np.int64]
) -> dict[str, Any]:
    """What one noisy label vector is. Rates are in 0..1; matrices have one row per true class, rounded to 6 digits.

    `requested_rate` is the probability that a label differs from the truth (for uniform noise, which may draw the own
    class, less than `nominal_rate`); `realised_rate` is the share that does. A class without examples has a null row.
    """
    classes = dataset_info(dataset).classes
    key = check(noise, classes)
    truth = np.asarray(arrays.train_labels)
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, labels), 1)
    totals = counts.sum(axis=1)
    rates = counts / np.maximum(totals, 1)[:, None]
    return {
        "dataset": dataset,
        "noise": noise,
        "generator": "file" if key.kind == "file" else generator,
        "noise_seed": seed,
        "classes": classes,
        "nominal_rate": key.rate if key.kind != "clean" else 0.0,
        "requested_rate": flip_rate(key, classes),
        "realised_rate": float((labels != truth).mean()),
        "transition_requested": None if key.kind == "file" else np.round(matrix(noise, classes), 6).tolist(),
        "transition_realised": [row.tolist() if n else None for row, n in zip(np.round(rates, 6), totals, strict=True)],
        "per_class_true": totals.tolist(),
        "per_class_given": counts.sum(axis=0).tolist(),
        "flipped": int((labels != truth).sum()),
        "examples": len(labels),
        "digest": integer_digest(labels),
        "data_digest": arrays.digest,
        "warning": warning(noise, classes),
    }


def write_manifest(path: Path | str, content: dict[str, Any]) -> None:
    """Write a noise manifest, unless one of other labels is there already.

    UserError in that case: results that exist were trained on labels that are no longer the ones drawn or brought.
    """
    path = Path(path)
    if path.exists():
        try:
            before = json.loads(path.read_text(encoding="utf-8")).get("digest")
        except (OSError, ValueError, AttributeError):
            before = content["digest"]  # not a manifest any more: make it again
        if before != content["digest"]:
            raise UserError(
                f"{path}: the labels changed under existing results (digest {before}, now {content['digest']}); "
                f"bring the former labels back, or give the new ones a name of their own"
            )
    write_json_atomic(path, content)


def _cached(
    arrays: Arrays, dataset: str, noise: str, generator: str, seed: int, cache_root: Path, classes: int
) -> NDArray[np.int64]:
    path = cache_root / "noise" / dataset / noise / f"{generator}-seed{seed}.npy"
    truth = integer_digest(arrays.train_labels)
    found = _open(path, truth)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        raise unwritten(path, error, "choose another cache folder") from error
    try:
        found = _open(path, truth)
        if found is None:
            found = draw(np.asarray(arrays.train_labels), noise, classes, seed, generator, dataset)
            with replacing(path) as temporary, temporary.open("wb") as stream:
                np.save(stream, found, allow_pickle=False)
            write_json_atomic(path.with_suffix(".json"), {"digest": integer_digest(found), "true_labels": truth})
    finally:
        lock.release()
    return found


def _open(path: Path, truth: str) -> NDArray[np.int64] | None:
    try:
        known = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        labels: NDArray[np.int64] = np.load(path, allow_pickle=False)
        if known["true_labels"] == truth and labels.dtype == np.int64 and known["digest"] == integer_digest(labels):
            return labels
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        pass
    return None
