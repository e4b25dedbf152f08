"""Data sets of one's own: what each reader makes of files, what it says of wrong ones, and that a change is noticed."""

from __future__ import annotations

import gzip
import re
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from declared_datasets import DATASETS, PLACE
from PIL import Image
from small_datasets import IMAGES, ROWS, WINE, declared, squares, table
from suite_copy import SuiteCopy

from lnl.data.manifest import manifest
from lnl.data.prepare import load
from lnl.data.readers import torchvision_set
from lnl.declared import dataset_checks, declared_sets, origin, paths
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.files import sealed


def test_every_declared_data_set_is_one_that_can_be_read() -> None:
    assert len(DATASETS) == len(list(PLACE.glob("*.yaml"))) >= 12
    for key, info in DATASETS.items():
        dataset_checks.check(key, info, DATASETS)


def test_a_csv_is_split_by_class_and_its_classes_are_numbered_as_declared(tmp_path: Path) -> None:
    table(tmp_path)
    arrays = load(declared(WINE, tmp_path), tmp_path, tmp_path / "cache")
    assert arrays.train_images.shape == (9, 1, 1, 2) and arrays.train_images.dtype == np.float32
    assert sorted(arrays.test_labels.tolist()) == [0, 1, 2]  # one of each class
    both = np.concatenate([arrays.train_images, arrays.test_images]).reshape(-1, 2)
    labels = np.concatenate([arrays.train_labels, arrays.test_labels])
    assert sorted(both.tolist()) == [[n + 0.5, -n] for n in range(12)]
    assert all(int(row[0] - 0.5) % 3 == label for row, label in zip(both, labels, strict=True))


def test_a_csv_takes_some_columns_files_of_parts_and_standard_scores(tmp_path: Path) -> None:
    for part, rows in (("train", ROWS[:9]), ("test", ROWS[9:])):
        text = "\n".join(["alcohol;colour;acid;flat", *(f"{row};1".replace(",", ";") for row in rows)])
        (tmp_path / f"{part}.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    options = {"train": "train.csv", "test": str(tmp_path / "test.csv"), "label": "colour", "separator": ";"}
    options |= {"columns": ["acid", "flat"], "standardise": True}
    arrays = load(declared(WINE, tmp_path, options=options), tmp_path, tmp_path / "cache")
    acid = -np.arange(9.0)
    expected = (acid - acid.mean()) / acid.std()
    np.testing.assert_allclose(arrays.train_images[:, 0, 0, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(arrays.test_images[:, 0, 0, 0], (-np.arange(9.0, 12) + 4) / acid.std(), rtol=1e-6)
    assert not arrays.train_images[:, 0, 0, 1].any()  # a constant column says nothing


@pytest.mark.parametrize("form", ["rows", "channels last", "channels first", "all"])
def test_an_npz_takes_images_in_the_forms_that_people_keep(tmp_path: Path, form: str) -> None:
    x, y = squares(8), np.arange(8) % 2
    x = {"channels last": x[..., None], "channels first": x[:, None]}.get(form, x)
    arrays: dict[str, Any] = {"train": ["x", "y"], "test": ["xt", "yt"]}
    if form == "all":
        arrays = {"all": ["x", "y"]}
        np.savez(tmp_path / "a.npz", x=x, y=y)
    else:
        np.savez(tmp_path / "a.npz", x=x[:6], y=y[:6], xt=x[6:], yt=y[6:])
    info = declared(IMAGES, tmp_path, reader="npz", options={"file": "a.npz", "arrays": arrays})
    found = load(info, tmp_path, tmp_path / "cache")
    if form != "all":
        np.testing.assert_array_equal(found.train_images, squares(8)[:6, None])
    assert found.test_images.shape == (2, 1, 4, 4) and sorted(found.test_labels.tolist()) == [0, 1]


@pytest.mark.parametrize("packed", [True, False])
def test_idx_files_are_those_of_mnist(tmp_path: Path, packed: bool) -> None:
    def idx(values: np.ndarray, name: str) -> str:
        content = b"\x00\x00\x08" + bytes([values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
        content += values.astype(np.uint8).tobytes()
        name = f"{name}.gz" if packed else name
        (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
        return name

    x, y = squares(8), np.arange(8) % 2
    options = {"train": [idx(x[:6], "a"), idx(y[:6], "b")], "test": [idx(x[6:], "c"), idx(y[6:], "d")]}
    found = load(declared(IMAGES, tmp_path, reader="idx", options=options), tmp_path, tmp_path / "cache")
    np.testing.assert_array_equal(found.train_images, x[:6, None])
    np.testing.assert_array_equal(found.test_labels, y[6:])


def test_an_image_folder_is_read_by_class_and_scaled_if_that_is_asked_for(tmp_path: Path) -> None:
    for number, name in enumerate(("dog", "cat")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for n in range(4):
            Image.fromarray(np.full((8, 8, 3), 50 * n + number, dtype=np.uint8)).save(tmp_path / f"pets/{name}/{n}.png")
    pets = {**IMAGES, "classes": ["dog", "cat"], "shape": [3, 4, 4], "reader": "image-folder"}
    with pytest.raises(UserError, match=r"is 8 x 8, and .* declares 4 x 4; options: resize: true"):
        load(declared(pets, tmp_path, options={"folder": "pets"}), tmp_path, tmp_path / "cache")
    scaled = {"folder": "pets", "resize": True}
    found = load(declared(pets, tmp_path, options=scaled), tmp_path, tmp_path / "cache")
    values = {(int(y), int(x.mean())) for x, y in zip(found.train_images, found.train_labels, strict=True)}
    values |= {(int(y), int(x.mean())) for x, y in zip(found.test_images, found.test_labels, strict=True)}
    assert values == {(number, 50 * n + number) for number in range(2) for n in range(4)}
    with pytest.raises(UserError, match="its folders are not the 3 classes"):
        load(declared(pets, tmp_path, classes=3, options=scaled), tmp_path, tmp_path / "cache")


def test_a_reader_of_one_s_own_is_a_file_beside_the_declaration(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\n\ndef read(info, data_root):\n    x = np.ones((12, 2))\n"
        "    return {'all': (x, np.arange(12) % 3), 'files': [data_root / 'raw.txt']}\n"
    )
    (tmp_path / "raw.txt").write_text("1")
    info = declared(WINE, tmp_path, classes=3, reader="mine.py", options={"anything": 1})
    assert load(info, tmp_path, tmp_path / "cache").train_images.shape == (9, 1, 1, 2)
    (tmp_path / "mine.py").write_text("def read(info, data_root):\n    return {'train': 1}\n")
    with pytest.raises(UserError, match=r"read\(\) returns"):
        load(info, tmp_path, tmp_path / "cache")


def test_torchvision_is_asked_for_the_part_and_its_pickles_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import datasets

    class Fashion:
        def __init__(self, root: str, train: bool = True, download: bool = False) -> None:
            self.part = squares(6) if train else squares(2)

        def __len__(self) -> int:
            return len(self.part)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return Image.fromarray(self.part[index]), index % 2

    monkeypatch.setattr(datasets, "FashionMNIST", Fashion)
    info = declared(IMAGES, tmp_path, reader="torchvision", options={"name": "FashionMNIST"})
    found = load(info, tmp_path, tmp_path / "cache")
    np.testing.assert_array_equal(found.train_images, squares(6)[:, None])
    with pytest.raises(UserError, match="torchvision's 'CIFAR10' is not read"):
        load(declared(IMAGES, tmp_path, reader="torchvision", options={"name": "CIFAR10"}), tmp_path, tmp_path / "b")
    (tmp_path / "FashionMNIST/processed").mkdir(parents=True)
    (tmp_path / "FashionMNIST/processed/training.pt").write_bytes(b"")
    with pytest.raises(UserError, match="is a pickle of an older torchvision"):
        load(info, tmp_path, tmp_path / "c")


@pytest.mark.parametrize("form", ["split", "more"])
def test_torchvisions_classes_are_asked_for_parts_in_their_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    class Split:
        def __init__(self, root: str, split: str, letters: int, download: bool) -> None:
            self.seen = [(image, letters) for image in (squares(6) if split == "train" else squares(2))]

        def __len__(self) -> int:
            return len(self.seen)

        def __getitem__(self, at: int) -> tuple[np.ndarray, int]:
            return self.seen[at]

    class More(Split):  # as EMNIST, which hands on what it does not know itself
        def __init__(self, root: str, letters: int, **kwargs: Any) -> None:
            super().__init__(root, "train" if kwargs["train"] else "test", letters, kwargs["download"])

    kind = SimpleNamespace(SVHN=Split if form == "split" else More)
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=kind))  # whose import takes long
    base = {**IMAGES, "reader": "torchvision", "options": {"name": "SVHN", "arguments": {"letters": 1}}}
    found = torchvision_set.read(declared(base, tmp_path), tmp_path, ()).parts
    assert len(found["train_images"]) == 6 and len(found["test_images"]) == 2 and found["test_labels"].all()
    base["options"] = {"name": "SVHN", "arguments": {"letter": 1}}
    with pytest.raises(UserError, match="options: arguments: SVHN does not take them"):
        torchvision_set.read(declared(base, tmp_path), tmp_path, ())


@pytest.mark.parametrize(
    ("rows", "header", "line"),
    [
        ([*ROWS[:11], "x,red,1"], "alcohol,colour,acid", "row 13, column 'alcohol' is 'x', not a number"),
        ([*ROWS[:11], ",red,1"], "alcohol,colour,acid", "row 13, column 'alcohol' is 'nan', not a number"),
        ([*ROWS[:11], "inf,red,1"], "alcohol,colour,acid", "row 13, column 'alcohol' is 'inf'"),
        ([*ROWS[:11], "1,,1"], "alcohol,colour,acid", "row 13 has no 'colour'"),
        ([*ROWS[:11], "1,Red,1"], "alcohol,colour,acid", "example 12 is of class 'Red', which"),
        ([*ROWS[:11], "1,red,1,2"], "alcohol,colour,acid", "is no table of values"),
        (ROWS[:11], "alcohol,colour,acid", r"the file has 11; write for example counts: {train: 9, test: 2}"),
        (ROWS, "alcohol,color,acid", "has no column 'colour' (did you mean 'color'?"),
        ([f"{row},1" for row in ROWS], "alcohol,colour,acid,more", "examples are [3], and"),
        ([f"{row},1" for row in ROWS], "alcohol,colour,acid", "more values than its first line has names"),
        ([f"{row},1" for row in ROWS], "alcohol,colour,acid,colour", "has two columns 'colour'"),
        ([], "", "is no table of values"),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path: Path, rows: list[str], header: str, line: str) -> None:
    table(tmp_path, rows, header)
    with pytest.raises(UserError) as error:
        load(declared(WINE, tmp_path), tmp_path, tmp_path / "cache")
    assert line in str(error.value) and "\n" not in str(error.value)


def test_classes_that_begin_with_one_are_noticed(tmp_path: Path) -> None:
    table(tmp_path, [f"{n},{n % 3 + 1},{n}" for n in range(12)])
    with pytest.raises(UserError, match=r"classes are numbered 1 to 3; list them in .*: classes: \[1, 2, 3\]"):
        load(declared(WINE, tmp_path, classes=3), tmp_path, tmp_path / "cache")
    found = load(declared(WINE, tmp_path, classes=[1, 2, 3]), tmp_path, tmp_path / "cache")
    assert sorted(found.test_labels.tolist()) == [0, 1, 2]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"reader": "cvs"}, "unknown reader 'cvs' (did you mean 'csv'?"),
        ({"reader": "other.py"}, "other.py; write it there"),
        ({"options": {"file": "wine.csv"}}, "options: 'label' is missing"),
        ({"options": {"label": "a", "fiel": "b"}}, "has no 'fiel' (did you mean 'file'?"),
        ({"classes": ["a", "a"]}, "classes"),
        ({"classes": [1, "1"]}, "two classes have one name"),
        ({"counts": {"train": 9}}, "test"),
        ({"shape": [4, 4]}, "shape"),
        ({"form_of": "minst"}, "unknown data set 'minst' (did you mean 'mnist'?"),
        ({"form_of": "mnist"}, "mnist has other classes or counts"),
    ],
)
def test_a_wrong_declaration_is_one_line(tmp_path: Path, changes: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        declared(WINE, tmp_path, **changes)
    assert line in str(error.value) and "\n" not in str(error.value)


def test_another_file_and_another_declaration_are_noticed_whatever_their_date(tmp_path: Path) -> None:
    table(tmp_path)
    info, note, places = declared(WINE, tmp_path), tmp_path / "mine.json", Places(str(tmp_path), str(tmp_path))
    first = load(info, tmp_path, tmp_path / "cache")
    sealed.write(note, manifest(info, first))
    assert not origin.other_data(str(note), info, places)
    assert not origin.other_data(str(note), declared(WINE, tmp_path, title="Vino"), places)
    assert origin.other_data(str(note), declared(WINE, tmp_path, classes=["white", "red", "rose"]), places)
    table(tmp_path, [*ROWS[:11], "99,rose,-11"])
    assert origin.other_data(str(note), info, places)
    assert load(info, tmp_path, tmp_path / "cache").digest != first.digest  # the cache is of the former file


def _blocks(kind: str) -> list[str]:
    page = (PLACE.parents[1] / "docs/bring-your-own.md").read_text(encoding="utf-8").partition("\n## Data sets\n")[2]
    page = page.partition("\n## Noise\n")[0]
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.S | re.M)


def test_the_page_s_declarations_are_sound_and_short(tmp_path: Path) -> None:
    wine, protocol, fashion = (yaml.safe_load(block) for block in _blocks("yaml"))
    assert sum(len(block.splitlines()) for block in _blocks("yaml")[:2]) <= 16
    assert protocol["datasets"].keys() == {"wine"}
    info = declared(fashion, tmp_path)
    parts = {
        "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    }  # torchvision's names of the four files
    assert info.options == {part: [f"FashionMNIST/raw/{name}.gz" for name in names] for part, names in parts.items()}
    (tmp_path / "ours.py").write_text(*_blocks("python"))
    (tmp_path / "raw.txt").write_text("".join(f"{n} {-n} {n % 3}\n" for n in range(12)))
    mine = declared(wine, tmp_path, classes=3, reader="ours.py", options={"file": "raw.txt"})
    note, places = tmp_path / "mine.json", Places(str(tmp_path), str(tmp_path))
    sealed.write(note, manifest(mine, load(mine, tmp_path, tmp_path / "cache")))
    assert not origin.other_data(str(note), mine, places)
    (tmp_path / "raw.txt").write_text("".join(f"{n} {n} {n % 3}\n" for n in range(12)))
    assert origin.other_data(str(note), mine, places)


def test_what_a_method_without_its_clean_set_is_told_to_add_works_as_it_stands(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    table(tmp_path)
    scale = copy.root / "config/scales/demo.yaml"
    scale.write_text(yaml.safe_dump({**yaml.safe_load(scale.read_text()), "batch_size": 64}))
    for folder, block in zip(("datasets", "protocols"), _blocks("yaml"), strict=False):
        (copy.root / f"config/{folder}/wine.yaml").write_text(block)
    look = ("train", "wine/wine/symmetric-50/l2r", "--first", "2", "--data-root", str(tmp_path))
    [asked] = re.findall(r"does not declare; add (sets: .*) to it$", copy.lnl(*look).stderr, re.M)
    with (copy.root / "config/protocols/wine.yaml").open("a") as stream:
        stream.write(f"{asked}\n")
    out = copy.lnl(*look)
    assert out.returncode == 0, out.stderr
    assert "the first 2 of 6 epochs" in out.stdout and "batches" not in out.stdout, "64 are more than there are"


@pytest.mark.parametrize(
    ("classes", "train", "sets", "count"),
    [
        (10, 60_000, {}, 100),
        (3, 60_000, {}, 99),
        (3, 9, {}, 3),
        (3, 60, {"tuned": {"count": 30}}, 15),
        (3, 60_000, {"train": {"count": 40}}, 18),
        (1000, 1_000_000, {}, 1000),
    ],
)
def test_a_set_that_is_suggested_has_whole_examples_of_each_class_and_leaves_half(
    tmp_path: Path, classes: int, train: int, sets: dict[str, Any], count: int
) -> None:
    info = declared(WINE, tmp_path, classes=classes, counts={"train": train, "test": 1000})
    assert declared_sets.suggested(sets, info) == count
    assert "clean" in declared_sets.resolved(sets | {"clean": {"count": count, "balanced": True}}, info, info, "here")


def test_the_page_s_data_set_trains_and_is_trained_again_when_the_data_change(tmp_path: Path) -> None:
    copy = SuiteCopy.make(tmp_path / "checkout")
    (data := tmp_path / "data").mkdir()
    table(data)
    for folder, block in zip(("datasets", "protocols"), _blocks("yaml"), strict=False):
        (copy.root / f"config/{folder}/wine.yaml").write_text(block)
    cell = "wine/wine/symmetric-50/standard"
    suite = Suite.load(copy.root, {"scale": "demo", "data_root": str(data)})
    assert suite.spec(suite.parse(cell))["dataset"] == "wine"
    record = copy.root / paths.record("demo", cell, 1)
    target = [str(record.relative_to(copy.root)), "--config", f"data_root={data}"]
    assert copy.snakemake(*target).returncode == 0
    before = sealed.read(record)["result"]["data_digest"]
    assert copy.jobs(*target) == {}
    table(data, [*ROWS[:11], "99,rose,-11"])
    assert copy.snakemake(*target).returncode == 0
    assert sealed.read(record)["result"]["data_digest"] != before
