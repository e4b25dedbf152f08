"""Random numbers, views, samplers, features and handed-over starts: what the remaining methods of the papers need."""

from __future__ import annotations

import io

import helpers
import pytest
import torch
from torch import Tensor

from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.errors import UserError
from lnl.learning.augment import augment, width
from lnl.learning.selection import cross_entropy


class MixUp(Method):
    """Two views, a ratio per example and a random partner, all from numbers that the engine hands in."""

    views = 2

    def random(self) -> dict[str, tuple[int, ...]]:
        return {"ratio": (self.setting.batch, 1, 1, 1), "partner": (self.setting.batch,)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        first, second = batch.views
        partner, ratio = batch.random["partner"].argsort(), batch.random["ratio"].clamp(min=0.5)
        logits = learner.forward(ratio * first + (1 - ratio) * second[partner])
        losses = cross_entropy(logits, batch.labels)
        learner.apply(learner.gradient(losses.mean(-1)))
        return Outcome(loss=losses.mean(-1), losses=losses, logits=logits)


class Resample(Method):
    """Draws each epoch's examples with equal chances for every given class."""

    def sample(self, learner: Learner, uniform: Tensor) -> Tensor:
        given = learner.given[learner.train_index]
        weight = 1.0 / given.bincount(minlength=self.setting.classes).clamp(min=1)[given]
        return learner.train_index[
            torch.searchsorted((weight / weight.sum()).cumsum(0), uniform).clamp(max=len(given) - 1)
        ]

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)


class FineTune(Method):
    """Begins where another run ended."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        learner.start_from(learner.handovers["base"])
        return {"seen": torch.stack([logits.sum() for _, logits in learner.training_pass()])}

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)


def _resumed(method: type[Method], steps: int) -> tuple[Training, Training]:
    whole, part, rest = (helpers.build(method, helpers.spec("digits_cnn")) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= steps, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type,func-returns-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    return whole, rest


@pytest.mark.parametrize("method", [MixUp, Resample])
def test_random_numbers_are_the_same_after_a_resume(method: type[Method]) -> None:
    whole, rest = _resumed(method, 11)
    assert whole.curves == rest.curves
    assert torch.equal(whole.learner.population.flat, rest.learner.population.flat)


def test_views_differ_from_each_other_and_between_steps_and_methods_share_them() -> None:
    built, again = helpers.build(MixUp, helpers.spec()), helpers.build(MixUp, helpers.spec())
    for training in (built, again):
        training.begin_epoch(1)
    one, two = built.batches.batch(0), built.batches.batch(1)
    assert not torch.equal(one.views[0], one.views[1])
    assert not torch.equal(one.random["partner"], two.random["partner"])
    assert all(torch.equal(a, b) for a, b in zip(one.views, again.batches.batch(0).views, strict=True))


@pytest.mark.parametrize("kind", helpers.AUGMENTATIONS)
def test_views_are_cropped_and_flipped_whatever_the_protocol_does(kind: str) -> None:
    built, plain = (helpers.build(MixUp, helpers.spec(augment=augmented)) for augmented in (kind, "none"))
    for training in (built, plain):
        training.begin_epoch(1)
    batch, numbers = built.batches.batch(0), built.batches.draws(0).views
    images = built.data.gather(batch.index)
    for view, drawn in zip(batch.views, numbers, strict=True):
        assert view.equal(augment("crop-flip", images, drawn[:, :3]))
        assert not view.equal(images)
    if width(kind) == 3:
        assert all(a.equal(b) for a, b in zip(numbers, plain.batches.draws(0).views, strict=True))


def test_a_sampler_decides_what_an_epoch_visits() -> None:
    built = helpers.build(Resample, helpers.spec())
    built.begin_epoch(1)
    assert len(built.batches.order) == built.steps * built.batches.size
    assert len(set(built.batches.order.tolist())) < len(built.batches.order)  # drawn with replacement


def test_fine_tuning_starts_from_what_was_handed_over() -> None:
    base = helpers.build("standard", helpers.spec("digits_cnn"), points=("final",))
    base.run()
    spec = helpers.spec("digits_cnn")
    built = helpers.build(FineTune, spec, handovers={"base": base.hand_overs.saved["final"]})
    built.begin()
    assert torch.equal(built.learner.population.flat, base.learner.population.flat)
    for name, buffer in built.learner.population.buffers.items():
        assert torch.equal(buffer, base.learner.population.buffers[name])
    assert built.learner.optimiser.steps == 0 and built.learner.state["seen"].isfinite().all()


def test_features_are_what_the_last_layer_sees() -> None:
    built = helpers.build("standard", helpers.spec("digits_cnn"))
    x = built.data.gather(torch.arange(12))
    seen = built.learner.features(x)
    module = built.learner.population.modules[0]  # type: ignore[attr-defined]
    last = [m for m in module.modules() if isinstance(m, torch.nn.Linear)][-1]
    torch.testing.assert_close(last(seen), built.learner.forward(x, batch_norm="frozen")[0])


def test_a_method_that_sees_one_run_is_refused_in_a_stack() -> None:
    for method in (MixUp, Resample, FineTune):
        with pytest.raises(UserError, match="single mode only"):
            helpers.build(method, helpers.spec(), [1, 2], mode="stacked")


def test_augmentation_crops_within_the_padding_and_flips_half() -> None:
    images = torch.arange(1, 65, dtype=torch.float32).view(1, 1, 8, 8).repeat(200, 1, 1, 1)
    uniform = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    out = augment("crop-flip", images, uniform)
    assert out.shape == images.shape
    middle = torch.tensor([[0.5, 0.5, 0.9]])  # offset 4 of 0..8 is the image itself
    assert torch.equal(augment("crop-flip", images[:1], middle), images[:1])
    flipped = torch.tensor([[0.5, 0.5, 0.1]])
    assert torch.equal(augment("crop-flip", images[:1], flipped), images[:1].flip(-1))
    rows = out[:, 0, 3].max(-1).values > 0
    assert rows.float().mean() > 0.9
    assert set(out.unique().tolist()) <= {0.0, *range(1, 65)}


def test_a_protocol_may_ask_for_augmentation() -> None:
    plain, augmented = (
        helpers.build("standard", helpers.spec()),
        helpers.build("standard", helpers.spec(augment="crop-flip")),
    )
    for training in (plain, augmented):
        training.begin_epoch(1)
    assert torch.equal(plain.batches.batch(0).index, augmented.batches.batch(0).index)
    assert not torch.equal(plain.batches.batch(0).x, augmented.batches.batch(0).x)
    stack = helpers.build("standard", helpers.spec(augment="crop-flip"), [1, 2], mode="stacked")
    stack.begin_epoch(1)
    assert torch.equal(stack.batches.batch(0).x[0], augmented.batches.batch(0).x)


class Watching(Method):
    """Counts what it is told of, and remembers a pass over augmented images."""

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"begun": torch.zeros(()), "heard": torch.zeros(()), "sum": torch.zeros(()), "best": torch.zeros(())}

    def epoch_begin(self, learner: Learner, now: Moment) -> None:
        learner.state["begun"] += 1
        before = learner.networks()
        plain = torch.cat([logits[0] for _, logits in learner.training_pass()])
        augmented = torch.cat([logits[0] for _, logits in learner.training_pass(augmented=now.epoch)])
        assert not torch.equal(plain, augmented)
        again = torch.cat([logits[0] for _, logits in learner.pass_by(before)])
        assert torch.equal(plain, again)
        zero = {name: torch.zeros_like(tensor) for name, tensor in before.items()}
        assert torch.cat([logits for _, logits in learner.pass_by(zero)], 1).abs().max() == 0
        assert all(torch.equal(tensor, before[name]) for name, tensor in learner.networks().items())
        learner.state["sum"] += augmented.sum()

    def validated(self, learner: Learner, now: Moment, accuracy: Tensor) -> None:
        assert accuracy.shape == (1,)
        learner.state["heard"] += 1
        learner.state["best"].copy_(torch.maximum(learner.state["best"], accuracy[0]))

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)


@pytest.mark.parametrize("steps", [3, 6, 7, 18])
def test_what_is_done_before_an_epoch_is_done_once_also_where_it_is_resumed(steps: int) -> None:
    described = helpers.spec("digits_cnn", augment="crop-flip", hold_out={"share": 0.2})
    whole, part, rest = (helpers.build(Watching, described) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= steps, lambda: torch.save(part.snapshot(), kept))
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert whole.learner.state["begun"] == whole.learner.state["heard"] == 3  # epoch 0 is not trained
    best = max(whole.curves[0]["validation_accuracy"][0][1:])  # of six digits
    assert float(whole.learner.state["best"]) == pytest.approx(best, rel=1e-5)
    assert whole.learner.state == rest.learner.state and whole.curves == rest.curves


def test_a_method_that_hears_of_validation_is_refused_in_a_stack() -> None:
    hears = type("Hears", (Watching,), {name: getattr(Method, name) for name in ("initial_state", "epoch_begin")})
    with pytest.raises(UserError, match="its own validated and runs in single mode only"):
        helpers.build(hears, helpers.spec(), [1, 2], mode="stacked")
