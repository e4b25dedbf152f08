"""Parts of a data set by index: what validates, what tests, clean subsets and held-out parts of the training file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lnl.data.arrays import Arrays, Images, Labels
from lnl.data.streams import named_stream
from lnl.errors import UserError, choose

SPLITS = {
    "none": "all test images test, nothing validates",
    "own": "the data set's own validation part validates",
    "test-halves": "the first half of the test file validates, the second half tests (S2E, Table 1 and released code)",
    "test-first": "of each class the first of the test file validate, a twentieth in all; the others test (RoG's code)",
}


def evaluation_parts(arrays: Arrays, split: str) -> tuple[Images | None, Labels | None, Images, Labels]:
    """(validation images, validation labels, test images, test labels) under a split of SPLITS; labels are never noisy.

    Raises UserError for an unknown split, and for "own" where the data set has no validation part.
    """
    choose(split, SPLITS, "split", "")
    if split == "none":
        return None, None, arrays.test_images, arrays.test_labels
    if split == "own":
        if arrays.validation_images is None or arrays.validation_labels is None:
            raise UserError("split 'own': this data set has no validation part of its own; use 'none' or 'test-halves'")
        return arrays.validation_images, arrays.validation_labels, arrays.test_images, arrays.test_labels
    if split == "test-halves":
        half = len(arrays.test_labels) // 2
        images, labels = arrays.test_images, arrays.test_labels
        return images[:half], labels[:half], images[half:], labels[half:]
    images, labels = arrays.test_images, arrays.test_labels
    first = first_of_classes(labels, max(1, len(labels) // 20 // (int(labels.max()) + 1)))
    others = np.setdiff1d(np.arange(len(labels)), first)
    return images[first], labels[first], images[others], labels[others]


def parts_by_name(arrays: Arrays, split: str, tested_on: str = "test") -> dict[str, tuple[Images, Labels]]:
    """Evaluation parts by name: `test`, then `validation` where the split has one, then further test sets.

    tested_on: a further test set that is `test`; the data set's own is called `own` then. UserError for one that there
    is not.
    """
    validation, validation_labels, test, test_labels = evaluation_parts(arrays, split)
    parts = {"test": (test, test_labels)}
    if validation is not None and validation_labels is not None:
        parts["validation"] = (validation, validation_labels)
    further = dict(arrays.further_tests)
    if tested_on != "test":
        choose(tested_on, {"test": None, **further}, "test set", "")
        further["own"], parts["test"] = parts["test"], further.pop(tested_on)
    return parts | further


def first_of_classes(labels: Labels, count: int) -> NDArray[np.int64]:
    """Places of the first `count` examples of every class, in the file's order."""
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]))


def clean_indices(labels: NDArray[np.int64], count: int, classes: int, seed: int) -> NDArray[np.int64]:
    """`count` indices into the training file, balanced over classes by true label and sorted: a clean or probe set.

    Classes differ by at most one example (the lower ones have it). With one seed a larger set contains a smaller one.
    Raises UserError where a class has too few examples.
    """
    if count < 0:
        raise UserError(f"a clean set cannot have {count} examples; give 0 or more")
    chosen = []
    for label in range(classes):
        wanted = count // classes + (label < count % classes)
        members = np.flatnonzero(labels == label)
        if wanted > len(members):
            raise UserError(
                f"a clean set of {count} wants {wanted} examples of class {label}, which has {len(members)}"
            )
        stream = named_stream(f"clean split\n{label}\n{seed}")
        # Ranking fixed uniforms rather than shuffling: the order does not hang on a library's shuffle algorithm.
        chosen.append(members[np.argsort(stream.random(len(members)), kind="stable")[:wanted]])
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def noisy_hold_out(examples: int, share: float, dataset: str, seed: int) -> NDArray[np.int64]:
    """Indices of the `share` of a training file of `examples` that is held out, sorted; at least one.

    A plain uniform draw from the stream named by data set, share and seed: who does not know the true labels cannot
    balance the classes.
    """
    stream = named_stream(f"noisy hold-out\n{dataset}\n{share:g}\n{seed}")
    chosen = np.argsort(stream.random(examples), kind="stable")[: max(1, round(share * examples))]
    return np.sort(chosen).astype(np.int64)
