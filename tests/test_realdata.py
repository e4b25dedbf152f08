"""The real files under LNL_DATA_ROOT; run with `pytest -m realdata`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from declared_datasets import DATASETS, load

from lnl.data.arrays import integer_digest
from lnl.data.checksums import Verifier
from lnl.data.manifest import manifest
from lnl.errors import UserError
from lnl.noise.manifest import ensure_labels

pytestmark = pytest.mark.realdata


@pytest.fixture
def data_root() -> Path:
    root = os.environ.get("LNL_DATA_ROOT")
    assert root, "the tests marked realdata need LNL_DATA_ROOT: a folder with MNIST/raw and cifar-10-batches-bin"
    return Path(root)


def test_mnist_is_the_original_in_file_order(data_root: Path, tmp_path: Path) -> None:
    arrays = load("mnist", data_root, tmp_path)
    content = manifest(DATASETS["mnist"], arrays)
    assert arrays.digest == "4c1d343bde9e8afe"
    assert content["counts"] == {"train": 60_000, "validation": 0, "test": 10_000}
    assert content["accepted_digests"] == []
    assert arrays.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert arrays.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.mean(arrays.train_images) / 255 == pytest.approx(0.1307, abs=1e-4)
    assert content["per_class"]["train"][:3] == [5923, 6742, 5958]


def test_the_released_noise_on_mnist(data_root: Path, tmp_path: Path) -> None:
    arrays = load("mnist", data_root, tmp_path)
    for noise, rate in (("symmetric-20", 0.2), ("symmetric-50", 0.5), ("pair-45", 0.45)):
        labels, content = ensure_labels(arrays, DATASETS["mnist"], noise, "as_released", 0, tmp_path)
        assert abs(content["realised_rate"] - rate) <= 4 * np.sqrt(rate * (1 - rate) / 60_000)
        assert content["digest"] == integer_digest(labels)
    assert content["digest"] == "9e827dd464497f74"


def test_cifar10s_binary_version(data_root: Path, tmp_path: Path) -> None:
    """Where the test file is not the official one, it is refused unless accepted, and then recorded."""
    path = data_root / "cifar-10-batches-bin" / "test_batch.bin"
    official = "803d5f7f4d78ea53de84dbe85f74fb6d"
    try:
        Verifier().read(path, official)
        accepted: list[str] = []
    except UserError:
        with pytest.raises(UserError, match=r"test_batch\.bin"):
            load("cifar10", data_root, tmp_path)
        import hashlib

        accepted = [hashlib.md5(path.read_bytes()).hexdigest()]
    arrays = load("cifar10", data_root, tmp_path, accepted)
    content = manifest(DATASETS["cifar10"], arrays)
    assert [use["digest"] for use in content["accepted_digests"]] == accepted
    assert content["per_class"]["train"] == [5000] * 10
    assert content["per_class"]["test"] == [1000] * 10
    assert arrays.train_labels[:5].tolist() == [6, 9, 9, 4, 1]
    means = np.mean(arrays.train_images, axis=(0, 2, 3)) / 255
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=1e-4)
