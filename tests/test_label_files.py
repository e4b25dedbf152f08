"""Labels that a user brings: read as they are meant, refused in a line, or remarked on; never misread in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from declared_datasets import DATASETS, load
from faults import malformed_labels
from faults.label_mutations import SOUND

from lnl.data.arrays import Arrays
from lnl.declared.data_places import Places
from lnl.errors import UserError
from lnl.noise.label_remarks import remarks
from lnl.noise.label_source import LabelFile
from lnl.noise.labelfile import read_labels
from lnl.noise.manifest import compared, ensure_labels

CIFAR_N = ("aggre_label", "worse_label", "random_label1", "random_label2", "random_label3")


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return load("digits", None, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def truth(digits: Arrays) -> np.ndarray:
    return np.array(digits.train_labels)


@pytest.fixture(scope="module")
def given(truth: np.ndarray) -> np.ndarray:
    """A quarter of the true labels drawn anew."""
    stream = np.random.default_rng(0)
    return np.where(stream.random(len(truth)) < 0.25, stream.integers(0, 10, len(truth)), truth)


def refusal(file: LabelFile, truth: np.ndarray, classes: int = 10) -> str:
    with pytest.raises(UserError) as caught:
        read_labels(file, truth, classes, "the training file of digits")
    line = str(caught.value)
    assert "\n" not in line and file.path.name in line
    return line


def test_twenty_malformed_files_are_refused_or_remarked_on() -> None:
    counts = malformed_labels.run(20, seed=1)
    assert not any(vars(counts).values()), counts


def test_every_sound_file_is_read_as_it_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(malformed_labels, "FAULTS", {})
    counts = malformed_labels.run(len(SOUND), seed=2)
    assert not any(vars(counts).values()), counts


def test_the_generator_tells_a_reader_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {name: malformed_labels.FAULTS[name] for name in ("shuffled", "an_index_that_nobody_declares")}
    monkeypatch.setattr(malformed_labels, "FAULTS", kinds)
    monkeypatch.setattr(malformed_labels, "SOUND", {})
    monkeypatch.setattr(malformed_labels, "remarks", lambda *_: [])
    monkeypatch.setattr("lnl.noise.labelfile.check_unordered", lambda *_: None)
    assert len(malformed_labels.run(2, seed=0).silent) >= 2


def test_rows_in_any_order_land_at_their_example(tmp_path: Path, truth: np.ndarray, given: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(len(given))
    file = tmp_path / "labels.csv"
    lines = [f'{place};"Anna, 3";{given[place]}' for place in order]
    file.write_bytes(("\ufeff" + "\r\n".join(["id;who;label", *lines])).encode())
    read = read_labels(LabelFile(file, "label", "id"), truth, 10, "the training file of digits")
    np.testing.assert_array_equal(read, given)
    line = refusal(LabelFile(file, "label"), truth)
    assert f"'id' is {order[0]} in line 2" in line and "declare `index: id`, or `index: false`" in line
    read = read_labels(LabelFile(file, "label", False), truth, 10, "the training file of digits")
    np.testing.assert_array_equal(read, given[order])  # who says that it is no index is believed ...
    assert "more than half" in remarks(read, truth, 10)[0]  # ... and told what it looks like


@pytest.mark.parametrize("layout", ["zip", "before 2020", "numpy before 2.0", "tensors"])
def test_cifar_n_s_dictionaries_are_read_without_running_them(
    tmp_path: Path, truth: np.ndarray, given: np.ndarray, layout: str
) -> None:
    arrays: dict[str, Any] = {"clean_label": truth, **{name: np.roll(given, n) for n, name in enumerate(CIFAR_N)}}
    if layout == "tensors":
        arrays = {name: torch.from_numpy(array) for name, array in arrays.items()}
    file = tmp_path / "CIFAR-10_human.pt"
    torch.save(arrays, file, _use_new_zipfile_serialization=layout in ("zip", "tensors"))
    if layout == "numpy before 2.0":
        file.write_bytes(file.read_bytes().replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    read = read_labels(LabelFile(file, "aggre_label"), truth, 10, "the training file of digits")
    np.testing.assert_array_equal(read, given)
    assert "has several arrays; name one" in refusal(LabelFile(file), truth)
    line = refusal(LabelFile(file, "aggre_label"), np.roll(truth, 1))  # data in another order than the file's
    assert "'clean_label' is not the true label of" in line and "of other data, or in another order" in line


def test_repeated_true_labels_are_compared_in_the_order_of_the_index(
    tmp_path: Path, truth: np.ndarray, given: np.ndarray
) -> None:
    order, told = np.random.default_rng(1).permutation(len(truth)), truth.copy()
    file = LabelFile(tmp_path / "labels.npz", "human", "idx")
    np.savez(file.path, idx=order, human=given[order], clean_label=truth[order])
    np.testing.assert_array_equal(read_labels(file, truth, 10, "digits"), given)
    told[8] = (told[8] + 1) % 10
    np.savez(file.path, idx=order, human=given[order], clean_label=told[order])
    assert f"of 1 of 1197 examples, first of example 8 ({told[8]}, not {truth[8]})" in refusal(file, truth)


def test_a_column_that_may_number_the_examples_is_asked_about_unless_the_rows_are_in_its_order(
    tmp_path: Path, truth: np.ndarray
) -> None:
    count, file = len(truth), LabelFile(tmp_path / "labels.npz", "y")
    backwards = np.arange(count)[::-1]
    for name, column in (("n", backwards), ("n", backwards + 1), ("id", 5 + 3 * backwards)):
        np.savez(file.path, **{name: column, "y": truth})
        assert f"'{name}' is {column[0]} in row 0 (counted from 0)" in (line := refusal(file, truth))
        assert f"declare `index: {name}`, or `index: false`" in line
    for column in (np.arange(count), np.arange(count) + 1, 5 + 3 * backwards):
        np.savez(file.path, n=column, y=truth)
        np.testing.assert_array_equal(read_labels(file, truth, 10, "digits"), truth)


def _save(**arrays: Any) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)


WRONG: dict[str, tuple[str, Callable[[np.ndarray], Callable[[Path], Any]], dict[str, Any], str]] = {
    "short": (
        "a.npz",
        lambda t: _save(y=t[:-1]),
        {},
        "holds 1196 labels, too few: the training file of digits has 1197",
    ),
    "outside": (
        "a.npz",
        lambda t: _save(y=np.where(np.arange(1197) == 5, 12, t)),
        {},
        "label '12' in row 5 (counted from 0)",
    ),
    "from one": (
        "a.npz",
        lambda t: _save(y=t + 1),
        {},
        "counted from 1: write `classes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]`",
    ),
    "halves": ("a.npz", lambda t: _save(y=t + 0.5), {}, "is not an integer label; expected integers"),
    "gap": (
        "a.npz",
        lambda t: _save(y=np.where(t > 8, np.nan, t)),
        {},
        "stands where a label is missing; every example",
    ),
    "across": (
        "a.npz",
        lambda t: _save(y=t[None]),
        {},
        "of shape 1 x 1197 of 'y', expected one label per example; it lies",
    ),
    "typo": (
        "a.npz",
        lambda t: _save(clean=t, worse=t),
        {"field": "worst"},
        "has no array 'worst' (did you mean 'worse'?",
    ),
    "text": ("a.npz", lambda t: lambda p: p.write_text("no zip"), {}, "is no NumPy archive, it begins with 'no zip'"),
    "objects": (
        "a.npz",
        lambda t: _save(y=t.astype(object)),
        {},
        "it holds Python objects, and nothing in a label file is run",
    ),
    "renamed": (
        "a.csv",
        lambda t: lambda p: p.write_bytes(b"\x93NUMPY"),
        {},
        "by its content it is a NumPy array; call it a.npy",
    ),
    "word": (
        "a.csv",
        lambda t: lambda p: p.write_text("label\n1\ncat\n"),
        {},
        "label 'cat' in line 3 of 'label' is not an integer",
    ),
    "class": (
        "a.csv",
        lambda t: lambda p: p.write_text("y\ncat\nbrid\n"),
        {"classes": ("cat", "bird")},
        "(did you mean 'bird'?",
    ),
    "blank": ("a.csv", lambda t: lambda p: p.write_text("label\n1\n\n2\n"), {}, "line 3 has no cells"),
    "empty": ("a.csv", lambda t: lambda p: p.write_text("\n"), {}, "is empty, expected one label per training example"),
    "index": (
        "a.csv",
        lambda t: lambda p: p.write_text("i,y\n0,1\n0,2\n"),
        {"index": "i"},
        "'i' is 0 in line 2 and in line 3",
    ),
    "index beyond": (
        "a.csv",
        lambda t: lambda p: p.write_text("i,y\n" + "".join(f"{row + (row == 1196)},1\n" for row in range(1197))),
        {"index": "i"},
        "'i' is 1197 in line 1198",
    ),
    "blank lines first": ("a.csv", lambda t: lambda p: p.write_text("\n\nlabel\n1\ncat\n"), {}, "'cat' in line 5"),
    "cell of two lines": (
        "a.csv",
        lambda t: lambda p: p.write_text('who,label\n"Anna\nBerta",1\nCarl,cat\n'),
        {"field": "label"},
        "label 'cat' in line 4 of 'label'",
    ),
    "missing": ("a.csv", lambda t: lambda p: None, {}, "cannot be read"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_one_line_with_file_row_and_remedy(tmp_path: Path, truth: np.ndarray, kind: str) -> None:
    name, make, reading, expected = WRONG[kind]
    make(truth)(tmp_path / name)
    assert expected in refusal(LabelFile(tmp_path / name, **reading), truth, len(reading.get("classes", range(10))))


def test_a_declared_list_reads_names_and_labels_counted_from_one(tmp_path: Path, truth: np.ndarray) -> None:
    names = tuple(f"digit {number}" for number in range(10))
    (tmp_path / "names.csv").write_text("label\n" + "".join(f"{names[label]}\n" for label in truth))
    (tmp_path / "no-header.csv").write_text("".join(f"{names[label]}\n" for label in truth))
    np.savez(tmp_path / "ones.npz", y=truth + 1)
    for file in (LabelFile(tmp_path / "names.csv", classes=names),
                 LabelFile(tmp_path / "ones.npz", classes=tuple(map(str, range(1, 11)))),
                 LabelFile(tmp_path / "no-header.csv", classes=names)):  # fmt: skip
        np.testing.assert_array_equal(read_labels(file, truth, 10, "digits"), truth)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given, truth: given, None),
        (lambda given, truth: np.roll(given, 1), "each fits the one 1 example before it"),
        (lambda given, truth: np.roll(given, -5), "each fits the one 5 examples after it"),
        (lambda given, truth: np.append(np.delete(given, 400), 3), "from row"),
        (lambda given, truth: given[np.argsort(truth, kind="stable")], "the rows look sorted by class"),
        (
            lambda given, truth: (given + 1) % 10,
            "counted from 1 (and 10 written as 0); `classes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]`",
        ),
        (lambda given, truth: 9 - given, "`classes: [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]` beside its path reads them so"),
        (lambda given, truth: given // 3, "groups of classes, 4 for 10"),
    ],
    ids=["as meant", "shifted", "shifted by five", "a row lost", "sorted", "from one", "reversed classes", "groups"],
)
def test_another_reading_that_would_agree_far_better_is_named(
    truth: np.ndarray, given: np.ndarray, change: Callable[..., np.ndarray], said: str | None
) -> None:
    found = remarks(change(given, truth), truth, 10)
    assert said in found[-1] if said else found == []


def test_a_remark_counts_what_would_agree_and_names_the_row_where_it_begins(
    truth: np.ndarray, given: np.ndarray
) -> None:
    meant = f"{100 * (given == truth).mean():.1f}% of the labels would agree"
    for change in (np.roll(given, 1), np.roll(given, -5), 9 - given):
        assert f"{meant}, and {100 * (change == truth).mean():.1f}% do" in remarks(change, truth, 10)[-1]
    (said,) = remarks(np.append(np.delete(truth, 800), 3), truth, 10)
    row = re.search(r"shifted: from row (\d+) on each fits the one 1 example after it", said)
    assert row is not None and 795 <= int(row[1]) <= 800  # those before it may fit both by chance


def test_labels_of_which_most_are_wrong_are_remarked_on_and_a_reading_that_is_little_better_is_not(
    truth: np.ndarray,
) -> None:
    place = np.arange(len(truth)) / len(truth)
    for right, said in ((0.45, ["55.0% of the labels differ from the true ones, which is more than half"]), (0.55, [])):
        assert remarks(np.where(place < right, truth, (truth + 1 + np.arange(len(truth)) % 9) % 10), truth, 10) == said
    neither = np.argmin([np.minimum(abs(c - truth), abs(c - np.roll(truth, 1))) == 0 for c in range(10)], axis=0)
    labels = np.where(place < 0.6, truth, np.where(place < 0.78, np.roll(truth, 1), neither))
    assert remarks(labels, truth, 10) == []  # shifted rows would be 78% right, and 62% are


def test_labels_of_two_classes_that_say_nothing_are_remarked_on() -> None:
    truth = (np.arange(1000) % 5 == 0).astype(np.int64)
    shuffled = np.random.default_rng(0).permutation(truth)  # two thirds agree all the same
    assert (shuffled == truth).mean() > 0.6
    assert "hardly more about the true ones than chance" in remarks(shuffled, truth, 2)[0]


def test_the_manifest_states_agreement_also_per_class(digits: Arrays, given: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", given)
    file = LabelFile(tmp_path / "labels.npy")
    labels, content = ensure_labels(digits, DATASETS["digits"], "file-mine", "as_released", 0, tmp_path, file)
    content = compared(digits, labels, content, file)
    same = given == digits.train_labels
    assert content["agreement"] == pytest.approx(same.mean())
    assert content["agreement_per_class"][3] == pytest.approx(same[digits.train_labels == 3].mean(), abs=1e-6)
    assert (content["requested_rate"], content["generator"], content["remarks"]) == (None, "file", [])
    assert content["source"] == file.source()
    json.dumps(content, allow_nan=False)
    with pytest.raises(UserError, match="no label file is named for 'x'"):
        ensure_labels(digits, DATASETS["digits"], "file-x", "as_released", 0, tmp_path)


def test_paths_begin_at_the_checkout_or_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("home", "checkout"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "labels.csv").write_text("label\n")
    declared = {
        "mine": {"path": "labels.csv"},
        "theirs": {"path": "~/labels.csv", "field": "b"},
        "a.b": {"path": "x.csv"},
    }
    places = Places.of({"label_files": declared}, tmp_path / "checkout")
    assert places.label_file("file-mine") == LabelFile(tmp_path / "checkout/labels.csv")
    assert places.label_file("file-mine.worse_label") == LabelFile(tmp_path / "checkout/labels.csv", "worse_label")
    assert places.label_file("file-theirs") == LabelFile(tmp_path / "home/labels.csv", "b")
    assert places.label_file("pair-45") is None
    for noise, line in {
        "file-minee": "has no 'minee' (did you mean 'mine'?",
        "file-theirs.c": "names field 'b'; leave `field` out there",
        "file-a.b": "x.csv does not exist (did you mean 'labels.csv'? valid: labels.csv); relative",
    }.items():
        with pytest.raises(UserError) as caught:
            places.label_file(noise)
        assert line in str(caught.value)
