"""Open-set noise: images are replaced by others', labels stay, and what was replaced is no example of any class."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from declared_datasets import DATASETS
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from suite_copy import ROOT

from lnl.cli import prepare
from lnl.data.arrays import Arrays, content_digest
from lnl.data.imagenet32 import read as read_imagenet32
from lnl.data.prepare import load
from lnl.data.registry import DatasetInfo
from lnl.data.sets import draw_sets
from lnl.declared import dependencies, origin, paths, set_keys, source_files, stacked_repeats
from lnl.declared.data_places import Places
from lnl.declared.dependencies import handover_points
from lnl.declared.suite import Cell, Run, Suite
from lnl.engine import pieces
from lnl.engine.build import load_method
from lnl.engine.data import DeviceData
from lnl.engine.method import Outcome, Setting
from lnl.engine.metrics import EpochBuffers
from lnl.engine.progress import unwatched
from lnl.errors import UserError
from lnl.files import sealed
from lnl.noise import open_set
from lnl.noise.keys import parse
from lnl.noise.kinds import NoiseKind, OwnNoise
from lnl.noise.manifest import ensure_labels
from lnl.render.label_notes import _rates
from lnl.results import valid
from lnl.run.dag import Dag
from lnl.run.inputs import problem
from lnl.run.job import job

CPU = torch.device("cpu")
BOTH = "openset-both-60"


def info(key: str, classes: int, train: int, shape: tuple[int, int, int] = (1, 2, 2)) -> DatasetInfo:
    return DatasetInfo(key, key, classes, shape, train, 0, 1, "standin", "test", "test")


def arrays(classes: int, train: int, seed: int) -> Arrays:
    stream = np.random.default_rng(seed)
    images = stream.integers(0, 256, (train, 1, 2, 2)).astype(np.uint8)
    labels = stream.integers(0, classes, train)
    parts: dict[str, Any] = {"train_images": images, "train_labels": labels}
    parts |= {"test_images": images[:1], "test_labels": labels[:1]}
    return Arrays(**parts, validation_images=None, validation_labels=None, digest=content_digest(parts))


def own_noise(to: DatasetInfo, *of: DatasetInfo) -> OwnNoise:
    return OwnNoise(NoiseKind("mine", "mine", "ours", Path("mine.yaml"), replaced_by={to.key: of}), to)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """The suite at scale smoke, in a folder of its own."""
    for name in ("config", "tables", "figures", "claims", "methods", "workflow"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    return Suite.load(Path(), {"scale": "smoke", "device": "cpu"}, validate=False)


# ---- what is replaced, and by what ---------------------------------------------------------------------------------


@given(st.integers(2, 6), st.integers(20, 120), st.integers(1, 99), st.integers(1, 98), st.integers(0, 9))
@examples(60)
def test_of_each_class_the_share_is_replaced_and_a_larger_one_replaces_those_of_a_smaller(
    classes: int, count: int, first: int, second: int, seed: int
) -> None:
    labels = np.random.default_rng(seed).integers(0, classes, count)
    small, large = sorted((first, second))
    found = {
        rate: open_set.replaced_places(labels, parse(f"any-{rate}"), "x", seed).tolist() for rate in (small, large)
    }
    for rate, places in found.items():
        assert places == sorted(set(places))
        for label in range(classes):
            there = [place for place in range(count) if labels[place] == label]
            assert sum(place in places for place in there) == int(Fraction(rate, 100) * len(there))
    assert set(found[small]) <= set(found[large])


@given(st.integers(1, 3), st.integers(1, 99), st.integers(0, 5))
@examples(40)
def test_each_source_gives_as_many_images_and_none_twice(sources: int, rate: int, seed: int) -> None:
    to, others = info("to", 3, 60), [info(f"of{n}", 4, 70 + 10 * n) for n in range(sources)]
    held = {each.key: arrays(4, each.train, 10 + n) for n, each in enumerate(others)}
    base = arrays(3, 60, seed)
    found = open_set.replaced(own_noise(to, *others), parse(f"mine-{rate}"), seed, base, lambda of: held[of.key])
    assert found is not None
    given_by: dict[str, list[int]] = {each.key: [] for each in others}
    for number, place in enumerate(found.places):
        key = others[found.chosen[number]].key
        given_by[key].append(int(found.index[number]))
        assert (found.images[number] == held[key].train_images[found.index[number]]).all()
        assert 0 <= place < 60
    counts = [len(each) for each in given_by.values()]
    assert max(counts) - min(counts) <= 1 and sum(counts) == len(found.places)
    assert all(len(set(each)) == len(each) for each in given_by.values())
    again = open_set.replaced(own_noise(to, others[0]), parse(f"mine-{rate}"), seed, base, lambda of: held[of.key])
    assert again is not None
    assert again.places.tolist() == found.places.tolist(), "sources are compared on the same images"


def test_every_repeat_replaces_images_of_its_own_by_others_and_sources_are_spread_over_the_file() -> None:
    to, others = info("to", 3, 300), [info("a", 4, 400), info("b", 4, 400)]
    held = {each.key: arrays(4, each.train, n) for n, each in enumerate(others)}
    base, noise = arrays(3, 300, 5), parse("mine-60")
    one, two = (open_set.replaced(own_noise(to, *others), noise, s, base, lambda of: held[of.key]) for s in (1, 2))
    assert one is not None and two is not None
    assert set(one.places.tolist()) != set(two.places.tolist())
    for number in range(2):  # of 400 images a quarter each time, of which by chance 22 are the same
        first, second = (set(each.index[each.chosen == number].tolist()) for each in (one, two))
        assert len(first & second) < 45
        assert sorted(one.index[one.chosen == number].tolist()) != one.index[one.chosen == number].tolist()
    for each in (one, two):  # each third of the file has its share of either source, and so has each class
        for part in (each.places < 100, each.places >= 200, *(base.train_labels[each.places] == c for c in range(3))):
            assert 0.3 < each.chosen[part].mean() < 0.7
    alternating = np.arange(len(one.places)) % 2
    assert 0.3 < (one.chosen == alternating).mean() < 0.7 and (one.chosen != two.chosen).any()
    assert set(open_set.replaced_places(base.train_labels, noise, "other", 1)) != set(one.places.tolist())


def test_what_was_replaced_in_records_that_are_there_is_replaced_by_the_same_images_for_ever() -> None:
    to, others = info("to", 3, 12), [info("a", 4, 20), info("b", 4, 20)]
    held = {each.key: arrays(4, each.train, n) for n, each in enumerate(others)}
    base = arrays(3, 12, 0)
    found = open_set.replaced(own_noise(to, *others), parse("mine-50"), 1, base, lambda of: held[of.key])
    assert found is not None
    assert found.places.tolist() == [2, 3, 6, 7, 8]
    assert found.chosen.tolist() == [1, 0, 1, 0, 0] and found.index.tolist() == [9, 14, 15, 2, 16]
    assert found.digest(np.array(base.train_labels)) == "df3dfb296ef543a5"
    assert len(open_set.replaced_places(np.zeros(50), parse("mine-58"), "to", 1)) == 29, "0.58 times 50 is a bit less"
    counts = found.held(np.array(base.train_labels))["out_of_distribution"]
    assert counts == {"count": 5, "of": {"a": 3, "b": 2}, "per_class_given": [0, 2, 3]}


def test_the_manifest_counts_them_as_wrong_and_its_digest_covers_every_byte_of_the_images(tmp_path: Path) -> None:
    to, of = info("to", 3, 90), info("of", 5, 80)
    base, other = arrays(3, 90, 1), arrays(5, 80, 2)
    own, noise = own_noise(to, of), parse("mine-40")

    def content(source: Arrays, seed: int = 1) -> dict[str, Any]:
        replaced = open_set.replaced(own, noise, seed, base, lambda of: source)
        labels, found = ensure_labels(base, to, "mine-40", "named_stream", seed, tmp_path, replaced)
        assert labels.tolist() == base.train_labels.tolist(), "given labels are kept as they were"
        return found

    found, places = content(other), open_set.replaced_places(base.train_labels, noise, "to", 1)
    left = [place for place in range(90) if place not in places]
    assert found["flipped"] == len(places) and found["realised_rate"] == pytest.approx(len(places) / 90)
    assert (found["requested_rate"], found["generator"]) == (0.4, "own")
    assert found["transition_realised"] == np.eye(3).tolist() == found["transition_requested"]
    assert found["per_class_true"] == [sum(base.train_labels[p] == label for p in left) for label in range(3)]
    assert found["per_class_given"] == [sum(base.train_labels == label) for label in range(3)]
    outside = found["out_of_distribution"]
    assert outside["count"] == len(places) and outside["of"] == {"of": len(places)}
    assert outside["per_class_given"] == [sum(base.train_labels[p] == label for p in places) for label in range(3)]
    assert found["source"] == {"replaced_by": [["of", of.declared]]}
    json.dumps(found)
    used = int(open_set.replaced(own, noise, 1, base, lambda of: other).index[0])
    images = other.train_images.copy()
    images[used, 0, 1, 1] ^= 1
    altered = content(dataclasses.replace(other, train_images=images))
    assert altered["digest"] != found["digest"] == content(other)["digest"]
    assert content(other, 2)["digest"] != found["digest"]
    unlike = {key for key in found if altered[key] != found[key]}
    assert unlike == {"digest"}, "all the rest is of labels, which stayed"


# ---- minus one, wherever true labels are read ----------------------------------------------------------------------


def test_figures_never_take_it_for_clean() -> None:
    stream = np.random.default_rng(0)
    for _ in range(5):
        n, classes = 40, 3
        given_labels, guess = stream.integers(0, classes, n), stream.integers(0, classes, n)
        true = np.where(stream.random(n) < 0.4, -1, np.where(stream.random(n) < 0.5, given_labels, 0))
        selected, losses = (stream.random(n) < 0.5).astype(np.float32), stream.random(n).astype(np.float32)
        predicted = stream.integers(0, classes, n)
        logits = torch.nn.functional.one_hot(torch.from_numpy(predicted), classes).float()[None]
        buffers = EpochBuffers((1,), 2, n // 2, CPU)
        pseudo = torch.nn.functional.one_hot(torch.from_numpy(guess), classes).float()[None]
        for half in (slice(0, n // 2), slice(n // 2, n)):
            chosen = torch.from_numpy(selected)[None, half]
            one = torch.from_numpy(losses)[None, half]
            outcome = Outcome(one.mean(-1), one, chosen, logits[:, half], pseudo_labels=pseudo[:, half])
            buffers.write(half, outcome, logits[:, half])
        found = buffers.figures(torch.from_numpy(given_labels)[None], torch.from_numpy(true)[None], 2)
        clean = [true[i] == given_labels[i] for i in range(n)]
        shown = [i for i in range(n) if true[i] >= 0]
        precision = [
            sum(selected[i] for i in part if clean[i]) / sum(selected[i] for i in part)
            for part in (range(n // 2), range(n // 2, n))
        ]
        wrong_shown = [i for i in shown if not clean[i]]
        expected = {
            "label_precision": 100 * np.mean(precision),
            "train_accuracy_true": 100 * np.mean([predicted[i] == true[i] for i in shown]),
            "flipped_accuracy_true": 100 * np.mean([predicted[i] == true[i] for i in wrong_shown]),
            "flipped_accuracy_given": 100
            * np.mean([predicted[i] == given_labels[i] for i in range(n) if not clean[i]]),
            "clean_accuracy": 100 * np.mean([predicted[i] == true[i] for i in range(n) if clean[i]]),
            "pseudo_label_accuracy": 100 * np.mean([guess[i] == true[i] for i in shown]),
            "kept_fraction": selected.mean(),
        }
        for name, value in expected.items():
            assert found[name].item() == pytest.approx(value, rel=1e-5), name
        pairs = [losses[j] > losses[i] for i in range(n) if clean[i] for j in range(n) if not clean[j]]
        assert found["loss_auc"].item() == pytest.approx(np.mean(pairs), rel=1e-5)


def test_labels_of_closed_sets_have_the_figures_to_the_bit_that_they_had() -> None:
    stream = torch.Generator().manual_seed(0)
    given_labels, true = (torch.randint(0, 4, (1, 99), generator=stream) for _ in range(2))
    logits = torch.randn(1, 99, 4, generator=stream)
    buffers = EpochBuffers((1,), 1, 99, CPU)
    buffers.write(slice(0, 99), Outcome(torch.zeros(1), torch.rand(1, 99, generator=stream), None, logits), logits)
    right = (logits.argmax(-1) == true).float()
    assert buffers.figures(given_labels, true, 1)["train_accuracy_true"].item() == (100 * right.mean(-1)).item()


def test_a_confusion_of_the_training_file_counts_no_image_without_a_class() -> None:
    true, labels = torch.tensor([0, -1, 1, 2, -1]), torch.tensor([0, 2, 2, 2, 0])
    training = SimpleNamespace(
        methods=[SimpleNamespace(setting=SimpleNamespace(classes=3))],
        data=SimpleNamespace(true=true),
        runs=[SimpleNamespace(labels=labels)],
    )
    assert pieces.flips(training, 0) == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]  # type: ignore[arg-type]


@given(st.integers(0, 20), st.sampled_from([True, False]), st.sampled_from(["true", "given"]))
@examples(40)
def test_a_trusted_set_has_no_replaced_image_and_a_noisy_one_may(seed: int, balanced: bool, labels: str) -> None:
    truth = np.arange(240) % 4
    gone = open_set.replaced_places(truth, parse("any-60"), "x", seed)
    sets = {
        "train": {"count": 220},
        "trusted": {"count": 12, "balanced": balanced},
        "other": {"count": 40, "labels": labels} if labels == "given" else {"count": 8, "labels": labels},
    }
    drawn = draw_sets(sets, truth, 4, "x", seed, replaced=gone)
    assert not set(drawn["trusted"]) & set(gone)
    assert bool(set(drawn["other"]) & set(gone)) == (labels == "given")
    assert set(drawn["train"]) & set(gone), "they are trained on"
    assert set(drawn["trusted"]) | set(drawn["other"]) <= set(drawn["train"])
    before = draw_sets(sets, truth, 4, "x", seed)
    assert before["train"].tolist() == drawn["train"].tolist(), "what is trained on is the same with the noise"


def test_too_few_images_that_are_left_are_a_line() -> None:
    truth = np.arange(40) % 4
    gone = open_set.replaced_places(truth, parse("any-90"), "x", 1)
    with pytest.raises(UserError, match="wants 2 examples of class 0, and 1 are left"):
        draw_sets({"trusted": {"count": 8, "balanced": True}}, truth, 4, "x", 1, replaced=gone)


def test_device_data_change_the_replaced_images_alone_and_nobody_elses() -> None:
    base = DeviceData(torch.zeros(4, 1, 2, 2, dtype=torch.uint8), torch.arange(4), {}, (1, 2, 2))
    found = base.replaced(torch.tensor([1, 3]), torch.full((2, 1, 2, 2), 9, dtype=torch.uint8))
    assert found.true.tolist() == [0, -1, 2, -1] and base.true.tolist() == [0, 1, 2, 3]
    assert found.images.flatten(1).sum(1).tolist() == [0, 36, 0, 36] and not base.images.any()


def test_a_run_trains_on_the_replaced_images_and_its_oracles_stay_sound(suite: Suite, tmp_path: Path) -> None:
    run = Run(Cell("ieg", "digits", BOTH, "ieg"), 1)
    places = Places.of(suite.config)
    made, plain = (
        problem(suite, run, places, CPU),
        problem(suite, Run(Cell("ieg", "digits", "clean", "ieg"), 1), places, CPU),
    )
    own = suite.own_noise(BOTH, "digits")
    assert own is not None and [of.key for of in own.sources] == ["standin-cifar100-8x8", "standin-imagenet32-8x8"]
    assert made.given.tolist() == plain.data.true.tolist() == plain.given.tolist()
    gone = (made.data.true == -1).nonzero().flatten().tolist()
    assert gone == open_set.replaced_places(made.given, parse(BOTH), "digits", 1).tolist()
    left = [place for place in range(1197) if place not in set(gone)]
    assert torch.equal(made.data.images[left], plain.data.images[left])
    assert torch.equal(made.data.true[left], plain.data.true[left])
    digits = load(suite.dataset("digits"), None, places.cache_root, ())
    came = open_set.replaced(own, parse(BOTH), 1, digits, lambda of: load(of, None, places.cache_root, ()))
    assert torch.equal(made.data.images[gone], torch.from_numpy(came.images))
    assert (
        made.about["labels"]["out_of_distribution"] == len(gone) == round(made.about["labels"]["realised_rate"] * 1197)
    )
    assert made.noise_rate == 0.6 and torch.equal(made.transition, torch.eye(10))
    assert not set(made.sets["probe"].tolist()) & set(gone)
    counts = np.bincount(made.given[made.sets["probe"]], minlength=10)
    assert len(set(counts.tolist())) == 1, "trusted images are as many of each class"
    weighted = load_method(ROOT / "methods/weighted.py")
    setting = Setting(10, made.noise_rate, made.transition, 8, 1197, 1, CPU)
    weights = weighted({"form": "printed"}, setting).initial_state(SimpleNamespace())  # type: ignore[arg-type]
    assert weights["right"].tolist() == [1.0] * 10
    rog = load_method(ROOT / "methods/rog.py")(suite.methods["rog"]["parameters"], setting)
    learner = SimpleNamespace(uniform=lambda name, shape: torch.rand(shape))
    assert rog.corrupted(learner, torch.arange(10)).tolist() == list(range(10)), "of no class is any label wrong"


@pytest.mark.parametrize("cell", ["coteaching/digits/openset-cifar100-60/coteaching", "ieg/digits/openset-both-60/ieg"])
def test_a_run_leaves_a_sound_record_with_its_realised_share(suite: Suite, cell: str) -> None:
    run = Run(Cell(*cell.split("/")), 1)
    job(suite, run, Places.of(suite.config), "cpu", lambda: False, unwatched, None, handover_points(suite, run))
    record = valid.validated(paths.read(paths.record("smoke", run.cell.id, 1)), "record")
    labels = record["result"]["labels"]
    assert labels["requested_rate"] == 0.6 and labels["out_of_distribution"] == round(labels["realised_rate"] * 1197)
    curves = record["result"]["curves"]
    assert all(value is None for value in curves["flipped_accuracy_true"][0]), "nothing is flipped to another class"
    [line] = _rates([record["result"]])
    assert line.endswith("59.57% of training images replaced by images of no class, labels kept.")


# ---- manifests and the DAG -----------------------------------------------------------------------------------------


def test_sets_are_called_after_the_noise_that_limits_them(suite: Suite) -> None:
    cells = [Cell("ieg", "digits", noise, "ieg") for noise in ("openset-cifar100-60", "uniform-40")]
    names = [str(dependencies.set_manifest(suite, Run(cell, 2))) for cell in cells]
    assert names[0].endswith("sets/digits/probe-100-balanced+left.by-openset-cifar100-60-seed2.json")
    assert names[1].endswith("sets/digits/probe-100-balanced-seed2.json"), "a noise of labels is no part of the name"
    rog = Run(Cell("rog", "digits", "openset-cifar100-60", "standard"), 1)
    key = Path(str(dependencies.set_manifest(suite, rog))).name.removesuffix("-seed1.json")
    assert set_keys.meant(key) == ({"validation": {"count": 500, "labels": "given"}}, None)
    assert set_keys.left_by(key, 7) == ("openset-cifar100-60", 7)
    assert set_keys.left_by("probe-100-balanced+left.by-openset-both-12.5-seed0", 7) == ("openset-both-12.5", 0)
    assert set_keys.left_by("probe-100-balanced+hyper-validation-5000", 7) is None


def test_the_manifest_of_sets_lists_the_places_that_a_run_trains_with(suite: Suite) -> None:
    run = Run(Cell("ieg", "digits", BOTH, "ieg"), 1)
    file = Path(str(dependencies.set_manifest(suite, run)))
    prepare.data(suite, "digits")
    prepare.sets(suite, "digits", file.name.removesuffix("-seed1.json"), 1)
    listed = sealed.read(file)["sets"]["probe"]["places"]
    made = problem(suite, run, Places.of(suite.config), CPU)
    assert listed == made.sets["probe"].tolist()
    assert made.data.true[listed].min() >= 0


def test_labels_lead_to_the_manifests_of_every_source_and_change_with_their_declaration(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LNL_CONFIG", "LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, "")
    dag = Dag(Path(), {"scale": "smoke", "device": "cpu"}, head=False)
    at = SimpleNamespace(scale="smoke", dataset="digits", noise=BOTH, generator="named_stream", seed="1")
    names = ("digits", "standin-cifar100-8x8", "standin-imagenet32-8x8")
    assert dag.label_inputs(at) == [f"results/smoke/data/{name}.json" for name in names]
    before = origin.meaning(suite, BOTH, "digits")
    old = suite.noises["openset-both"]
    less = dataclasses.replace(old.replaced_by["digits"][0], train=900)
    suite.noises["openset-both"] = dataclasses.replace(
        old, replaced_by={"digits": (less, old.replaced_by["digits"][1])}
    )
    assert origin.meaning(suite, BOTH, "digits") != before


def test_images_that_changed_under_existing_results_are_refused(
    suite: Suite, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare.noise(suite, "digits", "openset-cifar100-60", "named_stream", 1)
    assert "713 of 1,197 images (59.6%) are replaced, by 713 of standin-cifar100-8x8" in capsys.readouterr().out
    file = Path("results/smoke/noise/digits/openset-cifar100-60/named_stream-seed1.json")
    content = sealed.read(file)
    sealed.write(file, content | {"digest": "0" * 16})
    with pytest.raises(UserError, match="the labels changed under existing results"):
        problem(suite, Run(Cell("ieg", "digits", "openset-cifar100-60", "ieg"), 1), Places.of(suite.config), CPU)


def test_repeats_with_images_of_their_own_are_not_one_stack() -> None:
    suite = Suite.load(ROOT, {"scale": "demo", "device": "cpu"}, validate=False)
    cells = [Cell("ieg", "digits", noise, "standard") for noise in ("uniform-40", BOTH)]
    assert [stacked_repeats.stackable(suite, cell) for cell in cells] == [True, False]


# ---- what a user brings, or gets wrong -----------------------------------------------------------------------------


def test_a_strangers_source_is_one_declaration(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = tmp_path / "own"
    for name in ("config", "methods", "workflow", "tables", "figures", "claims"):
        (checkout / name).mkdir(parents=True)
        for file in (ROOT / name).iterdir():
            if name != "config":
                (checkout / name / file.name).symlink_to(file)
    for file in (ROOT / "config").iterdir():
        if file.name != "noises":
            (checkout / "config" / file.name).symlink_to(file)
    (checkout / "config/noises").mkdir()
    for file in (ROOT / "config/noises").iterdir():
        (checkout / "config/noises" / file.name).symlink_to(file)
    declared = {"title": "ours", "source": "ours", "replaced_by": {"digits": ["standin-imagenet32-8x8"]}}
    (checkout / "config/noises/patterns.yaml").write_text(yaml.safe_dump(declared))
    monkeypatch.chdir(checkout)
    own = Suite.load(Path(), {"scale": "smoke", "device": "cpu"})
    made = problem(own, Run(Cell("s2e", "digits", "patterns-30", "standard"), 1), Places.of(own.config), CPU)
    assert (made.data.true == -1).float().mean().item() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("noise", "dataset", "line"),
    [
        ("openset-both-0", "digits", "the rate must be above 0"),
        ("openset-both-100", "digits", "no image of digits would be left; take a share above 0 and below 100 percent"),
        ("openset-both", "digits", "unknown noise 'openset-both'"),
        ("openset-both-60", "standin-cifar100", "does not say whose images replace those of 'standin-cifar100'"),
        ("openset-cifar100-99", "digits", "wants 1,185 images of standin-cifar100-8x8, which has 1,000"),
    ],
)
def test_shares_and_data_sets_that_cannot_be_are_a_line_before_any_job(noise: str, dataset: str, line: str) -> None:
    suite = Suite.load(ROOT, {"scale": "smoke", "device": "cpu"}, validate=False)
    with pytest.raises(UserError, match=line) as caught:
        suite.declared(Cell("ieg", dataset, noise, "ieg"))
    assert len(caught.value.lines) == 1


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        ({"replaced_by": {"digits": ["nowhere"]}}, "replaced_by: unknown data set 'nowhere'"),
        ({"replaced_by": {"digits": ["mnist"]}}, r"mnist has images of shape \[1, 28, 28\], those of digits are"),
        ({"replaced_by": {"digits": ["digits"]}}, "replaces images of digits by its own"),
        ({"replaced_by": {"news2": ["news7"]}}, "images of shape|no images"),
        ({"replaced_by": {"digits": ["mnist"]}, "maps": {"digits": ["9 -> 1"]}}, "both 'maps' and 'replaced_by'"),
    ],
)
def test_sources_that_do_not_fit_are_a_line(tmp_path: Path, declared: dict[str, Any], line: str) -> None:
    from lnl.declared import noise_checks, noise_files

    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"title": "x", "source": "x", **declared}))
    [to] = list(declared["replaced_by"])
    with pytest.raises(UserError, match=line) as caught:
        noise_checks.check("mine-20", {"mine": noise_files.read(file, DATASETS)}, DATASETS[to], to, "a table")
    assert len(caught.value.lines) == 1


# ---- ImageNet at 32 x 32 -------------------------------------------------------------------------------------------

SMALL = dataclasses.replace(DATASETS["imagenet32"], train=60, test=50)


def imagenet32(root: Path, side: int = 32, protocol: int = 4) -> dict[str, np.ndarray]:
    """Files of the layout of the published ones, and what they hold."""
    stream, held = np.random.default_rng(3), {}
    (root / "imagenet32").mkdir(parents=True)
    for name, count in (("train_data_batch_1", 60), ("val_data", 50)):
        images = stream.integers(0, 256, (count, 3 * side * side)).astype(np.uint8)
        labels = stream.integers(1, 1001, count)
        batch = {"data": images, "labels": labels.tolist(), "mean": images.mean(0)}
        (root / "imagenet32" / name).write_bytes(pickle.dumps(batch, protocol=protocol))
        held[name], held[f"{name} labels"] = images, labels
    return held


def sums(root: Path) -> list[str]:
    return [hashlib.md5(file.read_bytes()).hexdigest() for file in (root / "imagenet32").iterdir()]


@pytest.mark.parametrize("protocol", [3, 4])
def test_its_files_are_read_with_classes_from_0_on(tmp_path: Path, protocol: int) -> None:
    held = imagenet32(tmp_path, protocol=protocol)
    found = read_imagenet32(SMALL, tmp_path, sums(tmp_path))
    images = found.parts["train_images"]
    assert images.shape == (60, 3, 32, 32)
    assert images[7, 2, 5, 9] == held["train_data_batch_1"][7, 2 * 1024 + 5 * 32 + 9]
    assert (found.parts["train_labels"] + 1).tolist() == held["train_data_batch_1 labels"].tolist()
    assert load(SMALL, tmp_path, tmp_path / "cache", sums(tmp_path)).train_labels.max() < 1000


def _gone(root: Path) -> None:
    (root / "imagenet32/val_data").unlink()


def _cut(root: Path) -> None:
    file = root / "imagenet32/train_data_batch_1"
    file.write_bytes(file.read_bytes()[:100_000])


@pytest.mark.parametrize(
    ("side", "spoil", "line"),
    [
        (
            64,
            None,
            "train_data_batch_1: has .* bytes, what 60 images of 64 x 64 take; take it from Imagenet32_train.zip",
        ),
        (16, None, "what 60 images of 16 x 16 take"),
        (32, _cut, "has 100,000 bytes, no size in which it is offered"),
        (32, _gone, "there is no .*val_data; take it from Imagenet32_val.zip"),
    ],
)
def test_files_of_another_size_and_missing_ones_are_a_line_before_they_are_read(
    tmp_path: Path, side: int, spoil: Callable[[Path], None] | None, line: str
) -> None:
    imagenet32(tmp_path, side)
    if spoil is not None:
        spoil(tmp_path)
    with pytest.raises(UserError, match=line) as caught:
        read_imagenet32(SMALL, tmp_path, sums(tmp_path))
    assert len(caught.value.lines) == 1
    [said] = source_files.lacking([SMALL], "smoke", Places(str(tmp_path), str(tmp_path)))
    assert said == str(caught.value)


@pytest.mark.parametrize("label", [0, 1001, 2**70, 1.5, "1", True, None])
def test_labels_that_are_no_classes_are_a_line(tmp_path: Path, label: object) -> None:
    imagenet32(tmp_path)
    file = tmp_path / "imagenet32/val_data"
    batch = pickle.loads(file.read_bytes())
    batch["labels"][3] = label
    file.write_bytes(pickle.dumps(batch, protocol=4))
    with pytest.raises(UserError, match=rf"val_data: .*label {label} is no whole number from 1 to 1000.*fresh copy"):
        read_imagenet32(SMALL, tmp_path, sums(tmp_path))


def test_a_file_with_another_sum_is_refused_before_a_byte_of_it_is_read(tmp_path: Path) -> None:
    imagenet32(tmp_path)
    with pytest.raises(UserError, match=r"MD5 sum .* is not the documented 6c4495e65cd24a8c3019857ef9b758ee"):
        read_imagenet32(SMALL, tmp_path, ())


def test_a_start_says_once_and_before_any_job_that_a_source_lacks_its_files(
    suite: Suite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LNL_CONFIG", "LNL_HEAD", "PATH"):
        monkeypatch.setenv(name, "")
    config = {"scale": "lite", "device": "cpu", "data_root": "nowhere"}
    dag = Dag(Path(), config, head=False)
    for seed in ("1", "2"):
        at = SimpleNamespace(scale="lite", dataset="cifar10", noise=BOTH, generator="named_stream", seed=seed)
        assert "results/lite/data/imagenet32.json" in dag.label_inputs(at)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "there is no nowhere/imagenet32/train_data_batch_1; take it from" in said[0]
