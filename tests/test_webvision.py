"""WebVision's lists and folders: what is prepared of them, what is said of wrong ones, how a run goes through them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from webvision_tree import CLASSES, CLEAN, TEST, TRAIN, WORDS, declared, lay_out

from lnl.data.arrays import Arrays
from lnl.data.manifest import manifest
from lnl.data.prepare import load
from lnl.errors import UserError

FIRST = "webvision/google/q0001/img 0.jpg"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lay_out(tmp_path / "data")
    return tmp_path / "data"


def prepared(root: Path, clean: bool = False, **options: object) -> Arrays:
    return load(declared(root / "small.yaml", clean=clean, **options), root, root.parent / "cache")


def refused(root: Path, **options: object) -> str:
    with pytest.raises(UserError) as caught:
        prepared(root, **options)
    assert len(caught.value.lines) == 1
    return str(caught.value)


def test_lists_and_class_folders_are_read_in_their_order_and_the_rest_of_the_classes_left(root: Path) -> None:
    arrays = prepared(root)
    assert arrays.train_images["path"][0].decode() == FIRST
    assert arrays.train_labels.tolist() == [n % CLASSES for n in range(TRAIN)]
    assert arrays.test_labels.tolist() == [n % CLASSES for n in range(TEST)]
    images, labels = arrays.further_tests["ilsvrc"]
    assert labels.tolist() == sorted(n % CLASSES for n in range(TEST))  # a folder after another
    assert [path.decode().split("/")[2] for path in images["path"]] == [WORDS[label] for label in labels]
    for entry in arrays.train_images:
        assert (root / entry["path"].decode()).stat().st_size == entry["bytes"]
    info = declared(root / "small.yaml")
    known = manifest(info, arrays)
    assert known["counts"] == {"train": TRAIN, "validation": 0, "test": TEST, "ilsvrc": TEST}
    assert known["images"]["train"]["left_out"] == 0


def test_clean_images_stand_behind_the_training_file_and_are_the_same_ones_each_time(root: Path) -> None:
    arrays, again = prepared(root, clean=True), load(declared(root / "x", clean=True), root, root.parent / "other")
    assert len(arrays.train_labels) == TRAIN + CLEAN and arrays.digest == again.digest
    assert np.bincount(arrays.train_labels[TRAIN:]).tolist() == [2] * CLASSES
    assert all(path.startswith(b"imagenet/train/") for path in arrays.train_images["path"][TRAIN:])
    assert arrays.digest != prepared(root).digest


def test_an_image_that_is_missing_or_cut_off_is_named_and_counted(root: Path) -> None:
    cut, missing = root / FIRST, root / "webvision/google/q0002/img 3.jpg"
    cut.write_bytes(cut.read_bytes()[:-100])
    missing.unlink()
    said = refused(root)
    assert f"2 of {TRAIN} train images" in said and "img 0.jpg cannot be read" in said and "truncated" in said
    assert "img 3.jpg is not there" in said and "unreadable_images: skip" in said
    arrays = prepared(root, unreadable="skip")
    assert arrays.train_labels.tolist() == [n % CLASSES for n in range(TRAIN) if n not in (0, 3)]
    known = manifest(declared(root / "small.yaml", unreadable="skip"), arrays)
    assert known["counts"]["train"] == TRAIN - 2 and known["images"]["train"]["left_out"] == 2
    assert {line.partition(".jpg ")[0].rpartition("/")[2] for line in known["images"]["train"]["left_out_files"]} == {
        "img 0",
        "img 3",
    }


def test_a_grey_image_and_a_png_under_another_name_count_as_images(root: Path) -> None:
    Image.open(root / FIRST).convert("L").save(root / FIRST)
    Image.new("RGB", (20, 20)).save(root / "webvision/google/q0002/img 1.jpg", format="PNG")
    known = manifest(declared(root / "small.yaml"), prepared(root))
    assert known["images"]["train"] | {"bytes": 0} == {
        "files": TRAIN,
        "bytes": 0,
        "grey": 1,
        "left_out": 0,
        "left_out_files": [],
    }


def test_skipping_never_leaves_a_class_without_images(root: Path) -> None:
    for n in range(0, TRAIN, CLASSES):
        (root / f"webvision/google/q{1 + n % 2:04}/img {n}.jpg").unlink()
    assert "no train image of class 0 can be read" in refused(root, unreadable="skip")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda r: (r / "webvision/info/val_filelist.txt").unlink(), r"there is no .*val_filelist\.txt"),
        (lambda r: (r / "webvision/info/val_filelist.txt").write_text("a.jpg one\n"), r"line 1: 'a\.jpg one' is no"),
        (lambda r: (r / "webvision/info/val_filelist.txt").write_text("../../x 0\n"), "no path below a folder"),
        (lambda r: (r / "webvision/info/val_filelist.txt").write_text("val000000.jpg 0\n"), "1 test examples, 6 are"),
        (lambda r: (r / "imagenet/val" / WORDS[1]).rename(r / "gone"), f"{WORDS[1]}: is not there"),
        (lambda r: (r / "webvision/info/synsets.txt").write_text("n01440764 x\n"), "names 1 classes"),
        (lambda r: (r / "webvision/val_images_256").rename(r / "gone"), "there is no .*val_images_256"),
    ],
)
def test_lists_and_folders_that_are_not_what_they_should_be_are_one_line(root: Path, wrong, says: str) -> None:
    wrong(root)
    assert re.search(says, refused(root))


def test_another_list_is_noticed_and_an_image_that_is_gone_later_is_not_looked_for(root: Path) -> None:
    before = prepared(root)
    (root / FIRST).rename(root / "elsewhere.jpg")
    assert prepared(root).digest == before.digest  # what is prepared stays; a run says which file is missing
    (root / "elsewhere.jpg").rename(root / FIRST)
    file = root / "webvision/info/train_filelist_google.txt"
    rows = file.read_text().splitlines()
    file.write_text("\n".join([rows[1], rows[0], *rows[2:]]) + "\n")
    assert prepared(root).digest != before.digest
