"""Open-set noise: a share of the training images is replaced by images of other data sets, and labels are kept.

Wang et al. (CVPR 2018) call a label open-set noise whose image shows none of the classes. Their released code replaces
an exact share, in equal parts of all classes, by different images of the other data set; so does this. What is replaced
has the true label OUT_OF_DISTRIBUTION.

Which images are replaced depends on data set and noise seed alone: a larger share replaces those of a smaller one as
well, and sources are compared on the same images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import OUT_OF_DISTRIBUTION, Arrays, integer_digest
from lnl.data.registry import DatasetInfo
from lnl.data.streams import named_stream
from lnl.noise.keys import NoiseKey
from lnl.noise.kinds import OwnNoise

Places = NDArray[np.int64]


@dataclass(frozen=True)
class OpenSet:
    """What a noise puts in place of training images: `places` [n] in the training file, sorted, the `images`
    [n, C, H, W] that come there, and by `chosen` [n] which of the sources, and by `index` [n] which of its training
    images each is."""

    own: OwnNoise
    places: Places
    chosen: Places
    index: Places
    images: NDArray[np.uint8]

    def source(self) -> dict[str, Any]:
        """What the manifest says of their origin."""
        return self.own.source()

    def truth(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """True labels [N] with those of replaced images; `labels` are the data set's own."""
        found = np.array(labels, dtype=np.int64)
        found[self.places] = OUT_OF_DISTRIBUTION
        return found

    def digest(self, given: NDArray[np.int64]) -> str:
        """The name of what is trained on: given labels, places, and every byte of the images that come there."""
        total = hashlib.sha256(f"{integer_digest(given)} {integer_digest(self.places)} {self.images.shape}\n".encode())
        total.update(np.ascontiguousarray(self.images).data)
        return total.hexdigest()[:16]

    def held(self, given: NDArray[np.int64]) -> dict[str, Any]:
        """What the manifest has beside what it says of all labels; counts, and by class the labels of what was
        replaced."""
        of = {each.key: int((self.chosen == number).sum()) for number, each in enumerate(self.own.sources)}
        counts = np.bincount(given[self.places], minlength=self.own.info.classes)
        return {"out_of_distribution": {"count": len(self.places), "of": of, "per_class_given": counts.tolist()}}


def replaced_places(labels: NDArray[np.int64], noise: NoiseKey, dataset: str, seed: int) -> Places:
    """Sorted places of images that are replaced: of each class the share of the noise, rounded down.

    labels: the data set's true ones [N]; dataset: its key; seed: of the noise.
    """
    assert noise.rate is not None
    rank = named_stream(f"open set places\n{dataset}\n{seed}").random(len(labels))
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = int(noise.rate * len(members) + 1e-9)
        chosen.append(members[np.argsort(rank[members], kind="stable")[:count]])
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def replaced(
    own: OwnNoise | None, noise: NoiseKey, seed: int, arrays: Arrays, load: Callable[[DatasetInfo], Arrays]
) -> OpenSet | None:
    """Replaced images of one vector of labels; None of a noise that replaces none. arrays: the data set; load: reads
    one of `own.sources`.

    Sources give as many images each, to within one; no image comes twice.
    """
    if own is None or not own.sources:
        return None
    labels = np.asarray(arrays.train_labels)
    places = replaced_places(labels, noise, own.info.key, seed)
    chosen = _shared_out(len(places), len(own.sources), own.info.key, seed)
    index = np.empty(len(places), dtype=np.int64)
    images = np.empty((len(places), *arrays.train_images.shape[1:]), dtype=np.uint8)
    for number, each in enumerate(own.sources):
        mine, source = np.flatnonzero(chosen == number), load(each)
        rank = named_stream(f"open set images of {each.key}\n{own.info.key}\n{seed}").random(len(source.train_labels))
        index[mine] = np.argsort(rank, kind="stable")[: len(mine)]
        images[mine] = np.asarray(source.train_images[index[mine]])
    return OpenSet(own, places, chosen, index, images)


def _shared_out(places: int, sources: int, dataset: str, seed: int) -> Places:
    """Which source gives the image of each place, in random order."""
    rank = named_stream(f"open set sources\n{dataset}\n{seed}").random(places)
    found = np.empty(places, dtype=np.int64)
    found[np.argsort(rank, kind="stable")] = np.arange(places) % sources
    return found
