"""Manifests and caches of label vectors: what they say, whose they are, and that no damage of them is believed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from declared_datasets import DATASETS

from lnl.data.arrays import Arrays, content_digest
from lnl.data.registry import DatasetInfo
from lnl.declared import noise_files
from lnl.errors import UserError
from lnl.files import sealed
from lnl.noise.kinds import OwnNoise
from lnl.noise.manifest import ensure_labels, manifest, write_manifest

TRUTH = np.arange(60) % 3


def info(key: str = "mine", classes: int = 3) -> DatasetInfo:
    return DatasetInfo(key, key, classes, (1, 2, 2), 60, 0, 1, "standin", "test", "test")


def arrays(truth: np.ndarray = TRUTH, light: int = 0) -> Arrays:
    """Sixty images, all as light as one says, of these true labels."""
    images = np.full((60, 1, 2, 2), light, dtype=np.uint8)
    parts: dict[str, Any] = {"train_images": images, "train_labels": truth.astype(np.int64)}
    parts |= {"test_images": images[:1], "test_labels": parts["train_labels"][:1]}
    return Arrays(**parts, validation_images=None, validation_labels=None, digest=content_digest(parts))


def of_a_function(folder: Path, code: str) -> OwnNoise:
    """A kind `odd` as a user declares it, by a function."""
    folder.mkdir(exist_ok=True)
    (folder / "odd.py").write_text(f"NOISE = {{'title': 'Odd', 'source': 'a test'}}\n{code}")
    return OwnNoise(noise_files.read(folder / "odd.py", DATASETS), info())


DRAW = "def draw(labels, classes):\n    return (labels + 1) % classes\n"
MATRIX = "def matrix(classes):\n    return [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]\n"


def test_one_cache_holds_labels_of_every_data_set_noise_generator_and_seed_apart(tmp_path: Path) -> None:
    asked = list(
        itertools.product(("mine", "other"), ("pair-45", "symmetric-50"), ("as_released", "named_stream"), (0, 1))
    )

    def labels(cache: Path, key: str, noise: str, generator: str, seed: int) -> bytes:
        return ensure_labels(arrays(), info(key), noise, generator, seed, cache)[0].tobytes()

    alone = [labels(tmp_path / str(number), *each) for number, each in enumerate(asked)]
    for _ in range(2):  # as they are drawn, and as they are found
        assert [labels(tmp_path / "shared", *each) for each in asked] == alone
    assert len(list((tmp_path / "shared").rglob("*.npy"))) == len(asked), "nothing is drawn again for the other"


def test_labels_that_a_function_draws_by_the_images_are_drawn_again_for_other_images(tmp_path: Path) -> None:
    code = "def draw(labels, images, classes):\n    return (labels + images[:, 0, 0, 0]) % classes\n"
    own = of_a_function(tmp_path / "noises", code)
    for light in (1, 2, 1):  # the true labels are the same
        found, _ = ensure_labels(arrays(light=light), info(), "odd-50", "as_released", 0, tmp_path / "cache", own)
        np.testing.assert_array_equal(found, (TRUTH + light) % 3)


@pytest.mark.parametrize("name", ["as_released-seed0.npy", "as_released-seed0.json"])
def test_whatever_is_damaged_of_a_cache_it_is_drawn_again_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    def drawn() -> np.ndarray:
        return ensure_labels(arrays(), info(), "pair-45", "as_released", 0, tmp_path)[0]

    sound = drawn()
    file = tmp_path / "noise/mine/pair-45" / name
    content = file.read_bytes()
    assert capsys.readouterr().err == ""
    head = content.index(b"\n") if name.endswith(".npy") else 0  # by which numpy knows what the bytes behind it are
    for at in (*range(head), *range(head, len(content), 31)):
        file.write_bytes(content[:at] + bytes([content[at] ^ 0x80]) + content[at + 1 :])
        np.testing.assert_array_equal(drawn(), sound)
        said = capsys.readouterr().err
        assert said.startswith(f"lnl: {file}: ") and said.endswith("; drawn again\n") and said.count("\n") == 1
        assert file.read_bytes() == content


def test_a_cache_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UserError, match="choose another cache folder") as error:
        ensure_labels(arrays(), info(), "pair-45", "as_released", 0, tmp_path / "cache")
    assert str(tmp_path / "cache") in str(error.value) and "\n" not in str(error.value)


def test_a_manifest_that_is_damaged_is_written_anew_and_one_of_other_labels_is_not(tmp_path: Path) -> None:
    file = tmp_path / "noise.json"
    _, content = ensure_labels(arrays(), info(), "pair-45", "as_released", 0, tmp_path / "cache")
    write_manifest(file, content)
    whole = file.read_bytes()
    for damaged in (whole[:-20], b"", whole.replace(b'"mine"', b'"ours"')):
        file.write_bytes(damaged)
        write_manifest(file, content)
        assert file.read_bytes() == whole
    with pytest.raises(UserError, match=r"noise\.json: the labels changed .* \(digest [0-9a-f]{16}, now 0{16}\)"):
        write_manifest(file, content | {"digest": "0" * 16})
    assert file.read_bytes() == whole
    write_manifest(file, content | {"warning": "another word"})  # of the same labels
    assert sealed.read(file)["warning"] == "another word"


def test_a_manifest_counts_what_was_asked_for_and_what_there_is(tmp_path: Path) -> None:
    def told(
        noise: str, labels: np.ndarray, truth: np.ndarray = TRUTH, own: OwnNoise | None = None
    ) -> Mapping[str, Any]:
        return manifest(arrays(truth), info(), noise, "as_released", 0, labels, own)

    clean = told("clean", TRUTH)
    assert (clean["nominal_rate"], clean["requested_rate"], clean["realised_rate"], clean["flipped"]) == (0, 0, 0, 0)
    assert (clean["generator"], clean["examples"], clean["warning"]) == ("as_released", 60, None)
    truth = np.where(TRUTH == 2, 0, TRUTH)  # 40 of class 0, 20 of class 1, none of class 2
    labels = truth.copy()
    labels[np.flatnonzero(truth == 0)[:10]] = 1
    pair = told("pair-45", labels, truth)
    assert pair["transition_realised"] == [[0.75, 0.25, 0.0], [0.0, 1.0, 0.0], None]
    assert (pair["per_class_true"], pair["per_class_given"]) == ([40, 20, 0], [30, 30, 0])
    assert (pair["flipped"], pair["realised_rate"]) == (10, pytest.approx(1 / 6))
    # Of a matrix of one's own the share is that of the classes as they are: half of 40 of 60.
    own = of_a_function(tmp_path, MATRIX)
    declared = told("odd-50", labels, truth, own)
    assert (declared["nominal_rate"], declared["requested_rate"]) == (0.5, pytest.approx(1 / 3))
    assert declared["transition_requested"] == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert declared["generator"] == "as_released", "a matrix is drawn from by the generator that is asked for"
    assert declared["digest"] != pair["digest"], "methods are told the matrix"
    drawn = told("odd-50", labels, truth, of_a_function(tmp_path / "drawn", DRAW))
    assert (drawn["generator"], drawn["requested_rate"], drawn["transition_requested"]) == ("own", 0.5, None)
    assert drawn["digest"] == pair["digest"], "nothing but the labels is told"
    assert told("semantic-vgg13", labels, truth)["generator"] == "labeller"
    assert told("file-mine", labels, truth)["generator"] == "file"
