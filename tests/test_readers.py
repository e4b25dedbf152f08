"""Files as people have them: what readers of data sets take, what they refuse in one line, and changes they notice."""

from __future__ import annotations

import gzip
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from small_datasets import IMAGES, ROWS, WINE, declared, squares, table

from lnl.data.arrays import Arrays
from lnl.data.prepare import load
from lnl.data.readers import files, idx, image_folder, npz, own, shapes, split
from lnl.data.registry import DatasetInfo
from lnl.errors import UserError


def loaded(folder: Path, base: dict[str, Any], **changes: Any) -> Arrays:
    return load(declared(base, folder, **changes), folder, folder / "cache")


def refused(folder: Path, base: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(UserError) as error:
        loaded(folder, base, **changes)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_every_file_that_was_read_is_known_by_its_content_and_one_that_is_gone_is_no_other(tmp_path: Path) -> None:
    info = declared(WINE, tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("first")
    read = [files.noted(tmp_path / name, name) for name in ("a.csv", "b.csv")]
    assert not files.exchanged(info, tmp_path, read)
    (tmp_path / "a.csv").unlink()
    assert not files.exchanged(info, tmp_path, read)
    (tmp_path / "b.csv").write_text("other")  # as long
    assert files.exchanged(info, tmp_path, read)


@pytest.mark.parametrize("change", ["date", "size", "one more"])
def test_another_image_in_a_folder_is_noticed(tmp_path: Path, change: str) -> None:
    image = tmp_path / "pets" / "cat" / "1.png"
    image.parent.mkdir(parents=True)
    image.write_text("first")
    read, date = [files.listed(tmp_path / "pets", "pets")], image.stat().st_mtime_ns
    assert not files.exchanged(declared(WINE, tmp_path), tmp_path, read)
    image.write_text("longer" if change == "size" else "first")
    os.utime(image, ns=(date, date + 10**9 * (change == "date")))
    if change == "one more":
        (image.parent / "2.png").write_text("")
    assert files.exchanged(declared(WINE, tmp_path), tmp_path, read)


def pets(folder: Path, **changes: Any) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of a folder of images, in the order of their examples."""
    base = {**IMAGES, "reader": "image-folder", "options": {"folder": "pets", "resize": True}, **changes}
    info = declared(base, folder)
    source = image_folder.read(info, folder, ())
    return source.parts["train_images"], source.parts["train_labels"]


def drawn(file: Path, pixels: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(file, "png")


def test_images_of_folders_stand_in_the_order_of_classes_and_names(tmp_path: Path) -> None:
    for name, value in (("b/2.png", 4), ("a/z.PNG", 2), ("b/1.png", 3), ("a/10.png", 1)):
        drawn(tmp_path / "pets" / name, np.full((4, 4), value))
    drawn(tmp_path / "pets/.thumbnails/1.png", np.zeros((4, 4)))
    (tmp_path / "pets/a/notes.txt").write_text("")
    drawn(tmp_path / "pets/b/9.png", np.full((4, 4), 5))
    images, labels = pets(tmp_path, counts={"train": 3, "test": 2})
    seen = list(zip(images.mean(axis=(1, 2, 3)).tolist(), labels.tolist(), strict=True))
    assert seen == sorted(seen) and all(label == (value > 2) for value, label in seen)


def test_images_of_folders_keep_their_sides_and_their_grey(tmp_path: Path) -> None:
    colours = np.zeros((4, 6, 3))
    colours[:2] = (200, 0, 0)
    for name in "ab":
        for n in range(4):
            drawn(tmp_path / "pets" / name / f"{n}.png", colours)
    images, _ = pets(tmp_path, shape=[1, 4, 6])
    assert images.shape == (6, 1, 4, 6)
    np.testing.assert_array_equal(images[0, 0], np.repeat([60, 60, 0, 0], 6).reshape(4, 6))  # luminance of that red
    halved, _ = pets(tmp_path, shape=[3, 2, 6])
    assert halved.shape == (6, 3, 2, 6) and halved[0, 0, 0, 0] > 150 and halved[0, 0, 1, 0] < 50


def test_folders_whose_images_cannot_be_taken_as_they_are_are_one_line(tmp_path: Path) -> None:
    pets_of: dict[str, Any] = {**IMAGES, "reader": "image-folder", "options": {"folder": "pets"}}
    for name in "ab":
        for n in range(4):
            drawn(tmp_path / "pets" / name / f"{n}.png", np.zeros((4, 4)))
    Image.fromarray(np.full((4, 4), 3000, dtype=np.uint16)).save(tmp_path / "pets/b/3.png")
    assert "b/3.png: keeps its pixels as more than 8 bits" in refused(tmp_path, pets_of)  # all of them would be white
    (tmp_path / "pets/b/3.png").write_text("no image")
    assert "b/3.png: is no readable image" in refused(tmp_path, pets_of)
    for image in (tmp_path / "pets/b").iterdir():
        image.rename(image.with_suffix(".gif"))
    assert "pets/b: holds no image (.png," in refused(tmp_path, pets_of)


def test_an_npz_has_its_parts_by_their_names_and_another_one_in_its_place_is_read(tmp_path: Path) -> None:
    npz = {**IMAGES, "reader": "npz", "options": {"file": "a.npz"}, "counts": {"train": 4, "validation": 2, "test": 2}}
    x, y, parts = squares(8), np.arange(8) % 2, {"train": slice(4), "validation": slice(4, 6), "test": slice(6, 8)}
    for shift in (0, 1):
        np.savez(
            tmp_path / "a.npz",
            **{f"{part}_images": x[at] + np.uint8(shift) for part, at in parts.items()},
            **{f"{part}_labels": y[at] for part, at in parts.items()},
        )
        found = loaded(tmp_path, npz)
        assert found.validation_images is not None and found.validation_labels is not None
        np.testing.assert_array_equal(found.validation_images[:, 0], x[4:6] + np.uint8(shift))
        np.testing.assert_array_equal(found.test_labels, y[6:])
    np.savez(tmp_path / "a.npz", train_images=x[:4], train_labels=y[:4], test_images=x[6:], test_labels=y[6:])
    base = {**npz, "counts": {"train": 4, "test": 2}}
    np.testing.assert_array_equal(loaded(tmp_path, base).train_images[:, 0], x[:4])


def test_an_npz_that_cannot_be_what_is_declared_is_one_line(tmp_path: Path) -> None:
    npz = {**IMAGES, "reader": "npz", "options": {"file": "a.npz", "arrays": {"all": ["x", "y"]}}}
    x, y = squares(9), np.arange(9) % 2
    np.savez(tmp_path / "a.npz", x=x, y=y[:8])
    assert "a.npz: x: 9 examples and 8 labels in " in refused(tmp_path, npz)
    np.savez(tmp_path / "a.npz", x=x[:8], y=y[:8] * 5)
    assert "a.npz: y: example 2 is of class 5, outside 0 to 1" in refused(tmp_path, npz)
    np.savez(tmp_path / "a.npz", x=x[:8], y=y[:8].astype(object))  # a pickle, which would be run
    assert "is no readable .npz of numbers" in refused(tmp_path, npz)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:200])
    assert "is no readable .npz of numbers" in refused(tmp_path, npz)


def damaged(content: bytes) -> Iterator[bytes]:
    """A file that was cut off, at every place, and one with a byte that is another one, every byte in turn."""
    for at in range(len(content)):
        yield content[:at]
        yield content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


@pytest.mark.parametrize("packed", [False, True])
def test_whatever_is_damaged_of_an_npz_it_is_read_or_one_line_with_its_name(tmp_path: Path, packed: bool) -> None:
    file, arrays = tmp_path / "a.npz", {"x": squares(4) % 3, "y": np.arange(4) % 2}
    options = {"file": "a.npz", "arrays": {"all": ["x", "y"]}}
    info = declared({**IMAGES, "reader": "npz", "options": options}, tmp_path, counts={"train": 2, "test": 2})
    (np.savez_compressed if packed else np.savez)(file, **arrays)
    for content in damaged(file.read_bytes()):
        file.write_bytes(content)
        with suppress(UserError):
            npz.read(info, tmp_path, ())
    file.write_bytes(b"")  # a copy that was broken off before its first byte
    with pytest.raises(UserError, match=r"a\.npz: is no readable \.npz of numbers"):
        npz.read(info, tmp_path, ())


@pytest.mark.parametrize("packed", [False, True])
def test_whatever_is_damaged_of_an_idx_file_it_is_read_or_one_line_with_its_name(tmp_path: Path, packed: bool) -> None:
    """What is packed may be damaged before it is packed, or after."""
    file, labels = (
        tmp_path / ("x.gz" if packed else "x"),
        b"\x00\x00\x08\x01" + struct.pack(">I", 6) + bytes([0, 1] * 3),
    )
    images = b"\x00\x00\x08\x03" + struct.pack(">3I", 6, 4, 4) + squares(6).tobytes()
    (tmp_path / "y").write_bytes(labels)
    options = {"train": [file.name, "y"], "test": [file.name, "y"]}
    info = declared({**IMAGES, "reader": "idx", "options": options}, tmp_path)
    said = set()
    for content in damaged(images):
        file.write_bytes(gzip.compress(content) if packed else content)
        with suppress(UserError):  # a pixel may be any byte
            idx.read(info, tmp_path, ())
    for content in damaged(gzip.compress(images)) if packed else [images[:at] for at in range(len(images))]:
        file.write_bytes(content)
        try:
            found = idx.read(info, tmp_path, ())
        except UserError as error:
            said.add(str(error).partition(": ")[0])
        else:  # of the header's time or name, which are no part of the images
            np.testing.assert_array_equal(found.parts["train_images"][:, 0], squares(6))
    assert said == {str(file)}


def test_a_reader_of_one_s_own_says_what_it_reads_and_gives_each_example_its_label(tmp_path: Path) -> None:
    def written(returned: str) -> None:
        code = f"import numpy as np\n\n\ndef read(info, data_root):\n    return {returned}\n"
        (tmp_path / "mine.py").write_text(code)

    (tmp_path / "raw.txt").write_text("1")
    written("{'all': (np.ones((12, 2)), np.arange(12) % 3), 'files': [data_root / 'raw.txt']}")
    info = declared(WINE, tmp_path, classes=3, reader="mine.py", options={})
    supplied = own.read(info, tmp_path, ()).supplied
    assert not own.exchanged(info, tmp_path, supplied)
    (tmp_path / "raw.txt").write_text("2")
    assert own.exchanged(info, tmp_path, supplied)
    for returned, said in (
        ("1", "returns a dictionary of parts, not int"),
        ("{'all': (np.ones((13, 2)), np.arange(12) % 3)}", "all: 13 examples and 12 labels"),  # of a line too many
        ("{'all': (np.ones((12, 2)), np.eye(3, dtype=int)[np.arange(12) % 3])}", "all: 12 examples and 36 labels"),
    ):
        written(returned)
        with pytest.raises(UserError, match=said):
            own.read(info, tmp_path, ())


def of(**changes: Any) -> DatasetInfo:
    return declared(WINE, Path("/nowhere"), **changes)


@given(st.lists(st.integers(-3, 6), min_size=1, max_size=8))
def test_numbers_of_classes_are_taken_as_they_are_or_the_first_wrong_one_is_named(numbers: list[int]) -> None:
    info, wrong = of(classes=4), [at for at, number in enumerate(numbers, 1) if not 0 <= number < 4]
    if not wrong:
        assert shapes.labels(info, np.array(numbers, dtype=np.float32), "here").tolist() == numbers
        return
    with pytest.raises(UserError) as error:
        shapes.labels(info, np.array(numbers), "here")
    first = f"here: example {wrong[0]} is of class {numbers[wrong[0] - 1]}, outside 0 to 3"
    assert str(error.value) == first or (min(numbers), max(numbers)) == (1, 4)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([0, 1.5]), "the class of example 2 is 1.5"),
        (np.array([0, 1, np.nan]), "the class of example 3 is nan"),
        (np.array(["a", "b"]), "classes are words"),
    ],
)
def test_what_numbers_no_class_is_one_line(values: np.ndarray, said: str) -> None:
    with pytest.raises(UserError, match=said):
        shapes.labels(of(classes=4), values, "here")


def test_names_of_classes_are_known_in_any_form_of_a_number_and_with_blanks_around() -> None:
    assert shapes.labels(of(classes=["3", "4", "5"]), np.array([4.0, 3.0, 5.0]), "here").tolist() == [1, 0, 2]
    assert shapes.labels(of(), np.array([" white", "red ", "rose"]), "here").tolist() == [1, 0, 2]


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300, "1j"])
def test_a_feature_that_is_no_finite_single_number_is_named(wrong: Any) -> None:
    values = np.zeros((4, 2), dtype=complex if wrong == "1j" else float)
    values[2, 1] = 1j if wrong == "1j" else wrong
    with pytest.raises(UserError, match="have to be numbers" if wrong == "1j" else "feature 2 of example 3 is"):
        shapes.examples(of(), values, "here")


def test_pixels_between_nought_and_one_are_refused() -> None:
    with pytest.raises(UserError, match="pixels are float64; they are kept as uint8"):
        shapes.examples(declared(IMAGES, Path("/nowhere")), squares(8) / 255, "here")


def test_a_table_has_validating_rows_a_mark_before_its_first_name_and_blanks(tmp_path: Path) -> None:
    table(tmp_path, [f" {row}".replace(",", ", ") for row in ROWS], "\ufeffalcohol, colour, acid")
    counts, options = {"train": 6, "validation": 3, "test": 3}, {"columns": ["alcohol", "acid"], "standardise": True}
    found = loaded(tmp_path, WINE, counts=counts, options=WINE["options"] | options)
    plain = loaded(tmp_path, WINE, counts=counts)
    assert found.validation_images is not None and plain.validation_images is not None
    mean, deviation = plain.train_images.mean(axis=0), plain.train_images.std(axis=0)
    np.testing.assert_allclose(found.validation_images, (plain.validation_images - mean) / deviation, rtol=1e-5)
    assert "column 'colour' is the label and a feature" in refused(
        tmp_path, WINE, options=WINE["options"] | {"columns": ["alcohol", "colour"]}
    )


@pytest.mark.parametrize("options", [{"file": "a", "train": "a", "test": "b"}, {"train": "a"}, {}])
def test_a_declaration_names_one_file_or_one_for_each_part(options: dict[str, str]) -> None:
    info = DatasetInfo.of("mine", WINE | {"options": options}, Path("/nowhere/mine.yaml"))
    with pytest.raises(UserError, match="name one 'file', or 'train' and 'test', a file each"):
        split.named_parts(info, "file")
