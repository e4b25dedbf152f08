"""Verified label vectors, and the noise manifest that runs depend on."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import OUT_OF_DISTRIBUTION, Arrays, integer_digest
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError
from lnl.files import replacing, said, sealed
from lnl.files.disk import unwritten
from lnl.files.locks import Lock
from lnl.noise import own as own_noise
from lnl.noise.draw import draw
from lnl.noise.keys import SEMANTIC, NoiseKey, check, flip_rate, warning
from lnl.noise.kinds import OwnNoise
from lnl.noise.label_remarks import remarks
from lnl.noise.label_source import LabelFile
from lnl.noise.labelfile import read_labels
from lnl.noise.open_set import OpenSet
from lnl.noise.predicted import Predicted
from lnl.noise.transition import cautious, requested

#: What to do where results were trained on other data or labels than those of today.
CHANGED = (
    "bring the former ones back, give the new ones a name of their own, or delete this file: "
    "what was trained on them is then trained again"
)


def ensure_labels(
    arrays: Arrays,
    info: DatasetInfo,
    noise: str,
    generator: str,
    seed: int,
    cache_root: Path | str,
    source: LabelFile | OwnNoise | OpenSet | Predicted | None = None,
    of: str = "",
) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Given labels int64 [N] of the whole training file, and their manifest.

    Drawn labels are kept in `cache_root`/noise and verified by digest at each use; a cache that is damaged or belongs
    to other true labels is drawn again. `source`: of a noise that needs one. A `file-<name>` noise is read from its
    label file each time; `of` says which training file its labels have to be of. Those of a network are as they were
    predicted, and stand in the manifest. Where images are replaced, labels are the true ones as they were. UserError
    for bad keys, a missing or wrong label file, a declared kind that fails, or a cache folder that cannot be written.
    """
    key = check(noise, info.classes)
    own = source if isinstance(source, OwnNoise) else None
    if key.kind == "file":
        if not isinstance(source, LabelFile):
            raise UserError(f"noise '{noise}': no label file is named for '{key.name}' in the configuration")
        truth = np.asarray(arrays.train_labels)
        labels = read_labels(source, truth, info.classes, of or f"the training file of {info.key}")
    elif isinstance(source, OpenSet):
        labels = np.array(arrays.train_labels, dtype=np.int64)
    elif key.kind == SEMANTIC:
        if not isinstance(source, Predicted):
            raise UserError(f"noise '{noise}': a network predicts its labels; `lnl prepare noise` has them predicted")
        labels = source.labels
    else:
        labels = _cached(arrays, info, key, generator, seed, Path(cache_root), own)
    content = manifest(arrays, info, noise, generator, seed, labels, source)
    if source is not None:
        content["source"] = source.source()
    if isinstance(source, Predicted):
        content |= source.held()
    if isinstance(source, OpenSet):
        content |= source.held(labels)
    return labels, content


def compared(arrays: Arrays, labels: NDArray[np.int64], content: dict[str, Any], file: LabelFile) -> dict[str, Any]:
    """A manifest of a user's labels with how far they agree with the true ones, and what looks misread (`remarks`)."""
    rows = content["transition_realised"]
    return content | {
        "agreement": 1 - content["realised_rate"],
        "agreement_per_class": [None if row is None else row[true] for true, row in enumerate(rows)],
        "remarks": remarks(labels, np.asarray(arrays.train_labels), content["classes"], file.classes),
    }


def manifest(
    arrays: Arrays,
    info: DatasetInfo,
    noise: str,
    generator: str,
    seed: int,
    labels: NDArray[np.int64],
    source: LabelFile | OwnNoise | OpenSet | Predicted | None = None,
) -> dict[str, Any]:
    """What one noisy label vector is, of a declared kind by its `source`. Rates are in 0..1; matrices have one row per
    true class, rounded to 6 digits.

    `requested_rate` is the probability that a label differs from the truth (for uniform noise, which may draw the own
    class, less than `nominal_rate`; for a declared kind whose matrix nobody knows, that rate); `realised_rate` is the
    share that does. A class without examples has a null row. What shows none of the classes counts as different, in
    `flipped` and the rates; matrix and `per_class_true` are of the others.
    """
    classes = info.classes
    key = check(noise, classes)
    open_set = source if isinstance(source, OpenSet) else None
    own = source if isinstance(source, OwnNoise) else open_set.own if open_set else None
    truth = np.asarray(arrays.train_labels) if open_set is None else open_set.truth(arrays.train_labels)
    shown = truth != OUT_OF_DISTRIBUTION
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth[shown], labels[shown]), 1)
    totals = counts.sum(axis=1)
    rates = counts / np.maximum(totals, 1)[:, None]
    asked = requested(key, classes, own, seed)
    return {
        "dataset": info.key,
        "noise": noise,
        "generator": _generator(key, generator, own),
        "noise_seed": seed,
        "classes": classes,
        "nominal_rate": key.rate if key.kind != "clean" else 0.0,
        "requested_rate": _rate(key, asked, totals, own),
        "realised_rate": float((labels != truth).mean()),
        "transition_requested": None if asked is None else np.round(asked, 6).tolist(),
        "transition_realised": [row.tolist() if n else None for row, n in zip(np.round(rates, 6), totals, strict=True)],
        "per_class_true": totals.tolist(),
        "per_class_given": np.bincount(labels, minlength=classes).tolist(),
        "flipped": int((labels != truth).sum()),
        "examples": len(labels),
        "digest": open_set.digest(labels) if open_set else _digest(labels, asked if own is not None else None),
        "data_digest": arrays.digest,
        "warning": warning(noise, classes) if own is None or asked is None else cautious(key, asked),
    }


def _generator(key: NoiseKey, generator: str, own: OwnNoise | None) -> str:
    """Whose random numbers drew the labels, or what is replaced; `own`: of a function of the user's, or of images."""
    if key.kind == "file":
        return "file"
    if key.kind == SEMANTIC:
        return "labeller"
    return "own" if own is not None and ("draw" in own.kind.functions or own.kind.replaced_by) else generator


def _digest(labels: NDArray[np.int64], told: NDArray[np.float64] | None) -> str:
    """The name of a label vector. Of a declared kind it is that of the matrix as well, which methods are told: with
    another one the same labels make other runs."""
    name = integer_digest(labels)
    return name if told is None else hashlib.sha256(f"{name} {told.tolist()}".encode()).hexdigest()[:16]


def _rate(
    key: NoiseKey, asked: NDArray[np.float64] | None, totals: NDArray[np.int64], own: OwnNoise | None
) -> float | None:
    """The share of labels that are asked to differ from the true ones; None where nobody has asked."""
    if own is None:
        return flip_rate(key, len(totals))
    if asked is None or own.kind.replaced_by:
        return key.rate
    return float((totals * (1 - np.diag(asked))).sum() / totals.sum())


def write_manifest(path: Path | str, content: dict[str, Any]) -> None:
    """Write a noise manifest, unless one of other labels is there already.

    UserError in that case: results that exist were trained on labels that are no longer the ones drawn or brought.
    """
    path = Path(path)
    if path.exists():
        try:
            before = sealed.read(path).get("digest")
        except (OSError, ValueError):
            before = content["digest"]  # not a manifest any more: make it again
        if before != content["digest"]:
            raise UserError(
                f"{path}: the labels changed under existing results "
                f"(digest {before}, now {content['digest']}); {CHANGED}"
            )
    sealed.write(path, content)


def _cached(
    arrays: Arrays,
    info: DatasetInfo,
    noise: NoiseKey,
    generator: str,
    seed: int,
    cache_root: Path,
    own: OwnNoise | None,
) -> NDArray[np.int64]:
    path = cache_root / "noise" / info.key / str(noise) / f"{generator}-seed{seed}.npy"
    made_from: dict[str, Any] = {"true_labels": integer_digest(arrays.train_labels)}
    if own is not None:
        made_from |= {"source": own.source(), "data": arrays.digest}
    with suppress(OSError, ValueError):  # which are said below, unless another process draws them meanwhile
        return _open(path, made_from)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(path.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        raise unwritten(path, error, "choose another cache folder") from error
    try:
        try:
            return _open(path, made_from)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            print(f"lnl: {said(error)}; drawn again", file=sys.stderr)
        found = _drawn(arrays, info, noise, generator, seed, own)
        sealed.clear(path)
        with replacing(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, found, allow_pickle=False)
        sealed.write(path.with_suffix(".json"), {"digest": integer_digest(found), **made_from})
        return found
    finally:
        lock.release()


def _drawn(
    arrays: Arrays, info: DatasetInfo, noise: NoiseKey, generator: str, seed: int, own: OwnNoise | None
) -> NDArray[np.int64]:
    truth = np.asarray(arrays.train_labels)
    if own is not None and "draw" in own.kind.functions:
        if arrays.root is not None and "images" in own.kind.functions["draw"]:
            raise UserError(
                f"noise '{noise}': {own.kind.file}: draw() looks at images, and those of {info.title} stay in their "
                "files; take a kind that needs labels alone, or a file of labels"
            )
        return own_noise.drawn(own, noise, seed, truth, arrays.train_images)
    return draw(truth, noise, info.classes, seed, generator, info.key, own)


def _open(path: Path, made_from: Mapping[str, Any]) -> NDArray[np.int64]:
    """Cached labels. FileNotFoundError where there are none, or they were made otherwise; ValueError with the file that
    cannot be trusted."""
    note = path.with_suffix(".json")
    try:
        known = sealed.read(note)
        if known.get("true_labels") != made_from["true_labels"]:
            raise ValueError("damaged, or of other data")
        if known.get("source") != made_from.get("source") or known.get("data") != made_from.get("data"):
            raise FileNotFoundError  # a declared kind that means something else today
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise ValueError(f"{note}: {error}") from None
    try:
        labels: NDArray[np.int64] = np.load(path, allow_pickle=False)
        if labels.dtype != np.int64 or known.get("digest") != integer_digest(labels):
            raise ValueError("damaged")
    except Exception as error:  # whatever numpy makes of bytes that are no array
        raise ValueError(f"{path}: {error}") from None
    return labels
