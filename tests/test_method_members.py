"""What a method keeps, samples, looks at and knows of its epochs: right as documented, and else one line."""

from __future__ import annotations

from typing import Any

import helpers
import pytest
import torch
from torch import Tensor

from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.errors import UserError
from lnl.learning.augment import augment, width
from lnl.learning.selection import cross_entropy


class Plain(Method):
    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)


class Counting(Plain):
    """Puts a number of Python's into its state, where `at` says."""

    at = ""

    def initial_state(self, learner: Learner) -> dict[str, Any]:
        return {"count": 0 if self.at == "initial_state" else torch.zeros(())}

    def _put(self, at: str, learner: Learner) -> None:
        if self.at == at:
            learner.state["count"] = 1  # type: ignore[assignment]

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        self._put("epoch_begin", learner)

    def epoch_end(self, learner: Learner, now: Moment) -> None:
        self._put("epoch_end", learner)

    def validated(self, learner: Learner, now: Moment, accuracy: Tensor) -> None:
        self._put("validated", learner)

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        self._put("step", learner)
        return super().step(learner, batch, now)


@pytest.mark.parametrize("at", ["initial_state", "epoch_begin", "step", "epoch_end"])
def test_a_number_in_the_state_is_one_line_before_anything_is_written(at: str) -> None:
    written: list[dict[str, Any]] = []
    counting = type("Counting", (Counting,), {"at": at})

    def trained() -> None:
        running = helpers.build(counting, helpers.spec())
        running.run(stop=lambda: at == "step", checkpoint=lambda: written.append(running.snapshot()))

    with pytest.raises(UserError, match=r"^Counting: state 'count' is an int; keep a tensor$"):
        trained()
    assert not written


def test_a_number_in_the_state_is_one_line_at_a_hand_over() -> None:
    running = helpers.build(type("Counting", (Counting,), {"at": "step"}), helpers.spec(), points=("step-3",))
    with pytest.raises(UserError, match="state 'count' is an int; keep a tensor"):
        running.run()
    assert running.position.total == 3


@pytest.mark.parametrize(("points", "epoch"), [(("best-validation",), 1), (("lowest-validation-loss",), 1), ((), 2)])
def test_a_state_is_checked_as_the_best_only_where_the_best_is_handed_over(points: tuple[str, ...], epoch: int) -> None:
    counting = type("Counting", (Counting,), {"at": "validated"})
    running = helpers.build(counting, helpers.spec(split="test-halves"), points=points)
    with pytest.raises(UserError, match="state 'count' is an int; keep a tensor"):
        running.run()
    assert running.position.epoch == epoch


def test_a_state_that_is_none_is_one_line() -> None:
    forgot = type("Forgot", (Plain,), {"initial_state": lambda self, learner: None})
    with pytest.raises(UserError, match=r"^Forgot: its state is a NoneType; keep a dict of tensors by name$"):
        helpers.build(forgot, helpers.spec()).run()


@pytest.mark.parametrize(
    ("give", "line"),
    [
        (lambda u: torch.arange(128), "sample returned 128 places, 224 are needed"),
        (lambda u: torch.arange(256), "sample returned 256 places, 224 are needed"),
        (lambda u: torch.zeros(7, 32, dtype=torch.int64), r"sample returned shape \[7, 32\], 224 are needed"),
        (lambda u: u, "sample returned torch.float32, and places are whole numbers; return int64"),
    ],
)
def test_a_sample_of_no_use_is_one_line(give: Any, line: str) -> None:
    sampling = type("Sampling", (Plain,), {"sample": lambda self, learner, uniform: give(uniform)})
    running = helpers.build(sampling, helpers.spec(batch={"size": 32, "steps_cap": 7}))
    with pytest.raises(UserError, match=f"^Sampling: {line}"):
        running.run()


@pytest.mark.parametrize("kind", ["none", "crop-flip", "eighth-flip", "resized-crop-flip"])
def test_images_of_any_places_are_those_of_the_file_and_augmented_as_a_batch_is(kind: str) -> None:
    data = helpers.arrays()
    learner = helpers.build(Plain, helpers.spec("digits_cnn", augment=kind), data=data).learner
    places = torch.tensor([7, 3, 3, 255])
    pixels = torch.from_numpy(data.train_images)[places].float() / 255
    assert torch.equal(learner.images(places), pixels)
    assert learner.augment_width == width(kind)
    uniform = torch.rand(4, learner.augment_width, generator=torch.Generator().manual_seed(3))
    assert torch.equal(learner.images(places, uniform), augment(kind, pixels, uniform))
    assert torch.equal(learner.images(places, uniform), pixels) == (kind == "none")
    with pytest.raises(UserError, match=r"uniform has shape \[4\], and \[4, \d+\] is needed"):
        learner.images(places, uniform[:, 0])


class Elsewhere(Plain):
    """Learns from examples that are not in its batch."""

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        other = (batch.index + 100) % self.setting.examples
        outcome = self.loss(learner.forward(learner.images(other)), learner.given[other][None], now)
        learner.apply(learner.gradient(outcome.loss))
        with torch.no_grad():
            outcome.logits = learner.forward(batch.x, batch.uniform, "frozen")
            outcome.losses = cross_entropy(outcome.logits, batch.labels)
        return outcome


def test_a_step_may_learn_from_other_examples_than_its_batch() -> None:
    running = helpers.build(Elsewhere, helpers.spec())
    assert running.run() and running.diverged == [None]
    assert running.curves[0]["test_accuracy"][0][-1] > 15  # chance is 10


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({}, 8),  # 256 examples, batches of 32
        ({"batch": {"size": 50, "steps_cap": None}}, 5),
        ({"batch": {"size": 32, "steps_cap": 6}}, 6),
        ({"limits": {"steps_per_epoch": 3}}, 3),
        ({"batch": {"size": 32, "steps_cap": 2}, "limits": {"steps_per_epoch": 3}}, 2),
        ({"hold_out": {"share": 0.25}}, 6),
        ({"sets": {"clean": {"count": 100, "held_out": "all"}}}, 4),
        (
            {"length": {"steps": 25, "period": 10, "paper_steps": 25, "paper_period": 10, "clock": "scaled"}},
            10,
        ),
    ],
)
def test_a_method_knows_the_steps_of_its_epochs(changes: dict[str, Any], steps: int) -> None:
    if "length" in changes:
        changes = {**changes, "epochs": 3, "paper_epochs": 3, "untrained_epoch": False}
    running = helpers.build(Plain, helpers.spec(**changes))
    assert running.methods[0].setting.steps == steps
    running.begin_epoch(1)
    assert running.steps == steps
