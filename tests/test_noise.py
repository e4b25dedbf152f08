"""Noise: keys, matrices, the released generator restated, caches and manifests, labels that a user brings."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from declared_datasets import DATASETS, load
from drawn import examples
from hypothesis import assume, given
from hypothesis import strategies as st

from lnl.data.arrays import Arrays, integer_digest
from lnl.errors import UserError
from lnl.noise.draw import GENERATORS, draw
from lnl.noise.keys import check, flip_rate, parse, warning
from lnl.noise.manifest import ensure_labels, write_manifest
from lnl.noise.released_stream import released_labels
from lnl.noise.transition import cautious, matrix

# the legacy stream of the numpy that is installed
AS_NUMPY_DRAWS = (
    "as_released" if (1, 17) <= tuple(map(int, np.__version__.split(".")[:2])) < (2, 5) else "as_released_2018"
)
DRAWN = st.builds(
    lambda kind, tenths: f"{kind}-{tenths // 10}" if tenths % 10 == 0 else f"{kind}-{tenths / 10}",
    st.sampled_from(["symmetric", "pair", "uniform"]),
    st.integers(1, 999),
)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return load("digits", None, tmp_path_factory.mktemp("cache"))


def one_line(error: UserError) -> str:
    assert "\n" not in str(error)
    return str(error)


@pytest.mark.parametrize(
    ("key", "kind", "rate", "name"),
    [
        ("clean", "clean", None, None),
        ("symmetric-20", "symmetric", 0.2, None),
        ("symmetric-12.5", "symmetric", 0.125, None),
        ("pair-45", "pair", 0.45, None),
        ("pair-33.3", "pair", 0.333, None),
        ("uniform-80", "uniform", 0.8, None),
        ("file-human-annotations.v2", "file", None, "human-annotations.v2"),
    ],
)
def test_keys_mean_what_they_say(key: str, kind: str, rate: float | None, name: str | None) -> None:
    noise = parse(key)
    assert (noise.kind, noise.rate, noise.name, str(noise)) == (kind, rate, name, key)
    assert check(noise, 10) == noise


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("symetric", "unknown noise 'symetric' (did you mean 'symmetric' or 'semantic'?); a noise is clean, symm"),
        ("pair45", "unknown noise 'pair45' (did you mean 'pair'?); a noise is clean, "),
        ("xyz", "unknown noise 'xyz'; a noise is clean, "),
        ("Symmetric-20", "whose kind is a file config/noises/<kind>.yaml"),
        ("asymmetric-040", "write asymmetric-<percent> without superfluous zeros"),
        ("asymmetric-101", "above 0 and at most 100 percent"),
        ("pair-wise-0", "for no noise write clean"),
        ("symmetric", "write symmetric-<percent>"),
        ("symmetric-0.2x", "write symmetric-<percent>"),
        ("symmetric-020", "without superfluous zeros"),
        ("symmetric-20.0", "without superfluous zeros"),
        ("symmetric-100", "above 0 and below 100 percent"),
        ("symmetric-0", "for no noise write clean"),
        ("pair-101", "above 0 and at most 100 percent"),
        ("pair--5", "write pair-<percent>"),
        ("uniform-100.5", "at most 100 percent"),
        ("clean-5", "clean takes no rate"),
        ("file-", "file-<name>"),
        ("file-../x", "file-<name>"),
        ("", "unknown noise"),
    ],
)
def test_bad_keys_are_one_line_with_a_remedy(key: str, expected: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(key)
    assert expected in one_line(caught.value)


def test_a_noise_that_the_data_cannot_carry_is_refused() -> None:
    with pytest.raises(UserError, match="at least 2 classes"):
        check("pair-45", 1)
    assert check("clean", 1).kind == "clean"


def test_cautions() -> None:
    assert warning("pair-45") is None
    assert "at least as likely" in str(warning("pair-50"))
    assert warning("symmetric-80", 10) is None
    assert "chance" in str(warning("symmetric-90", 10))
    assert warning("uniform-80", 10) is None
    for noise, meant in (("symmetric-0.4", "symmetric-40"), ("conifer-0.45", "conifer-45")):  # a share for a percentage
        assert str(warning(noise, 10)).endswith(f"percent; if 0.4{'5' * ('5' in noise)} is a share, write {meant}")
    assert warning("symmetric-1", 10) is None


@given(DRAWN, st.integers(2, 100))
def test_rows_sum_to_one_and_lose_the_stated_rate(noise: str, classes: int) -> None:
    rows = matrix(noise, classes)
    assert rows.shape == (classes, classes)
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(1 - np.diag(rows), flip_rate(noise, classes), atol=1e-12)


def test_matrices_of_the_papers() -> None:
    np.testing.assert_allclose(matrix("symmetric-50", 5)[1], [0.125, 0.5, 0.125, 0.125, 0.125])
    np.testing.assert_allclose(matrix("pair-45", 5)[4], [0.45, 0, 0, 0, 0.55])
    np.testing.assert_allclose(matrix("pair-45", 5)[0], [0.55, 0.45, 0, 0, 0])
    np.testing.assert_allclose(matrix("uniform-80", 4)[2], [0.2, 0.2, 0.4, 0.2])
    np.testing.assert_array_equal(matrix("clean", 3), np.eye(3))


@examples(40)
@given(DRAWN, st.integers(2, 20), st.integers(0, 2**32 - 1), st.sampled_from(sorted(GENERATORS)))
def test_the_realised_rate_is_near_the_requested_one(noise: str, classes: int, seed: int, generator: str) -> None:
    labels = np.arange(3000) % classes
    noisy = draw(labels, noise, classes, seed, generator)
    rate = flip_rate(noise, classes)
    assert noisy.dtype == np.int64
    assert noisy.min() >= 0
    assert noisy.max() < classes
    assert rate is not None
    # Five sigma: many draws are tried; three more labels for the heavier tail of rates near 0.
    assert abs((noisy != labels).mean() - rate) <= 5 * np.sqrt(rate * (1 - rate) / 3000) + 3 / 3000
    np.testing.assert_array_equal(noisy, draw(labels, noise, classes, seed, generator))


@pytest.mark.parametrize("generator", sorted(GENERATORS))
def test_where_flipped_labels_go(generator: str) -> None:
    labels = np.arange(20_000) % 10
    counts = np.zeros((10, 10))
    np.add.at(counts, (labels, draw(labels, "symmetric-50", 10, 0, generator)), 1)
    off_diagonal = counts[~np.eye(10, dtype=bool)] / 2000
    sigma = np.sqrt(0.5 / 9 * (1 - 0.5 / 9) / 2000)
    assert np.abs(off_diagonal - 0.5 / 9).max() <= 4 * sigma
    assert abs((np.diag(counts).sum() / 20_000) - 0.5) <= 4 * np.sqrt(0.25 / 20_000)  # no mass back to the true class
    pair = draw(labels, "pair-45", 10, 0, generator)
    assert set(np.unique((pair - labels) % 10)) == {0, 1}
    assert abs((pair != labels).mean() - 0.45) <= 4 * np.sqrt(0.45 * 0.55 / 20_000)
    always = draw(labels, "pair-100", 10, 0, generator)
    np.testing.assert_array_equal(always, (labels + 1) % 10)


@pytest.mark.parametrize(
    ("noise", "kind", "rate"), [("symmetric-20", "s", 0.2), ("symmetric-50", "s", 0.5), ("pair-45", "p", 0.45)]
)
@pytest.mark.parametrize("seed", [0, 3])
def test_as_released_equals_an_independent_restatement(noise: str, kind: str, rate: float, seed: int) -> None:
    """P filled by hand, then one multinomial vector per example, in order, from one legacy stream."""
    classes = 10
    table = np.zeros((classes, classes))
    for row in range(classes):
        for column in range(classes):
            if kind == "s":
                table[row, column] = 1.0 - rate if row == column else rate / (classes - 1)
            elif row == column:
                table[row, column] = 1.0 - rate
            elif column == (row + 1) % classes:
                table[row, column] = rate
    labels = np.random.RandomState(5).randint(0, classes, 4000)
    generator = np.random.RandomState(seed)
    expected = [int(np.flatnonzero(generator.multinomial(1, table[label, :], 1)[0] == 1)[0]) for label in labels]
    ours = draw(labels, noise, classes, seed, AS_NUMPY_DRAWS)
    np.testing.assert_array_equal(ours, expected)


@given(st.integers(2, 12), st.integers(0, 2**32 - 1), st.floats(0.05, 5), st.booleans())
def test_as_released_is_numpys_own_multinomial(classes: int, seed: int, spread: float, thinned: bool) -> None:
    """On whatever matrix, zeros among its entries or not, for the kind of stream that this numpy has."""
    rows = np.random.RandomState(seed).dirichlet(np.full(classes, spread), classes)
    if thinned:
        rows[rows < 0.5 / classes] = 0.0
    rows /= rows.sum(1, keepdims=True)
    assume(all(sum(row[:-1]) <= 1.0 for row in rows.tolist()))  # else numpy refuses the row
    labels, generator = np.arange(60) % classes, np.random.RandomState(seed)
    expected = [int(generator.multinomial(1, rows[label]).argmax()) for label in labels]
    zeros_draw = AS_NUMPY_DRAWS == "as_released_2018"
    np.testing.assert_array_equal(released_labels(labels, rows, seed, zeros_draw=zeros_draw), expected)


def test_as_released_is_pinned() -> None:
    """What numpy 1.14, 1.16, 1.17, 1.26 and 2.5 were seen to draw: a pair flip's labels are of two kinds, symmetric
    noise's of one. A change of ours would change every published comparison."""
    labels = np.arange(1000) % 10
    for generator, pair in (("as_released", "96623a61b5a4fbf0"), ("as_released_2018", "546bc5261bbfbc6f")):
        assert integer_digest(draw(labels, "symmetric-20", 10, 0, generator)) == "2ba0d2bcb8cc8e70"
        assert integer_digest(draw(labels, "pair-45", 10, 0, generator)) == pair


def test_named_streams_differ_by_data_set_noise_and_seed_only() -> None:
    labels = np.arange(1000) % 10
    base = draw(labels, "pair-45", 10, 0, "named_stream", "mnist")
    np.testing.assert_array_equal(base, draw(labels, "pair-45", 10, 0, "named_stream", "mnist"))
    for other in (
        draw(labels, "pair-45", 10, 1, "named_stream", "mnist"),
        draw(labels, "pair-45", 10, 0, "named_stream", "cifar10"),
        draw(labels, "pair-45", 10, 0, "as_released", "mnist"),
    ):
        assert (other != base).any()
    # By the same numbers 45.1 percent would flip whatever 45 percent do.
    flipped, more = (draw(labels, f"pair-{rate}", 10, 0, "named_stream") != labels for rate in ("45", "45.1"))
    assert 300 < (flipped != more).sum() < 700


def test_rounding_lets_no_impossible_label_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten tenths add up to less than one, and the eleventh label has no probability."""
    largest = SimpleNamespace(random=lambda count: np.full(count, np.nextafter(1.0, 0.0)))
    monkeypatch.setattr("lnl.noise.draw.named_stream", lambda name: largest)
    rows = np.zeros((11, 11))
    rows[:, :10] = 0.1
    monkeypatch.setattr("lnl.noise.draw.requested", lambda *asked: rows)
    assert draw(np.arange(11), "symmetric-20", 11, 1, "named_stream").tolist() == [9] * 11
    monkeypatch.setattr(largest, "random", np.zeros)  # the least number that there is; the first label has none either
    rows = np.roll(rows, 1, axis=1)
    assert draw(np.arange(11), "symmetric-20", 11, 1, "named_stream").tolist() == [1] * 11


def test_a_label_as_likely_as_the_true_one_is_cautioned_against() -> None:
    at, below = (cautious(parse("symmetric-50"), np.array([[1 - p, p], [0.0, 1.0]])) for p in (0.5, 0.49))
    assert at is not None and at.endswith("first for class 0")
    assert below is None


def test_clean_labels_are_a_copy() -> None:
    labels = np.arange(10)
    for generator in GENERATORS:
        noisy = draw(labels, "clean", 10, 0, generator)
        np.testing.assert_array_equal(noisy, labels)
        assert not np.shares_memory(noisy, labels)


def test_an_unknown_generator_is_named() -> None:
    with pytest.raises(UserError, match="did you mean 'as_released'"):
        draw(np.arange(4), "pair-45", 4, 0, "released")


def test_the_manifest_says_what_the_labels_are(digits: Arrays, tmp_path: Path) -> None:
    labels, manifest = ensure_labels(digits, DATASETS["digits"], "uniform-80", "as_released", 0, tmp_path)
    flipped = labels != digits.train_labels
    assert manifest["realised_rate"] == flipped.mean()
    assert manifest["flipped"] == flipped.sum()
    assert (manifest["nominal_rate"], manifest["requested_rate"]) == (0.8, pytest.approx(0.72))
    assert manifest["digest"] == integer_digest(labels)
    assert manifest["data_digest"] == digits.digest
    assert manifest["per_class_given"] == np.bincount(labels, minlength=10).tolist()
    assert manifest["per_class_true"] == np.bincount(digits.train_labels).tolist()
    np.testing.assert_allclose(np.sum(manifest["transition_realised"], axis=1), 1, atol=1e-5)
    assert manifest["transition_requested"][0][:2] == [0.28, 0.08]
    json.dumps(manifest, allow_nan=False)
    _, clean = ensure_labels(digits, DATASETS["digits"], "clean", "as_released", 0, tmp_path)
    assert (clean["requested_rate"], clean["realised_rate"]) == (0.0, 0.0)


@pytest.mark.parametrize("damage", ["truncate", "alter", "delete", "other"])
def test_a_damaged_label_cache_is_drawn_again(digits: Arrays, tmp_path: Path, damage: str) -> None:
    first, before = ensure_labels(digits, DATASETS["digits"], "pair-45", "as_released", 1, tmp_path)
    (path,) = tmp_path.rglob("*.npy")
    if damage == "truncate":
        path.write_bytes(path.read_bytes()[:-5])
    elif damage == "alter":
        np.save(path, np.where(np.arange(len(first)) == 7, (first + 1) % 10, first))
    elif damage == "delete":
        path.unlink()
    else:
        path.write_text("not an array")
    again, after = ensure_labels(digits, DATASETS["digits"], "pair-45", "as_released", 1, tmp_path)
    np.testing.assert_array_equal(first, again)
    assert before == after
    np.testing.assert_array_equal(np.load(path), first)


def test_a_label_cache_is_used_when_it_verifies(
    digits: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = ensure_labels(digits, DATASETS["digits"], "pair-45", "as_released", 0, tmp_path)
    monkeypatch.setattr("lnl.noise.manifest.draw", lambda *_: pytest.fail("drawn again"))
    again, _ = ensure_labels(digits, DATASETS["digits"], "pair-45", "as_released", 0, tmp_path)
    np.testing.assert_array_equal(first, again)


def test_labels_that_change_under_a_manifest_are_an_error(digits: Arrays, tmp_path: Path) -> None:
    path = tmp_path / "noise.json"
    _, manifest = ensure_labels(digits, DATASETS["digits"], "pair-45", "as_released", 0, tmp_path)
    write_manifest(path, manifest)
    write_manifest(path, manifest)  # the same labels: nothing to complain about
    _, other = ensure_labels(digits, DATASETS["digits"], "pair-45", "as_released", 1, tmp_path)
    with pytest.raises(UserError) as caught:
        write_manifest(path, other)
    assert str(path) in one_line(caught.value)
    assert json.loads(path.read_text())["digest"] == manifest["digest"]
