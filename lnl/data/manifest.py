"""The data manifest: the small file that runs depend on, so that caches and the data root may come and go."""

from __future__ import annotations

from typing import Any

import numpy as np

from lnl.data.arrays import Arrays
from lnl.data.registry import DatasetInfo


def manifest(info: DatasetInfo, arrays: Arrays) -> dict[str, Any]:
    """What a data set holds: digest, counts per part and per class, shape, source, and digests of files.

    Of images that stay in their files the digest is of their paths, sizes and labels; `images` says what was found.
    """
    further = {name: labels for name, (_, labels) in arrays.further_tests.items()}
    labels = {
        "train": arrays.train_labels,
        "validation": arrays.validation_labels,
        "test": arrays.test_labels,
        **further,
    }
    return {
        "dataset": info.key,
        "title": info.title,
        "digest": arrays.digest,
        "declared": info.declared,
        "classes": info.classes,
        "shape": list(info.shape),
        "counts": {part: 0 if given is None else len(given) for part, given in labels.items()},
        "per_class": {
            part: np.bincount(given, minlength=info.classes).tolist()
            for part, given in labels.items()
            if given is not None
        },
        "source": info.source,
        "licence": info.licence,
        "notes": list(info.notes),
        "accepted_digests": [dict(use) for use in arrays.accepted],
        "supplied_files": [dict(use) for use in arrays.supplied],
        **({"clean": info.clean} if info.clean else {}),
        **({"images": dict(arrays.looked)} if arrays.looked else {}),
    }
