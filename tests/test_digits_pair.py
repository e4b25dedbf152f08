"""Two classes of a data set of ten, and the stand-in of MNIST's 4 against 9 that is made of few images."""

from __future__ import annotations

import numpy as np
import pytest
from declared_datasets import DATASETS
from hypothesis import given
from hypothesis import strategies as st

from lnl.data import digits, digits_pair
from lnl.data.mnist import only


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.permutations(range(10)), st.integers(1, 4))
def test_classes_that_are_kept_are_numbered_by_their_place(labels: list[int], order: list[int], kept: int) -> None:
    classes = order[:kept]
    parts = {"train_images": np.arange(len(labels)), "train_labels": np.array(labels)}
    found = only(parts, classes)
    wanted = [(place, classes.index(label)) for place, label in enumerate(labels) if label in classes]
    assert list(zip(found["train_images"].tolist(), found["train_labels"].tolist(), strict=True)) == wanted


def _moved(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """What leaves on one side is lost, and black comes in on the other."""
    out = np.zeros_like(image)
    for row in range(8):
        for column in range(8):
            if 0 <= row - down < 8 and 0 <= column - right < 8:
                out[row, column] = image[row - down, column - right]
    return out


def test_every_image_is_a_training_digit_of_its_class_moved_by_a_pixel_with_grey_noise() -> None:
    info = DATASETS["digits49"]
    parts = digits_pair.read(info, None, ()).parts
    ten = digits.read(DATASETS["digits"], None, ()).parts
    images, labels = parts["train_images"], parts["train_labels"]
    assert images.shape == (info.train, 1, 8, 8) and images.dtype == np.uint8
    assert np.bincount(labels).tolist() == [info.train // 2] * 2
    moves: set[tuple[int, int]] = set()
    noise: list[int] = []  # where neither black nor white cuts it off
    for label, digit in enumerate((4, 9)):
        mine = ten["train_images"][ten["train_labels"] == digit][:, 0].astype(int)
        possible = {
            (down, right): np.stack([_moved(image, down, right) for image in mine])
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        }
        seen = images[labels == label][:60, 0].astype(int)
        for image in seen:
            near = [at for at, made in possible.items() if (np.abs(made - image).max((1, 2)) <= 40).any()]
            assert near, "a grey level differs by 40 at most"
            moves |= set(near)
            if len(near) == 1:
                made = min(possible[near[0]], key=lambda made: np.abs(made - image).max())
                noise += (image - made)[(made >= 40) & (made <= 215)].tolist()
    assert len(moves) == 9
    assert (min(noise), max(noise)) == (-40, 40) and abs(np.mean(noise)) < 3, "as often darker as lighter"
    assert len(np.unique(images[:200].reshape(200, -1), axis=0)) == 200


def test_its_test_images_are_the_digits_own_that_nobody_trains_on() -> None:
    found = digits_pair.read(DATASETS["digits49"], None, ()).parts
    ten = digits.read(DATASETS["digits"], None, ()).parts
    wanted = []
    for part in ("validation", "test"):
        for image, label in zip(ten[f"{part}_images"], ten[f"{part}_labels"].tolist(), strict=True):
            if label in (4, 9):
                wanted.append((image.tobytes(), (4, 9).index(label)))
    pairs = zip(found["test_images"], found["test_labels"].tolist(), strict=True)
    assert [(image.tobytes(), label) for image, label in pairs] == wanted
    assert len(wanted) == DATASETS["digits49"].test
    assert np.mean([label for _, label in wanted]) == pytest.approx(0.5, abs=0.05)
