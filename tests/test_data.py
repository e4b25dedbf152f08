"""Data sets: the fixed digits split, verified caches, refused checksums, parts, manifests and atomic files."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from declared_datasets import DATASETS, PLACE, load
from hypothesis import given
from hypothesis import strategies as st

from lnl.data import cifar, mnist
from lnl.data.arrays import Arrays
from lnl.data.manifest import manifest
from lnl.data.registry import DatasetInfo
from lnl.data.splits import clean_indices, evaluation_parts, parts_by_name
from lnl.declared.suite import Suite
from lnl.errors import UserError, nearest
from lnl.files import dump_json, sealed


def one_line(error: UserError) -> str:
    assert "\n" not in str(error)
    return str(error)


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return load("digits", None, tmp_path_factory.mktemp("cache"))


def test_the_digits_split_is_fixed_stratified_and_disjoint(digits: Arrays) -> None:
    assert digits.digest == "950701fdd3036751"
    parts = [digits.train_labels, digits.validation_labels, digits.test_labels]
    assert [len(part) for part in parts] == [1197, 200, 400]
    whole = np.bincount(np.concatenate(parts)) / 1797
    for part in parts:
        assert np.abs(np.bincount(part) - whole * len(part)).max() <= 1
    images = [digits.train_images, digits.validation_images, digits.test_images]
    seen = {image.tobytes() for part in images for image in part}
    assert len(seen) == 1797  # no two of the original images are equal, so none is in two parts
    assert digits.train_images.shape[1:] == (1, 8, 8)
    assert (digits.train_images.dtype, digits.train_images.min(), digits.train_images.max()) == (np.uint8, 0, 255)


def test_the_stand_in_has_the_shape_type_and_classes_of_cifar100(tmp_path: Path) -> None:
    arrays = load("standin-cifar100", None, tmp_path)
    assert arrays.digest == "ee268da239fe1593"
    info, real = DATASETS["standin-cifar100"], DATASETS["cifar100"]
    assert (info.shape, info.classes) == (real.shape, real.classes)
    assert arrays.train_images.shape == (1000, 3, 32, 32)
    assert np.bincount(arrays.train_labels).tolist() == [10] * 100
    assert np.bincount(arrays.test_labels).tolist() == [2] * 100


@pytest.mark.parametrize("damage", ["truncate", "alter", "delete", "meta", "empty meta"])
def test_a_damaged_cache_is_noticed_and_made_again(digits: Arrays, tmp_path: Path, damage: str) -> None:
    load("digits", None, tmp_path)
    time.sleep(0.02)  # file times have the kernel's tick
    path = tmp_path / "data" / "digits" / "train_images.npy"
    content = path.read_bytes()
    if damage == "truncate":
        path.write_bytes(content[:-100])
    elif damage == "alter":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "delete":
        path.unlink()
    else:
        (path.parent / "meta.json").write_text("{}" if damage == "meta" else "")
    arrays = load("digits", None, tmp_path)
    assert path.read_bytes() == content
    np.testing.assert_array_equal(arrays.train_images, digits.train_images)
    assert arrays.digest == digits.digest


def test_a_sound_cache_is_used_also_after_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load("digits", None, tmp_path)
    monkeypatch.setattr("lnl.data.digits.read", lambda *_: pytest.fail("prepared again"))
    assert isinstance(load("digits", None, tmp_path).train_images, np.memmap)
    for path in (tmp_path / "data" / "digits").glob("*.npy"):
        os.utime(path, (1, 1))
    assert load("digits", None, tmp_path).digest == first.digest


def test_processes_that_start_together_prepare_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lnl.data import standin

    calls, read = [], standin.read

    def counted(*arguments: object) -> object:
        calls.append(1)
        time.sleep(0.05)
        return read(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(standin, "read", counted)
    threads = [threading.Thread(target=load, args=("standin-cifar100", None, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_mistakes_are_one_line_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LNL_DATA_ROOT", raising=False)
    with pytest.raises(UserError) as unknown:
        Suite.load(PLACE.parents[1], validate=False).dataset("cifar-10")
    assert "did you mean 'cifar10'?" in one_line(unknown.value)
    with pytest.raises(UserError) as no_root:
        load("mnist", None, tmp_path)
    assert "LNL_DATA_ROOT" in one_line(no_root.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as unwritable:
        load("digits", None, tmp_path / "file")
    assert "choose another cache folder" in one_line(unwritable.value)


@pytest.mark.parametrize("key", ["mnist", "cifar10", "cifar100"])
def test_a_refusing_network_says_which_files_go_where(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("network is unreachable")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.raises(UserError) as caught:
        load(key, tmp_path / "data-root", tmp_path / "cache")
    message = one_line(caught.value)
    assert str(tmp_path / "data-root") in message
    assert "LNL_DATA_ROOT" in message
    assert {"mnist": "MNIST/raw", "cifar10": "cifar-10-batches-bin", "cifar100": "cifar-100-binary"}[key] in message


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.fixture
def small_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with a tiny MNIST whose checksums are the documented ones for the time of the test."""
    stream = np.random.RandomState(0)
    folder = tmp_path / "root" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    files = []
    for part, name, _, _ in mnist.FILES:
        count = 20 if part.startswith("train") else 10
        shape = (count, 28, 28) if part.endswith("images") else (count,)
        content = idx(stream.randint(0, 10, shape).astype(np.uint8))
        packed = gzip.compress(content)
        (folder / f"{name}.gz").write_bytes(packed)
        files.append((part, name, md5(packed), md5(content)))
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    info = DatasetInfo("mnist", "MNIST", 10, (1, 28, 28), 20, 0, 10, "mnist", "", "")
    monkeypatch.setitem(DATASETS, "mnist", info)
    return tmp_path / "root"


def test_mnist_reads_packed_and_unpacked_files_alike(small_mnist: Path, tmp_path: Path) -> None:
    packed = load("mnist", small_mnist, tmp_path / "a")
    for path in (small_mnist / "MNIST" / "raw").glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    plain = load("mnist", small_mnist, tmp_path / "b")
    assert packed.digest == plain.digest
    assert packed.train_images.shape == (20, 1, 28, 28)
    assert packed.validation_images is None


def test_a_corrupt_mnist_file_is_refused_by_name(small_mnist: Path, tmp_path: Path) -> None:
    path = small_mnist / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError) as caught:
        load("mnist", small_mnist, tmp_path)
    assert "t10k-labels-idx1-ubyte.gz: its MD5 sum" in one_line(caught.value)


def test_a_cache_outlives_its_data_root(small_mnist: Path, tmp_path: Path) -> None:
    first = load("mnist", small_mnist, tmp_path / "cache")
    for path in (small_mnist / "MNIST" / "raw").iterdir():
        path.unlink()
    assert load("mnist", small_mnist, tmp_path / "cache").digest == first.digest


@pytest.fixture(params=["cifar10", "cifar100"])
def small_cifar(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Path, Path]:
    """A data root with a tiny binary CIFAR whose checksums are the documented ones: key, root, test file."""
    key: str = request.param
    layout, real = cifar.BINARY[key], DATASETS[key]
    stream = np.random.RandomState(1)
    folder = tmp_path / "root" / layout.folder
    folder.mkdir(parents=True)
    sums: dict[str, str] = {}
    for name in (*layout.train, *layout.test):
        records = stream.randint(0, 256, (4, layout.label_bytes + 3072)).astype(np.uint8)
        records[:, : layout.label_bytes] %= real.classes
        (folder / name).write_bytes(records.tobytes())
        sums[name] = md5(records.tobytes())
    small = cifar.Binary(
        layout.folder, {n: sums[n] for n in layout.train}, {n: sums[n] for n in layout.test}, layout.label_bytes
    )
    monkeypatch.setitem(cifar.BINARY, key, small)
    info = DatasetInfo(key, real.title, real.classes, (3, 32, 32), 4 * len(small.train), 0, 4, "cifar", "", "")
    monkeypatch.setitem(DATASETS, key, info)
    return key, tmp_path / "root", folder / next(iter(layout.test))


def test_the_binary_version_is_read_in_order(small_cifar: tuple[str, Path, Path], tmp_path: Path) -> None:
    key, root, test_file = small_cifar
    arrays = load(key, root, tmp_path / "cache")
    layout = cifar.BINARY[key]
    position = 0
    for name in layout.train:
        content = (test_file.parent / name).read_bytes()
        size = layout.label_bytes + 3072
        for start in range(0, len(content), size):
            record = content[start : start + size]
            assert arrays.train_labels[position] == record[layout.label_bytes - 1]  # CIFAR-100: the fine label
            image = arrays.train_images[position]
            red, blue = record[layout.label_bytes], record[layout.label_bytes + 2 * 1024 + 33]
            assert (image[0, 0, 0], image[2, 1, 1]) == (red, blue)
            position += 1
    assert position == len(arrays.train_labels)


def test_a_refused_checksum_can_be_accepted_and_is_recorded(
    small_cifar: tuple[str, Path, Path], tmp_path: Path
) -> None:
    key, root, test_file = small_cifar
    official = load(key, root, tmp_path / "official")
    content = test_file.read_bytes()
    altered = content[:-1] + bytes([content[-1] ^ 1])
    test_file.write_bytes(altered)
    with pytest.raises(UserError) as caught:
        load(key, root, tmp_path / "cache")
    assert test_file.name in one_line(caught.value)
    assert md5(altered) in str(caught.value)
    arrays = load(key, root, tmp_path / "cache", accepted=[md5(altered).upper()])
    assert arrays.digest != official.digest
    recorded = [{"file": test_file.name, "digest": md5(altered), "documented": md5(content)}]
    assert manifest(DATASETS[key], arrays)["accepted_digests"] == recorded
    with pytest.raises(UserError, match="MD5 sum"):  # the cache does not smuggle it past a configuration without it
        load(key, root, tmp_path / "cache")
    assert manifest(DATASETS[key], official)["accepted_digests"] == []


def test_a_missing_binary_file_is_named(small_cifar: tuple[str, Path, Path], tmp_path: Path) -> None:
    key, root, test_file = small_cifar
    test_file.unlink()
    with pytest.raises(UserError) as caught:
        load(key, root, tmp_path)
    assert f"{test_file}: cannot be read" in one_line(caught.value)


def test_an_incomplete_python_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    with pytest.raises(UserError) as caught:
        load("cifar10", tmp_path, tmp_path / "cache")
    assert "data_batch_1: cannot be read (No such file or directory)" in one_line(caught.value)


def test_the_python_and_the_binary_version_are_the_same_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pickle

    stream = np.random.RandomState(2)
    python, binary = tmp_path / "a" / "cifar-10-batches-py", tmp_path / "b" / "cifar-10-batches-bin"
    python.mkdir(parents=True)
    binary.mkdir(parents=True)
    sums: dict[str, str] = {}
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        images, labels = stream.randint(0, 256, (3, 3072)).astype(np.uint8), stream.randint(0, 10, 3)
        (python / name).write_bytes(pickle.dumps({"data": images, "labels": labels.tolist()}))
        records = np.concatenate([labels[:, None].astype(np.uint8), images], axis=1).tobytes()
        (binary / f"{name}.bin").write_bytes(records)
        sums[name], sums[f"{name}.bin"] = md5((python / name).read_bytes()), md5(records)
    batches = {f"data_batch_{i}": sums[f"data_batch_{i}"] for i in range(1, 6)}
    pickles = replace(cifar.PYTHON["cifar10"], train=batches, test={"test_batch": sums["test_batch"]})
    monkeypatch.setitem(cifar.PYTHON, "cifar10", pickles)
    train = {f"data_batch_{i}.bin": sums[f"data_batch_{i}.bin"] for i in range(1, 6)}
    small = cifar.Binary(binary.name, train, {"test_batch.bin": sums["test_batch.bin"]}, 1)
    monkeypatch.setitem(cifar.BINARY, "cifar10", small)
    monkeypatch.setitem(DATASETS, "cifar10", DatasetInfo("cifar10", "", 10, (3, 32, 32), 15, 0, 3, "cifar", "", ""))
    one, other = (load("cifar10", tmp_path / root, tmp_path / f"cache-{root}") for root in "ab")
    assert one.digest == other.digest


def test_the_manifest_counts_every_part(digits: Arrays) -> None:
    content = manifest(DATASETS["digits"], digits)
    assert content["counts"] == {"train": 1197, "validation": 200, "test": 400}
    assert {part: sum(counts) for part, counts in content["per_class"].items()} == content["counts"]
    assert (content["digest"], content["classes"], content["shape"]) == (digits.digest, 10, [1, 8, 8])
    json.dumps(content, allow_nan=False)


def test_evaluation_parts(digits: Arrays) -> None:
    images, labels, test_images, test_labels = evaluation_parts(digits, "none")
    assert images is None
    assert labels is None
    assert len(test_images) == len(test_labels) == 400
    _, labels, _, test_labels = evaluation_parts(digits, "own")
    np.testing.assert_array_equal(labels, digits.validation_labels)
    assert len(test_labels) == 400
    images, labels, test_images, test_labels = evaluation_parts(digits, "test-halves")
    np.testing.assert_array_equal(np.concatenate([labels, test_labels]), digits.test_labels)
    np.testing.assert_array_equal(np.concatenate([images, test_images]), digits.test_images)
    assert len(labels) == len(test_labels) == 200


def test_a_further_set_that_is_tested_on_takes_the_name_of_the_data_sets_own_which_stays(digits: Arrays) -> None:
    further = {name: (np.zeros(size), np.zeros(size, dtype=np.int64)) for name, size in (("one", 3), ("two", 5))}
    data = replace(digits, further_tests=further)

    def sizes(tested_on: str) -> dict[str, int]:
        return {name: len(labels) for name, (_, labels) in parts_by_name(data, "own", tested_on).items()}

    validating = len(digits.validation_labels)  # type: ignore[arg-type]
    assert sizes("test") == {"test": 400, "validation": validating, "one": 3, "two": 5}
    assert sizes("two") == {"test": 5, "validation": validating, "one": 3, "own": 400}
    with pytest.raises(UserError, match="unknown test set 'tow' \\(did you mean 'two'"):
        sizes("tow")


def test_impossible_parts_are_one_line(digits: Arrays, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'test-halves'"):
        evaluation_parts(digits, "test-half")
    with pytest.raises(UserError, match="no validation part"):
        evaluation_parts(load("standin-cifar100", None, tmp_path), "own")
    with pytest.raises(UserError, match="class 3, which has 1"):
        clean_indices(np.array([0, 0, 1, 1, 2, 2, 3]), 8, 4, 0)
    with pytest.raises(UserError, match="a clean set cannot have -1 examples"):
        clean_indices(np.array([0, 1]), -1, 2, 0)


@given(st.integers(0, 100), st.integers(2, 12), st.integers(0, 1000))
def test_clean_sets_are_balanced_reproducible_and_nested(count: int, classes: int, seed: int) -> None:
    labels = np.random.RandomState(0).permutation(np.arange(60 * classes) % classes)
    chosen = clean_indices(labels, count, classes, seed)
    assert len(set(chosen.tolist())) == count
    assert (np.diff(chosen) > 0).all()
    if count:
        per_class = np.bincount(labels[chosen], minlength=classes)
        assert per_class.max() - per_class.min() <= 1
        assert (np.diff(per_class) <= 0).all(), "the lower classes have one more"
    np.testing.assert_array_equal(chosen, clean_indices(labels, count, classes, seed))
    assert set(chosen) <= set(clean_indices(labels, count + classes, classes, seed))


def test_every_seed_has_a_clean_set_of_its_own_whose_classes_are_drawn_apart_and_those_of_records_stay() -> None:
    labels = np.arange(40) % 2  # of either class the examples lie at the same places, 0 to 19
    one, two = (clean_indices(labels, 10, 2, seed) for seed in (1, 2))
    assert one.tolist() != two.tolist()
    places = [(one[labels[one] == label] // 2).tolist() for label in (0, 1)]
    assert places[0] != places[1]
    assert one.tolist() == [2, 8, 11, 24, 29, 31, 35, 36, 38, 39]


def test_json_is_sorted_compact_and_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "x.json"
    value = {"b": [[1, 2.5, None], [True, -1e-7, 3]], "a": {"t": "[ 1,\n 2 ]", "e": [], "s": ["x", "y"]}}
    sealed.write(path, value)
    text = path.read_text()
    assert sealed.read(path) == value == {k: v for k, v in json.loads(text).items() if k != "seal"}
    assert text.index('"a"') < text.index('"b"')
    assert "[1, 2.5, null]" in text
    with pytest.raises(ValueError, match="not JSON compliant"):
        sealed.write(path, {"x": float("nan")})
    assert path.read_text() == text
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_json_round_trips(value: object) -> None:
    assert json.loads(dump_json(value)) == value


def test_an_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError) as caught:
        sealed.write(tmp_path / "file" / "x.json", {})
    assert "cannot be written" in one_line(caught.value)


def test_nearest_names_the_closest_word_and_all_valid_ones() -> None:
    assert nearest("cifar1", ["mnist", "cifar10"]) == " (did you mean 'cifar10'? valid: cifar10, mnist)"
    assert nearest("zzz", ["b", "a"]) == " (valid: a, b)"
