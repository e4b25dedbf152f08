"""Methods that need more than a loss run through the real engine, stopped and resumed included."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import helpers
import pytest
import skeletons
import torch
import torch.nn.functional as F
from markdown_pages import ROOT, explained

from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.engine.metrics import CURVES
from lnl.errors import UserError
from lnl.learning.selection import cross_entropy

SGD = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": "constant", "weight_decay": 1e-4}
CASES = [
    (skeletons.L2R, "digits_cnn", SGD),
    (skeletons.MDYRH, "digits_mlp", None),
    (skeletons.SModel, "digits_mlp", None),
    (skeletons.LookAhead, "digits_cnn", SGD),
]


def _build(method: type[Method], network: str, optimiser: dict[str, Any] | None) -> Training:
    spec = helpers.spec(network, **({"optimiser": optimiser} if optimiser else {}))
    return helpers.build(method, spec)


@pytest.mark.parametrize(("method", "network", "optimiser"), CASES)
def test_it_trains_and_a_resumed_run_ends_the_same(
    method: type[Method], network: str, optimiser: dict[str, Any] | None
) -> None:
    whole = _build(method, network, optimiser)
    start = whole.learner.population.flat.clone()
    whole.run()
    assert whole.diverged == [None]
    assert not torch.equal(start, whole.learner.population.flat)
    assert whole.curves[0]["test_accuracy"][0][-1] > 15  # chance is 10
    for steps in (3, 9, 16):
        kept = io.BytesIO()
        part = _build(method, network, optimiser)

        def keep(part: Training = part, kept: io.BytesIO = kept) -> None:
            kept.seek(0)
            torch.save(part.snapshot(), kept)

        with pytest.raises(Stopped):
            part.run(lambda part=part, steps=steps: part.position.total >= steps, keep)  # type: ignore[misc]
        kept.seek(0)
        rest = _build(method, network, optimiser)
        rest.restore(torch.load(kept, weights_only=True))
        rest.run()
        assert rest.curves == whole.curves
        assert torch.equal(rest.learner.population.flat, whole.learner.population.flat)
        for name, tensor in whole.learner.state.items():
            assert torch.equal(rest.learner.state[name], tensor)


def test_weights_by_one_forward_mode_pass_equal_double_backward() -> None:
    built = _build(skeletons.L2R, "digits_cnn", SGD)
    moment = built.begin_epoch(1)
    captured = {}
    original = built.methods[0].step

    def spy(learner, batch, now):  # type: ignore[no-untyped-def]
        captured["batch"] = batch
        captured["weights"] = skeletons._meta_weights(learner, batch, learner.vector())
        captured["at"] = learner.vector().clone()
        return original(learner, batch, now)

    built.methods[0].step = spy  # type: ignore[method-assign]
    running = {k: b.clone() for k, b in built.learner.population.buffers.items()}
    learner, batch = built.learner, None
    built.step(0, moment)
    batch, at = captured["batch"], captured["at"]

    example_weights = torch.zeros(len(batch.index), requires_grad=True)
    vector = at.clone().requires_grad_()
    losses = cross_entropy(learner.call(0, vector, batch.x), batch.labels[0])
    (gradient,) = torch.autograd.grad((example_weights * losses).sum(), vector, create_graph=True)
    x, y = batch.streams["clean"]
    clean = F.cross_entropy(learner.call(0, vector - 1.0 * gradient, x), y)
    (slope,) = torch.autograd.grad(clean, example_weights)
    raw = (-slope).clamp(min=0)
    torch.testing.assert_close(captured["weights"], raw / raw.sum(), rtol=1e-3, atol=1e-6)
    changed = [not torch.equal(running[k], b) for k, b in learner.population.buffers.items()]
    assert any(changed)  # the one training forward of the step updates the running statistics


def test_a_clean_stream_is_held_out_balanced_and_truly_labelled() -> None:
    built = _build(skeletons.L2R, "digits_cnn", SGD)
    run = built.runs[0]
    held = run.trusted["clean"]
    assert not set(held.tolist()) & set(run.train_index.tolist())
    assert built.data.true[held].bincount(minlength=10).tolist() == [2] * 10
    seen: list[int] = []
    built.begin_epoch(1)
    for step in range(2):
        seen += built.batches.trusted["clean"][step].tolist()
    assert sorted(seen) == sorted(held.tolist())  # every clean example once before any comes again


def test_own_parameters_are_trained_with_the_network() -> None:
    built = _build(skeletons.SModel, "digits_mlp", None)
    before = built.learner.own("W").detach().clone()
    built.run()
    after = built.learner.own("W").detach()
    assert after.shape == (1, 10, 10)
    assert (after - before).abs().max() > 1e-3


def test_evaluation_uses_what_the_method_predicts_with() -> None:
    built = _build(skeletons.LookAhead, "digits_cnn", SGD)
    built.run()
    plain = built.learner.forward(built.data.parts["test"][0].float() / 255, batch_norm="frozen")
    averaged = built.methods[0].predict(built.learner, built.data.parts["test"][0].float() / 255, None)
    assert not torch.allclose(plain, averaged)
    assert len(built.curves[0]["ahead"][0]) == 4  # a method's own scalar becomes a curve


@pytest.mark.parametrize("mean", [lambda losses: losses, lambda losses: losses.sum()])
def test_a_loss_of_another_shape_is_one_line_in_the_first_step(mean: Any) -> None:
    class Unreduced(Method):
        def loss(self, logits: torch.Tensor, labels: torch.Tensor, now: Moment) -> Outcome:
            losses = cross_entropy(logits, labels)
            return Outcome(loss=mean(losses), losses=losses)

    built = helpers.build(Unreduced, helpers.spec())
    with pytest.raises(UserError, match=r"Unreduced: its loss has shape .*, and \[1\] is needed"):
        built.run()


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ({"logits": None}, "Own: its step returns an Outcome without logits; add logits="),
        ({"losses": torch.zeros(())}, r"Own: its 'losses' has shape \[\], and \[1, \d+\] is needed"),
        ({"selected": torch.zeros(1)}, r"Own: its 'selected' has shape \[1\], and \[1, \d+\] is needed"),
        ({"selected": torch.zeros(32)}, r"Own: its 'selected' has shape \[32\], and \[1, 32\] is needed"),
        (
            {"scalars": {"a": torch.zeros(())}},
            r"Own: its 'scalars: a' has shape \[\], and \[1\] is needed, one number fo",
        ),
        (
            {"marks": {"a": torch.zeros(1)}},
            r"Own: its 'marks: a' has shape \[1\], and \[1, 32\] is needed, one number fo",
        ),
        (
            {"pseudo_labels": torch.zeros(32, 10)},
            r"Own: its 'pseudo_labels' has shape \[32, 10\], and \[1, 32, 10\] is",
        ),
        ({"scalars": {"loss": torch.zeros(1)}}, "Own: logs 'loss', which is a curve of the suite's own"),
        ({"scalars": {"test_accuracy": torch.zeros(1)}}, "Own: logs 'test_accuracy', which is a curve"),
        ({"marks": {"pseudo_label_entropy": torch.zeros(1, 32)}}, "Own: logs 'pseudo_label_entropy_clean', which"),
    ],
)
def test_an_outcome_that_lacks_something_is_one_line_in_the_first_step(missing: dict[str, Any], line: str) -> None:
    class Own(Method):
        def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
            logits = learner.forward(batch.x, batch.uniform)
            losses = cross_entropy(logits, batch.labels)
            learner.apply(learner.gradient(losses.mean(-1)))
            return replace(Outcome(loss=losses.mean(-1), losses=losses, logits=logits), **missing)

    with pytest.raises(UserError, match=line):
        helpers.build(Own, helpers.spec()).run()


def test_scores_of_another_shape_are_one_line() -> None:
    class Together(Method):
        def loss(self, logits: torch.Tensor, labels: torch.Tensor, now: Moment) -> Outcome:
            losses = cross_entropy(logits, labels)
            return Outcome(loss=losses.mean(-1), losses=losses)

        def predict(self, learner: Learner, x: torch.Tensor, uniform: torch.Tensor | None) -> torch.Tensor:
            return learner.forward(x, uniform, "frozen").mean(0)

    with pytest.raises(
        UserError, match=r"Together: its predict returns shape \[\d+, 10\], and \[1, \d+, 10\] is needed"
    ):
        helpers.build(Together, helpers.spec()).run()


def test_every_curve_of_the_suite_s_own_has_a_name_that_no_method_may_take() -> None:
    class Guessing(Method):
        def loss(self, logits: torch.Tensor, labels: torch.Tensor, now: Moment) -> Outcome:
            losses = cross_entropy(logits, labels)
            chosen, guess = torch.ones_like(losses), logits.detach().softmax(-1)
            return Outcome(loss=losses.mean(-1), losses=losses, selected=chosen, pseudo_labels=guess)

        def schedule(self, time: float) -> dict[str, float]:
            return {"R": 1.0}

        def validation_loss(self, learner: Learner, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
            return cross_entropy(logits, labels)

    built = helpers.build(Guessing, {**helpers.spec(), "top5": True, "hold_out": {"share": 0.2}})
    built.run()
    found = set(built.curves[0])
    assert {"validation_loss", "test_top5", "pseudo_label_accuracy", "schedule", "kept_fraction"} <= found <= CURVES
    assert found - explained(ROOT / "docs" / "python.md") == {"epoch"}  # no curve there, but a column


def test_an_accuracy_is_a_share_of_its_own_part() -> None:
    arrays = helpers.arrays()
    few = replace(arrays, validation_images=arrays.test_images[:37], validation_labels=arrays.test_labels[:37])
    built = helpers.build("standard", helpers.spec(split="own"), data=few)
    built.run()
    images = torch.from_numpy(few.test_images).float() / 255
    with torch.no_grad():
        right = built.learner.forward(images, None, "frozen")[0].argmax(-1).numpy() == arrays.test_labels
    found = {part: built.curves[0][f"{part}_accuracy"][0][-1] for part in ("test", "validation")}
    assert found == pytest.approx({"test": 100 * right.mean(), "validation": 100 * right[:37].mean()}, abs=1e-3)
    assert found["test"] != pytest.approx(found["validation"], abs=0.1)


@pytest.mark.parametrize("share", [lambda joint: joint.expand(2), lambda joint: torch.stack([joint / 2, joint / 2])])
def test_a_loss_that_networks_share_is_given_in_parts(share: Any) -> None:
    """Expanded, it would be differentiated once for each network."""

    class Joint(Method):
        networks = 2

        def loss(self, logits: torch.Tensor, labels: torch.Tensor, now: Moment) -> Outcome:
            losses = cross_entropy(logits, labels)
            return Outcome(loss=share(losses.sum(-2).mean()), losses=losses)

    built = helpers.build(Joint, helpers.spec())
    if share(torch.ones(())).stride() == (0,):
        with pytest.raises(UserError, match="Joint: its loss is one number repeated for every network"):
            built.run()
    else:
        built.run()
        assert built.diverged == [None]
