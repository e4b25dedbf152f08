"""WebVision's lists and folders: what is prepared of them, what is said of wrong ones, how a run goes through them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from webvision_tree import CLASSES, CLEAN, DECLARED, TEST, TRAIN, WORDS, declared, lay_out

from lnl.cli import prepare
from lnl.data import listed_files
from lnl.data.arrays import Arrays
from lnl.data.manifest import manifest
from lnl.data.prepare import load
from lnl.data.readers.image_lists import listed
from lnl.data.registry import DatasetInfo
from lnl.declared import declared_sets, paths
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import sealed
from lnl.noise.kinds import OwnNoise
from lnl.noise.manifest import ensure_labels
from lnl.run.dag import Dag

ROOT = Path(__file__).resolve().parent.parent
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


def test_clean_images_are_drawn_from_all_of_a_class_and_not_the_first_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data/imagenet/train"
    lay_out(tmp_path / "data")
    for word in WORDS:
        for number in range(40):
            (folder / word / f"a{number:02}.JPEG").touch()
    info = declared(tmp_path / "small.yaml", clean=True)
    found = listed(info, tmp_path / "data", "clean", {**info.options["clean"], "each": 20})
    chosen = found.paths
    assert found.labels == [label for label in range(CLASSES) for _ in range(20)]
    places = []
    for label, word in enumerate(WORDS):
        names = sorted(file.name for file in (folder / word).iterdir())
        mine = [names.index(path.rpartition("/")[2]) for path in chosen[20 * label : 20 * label + 20]]
        assert len(names) == 44 and mine == sorted(set(mine)) and f"/{word}/" in chosen[20 * label]
        places.append(mine)
        assert 12 < np.mean(mine) < 31, "by chance 21.5, with a deviation of 2"
    assert places[0] != places[1] != places[2]
    assert [path[-8:] for path in chosen[:3]] == ["a00.JPEG", "a02.JPEG", "a03.JPEG"], "the same for ever"
    for each in (44, 45):
        told = {**info.options["clean"], "each": each}
        if each > 44:
            with pytest.raises(UserError, match="n01440764: has 44 images, and 45 of each class are wanted"):
                listed(info, tmp_path / "data", "clean", told)
        else:
            assert len(listed(info, tmp_path / "data", "clean", told).paths) == 44 * CLASSES


def test_a_folders_class_is_the_place_of_its_name_in_the_list(root: Path) -> None:
    """The list says which class a folder is, whatever order its names have."""
    turned = [WORDS[2], WORDS[0], WORDS[1]]
    (root / "webvision/info/synsets.txt").write_text("".join(f"{word} a thing\n" for word in turned))
    images, labels = prepared(root).further_tests["ilsvrc"]
    assert [path.decode().split("/")[2] for path in images["path"]] == [turned[label] for label in labels]
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]


def test_an_image_that_is_missing_or_cut_off_is_named_and_counted(root: Path) -> None:
    cut, missing = root / FIRST, root / "webvision/google/q0002/img 3.jpg"
    cut.write_bytes(cut.read_bytes()[:-100])
    missing.unlink()
    said = refused(root)
    assert f"2 of {TRAIN} train images" in said and "img 0.jpg cannot be read" in said and "truncated" in said
    assert "img 3.jpg is not there" in said and "unreadable_images: skip" in said
    arrays = prepared(root, unreadable="skip")
    assert arrays.train_labels.tolist() == [n % CLASSES for n in range(TRAIN) if n not in (0, 3)]
    for entry in arrays.train_images:  # each has its own size, or none would be read
        assert (root / entry["path"].decode()).stat().st_size == entry["bytes"]
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


def test_an_image_of_more_than_eight_bits_is_named_and_never_seen_as_white(root: Path) -> None:
    Image.fromarray(np.full((20, 20), 3000, dtype=np.uint16)).save(root / FIRST, format="PNG")
    assert f"1 of {TRAIN} train images below {root}: {FIRST} keeps its pixels as more than 8 bits" in refused(root)
    known = manifest(declared(root / "small.yaml"), prepared(root, unreadable="skip"))
    assert known["images"]["train"]["left_out"] == 1


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
        (lambda r: (r / "webvision/info/val_filelist.txt").write_text("/x.jpg 0\n"), "'/x.jpg' is no path below a"),
        (lambda r: (r / "webvision/info/val_filelist.txt").write_text("val000000.jpg 0\n"), "1 test examples, 6 are"),
        (lambda r: (r / "imagenet/val" / WORDS[1]).rename(r / "gone"), f"{WORDS[1]}: is not there"),
        (lambda r: (r / "webvision/info/synsets.txt").write_text("n01440764 x\n"), "names 1 classes"),
        (lambda r: (r / "webvision/val_images_256").rename(r / "gone"), "there is no .*val_images_256"),
    ],
)
def test_lists_and_folders_that_are_not_what_they_should_be_are_one_line(root: Path, wrong, says: str) -> None:
    wrong(root)
    assert re.search(says, refused(root))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"counts": {"train": TRAIN, "test": TEST, "validation": 3}},
            "nothing says where the images of 'validation' are",
        ),
        ({"shape": [3, 8, 9]}, "images of files are square and have 3 channels"),
        ({"counts": {"train": TRAIN, "test": TEST, "clean": CLEAN}}, "'clean' stands in one of them only"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_one_line(root: Path, changes: dict[str, Any], says: str) -> None:
    info = DatasetInfo.of("small-webvision", {**DECLARED, **changes}, root / "small.yaml")
    with pytest.raises(UserError, match=re.escape(says)):
        load(info, root, root.parent / "cache")


def test_clean_images_are_as_many_as_are_declared_and_none_of_them_is_left_out(root: Path) -> None:
    """Sets of clean examples are drawn from the last so many of the training file."""
    fewer = {"folders": "imagenet/train", "named": "webvision/info/synsets.txt", "each": 1}
    counts = {**DECLARED["counts"], "clean": CLEAN}
    info = DatasetInfo.of(
        "small", {**DECLARED, "counts": counts, "options": {**DECLARED["options"], "clean": fewer}}, root / "a.yaml"
    )
    with pytest.raises(UserError, match=f"counts: {CLASSES} clean images can be read, not {CLEAN}"):
        load(info, root, root.parent / "cache")
    for image in (root / "imagenet/train" / WORDS[1]).iterdir():
        image.write_bytes(image.read_bytes()[:-100])
    with pytest.raises(UserError, match="no clean image of class 1 can be read"):
        prepared(root, clean=True, unreadable="skip")


def test_another_list_is_noticed_and_an_image_that_is_gone_later_is_not_looked_for(root: Path) -> None:
    before = prepared(root)
    (root / FIRST).rename(root / "elsewhere.jpg")
    assert prepared(root).digest == before.digest  # what is prepared stays; a run says which file is missing
    (root / "elsewhere.jpg").rename(root / FIRST)
    file = root / "webvision/info/train_filelist_google.txt"
    rows = file.read_text().splitlines()
    file.write_text("\n".join([rows[1], rows[0], *rows[2:]]) + "\n")
    assert prepared(root).digest != before.digest


def test_sets_of_clean_examples_are_as_large_as_there_are_some_and_plain_ones_of_a_stand_in(tmp_path: Path) -> None:
    info, standin = declared(tmp_path / "small.yaml", clean=True), declared(tmp_path / "other.yaml")
    told = {"probe": {"count": CLEAN, "of": "clean", "balanced": True}}
    assert declared_sets.resolved(told, info, info, "a test") == told
    other = declared_sets.resolved(told, replace(standin, key="standin"), info, "a test")
    assert other == {"probe": {"count": CLEAN, "balanced": True}}
    for count, of in ((CLEAN + 1, info), (1, standin)):
        with pytest.raises(UserError, match=f"a test: sets, probe: {count} clean examples, and small-webvision has"):
            declared_sets.resolved({"probe": {"count": count, "of": "clean"}}, of, of, "a test")


def test_the_configuration_says_whether_images_may_be_left_out() -> None:
    usual, skipping = (Suite.load(ROOT, {"scale": "paper", **said}) for said in ({}, {"unreadable_images": "skip"}))
    assert "unreadable" not in usual.dataset("webvision-mini").options
    assert skipping.dataset("webvision-mini").options["unreadable"] == "skip"
    assert usual.dataset("webvision-mini").declared != skipping.dataset("webvision-mini").declared
    assert usual.dataset("mnist").declared == skipping.dataset("mnist").declared
    with pytest.raises(UserError, match="'unreadable_images' is a word: refuse or skip"):
        Suite.load(ROOT, {"scale": "paper", "unreadable_images": "skp"})
    with pytest.raises(UserError, match="unknown test set of webvision-mini-clean 'imagenet'"):
        usual.resolved(
            {"protocol": "ieg-webvision", "dataset": "webvision-mini-clean", "noise": "clean", "method": "supervised"},
            {"protocol.tested_on": "imagenet"},
            "a test",
        )


def test_a_kind_of_noise_that_looks_at_images_is_refused_for_images_in_files(root: Path) -> None:
    info = declared(root / "small.yaml")
    own = OwnNoise(Suite.load(ROOT, {"scale": "paper"}, validate=False).noises["part-dependent"], info)
    with pytest.raises(UserError, match="draw\\(\\) looks at images, and those of Small WebVision stay in their files"):
        ensure_labels(prepared(root), info, "part-dependent-20", "named_stream", 0, root.parent / "cache", own)


def test_a_start_says_before_any_job_which_list_or_folder_is_missing(root: Path) -> None:
    info = declared(root / "small.yaml", clean=True)
    assert listed_files.obstacle(info, root) is None
    named = ("imagenet/train", "imagenet/val", "webvision/val_images_256", "webvision/info/train_filelist_google.txt")
    for name in named:
        (root / name).rename(root / "elsewhere")
        line = f"Small WebVision: there is no {root / name}; docs/webvision.md says what belongs where below the data"
        assert str(listed_files.obstacle(info, root)).startswith(line)
        (root / "elsewhere").rename(root / name)


def test_it_is_said_once_for_each_data_set_and_no_more_once_that_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LNL_CONFIG", "LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, "")
    dag = Dag(ROOT, {"scale": "lite", "device": "cpu", "data_root": "nowhere"}, head=False)
    monkeypatch.setattr(paths, "results", lambda: str(tmp_path))
    for _ in range(2):
        assert dag.data_inputs(SimpleNamespace(scale="lite", dataset="webvision-mini")) == []
    [said] = capsys.readouterr().err.splitlines()
    assert said.startswith(
        "lnl: what needs webvision-mini is not trained: WebVision (mini): there is no nowhere/webvis"
    )
    sealed.write(paths.data("lite", "webvision"), {"dataset": "webvision", "digest": "0" * 16})
    dag.data_inputs(SimpleNamespace(scale="lite", dataset="webvision"))
    assert "there is no" not in capsys.readouterr().err


def test_images_that_are_left_out_are_said_and_not_counted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / FIRST).unlink()
    info = declared(root / "small.yaml", unreadable="skip")
    suite = Suite.load(ROOT, {"scale": "smoke", "data_root": str(root), "cache_root": str(tmp_path / "own")})
    monkeypatch.setattr(suite, "dataset", lambda key: info)
    monkeypatch.chdir(tmp_path)
    prepare.data(suite, info.key)
    said = capsys.readouterr()
    assert f"{TRAIN - 1} to train" in said.out
    assert f"train: 1 images are left out (unreadable_images: skip), the first: {FIRST} is not there" in said.err
