"""Training on images that stay in their files: the numbers of data in memory, whoever reads, wherever it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import method_parameters, spec
from PIL import Image
from torchvision.transforms import functional as tv
from webvision_tree import CLASSES, CLEAN, SIDE, TEST, TRAIN, declared, lay_out

from lnl.data.arrays import Arrays
from lnl.data.prepare import load
from lnl.data.sets import draw_sets
from lnl.engine.build import load_method, training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.engine.streamed import StreamedData
from lnl.errors import UserError
from lnl.learning import resized_crops
from lnl.learning.augment import RESIZED
from lnl.learning.selection import cross_entropy

ROOT = Path(__file__).resolve().parent.parent
SHORT = {"epochs": 3, "paper_epochs": 3, "batch": {"size": 4, "steps_cap": None}, "dataset": "small-webvision"}
SPEC = spec("digits_cnn", augment=RESIZED, top5=True, **SHORT)


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    root = tmp_path_factory.mktemp("tree")
    lay_out(root)
    return load(declared(root / "small.yaml", clean=True), root, root / "cache")


def built(arrays: Arrays, described: dict[str, Any], method: str = "standard", tested_on: str = "test") -> Training:
    kind_of_data = DeviceData if arrays.root is None else StreamedData
    data = kind_of_data.load(arrays, "none", torch.device("cpu"), None, tested_on)
    labels = np.asarray(arrays.train_labels)
    parameters = method_parameters(method)
    described = {**described, "method": {"key": method, "parameters": parameters}}
    kind: type[Method] = load_method(ROOT / "methods" / f"{method}.py")
    sets = draw_sets(described.get("sets", {}), labels, CLASSES, "small-webvision", 1, CLEAN)
    return training(described, kind, data, [labels], 0.0, torch.eye(CLASSES), [1], sets=[sets])


def curves(arrays: Arrays, described: dict[str, Any], method: str = "standard", **how: Any) -> Mapping[str, Any]:
    running = built(arrays, described, method, **how)
    assert running.run()
    return running.curves[0]


def file(arrays: Arrays, place: int) -> Image.Image:
    assert arrays.root is not None
    return Image.open(arrays.root / arrays.train_images["path"][place].decode()).convert("RGB")


def in_memory(arrays: Arrays) -> Arrays:
    """The middle of every image, by torchvision, as a data set in memory."""

    def pixels(entries: np.ndarray) -> np.ndarray:
        assert arrays.root is not None
        out = []
        for path in entries["path"]:
            image = Image.open(arrays.root / path.decode()).convert("RGB")
            out.append(np.asarray(tv.center_crop(tv.resize(image, [SIDE * 8 // 7]), [SIDE])).transpose(2, 0, 1))
        return np.stack(out)

    further = {name: (pixels(x), y) for name, (x, y) in arrays.further_tests.items()}
    train, test = pixels(arrays.train_images), pixels(arrays.test_images)
    return replace(arrays, train_images=train, test_images=test, further_tests=further, root=None, side=None)


@pytest.mark.parametrize(("kind", "method"), [("none", "standard"), ("crop-flip", "standard"), ("crop2-flip", "ieg")])
def test_a_run_has_the_numbers_of_the_same_images_in_memory(arrays: Arrays, kind: str, method: str) -> None:
    sgd = {"name": "sgd", "lr": 0.01, "schedule": "constant", "momentum": 0.9}
    described = {**SPEC, "augment": kind, "sets": {"probe": {"count": CLASSES, "of": "clean"}}, "optimiser": sgd}
    streamed, held = (curves(each, described, method) for each in (arrays, in_memory(arrays)))
    assert set(held) >= {"test_accuracy", "test_top5", "ilsvrc_accuracy", "ilsvrc_top5"}
    assert streamed == held


def test_a_batch_is_what_torchvision_makes_of_its_files_and_numbers(arrays: Arrays) -> None:
    running = built(arrays, SPEC)
    running.batches.begin(1)
    for step in (0, 3):
        batch, drawn = running.batches.batch(step), running.batches.draws(step)
        assert drawn.augmentation is not None
        for place, numbers, x in zip(batch.index.tolist(), drawn.augmentation.tolist(), batch.x, strict=True):
            image = file(arrays, place)
            box = resized_crops.box(numbers, image.height, image.width)
            seen = tv.to_tensor(tv.resized_crop(image, *box, [SIDE, SIDE]))
            torch.testing.assert_close(x, seen.flip(-1) if numbers[-1] < 0.5 else seen, rtol=0, atol=1e-7)
        assert batch.labels[0].tolist() == arrays.train_labels[batch.index.numpy()].tolist()


def test_a_batch_of_several_workers_pieces_and_of_several_runs_is_its_files(arrays: Arrays) -> None:
    """20 images, where a worker takes eight, for a stack of two runs: each by its own numbers."""
    data = StreamedData.load(arrays, "none", torch.device("cpu"), None)
    index = torch.arange(20).flip(0).view(2, 10)
    uniform = torch.rand(2, 10, resized_crops.WIDTH, generator=torch.Generator().manual_seed(4))
    for kind, numbers in ((RESIZED, uniform), ("none", None)):
        found = data.augmented(kind, index, numbers)
        assert found.shape == (2, 10, 3, SIDE, SIDE)
        for run, row in np.ndindex(2, 10):
            image = file(arrays, int(index[run, row]))
            if numbers is None:
                seen = tv.to_tensor(tv.center_crop(tv.resize(image, [SIDE * 8 // 7]), [SIDE]))
            else:
                own = numbers[run, row].tolist()
                part = tv.resized_crop(image, *resized_crops.box(own, image.height, image.width), [SIDE, SIDE])
                seen = tv.to_tensor(part).flip(-1) if own[-1] < 0.5 else tv.to_tensor(part)
            torch.testing.assert_close(found[run, row], seen, rtol=0, atol=1e-7)


class Crops(Method):
    """Two further crops of each image, of which the step learns as well."""

    def crops(self) -> int:
        return 2

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward((batch.x + sum(batch.crops)) / 3)
        losses = cross_entropy(logits, batch.labels)
        learner.apply(learner.gradient(losses.mean(-1)))
        return Outcome(loss=losses.mean(-1), losses=losses, logits=logits)


def with_crops(arrays: Arrays, described: dict[str, Any]) -> Training:
    labels = np.asarray(arrays.train_labels)
    data = (DeviceData if arrays.root is None else StreamedData).load(arrays, "none", torch.device("cpu"), None)
    return training(described, Crops, data, [labels], 0.0, torch.eye(CLASSES), [1])


def test_a_further_crop_is_a_part_of_the_same_file_by_numbers_of_its_own(arrays: Arrays) -> None:
    running = with_crops(arrays, SPEC)
    running.batches.begin(1)
    batch, drawn = running.batches.batch(2), running.batches.draws(2)
    assert drawn.augmentation is not None and len(batch.crops) == len(drawn.crops) == 2
    seen = [batch.x, *batch.crops]
    for numbers, images in zip((drawn.augmentation, *drawn.crops), seen, strict=True):
        for place, row, x in zip(batch.index.tolist(), numbers.tolist(), images, strict=True):
            image = file(arrays, place)
            part = tv.to_tensor(
                tv.resized_crop(image, *resized_crops.box(row, image.height, image.width), [SIDE, SIDE])
            )
            torch.testing.assert_close(x, part.flip(-1) if row[-1] < 0.5 else part, rtol=0, atol=1e-7)
    assert not any(torch.equal(a, b) for a, b in ((seen[0], seen[1]), (seen[0], seen[2]), (seen[1], seen[2])))


@pytest.mark.parametrize("kind", ["none", "crop2-flip"])
def test_further_crops_of_files_are_those_of_the_same_images_in_memory(arrays: Arrays, kind: str) -> None:
    made = []
    for each in (arrays, in_memory(arrays)):
        running = with_crops(each, {**SPEC, "augment": kind})
        assert running.run()
        made.append(running.curves[0])
        if kind == "none":
            running.batches.begin(1)
            batch = running.batches.batch(0)
            assert all(torch.equal(crop, batch.x) for crop in batch.crops)
    assert made[0] == made[1]


def test_further_crops_are_read_ahead_and_a_stopped_run_has_the_same(arrays: Arrays) -> None:
    whole, kept, first = with_crops(arrays, SPEC), {}, with_crops(arrays, SPEC)
    assert whole.run()
    with pytest.raises(Stopped):
        first.run(lambda: first.position.total >= 7, lambda: kept.update(first.snapshot()))
    again = with_crops(arrays, SPEC)
    again.restore(kept)
    assert again.run() and again.curves[0] == whole.curves[0]
    moment = whole.begin_epoch(1)
    for step in range(whole.steps):
        whole.step(step, moment)
        assert isinstance(whole.data, StreamedData)
        assert len(whole.data.asked) == 3 * min(whole.data.ahead, whole.steps - 1 - step)


@pytest.mark.parametrize("workers", ["1", "5"])
def test_any_number_of_workers_makes_the_same_run(
    arrays: Arrays, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = curves(arrays, SPEC)
    monkeypatch.setenv("LNL_LOADER_WORKERS", workers)
    assert curves(arrays, SPEC) == usual


@pytest.mark.parametrize("stop_after", [1, 5, 7, 13])
def test_a_run_that_is_stopped_anywhere_goes_on_to_the_same_numbers(arrays: Arrays, stop_after: int) -> None:
    usual, kept, seen = curves(arrays, SPEC), {}, []
    first = built(arrays, SPEC)

    def stop() -> bool:
        return first.position.total >= stop_after

    with pytest.raises(Stopped):
        first.run(stop, lambda: kept.update(first.snapshot()))
    second = built(arrays, SPEC)
    second.restore(kept)
    begin = second.batches.data.loader.begin
    second.batches.data.loader.begin = lambda entries, crops: seen.append(crops is not None) or begin(entries, crops)
    assert second.run() and second.curves[0] == usual
    assert sum(seen) == 2 * ((TRAIN + CLEAN) // 4) - stop_after  # batches of two trained epochs, none of them twice


def test_images_are_asked_for_before_they_are_needed_and_never_more_than_a_few_batches(arrays: Arrays) -> None:
    running = built(arrays, SPEC)
    data = running.data
    assert isinstance(data, StreamedData)
    moment = running.begin_epoch(1)
    for step in range(running.steps):
        running.step(step, moment)
        assert len(data.asked) == min(data.ahead, running.steps - 1 - step)


def test_clean_examples_are_a_set_that_is_drawn_from_them_and_from_no_others(arrays: Arrays) -> None:
    sets = {"probe": {"count": CLASSES, "balanced": True, "of": "clean", "held_out": "all"}}
    running = built(arrays, {**SPEC, "sets": sets})
    assert running.run()
    drawn = draw_sets(sets, np.asarray(arrays.train_labels), CLASSES, "small-webvision", 1, CLEAN)["probe"]
    assert drawn.min() >= TRAIN and sorted(arrays.train_labels[drawn]) == [0, 1, 2]
    assert len(running.learner.train_index) == TRAIN + CLEAN - CLASSES


def test_a_further_test_set_can_be_the_one_that_is_tested_on(arrays: Arrays) -> None:
    usual, other = curves(arrays, SPEC), curves(arrays, SPEC, tested_on="ilsvrc")
    assert other["test_accuracy"] == usual["ilsvrc_accuracy"] and other["own_top5"] == usual["test_top5"]
    with pytest.raises(UserError, match="unknown test set 'imagenet'"):
        StreamedData.load(arrays, "none", torch.device("cpu"), None, "imagenet")


def test_no_more_test_images_are_read_than_are_asked_for(arrays: Arrays) -> None:
    data = StreamedData.load(arrays, "none", torch.device("cpu"), 4)
    for name in ("test", "ilsvrc"):
        [(seen, labels)] = data.part(name)
        assert seen.shape == (4, 3, SIDE, SIDE) and labels.shape == (4,)
    assert labels.tolist() == arrays.further_tests["ilsvrc"][1][:4].tolist()


def test_top5_counts_a_label_among_the_five_highest_scores(arrays: Arrays) -> None:
    running = built(arrays, SPEC)
    scores = torch.arange(2.0 * TEST * 9).view(1, -1, 9).roll(3, -1)
    labels = torch.arange(2 * TEST) % 9
    running.evaluation.scored = lambda part, epoch: iter([(scores[:, :5], labels[:5]), (scores[:, 5:], labels[5:])])  # type: ignore[method-assign]
    running.data.parts["test"] = (running.data.parts["test"][0], labels)
    right = [
        int(label) in sorted(range(9), key=lambda k: -float(row[k]))[:5]
        for row, label in zip(scores[0], labels, strict=True)
    ]
    found = running.evaluation.accuracies("test", 0)
    assert 0 < sum(right) < len(right)
    assert found["test_top5"].item() == pytest.approx(100 * sum(right) / len(right))


def test_a_file_that_has_changed_since_is_one_line(tmp_path: Path) -> None:
    lay_out(tmp_path)
    info = declared(tmp_path / "small.yaml")
    load(info, tmp_path, tmp_path / "cache")
    changed = tmp_path / "webvision/google/q0002/img 5.jpg"
    longer = changed.read_bytes() + bytes(9)  # as it was, and something behind it
    tries = ((longer, f"has {len(longer):,} bytes, and had"), (b"\xff\xd8 short", "has 8 bytes, and had"))
    for content, says in (*tries, (None, "No such file")):
        changed.unlink() if content is None else changed.write_bytes(content)
        with pytest.raises(UserError, match=says) as caught:
            curves(load(info, tmp_path, tmp_path / "cache"), SPEC)
        assert len(caught.value.lines) == 1 and "img 5.jpg" in str(caught.value)


def test_images_of_given_places_are_read_from_their_files(arrays: Arrays) -> None:
    learner = built(arrays, SPEC).learner
    places = torch.tensor([5, 0, 5])
    uniform = torch.rand(3, learner.augment_width, generator=torch.Generator().manual_seed(1))
    plain, augmented = learner.images(places), learner.images(places, uniform)
    for place, own, as_is, seen in zip(places.tolist(), uniform.tolist(), plain, augmented, strict=True):
        image = file(arrays, place)
        whole = tv.to_tensor(tv.center_crop(tv.resize(image, [SIDE * 8 // 7]), [SIDE]))
        part = tv.resized_crop(image, *resized_crops.box(own, image.height, image.width), [SIDE, SIDE])
        cropped = tv.to_tensor(part).flip(-1) if own[-1] < 0.5 else tv.to_tensor(part)
        torch.testing.assert_close(as_is, whole, rtol=0, atol=1e-7)
        torch.testing.assert_close(seen, cropped, rtol=0, atol=1e-7)


def test_views_of_whole_images_are_refused_where_files_are_read_in_parts(arrays: Arrays) -> None:
    described = {**SPEC, "sets": {"probe": {"count": 6, "balanced": True}}}
    with pytest.raises(UserError, match=r"mixmatch makes views of whole images.*`crops\(\)`") as caught:
        built(arrays, described, "mixmatch")
    assert len(caught.value.lines) == 1
    built(in_memory(arrays), described, "mixmatch")
