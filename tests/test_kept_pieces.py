"""What records keep of a trained network beside its curves, and the numbers that claims read there, by plain loops."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.declared.cells import Cell, Run
from lnl.declared.data_places import Places
from lnl.declared.suite import Suite
from lnl.engine import pieces
from lnl.engine.loop import Training
from lnl.engine.method import Batch, Learner
from lnl.results.claims import kept_pieces
from lnl.run.inputs import problem

RATE, SURE = 0.45, 4  # a class is taken for the next one at this rate, but for one that never is


def _built(every: int = 2) -> Training:
    """Learning to Reweight on 256 images of ten classes after four steps; one in `every` of them validates."""
    built = helpers.weighing("digits_mlp", 130, 8, {"lr": 0.5}, noise="pair-45")
    built.data.validating = torch.arange(0, 256, every)[3:]
    rows = (1 - RATE) * torch.eye(10) + RATE * torch.eye(10).roll(1, 1)
    rows[SURE] = torch.eye(10)[SURE]
    method = built.methods[0]
    method.setting = replace(method.setting, transition=rows)
    return built


def weight_of(place: int, label: int) -> float:
    """A weight, in times 1 / B, that depends on the image and on the label: a third are zero, the largest above all
    bounds."""
    number = (place * 7 + label * 5) % 24
    return 0.0 if number < 8 else 0.125 * 2 ** ((number - 8) // 2)


def _histogram(values: list[float]) -> list[int]:
    counts = [0] * (len(pieces.EDGES) + 1)
    for value in values:
        counts[sum(value > edge for edge in pieces.EDGES)] += 1
    return counts


def _area(pairs: list[tuple[float, bool]]) -> float:
    """Share of pairs of a right and a wrong example in which the right one has more, ties as a half."""
    right, wrong = ([value for value, clean in pairs if clean is kind] for kind in (True, False))
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in right for b in wrong]))


@pytest.mark.parametrize("every", [2, 13])  # images of a class are batches, or less than one
def test_weights_are_kept_by_who_is_labelled_rightly(every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    built = _built(every)
    calls: list[list[tuple[int, int]]] = []

    def weigh(learner: Learner, batch: Batch) -> Tensor:
        seen = list(zip(batch.index.tolist(), batch.labels[0].tolist(), strict=True))
        torch.testing.assert_close(batch.x, built.data.gather(batch.index))
        calls.append(seen)
        return torch.tensor([[weight_of(place, label) / len(seen) for place, label in seen]])

    monkeypatch.setattr(built.methods[0], "weigh", weigh)
    found = pieces.weights(built)
    true, given = built.data.true.tolist(), built.runs[0].labels.tolist()
    validating = built.data.validating
    assert validating is not None
    members = validating.tolist()

    mixed = calls[: len(members) // 8]
    assert all(len(batch) == 8 for batch in mixed)
    places = [place for batch in mixed for place, _ in batch]
    assert len(set(places)) == len(places) and set(places) <= set(members) and places != sorted(places)
    assert all(label == given[place] for batch in mixed for place, label in batch)

    by_class: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for batch in calls[len(mixed) :]:
        [label] = {true[place] for place, _ in batch}
        by_class[label] += batch
    there = {true[place] for place in members}
    assert SURE in there
    assert set(by_class) == there - {SURE}
    for label, seen in by_class.items():
        assert {drawn for _, drawn in seen} <= {label, (label + 1) % 10}
        mine = sum(true[place] == label for place in members)
        assert len(seen) == (mine // 8 * 8 or mine)
    flipped = [drawn != label for label, seen in by_class.items() for _, drawn in seen]
    assert np.mean(flipped) == pytest.approx(RATE, abs=0.15)

    one = [[(weight_of(p, drawn), drawn == true[p]) for p, drawn in seen] for seen in by_class.values()]
    whole = [(weight_of(p, drawn), drawn == true[p]) for batch in mixed for p, drawn in batch]
    for part, groups in ((found["mixed"], [whole]), (found["single_class"], one)):
        pairs = [pair for group in groups for pair in group]
        for name, kind in (("clean", True), ("flipped", False)):
            values = [value for value, clean in pairs if clean is kind]
            assert part[name] == _histogram(values)
            assert part[f"mean_{name}"] == pytest.approx(np.mean(values), abs=1e-4)
        areas = [_area(group) for group in groups if 0 < sum(clean for _, clean in group) < len(group)]
        assert part["auc"] == pytest.approx(np.mean(areas), abs=1e-4)
    assert 0 < found["mixed"]["clean"][0] < sum(found["mixed"]["clean"])
    assert found["mixed"]["clean"][-1] > 0


def test_who_has_any_weight_is_counted_by_class_and_by_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    built = _built()
    seen: list[tuple[int, float]] = []  # (place, loss) of an example that was weighed

    def weigh(learner: Learner, batch: Batch) -> Tensor:
        with torch.no_grad():
            losses = F.cross_entropy(learner.forward(batch.x, None)[0], batch.labels[0], reduction="none").tolist()
        seen.extend(zip(batch.index.tolist(), losses, strict=True))
        return torch.tensor(
            [[weight_of(place, label) for place, label in zip(batch.index, batch.labels[0], strict=True)]]
        )

    monkeypatch.setattr(built.methods[0], "weigh", weigh)
    found = pieces.positive(built)
    true, given = built.data.true.tolist(), built.runs[0].labels.tolist()
    assert len({place for place, _ in seen}) == len(seen) >= len(built.runs[0].train_index) - 7
    for label, share in enumerate(found["by_class"]):
        mine = [weight_of(place, given[place]) > 0 for place, _ in seen if true[place] == label]
        assert share == pytest.approx(100 * np.mean(mine), abs=1e-3)
    ordered = sorted(seen, key=lambda each: each[1])
    tenths = np.array_split([weight_of(place, given[place]) > 0 for place, _ in ordered], 10)
    assert found["by_loss"] == pytest.approx([100 * float(np.mean(tenth)) for tenth in tenths], abs=1e-3)
    assert found["by_loss"] != found["by_loss"][::-1]


def test_a_confusion_counts_true_classes_by_predictions_and_flips_true_classes_by_labels() -> None:
    built = _built()
    kept = pieces.final(built, 0, ["confusion"])
    images, labels = built.data.parts["test"]
    wanted = [[0] * 10 for _ in range(10)]
    with torch.no_grad():
        for image, label in zip(images, labels.tolist(), strict=True):
            scores = built.learner.forward(image[None].float() / 255, None, "frozen")[0, 0].tolist()
            wanted[label][scores.index(max(scores))] += 1
    assert kept["confusion"] == wanted
    assert wanted != [list(column) for column in zip(*wanted, strict=True)]
    flips = [[0] * 10 for _ in range(10)]
    for label, given in zip(built.data.true.tolist(), built.runs[0].given.tolist(), strict=True):
        flips[label][given] += 1
    assert kept["flips"] == flips
    assert all(flips[label][(label - 1) % 10] == 0 < flips[label][(label + 1) % 10] for label in range(10))


def test_numbers_of_a_record_by_hand() -> None:
    """Noise mass: the share that is predicted as what the class was mislabelled as, of those that were."""
    confusion = [[6, 3, 1], [2, 8, 0], [4, 1, 5]]
    flips = [[10, 5, 0], [0, 20, 0], [3, 0, 9]]  # 0 is taken for 1, 2 for 0, 1 for nothing
    kept: dict[str, Any] = {"confusion": confusion, "flips": flips}
    assert kept_pieces.noise_mass(kept) == pytest.approx(100 * (3 / 10 + 4 / 10) / 2)
    assert math.isnan(kept_pieces.noise_mass({"confusion": confusion, "flips": np.diag([1, 2, 3]).tolist()}))
    weights = {
        "mixed": {"clean": [1, 3], "flipped": [8, 2], "auc": 0.6, "mean_clean": 1.5, "mean_flipped": None},
        "single_class": {"clean": [5, 5], "flipped": [9, 1], "auc": 0.9, "mean_clean": 2.5, "mean_flipped": 0.1},
    }
    result = {"pieces": {**kept, "weights": weights}}
    found = {name: kept_pieces.value(result, name) for name in ("zero_weight_clean", "zero_weight_flipped")}
    assert found == {"zero_weight_clean": 25, "zero_weight_flipped": 80}
    assert kept_pieces.value(result, "weight_auc") == 0.9
    assert kept_pieces.value(result, "unseen_weight_clean") == 1.5
    assert math.isnan(kept_pieces.value(result, "unseen_weight_flipped"))  # of runs that had none


@pytest.mark.parametrize(("protocol", "by"), [("l2r-background", "given"), ("rog", "true")])
def test_a_set_validates_by_the_labels_that_it_declares(
    protocol: str, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hyper-validation set is corrupted as the training set is (section 4.2)."""
    monkeypatch.chdir(tmp_path)
    suite = Suite.load(helpers.ROOT, {"device": "cpu", "scale": "demo"}, validate=False)
    suite.protocols[protocol]["sets"] |= {"seen": {"count": 90, "held_out": "all", "validates": True}}
    suite.protocols[protocol]["sets"].pop("hyper-validation", None)
    if by == "given":
        suite.protocols[protocol]["sets"]["seen"]["labels"] = "given"
    run = Run(Cell(protocol, "digits", "symmetric-40", "standard"), 1)
    suite.seek(run.cell)
    made = problem(suite, run, Places.of(suite.config), torch.device("cpu"))
    index = made.data.validating
    assert index is not None and len(index) == 90
    _, judged = made.data.parts["validation"]
    wanted = torch.from_numpy(made.given) if by == "given" else made.data.true
    assert judged.tolist() == wanted[index].tolist()
    assert (torch.from_numpy(made.given) != made.data.true)[index].sum() > 20
