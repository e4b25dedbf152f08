"""The data sets of the suite and their facts, known without opening a file (standard library only)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lnl.errors import UserError, nearest

#: Families that need no data root: a package embeds them, or they are made here.
EMBEDDED = frozenset({"digits", "standin"})


@dataclass(frozen=True)
class DatasetInfo:
    """Facts about one data set. `shape` is an image's (channels, height, width); train, validation, test are counts.

    Features that are no images are float32 vectors of shape (1, 1, D) in place of uint8 pixels: `dtype` says which.
    """

    key: str
    title: str
    classes: int
    shape: tuple[int, int, int]
    train: int
    validation: int
    test: int
    family: str  # the module of lnl.data that reads it
    source: str
    licence: str
    notes: tuple[str, ...] = ()
    dtype: str = "uint8"

    @property
    def example_bytes(self) -> int:
        """Bytes of one example as it is kept."""
        return math.prod(self.shape) * (4 if self.dtype == "float32" else 1)


#: Groupings of the twenty newsgroups: key -> classes. Read by lnl/data/news.py, which has their sources.
NEWS = {"news2": 2, "news7": 7, "news20": 20}
LSA = "-lsa"  # behind a key of NEWS: features that are made from the texts alone


def _news(key: str, classes: int, lsa: bool) -> DatasetInfo:
    if lsa:
        made = "TF-IDF, then a truncated SVD, both fitted on the training texts; rounded to four decimals"
    else:
        made = "mean of the GloVe vectors of a text's lower-cased tokens; a token without one is left out"
    return DatasetInfo(
        key=key + LSA * lsa,
        title=f"20 Newsgroups, {classes} classes, {'latent semantic embedding' if lsa else 'averaged GloVe vectors'}",
        classes=classes,
        shape=(1, 1, 300),
        train=11_314,
        validation=0,
        test=7532,
        family="news",
        source="Lang: NewsWeeder, 1995; the version sorted by date, as scikit-learn's fetch_20newsgroups gives it",
        licence="no licence stated; cite the paper" + ("" if lsa else "; GloVe vectors: PDDL 1.0"),
        notes=(made, "headers, quotes and signatures are kept"),
        dtype="float32",
    )


DATASETS: dict[str, DatasetInfo] = {
    info.key: info
    for info in (
        DatasetInfo(
            key="digits",
            title="Handwritten digits (8 x 8)",
            classes=10,
            shape=(1, 8, 8),
            train=1197,
            validation=200,
            test=400,
            family="digits",
            source="scikit-learn's embedded copy of the test part of UCI's Optical Recognition of Handwritten Digits",
            licence="CC BY 4.0 (UCI Machine Learning Repository)",
            notes=("values 0..16 rescaled to 0..255", "one fixed split, stratified by class"),
        ),
        DatasetInfo(
            key="mnist",
            title="MNIST",
            classes=10,
            shape=(1, 28, 28),
            train=60_000,
            validation=0,
            test=10_000,
            family="mnist",
            source="LeCun, Cortes, Burges: the MNIST database of handwritten digits",
            licence="CC BY-SA 3.0",
        ),
        DatasetInfo(
            key="cifar10",
            title="CIFAR-10",
            classes=10,
            shape=(3, 32, 32),
            train=50_000,
            validation=0,
            test=10_000,
            family="cifar",
            source="Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
            licence="no licence stated; cite the report",
        ),
        DatasetInfo(
            key="cifar100",
            title="CIFAR-100",
            classes=100,
            shape=(3, 32, 32),
            train=50_000,
            validation=0,
            test=10_000,
            family="cifar",
            source="Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
            licence="no licence stated; cite the report",
            notes=("the 100 fine labels, in alphabetical order",),
        ),
        DatasetInfo(
            key="standin-cifar100",
            title="Synthetic stand-in for CIFAR-100",
            classes=100,
            shape=(3, 32, 32),
            train=1000,
            validation=0,
            test=200,
            family="standin",
            source="made here from one random prototype per class; a fixed seed",
            licence="that of the suite",
            notes=("synthetic: it proves plumbing only",),
        ),
        DatasetInfo(
            key="standin-news",
            title="Synthetic stand-in for 20 Newsgroups",
            classes=7,
            shape=(1, 1, 300),
            train=1000,
            validation=0,
            test=200,
            family="standin",
            source="made here from one random prototype per class; a fixed seed",
            licence="that of the suite",
            notes=("synthetic: it proves plumbing only",),
            dtype="float32",
        ),
        *(_news(key, classes, lsa) for lsa in (False, True) for key, classes in NEWS.items()),
    )
}


def dataset_info(key: str) -> DatasetInfo:
    """The facts about data set `key`; UserError with the nearest key where there is none."""
    if key not in DATASETS:
        raise UserError(f"unknown data set '{key}'{nearest(key, DATASETS)}")
    return DATASETS[key]
