"""Labels that a network has predicted: whose they are, and how a noise manifest holds them.

Training the network again may give other bits, and other labels with them. The labels themselves therefore stand in the
manifest, as bytes in base64, and runs read them there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Arrays, integer_digest
from lnl.errors import UserError
from lnl.noise.label_source import Labeller

_TYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype("<u1"), "uint16": np.dtype("<u2")}


@dataclass(frozen=True)
class Predicted:
    """Labels int64 [N] of the whole training file, and the run whose network predicts them."""

    by: Labeller
    labels: NDArray[np.int64]
    remarks: tuple[str, ...] = ()

    def source(self) -> dict[str, str]:
        """What the manifest says of their origin."""
        return self.by.source()

    def held(self) -> dict[str, Any]:
        """What the manifest has beside what it says of all labels: these labels, and what is to be said of them."""
        return {"labels": encoded(self.labels), **({"remarks": list(self.remarks)} if self.remarks else {})}


def encoded(labels: NDArray[np.int64]) -> dict[str, str]:
    """Classes from 0 on as bytes of one or two each, little-endian, in base64: 50,000 of up to 256 take 67 kB."""
    name = "uint8" if labels.max(initial=0) < 256 else "uint16"
    return {"type": name, "base64": base64.b64encode(labels.astype(_TYPES[name]).tobytes()).decode()}


def decoded(content: Mapping[str, Any]) -> NDArray[np.int64]:
    """The labels int64 [N] in a noise manifest. ValueError where it holds none, or not those of its digest."""
    held = content.get("labels")
    if not isinstance(held, Mapping) or held.get("type") not in _TYPES:
        raise ValueError("holds no labels")
    try:
        raw = base64.b64decode(str(held.get("base64")), validate=True)
        labels = np.frombuffer(raw, _TYPES[held["type"]]).astype(np.int64)
    except (binascii.Error, ValueError):
        raise ValueError("holds no labels that can be read") from None
    if content.get("digest") != integer_digest(labels):
        raise ValueError("holds other labels than those of its digest")
    return labels


def check_classes(labels: NDArray[np.int64], classes: int, by: Labeller, reduced: str) -> tuple[str, ...]:
    """UserError where a labeller never predicts some class: nobody could learn it from these labels.

    reduced: why it proves no more than the plumbing, in words, or ''; then it is a remark, which is returned.
    """
    missing = [str(label) for label in range(classes) if not (labels == label).any()]
    if not missing:
        return ()
    which = f"class{'es' * (len(missing) > 1)} {', '.join(missing[:10])}{', …' * (len(missing) > 10)}"
    if reduced:
        return (f"{by.run} never predicts {which}; {reduced}",)
    raise UserError(
        f"{by.run} never predicts {which} of {classes}; train it longer, or on more images "
        "(config/protocols/labeller.yaml), or take another network"
    )


def check_data(labels: NDArray[np.int64], content: Mapping[str, Any], arrays: Arrays, classes: int) -> None:
    """ValueError for labels that were predicted on other data than today's, or that are none of its classes."""
    if labels.max(initial=0) >= classes:
        raise ValueError(f"holds labels beyond the {classes} classes of the data")
    if content.get("data_digest") != arrays.digest or len(labels) != len(arrays.train_labels):
        raise ValueError(f"its labels are of other data (digest {content.get('data_digest')}, today {arrays.digest})")
