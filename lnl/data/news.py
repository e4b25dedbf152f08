"""20 Newsgroups, split by date: texts in the order of scikit-learn's loader, in classes, as vectors of 300 numbers.

Pumpout has two classes (Table 1, citing Kiryo et al., 2017: alt, comp, misc and rec against sci, soc and talk),
Co-teaching+ seven (its released code; decision news_groups). Every group is a run of the alphabetical list.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnl.data import news_features, news_texts
from lnl.data.arrays import Source
from lnl.data.checksums import Verifier
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError

GLOVE = "glove"

#: The newsgroup with which each class begins, in alphabetical order; news20 has every newsgroup for itself.
FIRST = {
    "news2": ("alt.atheism", "sci.crypt"),
    "news7": (
        "alt.atheism",
        "comp.graphics",
        "misc.forsale",
        "rec.autos",
        "sci.crypt",
        "soc.religion.christian",
        "talk.politics.guns",
    ),
}


def grouped(key: str, names: Sequence[str], newsgroups: NDArray[Any]) -> NDArray[np.int64]:
    """Class of each text, int64 [N]. names: the newsgroups in alphabetical order; newsgroups: index of each text's."""
    first = FIRST.get(key, tuple(names))
    classes = np.array([bisect_right(first, name) - 1 for name in names], dtype=np.int64)
    return classes[newsgroups]


def _pattern(info: DatasetInfo) -> str:
    return f"glove.*.{info.shape[-1]}d.txt"


def vectors_file(info: DatasetInfo, data_root: Path) -> Path:
    """The user's GloVe vectors of as many numbers as the data set has; UserError where there is not exactly one."""
    folder, pattern = data_root / GLOVE, _pattern(info)
    found = sorted(folder.glob(pattern))
    if not found:
        raise UserError(
            f"{info.title}: there is no {folder / pattern}; put vectors from https://nlp.stanford.edu/projects/glove "
            "there, or set news_features: lsa in config/config.yaml"
        )
    if len(found) > 1:
        raise UserError(f"{folder}: holds {' and '.join(f.name for f in found)}; keep the one to use there")
    return found[0]


def exchanged(info: DatasetInfo, data_root: Path, supplied: Sequence[Mapping[str, str]]) -> bool:
    """Whether another GloVe file than the one that was read lies there now; none at all is no other one."""
    here = {f"{GLOVE}/{f.name}": str(f.stat().st_size) for f in (data_root / GLOVE).glob(_pattern(info))}
    read = {use["file"]: use["bytes"] for use in supplied if "bytes" in use}
    return bool(read and here) and not read.items() <= here.items()


def read(info: DatasetInfo, data_root: Path | None, accepted: Collection[str]) -> Source:
    """Features float32 [N, 1, 1, 300] and classes. `supplied` names the texts' digest, and the GloVe file with its own.

    UserError before the texts are read where GloVe vectors are asked for and there are none.
    """
    assert data_root is not None
    key = info.form_of or info.key
    vectors = None if info.form_of else vectors_file(info, data_root)
    verifier = Verifier(accepted)
    file, parts_of_texts = news_texts.read(info, data_root, verifier)
    train, test = (parts_of_texts[part].texts for part in news_texts.PARTS)
    digest = hashlib.md5("\0".join([*train, *test]).encode(), usedforsecurity=False).hexdigest()
    supplied = [{"file": f"{news_texts.HOME}/{file}", "digest": digest, "of": "the texts of both parts in order"}]
    if vectors is None:
        train_features, test_features = news_features.lsa(train, test, info.shape[-1])
    else:
        both, md5, share = news_features.glove([*train, *test], vectors, info.shape[-1])
        train_features, test_features = both[: len(train)], both[len(train) :]
        use = {"file": f"{GLOVE}/{vectors.name}", "digest": md5, "bytes": str(vectors.stat().st_size)}
        supplied.append({**use, "of": f"vectors of {100 * share:.1f}% of the words"})
    parts: dict[str, NDArray[Any]] = {
        "train_images": train_features[:, None, None],
        "test_images": test_features[:, None, None],
        **{f"{part}_labels": grouped(key, one.names, one.newsgroups) for part, one in parts_of_texts.items()},
    }
    return Source(parts, verifier.used, supplied)
