"""Kinds of noise that are declared: maps, matrices and draws of a user's own, from their file to a run's numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from declared_datasets import DATASETS, load
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from suite_copy import ROOT, SuiteCopy

from lnl.cli import prepare
from lnl.data.arrays import Arrays
from lnl.declared import dependencies, noise_files, origin, paths
from lnl.declared.cells import Run
from lnl.declared.data_places import Places
from lnl.declared.stacked_repeats import stackable
from lnl.declared.suite import Suite
from lnl.errors import UserError
from lnl.noise.draw import draw
from lnl.noise.keys import parse
from lnl.noise.kinds import NoiseKind, OwnNoise
from lnl.noise.manifest import ensure_labels
from lnl.noise.own import drawn
from lnl.noise.transition import requested
from lnl.results import records
from lnl.run.inputs import problem

SHIPPED = Suite.load(ROOT, {"scale": "paper"}, validate=False).noises


def declared(folder: Path, name: str, python: str | None = None, **content: object) -> NoiseKind:
    """A kind as a user declares it, read from its file."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"title": name, "source": "a test", **content}
    file = folder / f"{name}.{'yaml' if python is None else 'py'}"
    file.write_text(yaml.safe_dump(said) if python is None else f"NOISE = {said}\n{python}")
    return noise_files.read(file, DATASETS)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return load("digits", None, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteCopy:
    own = SuiteCopy.make(tmp_path / "checkout")
    monkeypatch.chdir(own.root)
    return own


# ---- maps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3, 7])
def test_background_noise_gives_an_exact_share_to_one_class_a_repeat(seed: int, digits: Arrays) -> None:
    own = OwnNoise(SHIPPED["background"], DATASETS["digits"])
    true = np.asarray(digits.train_labels)
    given = drawn(own, parse("background-40"), seed, true, np.asarray(digits.train_images))
    background = (0, 1, 3, 5, 7)[(seed - 1) % 5]
    changed = given != true
    assert set(given[changed].tolist()) == {background}
    left = (given == background).sum() - (true == background).sum()
    assert left == changed.sum() <= int(0.4 * len(true))
    rows = requested("background-40", 10, own, seed)
    assert rows is not None and rows[background].tolist() == [float(c == background) for c in range(10)]
    assert abs(changed.mean() - 0.36) < 0.03  # of the flipped share one in ten was of the background class already


def test_uniform_noise_as_released_by_learning_to_reweight_never_gives_the_last_class(digits: Arrays) -> None:
    own = OwnNoise(SHIPPED["uniform-l2r"], DATASETS["digits"])
    true = np.asarray(digits.train_labels)
    given = drawn(own, parse("uniform-l2r-40"), 1, true, np.asarray(digits.train_images))
    assert not ((given == 9) & (true != 9)).any()
    assert abs((given != true).mean() - 0.4 * (1 - 0.1)) < 0.03  # nine in ten of the share, the class 9 all of it
    rows = requested("uniform-l2r-40", 10, own, 1)
    assert rows is not None
    np.testing.assert_allclose(rows.sum(1), 1)
    assert rows[:9, 9].tolist() == [0.0] * 9


@examples(40)
@given(n=st.integers(1, 400), percent=st.integers(1, 100), seed=st.integers(1, 20))
def test_the_flipped_share_of_learning_to_reweight_is_exact(n: int, percent: int, seed: int) -> None:
    """floor(rate N), as released: seen where every flip changes a label."""
    images = np.zeros((n, 1, 8, 8), np.uint8)
    for kind, label in (("background", 9), ("uniform-l2r", 9)):  # 9 is no background class, and never drawn
        own = OwnNoise(SHIPPED[kind], DATASETS["digits"])
        true = np.full(n, label)
        given_labels = drawn(own, parse(f"{kind}-{percent}"), seed, true, images)
        assert (given_labels != true).sum() == int(percent / 100 * n)
        assert true.tolist() == [label] * n, "the caller's labels stay"


def test_classes_of_uniform_flips_as_released_are_alike_often_and_any_image_may_be_flipped() -> None:
    own, n = OwnNoise(SHIPPED["uniform-l2r"], DATASETS["digits"]), 45_000
    images, true = np.zeros((n, 1, 1, 1), np.uint8), np.full(n, 9)
    given_labels = drawn(own, parse("uniform-l2r-40"), 3, true, images)
    counts = np.bincount(given_labels, minlength=10)
    assert counts[9] == 27_000
    assert np.abs(counts[:9] - 2000).max() < 5 * np.sqrt(2000)
    flipped = given_labels != true
    tenths = flipped.reshape(10, -1).mean(1)
    assert np.abs(tenths - 0.4).max() < 0.05


def test_asymmetric_noise_is_that_of_patrini_et_al() -> None:
    maps = SHIPPED["asymmetric"].maps
    assert maps["cifar10"].taken_for == {9: 1, 2: 0, 4: 7, 3: 5, 5: 3}
    assert maps["mnist"].taken_for == maps["digits"].taken_for == {7: 1, 2: 7, 5: 6, 6: 5, 3: 8}
    rows = np.array(maps["cifar10"].rows(0.4))
    assert rows[9, 9] == 0.6 and rows[9, 1] == 0.4 and rows[1, 1] == 1
    np.testing.assert_allclose(rows.sum(axis=1), 1)


@pytest.mark.parametrize("name", ["superclass", "blocks-of-five"])
def test_classes_of_cifar100_go_round_in_twenty_circles_of_five(name: str) -> None:
    taken = SHIPPED[name].maps["cifar100"].taken_for
    assert set(taken) == set(taken.values()) == set(range(100))
    for true in range(100):
        circle = [true]
        while len(circle) < 6:
            circle.append(taken[circle[-1]])
        assert circle[5] == true and len(set(circle)) == 5
        if name == "blocks-of-five":
            assert {each // 5 for each in circle} == {true // 5}


#: Superclass of each class of CIFAR-100 in the order of its fine labels, as its files have it ("coarse_labels").
SUPERCLASS = (
    "4 1 14 8 0 6 7 7 18 3 3 14 9 18 7 11 3 9 7 11 6 11 5 10 7 6 13 15 3 15 0 11 1 10 12 14 16 9 11 5 5 19 8 8 15 13 "
    "14 17 18 10 16 4 17 4 2 0 17 4 18 17 10 3 2 12 12 16 12 1 9 19 2 10 0 1 16 12 9 13 15 13 16 19 2 4 6 19 5 5 8 19 "
    "18 1 2 15 6 0 17 8 14 13"
)


def test_a_class_of_cifar100_is_taken_for_the_next_one_of_its_superclass() -> None:
    of = [int(word) for word in SUPERCLASS.split()]
    assert len(of) == 100 and all(of.count(number) == 5 for number in range(20))
    wanted = {}
    for true in range(100):
        behind = [other for other in (*range(true + 1, 100), *range(true)) if of[other] == of[true]]
        wanted[true] = behind[0]
    assert SHIPPED["superclass"].maps["cifar100"].taken_for == wanted


def test_arrows_and_circles_say_the_same(tmp_path: Path) -> None:
    by_arrows = declared(tmp_path, "a", maps={"digits": ["7 -> 1", "5 <-> 6", "0->2->4->0"]})
    by_circles = declared(tmp_path, "b", maps={"digits": ["7 -> 1", [6, 5], [0, 2, 4]]})
    wanted = {0: 2, 2: 4, 4: 0, 5: 6, 6: 5, 7: 1}
    assert by_arrows.maps["digits"].taken_for == by_circles.maps["digits"].taken_for == wanted


@examples(25)
@given(st.integers(1, 1000), st.integers(0, 2**32 - 1), st.sampled_from(["as_released", "named_stream"]))
def test_labels_follow_the_map_and_no_other_class_changes(
    digits: Arrays, tenths: int, seed: int, generator: str
) -> None:
    kind, noise = SHIPPED["asymmetric"], f"asymmetric-{tenths / 10:g}"
    truth = np.array(digits.train_labels)
    own = OwnNoise(kind, DATASETS["digits"])
    given_labels = draw(truth, noise, 10, seed, generator, "digits", own)
    changed = given_labels != truth
    taken = kind.maps["digits"].taken_for
    assert all(taken[int(t)] == int(g) for t, g in zip(truth[changed], given_labels[changed], strict=True))
    could = np.isin(truth, list(taken))
    rate = tenths / 1000
    assert abs(changed[could].mean() - rate) <= 5 * np.sqrt(rate * (1 - rate) / could.sum()) + 3 / could.sum()


def test_a_run_is_told_the_matrix_and_the_share_that_flips(checkout: SuiteCopy) -> None:
    suite = Suite.load(config={"scale": "demo"})
    run = Run(suite.parse("s2e/digits/asymmetric-40/coteaching"), 1)
    prepare.data(suite, "digits")
    prepare.noise(suite, "digits", "asymmetric-40", "as_released", 0)
    made = problem(suite, run, Places.of(suite.config), "cpu")  # type: ignore[arg-type]
    np.testing.assert_allclose(made.transition, SHIPPED["asymmetric"].maps["digits"].rows(0.4), atol=1e-7)
    truth = np.array(load("digits", None, checkout.root / "c").train_labels)
    assert made.noise_rate == pytest.approx(0.4 * np.isin(truth, [7, 2, 5, 6, 3]).mean())
    manifest = paths.read(dependencies.noise_manifest(suite, run))
    assert manifest["nominal_rate"] == 0.4 and manifest["requested_rate"] == made.noise_rate
    assert manifest["source"]["map"] == {"2": 7, "3": 8, "5": 6, "6": 5, "7": 1}


def test_a_stand_in_flips_as_the_data_set_whose_classes_it_has(checkout: SuiteCopy) -> None:
    declared(checkout.root / "config/noises", "mine", maps={"cifar10": ["9 -> 1"]})
    suite = Suite.load(config={"scale": "demo"})
    assert suite.parse("s2e/digits/mine-40/standard")  # digits stand in for MNIST
    own = suite.own_noise("mine-40", "digits")
    assert own is not None and own.source() == {"map_of": "cifar10", "map": {"9": 1}}
    with pytest.raises(UserError, match=r"noise 'mine-40': config/noises/mine.yaml has no map for data set 'mnist'"):
        Suite.load(config={"scale": "paper"}).parse("s2e/mnist/mine-40/standard")


# ---- functions of one's own --------------------------------------------------------------------------------------

BACKGROUND = """import numpy as np

def matrix(classes, rate, stream):
    \"\"\"One class, of each vector another one, gets a share of all examples.\"\"\"
    t = (1 - rate) * np.eye(classes)
    t[:, stream.integers(classes)] += rate
    return t
"""
EXACT = """import numpy as np

def matrix(classes, rate):
    return (1 - rate) * np.eye(classes) + rate * np.roll(np.eye(classes), 1, axis=1)

def draw(labels, classes, rate, stream):
    given = labels.copy()
    for y in range(classes):
        of = stream.permutation(np.flatnonzero(labels == y))
        given[of[: round(rate * len(of))]] = (y + 1) % classes
    return given
"""


def test_a_matrix_may_be_another_one_for_each_vector(tmp_path: Path, digits: Arrays) -> None:
    kind = declared(tmp_path / "noises", "background", BACKGROUND)
    own = OwnNoise(kind, DATASETS["digits"])
    columns = set()
    for seed in range(8):
        labels, told = ensure_labels(digits, DATASETS["digits"], "background-40", "as_released", seed, tmp_path, own)
        rows = np.array(told["transition_requested"])
        into = int((rows - np.diag(np.diag(rows))).sum(axis=0).argmax())
        columns.add(into)
        changed = labels != digits.train_labels
        assert set(labels[changed]) == {into}
        assert told["requested_rate"] == pytest.approx(0.4 * (np.array(digits.train_labels) != into).mean())
        again = requested("background-40", 10, own, seed)
        assert again is not None
        np.testing.assert_allclose(again, rows, atol=1e-6)
    assert len(columns) > 2


def test_a_share_may_be_exact_and_its_matrix_known(tmp_path: Path, digits: Arrays) -> None:
    own = OwnNoise(declared(tmp_path / "noises", "exact", EXACT), DATASETS["digits"])
    labels, told = ensure_labels(digits, DATASETS["digits"], "exact-25", "as_released", 0, tmp_path, own)
    for y in range(10):
        of = np.array(digits.train_labels) == y
        assert (labels[of] == (y + 1) % 10).sum() == round(0.25 * of.sum())
    assert told["transition_requested"][3][4] == 0.25 and told["requested_rate"] == pytest.approx(0.25)


def test_part_dependent_noise_flips_at_its_rate_and_by_what_an_image_is(tmp_path: Path, digits: Arrays) -> None:
    own = OwnNoise(SHIPPED["part-dependent"], DATASETS["digits"])
    rates = []
    for seed in range(6):
        labels, told = ensure_labels(
            digits, DATASETS["digits"], "part-dependent-40", "as_released", seed, tmp_path, own
        )
        rates.append(told["realised_rate"])
        assert told["transition_requested"] is None and told["requested_rate"] == 0.4
    assert np.mean(rates) == pytest.approx(0.4, abs=0.02)
    # Of one class, examples that are alike are taken for the same: the nearest neighbour that is flipped as well agrees
    # far more often than another one of the class.
    x = np.array(digits.train_images).reshape(len(labels), -1) / 255.0
    truth, alike, other = np.array(digits.train_labels), [], []
    for y in range(10):
        of = np.flatnonzero((truth == y) & (labels != truth))
        distance = ((x[of, None] - x[None, of]) ** 2).sum(-1) + 1e9 * np.eye(len(of))
        alike += list(labels[of[distance.argmin(1)]] == labels[of])
        other += list(labels[np.roll(of, 7)] == labels[of])
    assert np.mean(alike) > np.mean(other) + 0.05


def test_labels_of_a_kind_are_the_same_again_and_drawn_anew_when_it_changes(tmp_path: Path, digits: Arrays) -> None:
    def ensured(text: str) -> tuple[np.ndarray, dict[str, object]]:
        own = OwnNoise(declared(tmp_path / "noises", "exact", text), DATASETS["digits"])
        return ensure_labels(digits, DATASETS["digits"], "exact-25", "as_released", 0, tmp_path / "cache", own)

    before, told = ensured(EXACT)
    np.testing.assert_array_equal(before, ensured(EXACT)[0])
    after, anew = ensured(EXACT.replace("(y + 1)", "(y + 2)"))
    assert (after != before).any() and anew["source"] != told["source"] and anew["digest"] != told["digest"]


def test_another_matrix_makes_other_runs_of_the_same_labels(tmp_path: Path, digits: Arrays) -> None:
    found = []
    for number, text in enumerate((EXACT, EXACT.replace("np.eye(classes), 1,", "np.eye(classes), 2,"))):
        own = OwnNoise(declared(tmp_path / f"noises{number}", "exact", text), DATASETS["digits"])
        found.append(ensure_labels(digits, DATASETS["digits"], "exact-25", "as_released", 0, tmp_path / "cache", own))
    (labels, told), (same, anew) = found
    np.testing.assert_array_equal(labels, same)
    assert told["transition_requested"] != anew["transition_requested"] and told["digest"] != anew["digest"]


def test_a_matrix_is_as_exact_as_numpy_wants_it(tmp_path: Path, digits: Arrays) -> None:
    text = "def matrix(classes, rate):\n    return [[(1 + 5e-7) / classes] * classes] * classes\n"
    own = OwnNoise(declared(tmp_path / "noises", "flat", text), DATASETS["digits"])
    for generator in ("as_released", "named_stream"):
        labels, _ = ensure_labels(digits, DATASETS["digits"], "flat-50", generator, 0, tmp_path, own)
        assert len(set(labels)) == 10


def test_a_line_of_a_function_that_fails_is_named_where_its_file_is_given_from_here(
    checkout: SuiteCopy, digits: Arrays
) -> None:
    kind = declared(Path("config/noises"), "mine", "def draw(labels):\n    1 / 0\n")
    with pytest.raises(UserError, match=r"config/noises/mine.py line 3: draw\(\) failed: ZeroDivisionError"):
        ensure_labels(
            digits, DATASETS["digits"], "mine-40", "as_released", 0, "cache", OwnNoise(kind, DATASETS["digits"])
        )


def test_repeats_of_their_own_matrices_are_not_one_stack(checkout: SuiteCopy) -> None:
    declared(checkout.root / "config/noises", "background", BACKGROUND)
    scale = yaml.safe_load((checkout.root / "config/scales/demo.yaml").read_text())
    (checkout.root / "config/scales/demo.yaml").write_text(yaml.safe_dump(scale | {"mode": {"cpu": "stacked"}}))
    suite = Suite.load(config={"scale": "demo", "device": "cpu"})
    assert stackable(suite, suite.parse("s2e/digits/background-40/standard"))  # one vector for all: one matrix
    assert stackable(suite, suite.parse("pumpout/digits/asymmetric-40/standard"))
    assert not stackable(suite, suite.parse("pumpout/digits/background-40/standard"))  # a vector for each repeat
    assert not stackable(suite, suite.parse("pumpout/digits/part-dependent-40/standard"))


def test_a_start_makes_labels_again_of_a_kind_that_means_something_else(checkout: SuiteCopy) -> None:
    declared(checkout.root / "config/noises", "mine", maps={"digits": ["9 -> 1"]})
    suite = Suite.load(config={"scale": "demo"})
    prepare.data(suite, "digits")
    prepare.noise(suite, "digits", "mine-40", "as_released", 0)
    run = Run(suite.parse("s2e/digits/mine-40/standard"), 1)
    manifest = dependencies.noise_manifest(suite, run)
    own = suite.own_noise("mine-40", "digits")
    assert own is not None and not origin.other_source(manifest, own)
    declared(checkout.root / "config/noises", "mine", maps={"digits": ["9 -> 1"]}, notes=["another word"])
    same = Suite.load(config={"scale": "demo"}).own_noise("mine-40", "digits")
    assert same is not None and not origin.other_source(manifest, same)
    declared(checkout.root / "config/noises", "mine", maps={"digits": ["9 -> 2"]})
    other = Suite.load(config={"scale": "demo"}).own_noise("mine-40", "digits")
    assert other is not None and origin.other_source(manifest, other)


def test_a_function_leaves_us_where_we_are_and_its_code_is_what_stands_there(tmp_path: Path, digits: Arrays) -> None:
    here, text = Path.cwd(), "import os\n\ndef draw(labels):\n    os.chdir('/')\n    return (labels + 1) % 10\n"
    info, found = DATASETS["digits"], []
    for add in "12":  # of one length, within a second: bytecode would be that of the first
        own = OwnNoise(declared(tmp_path / "noises", "mine", text.replace("+ 1", f"+ {add}")), info)
        found.append(ensure_labels(digits, info, "mine-40", "as_released", 0, tmp_path / "cache", own)[0])
    truth = np.array(digits.train_labels)
    for add, labels in enumerate(found, start=1):
        np.testing.assert_array_equal(labels, (truth + add) % 10)
    assert Path.cwd() == here and not (tmp_path / "noises/__pycache__").exists()


def test_runs_of_a_kind_that_meant_something_else_are_stale_and_averaged_with_none(checkout: SuiteCopy) -> None:
    file = Path("config/noises/mine.yaml")
    declared(file.parent, "mine", maps={"digits": ["1 -> 2"]})
    before = Suite.load(config={"scale": "demo"})
    run = Run(before.parse("pumpout/digits/mine-40/standard"), 1)
    done = checkout.lnl("train", run.cell.id, "--scale", "demo", "--device", "cpu", "--quiet")
    assert done.returncode == 0, done.stderr
    first = records.read(paths.record("demo", run.cell.id, 1))["result"]
    assert origin.other_bytes(before, run, first) is None
    declared(file.parent, "mine", maps={"digits": ["1 -> 2"]}, notes=["another word"])
    assert origin.other_bytes(Suite.load(config={"scale": "demo"}), run, first) is None
    declared(file.parent, "mine", maps={"digits": ["3 -> 4"]})
    after = Suite.load(config={"scale": "demo"})
    assert "trained on other noise" in str(origin.other_bytes(after, run, first))
    assert records.current(before, run) and not records.current(after, run), "though the labels are there as they were"
    second = first | {"seed": 2, "labels": first["labels"] | {"digest": "0" * 16, "source": "1" * 16}}
    assert "different noise" in str(origin.mixed([first, second]))
    again = checkout.lnl("train", run.cell.id, "--scale", "demo", "--device", "cpu", "--quiet")
    assert "is trained" in again.stdout, again.stdout + again.stderr


def test_numbers_do_where_classes_have_names_and_a_form_flips_as_its_data_set(tmp_path: Path) -> None:
    named = replace(DATASETS["digits"], names=tuple("abcdefghij"), key="letters")
    kind = NoiseKind.of_maps(
        "x", {"title": "x", "source": "x", "maps": {"letters": ["a -> c", "1 -> 0"]}}, tmp_path, {"letters": named}
    )
    assert kind.maps["letters"].taken_for == {0: 2, 1: 0}
    news = {"news2": ["1 -> 0"], "digits": ["1 -> 0"]}
    two = declared(tmp_path, "two", maps={"standin-cifar100": ["5 -> 6"], **news})
    form = two.map_of(DATASETS["news2-lsa"])
    assert form is not None and form.dataset == "news2"
    alike = declared(tmp_path, "alike", maps={"cifar10": ["9 -> 1"], "digits": ["1 -> 7"]})  # ten classes each
    found = {key: alike.map_of(DATASETS[key]) for key in ("cifar10", "digits", "mnist")}
    assert {key: of and of.dataset for key, of in found.items()} == {
        "cifar10": "cifar10", "digits": "digits", "mnist": "cifar10"
    }  # fmt: skip


# ---- what is wrong is one line -----------------------------------------------------------------------------------

MAPS = {
    "unknown data set 'minst' (did you mean 'mnist'?": {"minst": ["1 -> 2"]},
    "maps, digits: it has no class '10'": {"digits": ["1 -> 10"]},
    "maps, digits: it has no class 'one'": {"digits": ["one -> 2"]},
    "maps, digits: class '1' is taken for two": {"digits": ["1 -> 2", "1 -> 3"]},
    "maps, digits: class '4' is taken for itself": {"digits": ["4 -> 4"]},
}
PYTHON = {
    "has no function matrix(classes, rate), and no draw(labels": "def noise(labels):\n    return labels\n",
    "mine.py line 2: invalid syntax": "def draw(:\n",
    "mine.py line 3: draw() is offered no 'x'": "\ndef draw(labels, x):\n    return labels\n",
    "mine.py line 4: np.random is drawn from by others as well; take `stream`": (
        "import numpy as np\ndef draw(labels):\n    return np.random.permutation(labels)\n"
    ),
    "matrix() is offered no 'labels'": "def matrix(labels):\n    return labels\n",
}
FAILING = {
    "mine.py line 3: draw() failed: ZeroDivisionError: division by zero": "def draw(labels):\n    1 / 0\n",
    "mine.py line 2: ModuleNotFoundError": "import nothing\ndef draw(labels):\n    return 0\n",
    "draw(): returns shape [3]; a label for each of 1197": "def draw(labels):\n    return labels[:3]\n",
    "draw(): returns float64; class numbers are wanted": "def draw(labels):\n    return labels / 1\n",
    "draw(): returns labels from 1 to 10; classes are 0 to 9": "def draw(labels):\n    return labels + 1\n",
    "matrix(10, 0.4): returns object; numbers are wanted": "def matrix(classes, rate):\n    return None\n",
    "draw(): returns list, no array of class numbers": "def draw(labels):\n    return [[1], [1, 2]]\n",
    "mine.py line 3: draw() failed: SystemExit: 3": "def draw(labels):\n    raise SystemExit(3)\n",
    "matrix(10, 0.4): returns complex128; numbers": "def matrix(classes):\n    return [[1j] * classes] * classes\n",
    "matrix(10, 0.4): has shape [10]": "def matrix(classes, rate):\n    return [0.1] * classes\n",
    "matrix(10, 0.4): row 0 is no distribution": "def matrix(classes, rate):\n    return [[1] * classes] * classes\n",
}


@pytest.mark.parametrize("line", MAPS)
def test_a_map_that_fits_no_data_is_a_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        declared(tmp_path, "mine", maps=MAPS[line])
    assert str(caught.value).startswith(f"{tmp_path / 'mine.yaml'}: maps") and line in str(caught.value)


@pytest.mark.parametrize("line", PYTHON)
def test_a_file_without_such_a_function_is_a_line_before_any_job(line: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        declared(tmp_path, "mine", PYTHON[line])
    assert line in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("line", FAILING)
def test_a_function_that_fails_or_returns_something_else_is_a_line(line: str, tmp_path: Path, digits: Arrays) -> None:
    own = OwnNoise(declared(tmp_path / "noises", "mine", FAILING[line]), DATASETS["digits"])
    with pytest.raises(UserError) as caught:
        ensure_labels(digits, DATASETS["digits"], "mine-40", "as_released", 0, tmp_path / "cache", own)
    assert line in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["pair", "clean", "file-mine", "odd-"])
def test_no_kind_takes_a_name_that_means_something(name: str, checkout: SuiteCopy) -> None:
    declared(checkout.root / "config/noises", name, maps={"digits": ["9 -> 1"]})
    with pytest.raises(UserError, match=f"config/noises/{name}.yaml"):
        Suite.load(config={"scale": "demo"})


def test_an_unknown_kind_names_table_and_row_and_every_kind_that_is_near(checkout: SuiteCopy) -> None:
    """Each is another experiment: with one alone, a reader would take it for the one that was meant."""
    table = yaml.safe_load((checkout.root / "tables/small.yaml").read_text())
    table["rows"][0]["noise"] = "asymetric-40"
    (checkout.root / "tables/small.yaml").write_text(yaml.safe_dump(table))
    with pytest.raises(UserError) as caught:
        dependencies.check(Suite.load(config={"scale": "demo"}))
    said = str(caught.value)
    assert said.startswith("tables/small.yaml, row 'symmetric-50'")
    assert "there is no kind 'asymetric' (did you mean 'asymmetric' or 'symmetric' or " in said
    assert "config/noises/asymetric.yaml" in said and "asymmetric" in said.partition("there are")[2]


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        ("symetric-50", "there is no kind 'symetric' (did you mean 'symmetric' or 'asymmetric' or "),
        ("asymetric", "unknown noise 'asymetric' (did you mean 'asymmetric' or 'symmetric' or "),
        ("xyz-50", "there is no kind 'xyz'; it would be config/noises/xyz.yaml"),
    ],
)
def test_a_misspelt_noise_that_is_typed_has_the_nearest(noise: str, said: str) -> None:
    suite = Suite.load(ROOT, {"scale": "demo", "overlay": None}, validate=False)
    with pytest.raises(UserError) as cell:
        suite.parse(f"s2e/digits/{noise}/standard")
    with pytest.raises(UserError) as labels:
        prepare.noise(suite, "digits", noise, "as_released", 0)
    assert all(said in str(caught.value) and "\n" not in str(caught.value) for caught in (cell, labels))


def test_a_label_that_is_likelier_than_the_true_one_is_said(tmp_path: Path, digits: Arrays) -> None:
    own = OwnNoise(declared(tmp_path / "noises", "mine", maps={"digits": ["9 -> 1"]}), DATASETS["digits"])
    for rate, said in (("40", None), ("60", "noise 'mine-60': another label is at least as likely")):
        _, told = ensure_labels(digits, DATASETS["digits"], f"mine-{rate}", "as_released", 0, tmp_path, own)
        assert told["warning"] is None if said is None else told["warning"].startswith(said)
    assert json.dumps(told)
