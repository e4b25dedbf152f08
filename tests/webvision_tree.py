"""A small tree of the layout of WebVision and of ILSVRC, with images that PIL makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lnl.data.registry import DatasetInfo

CLASSES, SIDE, TRAIN, TEST, CLEAN = 3, 16, 24, 6, 6
WORDS = ("n01440764", "n01443537", "n01484850")

DECLARED: dict[str, Any] = {
    "title": "Small WebVision",
    "classes": CLASSES,
    "shape": [3, SIDE, SIDE],
    "counts": {"train": TRAIN, "test": TEST, "further_tests": {"ilsvrc": TEST}},
    "reader": "image-files",
    "options": {
        "train": {"lists": ["webvision/info/train_filelist_google.txt"], "images": "webvision"},
        "test": {"lists": ["webvision/info/val_filelist.txt"], "images": "webvision/val_images_256"},
        "further_tests": {"ilsvrc": {"folders": "imagenet/val", "named": "webvision/info/synsets.txt"}},
    },
    "source": "a test",
    "licence": "none",
}


def picture(number: int, label: int) -> Image.Image:
    """An image of its own size, whose brightness says its class."""
    stream = np.random.default_rng(number)
    height, width = 20 + number % 7, 18 + number % 11
    pixels = 70 * label + stream.integers(0, 60, (height // 2, width // 2, 3))
    return Image.fromarray(pixels.astype(np.uint8)).resize((width, height), Image.Resampling.BILINEAR)


def _put(file: Path, image: Image.Image) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file, quality=90)


def lay_out(root: Path, train: int = TRAIN) -> None:
    """Lists, training images of two queries, test images, and ILSVRC's class folders, of its training set as well.

    The lists name a class more than is declared, whose images are not there.
    """
    info = root / "webvision" / "info"
    info.mkdir(parents=True)
    info.joinpath("synsets.txt").write_text("".join(f"{w} a thing, another\n" for w in (*WORDS, "n01491361")))
    rows = [f"google/q{1 + n % 2:04}/img {n}.jpg {n % CLASSES}" for n in range(train)]
    info.joinpath("train_filelist_google.txt").write_text("\n".join([*rows, "google/q0009/x.jpg 3"]) + "\n")
    for n, row in enumerate(rows):
        _put(root / "webvision" / row.rpartition(" ")[0], picture(n, n % CLASSES))
    tests = [f"val{n:06}.jpg {n % CLASSES}" for n in range(TEST)]
    info.joinpath("val_filelist.txt").write_text("\n".join([*tests, "val000099.jpg 3"]) + "\n")
    for n, row in enumerate(tests):
        _put(root / "webvision" / "val_images_256" / row.split()[0], picture(100 + n, n % CLASSES))
    for n in range(TEST):
        name = f"ILSVRC2012_val_{n:08}.JPEG"
        _put(root / "imagenet" / "val" / WORDS[n % CLASSES] / name, picture(200 + n, n % CLASSES))
    for n in range(4 * CLASSES):
        word = WORDS[n % CLASSES]
        _put(root / "imagenet" / "train" / word / f"{word}_{n}.JPEG", picture(300 + n, n % CLASSES))


def declared(file: Path, **options: Any) -> DatasetInfo:
    """Its declaration; `clean=True` puts clean images beside it."""
    said = {**DECLARED, "options": dict(DECLARED["options"])}
    if options.pop("clean", False):
        said["counts"] = {**DECLARED["counts"], "clean": CLEAN}
        said["options"]["clean"] = {"folders": "imagenet/train", "named": "webvision/info/synsets.txt", "each": 2}
    said["options"].update(options)
    return DatasetInfo.of("small-webvision", said, file)
