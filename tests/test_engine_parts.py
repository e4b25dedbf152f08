"""Evaluation in several batches, numbers that are drawn apart, and figures of an epoch, by plain loops."""

from __future__ import annotations

import itertools
from typing import Any

import helpers
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lnl.engine import curves, validation
from lnl.engine.data import DeviceData
from lnl.engine.learner import Learner
from lnl.engine.loop import Training
from lnl.engine.method import Method, Moment, Outcome, Stream
from lnl.engine.metrics import EpochBuffers
from lnl.learning.selection import cross_entropy

CPU = torch.device("cpu")


class Two(Method):
    """Two networks, a clean stream that is gone through several times an epoch, and a loss of its own."""

    networks = 2

    def streams(self) -> dict[str, Stream]:
        return {"clean": Stream(count=20, batch=16)}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)

    def validation_loss(self, learner: Learner, logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits, labels) ** 2


def _built(**changes: Any) -> Training:
    built = helpers.build(Two, helpers.spec(hold_out={"share": 0.25}, **changes))
    built.begin()
    return built


# ---- evaluation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [7, 50, 64])  # of 50 test and 64 held-out images, the last batch perhaps short
def test_figures_of_a_part_are_those_of_its_images_whatever_the_batches(
    monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("lnl.engine.data.EVALUATION_BATCH", batch)
    built = _built(top5=True)
    losses = []
    for part, (images, labels) in built.data.parts.items():
        with torch.no_grad():
            logits = built.learner.forward(images.float() / 255, None, "frozen")
        found = built.evaluation.accuracies(part, 0)
        for n, scores in enumerate(logits):
            ranked = [row.argsort(descending=True).tolist() for row in scores]
            places = [row.index(label) for row, label in zip(ranked, labels.tolist(), strict=True)]
            assert found[f"{part}_accuracy"][n] == pytest.approx(100 * places.count(0) / len(places))
            assert found[f"{part}_top5"][n] == pytest.approx(100 * sum(p < 5 for p in places) / len(places))
            losses.append(F.cross_entropy(scores, labels, reduction="none"))
    plain = torch.stack(losses[2:])  # those that validate
    assert validation.plain_loss(built.learner, built.data) == pytest.approx(float(plain.mean()), rel=1e-5)
    own = validation.own_loss(built.methods[0], built.learner, built.data)
    torch.testing.assert_close(own, (plain**2).mean(-1))


@pytest.mark.parametrize(
    ("size", "counted"), [(32, {"test": 32, "validation": 64}), (60, {"test": 50, "validation": 60})]
)
def test_whole_batches_are_the_first_ones_and_a_part_without_any_stays_whole(
    size: int, counted: dict[str, int]
) -> None:
    data = _built().data
    cut = data.whole_batches(size)
    assert {name: len(labels) for name, (_, labels) in cut.parts.items()} == counted
    for name, (images, labels) in cut.parts.items():
        assert images.equal(data.parts[name][0][: len(labels)]) and labels.equal(data.parts[name][1][: len(labels)])


def test_data_that_runs_share_are_never_changed() -> None:
    data = DeviceData.load(helpers.arrays(), "none", CPU, None)
    before = data.images.clone(), data.true.clone(), dict(data.parts)
    places, given = torch.arange(3, 40, 3), torch.zeros(256, dtype=torch.int64)
    data.replaced(places, torch.zeros(len(places), 1, 8, 8, dtype=torch.uint8))
    held = data.hold_out(places, given, 5)
    assert held.held_out is not None and held.held_out.equal(places), (
        "what is held out is not trained on, judging or not"
    )
    images, labels = held.parts["validation"]
    assert images.equal(data.images[places[:5]]) and labels.tolist() == [0] * 5
    data.also_validates(places, given, None)
    data.whole_batches(8)
    assert data.images.equal(before[0]) and data.true.equal(before[1])
    assert data.parts.keys() == before[2].keys() and data.held_out is None and data.validating is None


# ---- random numbers ------------------------------------------------------------------------------------------------


def test_dropout_is_drawn_apart_for_every_network_step_epoch_and_purpose() -> None:
    built = _built()
    assert built.batches.uniform("dropout", 1, 0, 4) is None
    built.learner.population.random_width = 5
    asked = list(itertools.product(("dropout", "dropout test", "dropout validation"), (1, 2), (0, 1)))
    drawn = [built.batches.uniform(purpose, epoch, step, 4) for purpose, epoch, step in asked]
    rows = [tuple(each.flatten().tolist()) for uniform in drawn if uniform is not None for each in uniform]
    assert len(rows) == len(set(rows)) == 2 * len(asked)
    again = built.batches.uniform(*asked[0], 4)
    assert again is not None and tuple(again[0].flatten().tolist()) == rows[0]


def test_images_that_are_evaluated_have_dropout_of_their_own_part_epoch_and_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lnl.engine.data.EVALUATION_BATCH", 32)
    built, asked = _built(), []
    built.learner.population.random_width, built.learner.population.random_at_test = 5, True
    monkeypatch.setattr(built.batches, "uniform", lambda *where: asked.append(where))
    for epoch, part in ((0, "test"), (0, "validation"), (1, "test")):
        built.evaluation.accuracies(part, epoch)
    sizes = {"test": (32, 18), "validation": (32, 32)}
    assert asked == [
        (f"dropout {part}", epoch, number, sizes[part][number])
        for epoch, part in ((0, "test"), (0, "validation"), (1, "test"))
        for number in (0, 1)
    ]


def test_a_small_stream_is_shuffled_anew_whenever_it_is_gone_through() -> None:
    built = _built()
    orders = []
    for epoch in (1, 2):
        built.batches.begin(epoch)
        visited = built.batches.trusted["clean"].flatten().tolist()
        assert len(visited) == built.steps * 16
        turns = [tuple(visited[first : first + 20]) for first in range(0, len(visited), 20)]
        whole = [turn for turn in turns if len(turn) == 20]
        assert len(whole) >= 2 and all(sorted(turn) == sorted(whole[0]) for turn in whole)
        orders += whole
    assert len(set(orders)) == len(orders)


# ---- figures -------------------------------------------------------------------------------------------------------


def test_precision_is_a_mean_over_batches_that_select_and_scalars_one_over_steps() -> None:
    buffers = EpochBuffers((1,), 3, 4, CPU)
    given, true = torch.zeros(1, 12, dtype=torch.int64), torch.tensor([[0, 0, 1, 1] * 3])
    chosen = torch.tensor([[[1.0, 0, 0, 0]], [[0, 0, 0, 0]], [[1, 1, 1, 1]]])
    for step in range(3):
        outcome = Outcome(
            loss=torch.zeros(1),
            losses=torch.full((1, 4), float(step)),
            selected=chosen[step],
            scalars={"mass": torch.tensor([3.0 * step])},
            marks={"weight": torch.tensor([[1.0, 3.0, 10.0, 30.0]]) * (step + 1)},
        )
        buffers.write(slice(4 * step, 4 * step + 4), outcome, F.one_hot(true[:, :4], 2).float())
    found = {name: float(value) for name, value in buffers.figures(given, true, 3).items()}
    assert found["label_precision"] == 75.0, "of one batch all that it selects are right, of another half of them"
    assert found["kept_fraction"] == pytest.approx(5 / 12)
    assert found["loss"] == 1.0 and found["mass"] == 3.0
    assert (found["weight_clean"], found["weight_flipped"]) == (4.0, 40.0)
    assert (found["train_accuracy_given"], found["train_accuracy_true"]) == (50.0, 100.0)
    assert (found["clean_accuracy"], found["flipped_accuracy_given"], found["flipped_accuracy_true"]) == (100, 0, 100)


def test_what_some_steps_alone_have_is_a_mean_over_these() -> None:
    """Networks that take turns: one that took no step logs NaN, or nothing is logged at all."""
    nan = float("nan")
    given, true = torch.zeros(1, 12, dtype=torch.int64), torch.tensor([[0, 0, 1, 1] * 3])
    logged = [
        {"turn": torch.tensor([4.0, nan])},
        {"turn": torch.tensor([nan, 7.0]), "late": torch.tensor([2.0, 3.0])},
        {},
    ]
    marked = [
        {"weight": torch.tensor([[1.0, nan, 5.0, nan]] * 2)},
        {},
        {"weight": torch.tensor([[3.0, nan, 7.0, 9.0]] * 2)},
    ]
    guess = F.one_hot(torch.tensor([[0, 1, 1, 1]] * 2), 2).float()
    buffers, middle = EpochBuffers((2,), 3, 4, CPU), None
    for step in range(3):
        outcome = Outcome(
            loss=torch.zeros(2),
            losses=torch.zeros(2, 4),
            scalars=logged[step],
            marks=marked[step],
            pseudo_labels=guess if step else None,
        )
        buffers.write(slice(4 * step, 4 * step + 4), outcome, F.one_hot(true[:, :4], 2).float().expand(2, 4, 2))
        if step == 1:  # as a run that is stopped within the epoch goes on
            middle, buffers = buffers.snapshot(), EpochBuffers((2,), 3, 4, CPU)
            buffers.restore(middle, 2)
    found = buffers.figures(given, true, 3)
    assert found["turn"].tolist() == [4.0, 7.0] and found["late"].tolist() == [2.0, 3.0]
    assert found["weight_clean"].tolist() == [2.0, 2.0] and found["weight_flipped"].tolist() == [7.0, 7.0]
    assert found["pseudo_label_accuracy"].tolist() == [75.0, 75.0]
    assert found["pseudo_label_entropy_clean"].tolist() == [0.0, 0.0]


def test_a_checkpoint_from_before_steps_were_counted_goes_on_as_it_was() -> None:
    buffers = EpochBuffers((1,), 4, 1, CPU)
    plain = Outcome(loss=torch.zeros(1), losses=torch.zeros(1, 1), scalars={"a": torch.tensor([2.0])})
    for step in range(4):
        buffers.write(slice(step, step + 1), plain, torch.zeros(1, 1, 2))
        if step == 2:
            old = buffers.snapshot()
            old.pop("logged")
            buffers = EpochBuffers((1,), 4, 1, CPU)
            buffers.restore(old, 3)
    labels = torch.zeros(1, 4, dtype=torch.int64)
    assert buffers.figures(labels, labels, 4)["a"].item() == 2.0


def test_curves_that_begin_late_are_as_long_as_the_run_and_what_is_no_number_is_null() -> None:
    made: curves.Curves = {}
    curves.append(made, 0, {"learning_rate": None}, {"test_accuracy": [10.0, 20.0]})
    curves.append(made, 1, {"learning_rate": 0.1234567891}, {"test_accuracy": [float("nan"), 2e6 / 3], "loss": [1, 2]})
    assert made == {
        "epoch": [0, 1],
        "learning_rate": [None, 0.123457],
        "test_accuracy": [[10.0, None], [20.0, 666667.0]],
        "loss": [[None, 1.0], [None, 2.0]],
    }
    curves.replace_last(made, "test_accuracy", [30.0, 40.0])
    assert made["test_accuracy"] == [[10.0, 30.0], [20.0, 40.0]]


def test_what_a_method_hears_of_time_is_its_part_of_the_training_and_the_paper_s_epoch() -> None:
    built = helpers.build("standard", helpers.spec(epochs=8, paper_epochs=200))
    moments = [built._moment(epoch, {}) for epoch in (0, 2, 6)]
    assert [now.done for now in moments] == [0, 0.25, 0.75]
    assert [now.time for now in moments] == [0, 50, 150]
