"""The data sets of the suite and their facts, known without opening a file (standard library only)."""

from __future__ import annotations

from dataclasses import dataclass

from lnl.errors import UserError, nearest


@dataclass(frozen=True)
class DatasetInfo:
    """Facts about one data set. `shape` is an image's (channels, height, width); train, validation, test are counts."""

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
    )
}


def dataset_info(key: str) -> DatasetInfo:
    """The facts about data set `key`; UserError with the nearest key where there is none."""
    if key not in DATASETS:
        raise UserError(f"unknown data set '{key}'{nearest(key, DATASETS)}")
    return DATASETS[key]
