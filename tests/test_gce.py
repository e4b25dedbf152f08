"""Generalised cross-entropy: its two ends, its step, what is pruned and when, and what it does on digits."""

from __future__ import annotations

import io
import math
from itertools import pairwise
from typing import Any

import helpers
import pytest
import torch
from declared_datasets import load
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from replaying import Tape, assert_replayed_equal

from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.errors import UserError
from lnl.learning.generalised_loss import constant, generalised_cross_entropy, of_cross_entropy
from lnl.learning.milestones import due

SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.001, "schedule": "constant"}
TIMES: dict[str, Any] = {"prune_start": 2, "prune_every": 1, "epochs": 4}
TRUNCATED: dict[str, Any] = {"truncated": True, "hold_out": 0.2, "k": 0.2, **TIMES}
AS_PORTED: dict[str, Any] = {**TRUNCATED, "pruned_on": "augmented", "pruning_epoch": "coasts"}


def build(network: str = "digits_cnn", **parameters: Any) -> Training:
    values = helpers.method_parameters("gce", **parameters)
    held = {"hold_out": {"share": values["hold_out"]}} if "hold_out" in values else {}
    described = helpers.spec(network, optimiser=SGD, augment="crop-flip", untrained_epoch=False, **held)
    return helpers.build("gce", described, parameters=[values])


# ---- the loss ------------------------------------------------------------------------------------------------------

LOGITS = st.lists(st.floats(-30, 30), min_size=3, max_size=3)


def _value_and_gradient(logits: list[float], q: float) -> tuple[float, torch.Tensor]:
    z = torch.tensor([logits], dtype=torch.float64, requires_grad=True)
    loss = generalised_cross_entropy(z, torch.tensor([1]), q).sum()
    (gradient,) = torch.autograd.grad(loss, z)
    return float(loss.detach()), gradient[0]


@examples(30)
@given(logits=LOGITS, q=st.floats(0.05, 1))
def test_it_is_the_printed_formula(logits: list[float], q: float) -> None:
    posterior = [math.exp(z) / sum(map(math.exp, logits)) for z in logits]
    value, gradient = _value_and_gradient(logits, q)
    assert value == pytest.approx((1 - posterior[1] ** q) / q, rel=1e-9, abs=1e-12)
    for c, p in enumerate(posterior):  # -p_y^q (1[c = y] - p_c)
        assert float(gradient[c]) == pytest.approx(-(posterior[1] ** q) * ((c == 1) - p), rel=1e-7, abs=1e-12)


@examples(30)
@given(logits=LOGITS)
def test_its_ends_are_cross_entropy_and_half_the_mean_absolute_error(logits: list[float]) -> None:
    z = torch.tensor([logits], dtype=torch.float64, requires_grad=True)
    entropy = torch.nn.functional.cross_entropy(z, torch.tensor([1]))
    error = (torch.softmax(z, -1) - torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)).abs().sum() / 2
    for end, near, limit in ((0.0, 1e-10, entropy), (1.0, 1 - 1e-9, error)):
        (slope,) = torch.autograd.grad(limit, z, retain_graph=True)
        for q in (end, near):
            value, gradient = _value_and_gradient(logits, q)
            assert value == pytest.approx(float(limit.detach()), abs=1e-6)
            torch.testing.assert_close(gradient, slope[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("q", [0.0, 1e-7, 0.01, 0.7, 1.0])
def test_single_precision_keeps_it_finite_where_posteriors_vanish(q: float) -> None:
    logits = torch.tensor([[0.0, 200.0], [0.0, 1e-3]], requires_grad=True)
    losses = generalised_cross_entropy(logits, torch.tensor([0, 1]), q)
    (gradient,) = torch.autograd.grad(losses.sum(), logits)
    assert losses.isfinite().all() and gradient.isfinite().all()
    entropies = torch.tensor([200.0, math.log1p(math.exp(-1e-3))], dtype=torch.float64)
    exact = of_cross_entropy(entropies, q).tolist()
    assert losses.tolist() == pytest.approx(exact, rel=1e-6)


def test_the_threshold_is_the_loss_of_a_posterior_of_k() -> None:
    assert constant(0.5, 0.7) == pytest.approx((1 - 0.5**0.7) / 0.7, abs=1e-12)
    assert constant(0.5, 0.0) == pytest.approx(math.log(2), abs=1e-12)


# ---- one step ------------------------------------------------------------------------------------------------------


def restated(built: Training, batch: Any, weights: list[float] | None, reduction: str) -> torch.Tensor:
    """Weights after a step, by plain loops over the examples."""
    learner, p = built.learner, built.methods[0].parameters
    theta = learner.vector().clone().requires_grad_()
    logits = learner.call(0, theta, batch.x, "batch")
    total = torch.zeros(())
    for i, row in enumerate(logits):
        posterior = torch.exp(row[batch.labels[0, i]]) / torch.exp(row).sum()
        each = (1 - posterior ** p["q"]) / p["q"]
        if weights is not None:
            each = weights[int(batch.index[i])] * (each - (1 - p["k"] ** p["q"]) / p["q"])
        total = total + each
    loss = total / len(logits) if reduction == "mean" else total
    (gradient,) = torch.autograd.grad(loss, theta)
    gradient = gradient + SGD["weight_decay"] * theta.detach()
    buffer = SGD["momentum"] * learner.slots["momentum_buffer"][0] + gradient
    return theta.detach() - learner.lr * buffer


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("truncated", [False, True])
def test_a_step_is_that_of_an_independent_restatement(truncated: bool, reduction: str) -> None:
    built = build(reduction=reduction, **(TRUNCATED if truncated else {}))
    moment = built.begin_epoch(0)
    weights = None
    if truncated:
        stored = built.learner.state["weights"]
        stored[0, ::3] = 0
        weights = stored[0].tolist()
    for number in range(2):  # the second one has momentum
        batch = built.batches.batch(number)
        wanted = restated(built, batch, weights, reduction)
        built.step(number, moment)
        torch.testing.assert_close(built.learner.vector(), wanted, atol=1e-6, rtol=0)


# ---- pruning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("total", [120, 60, 171, 20, 4, 2, 1])
def test_pruning_is_due_at_the_same_parts_of_a_training_however_long(total: int) -> None:
    found = [epoch for epoch in range(total) if due(epoch, 120 / total, 39, 10)]
    if total == 120:  # at the begin of epochs 40, 50, ... counted from one, as released
        assert found == [39, 49, 59, 69, 79, 89, 99, 109, 119]
    wanted = sorted({math.ceil(at * total / 120) for at in range(39, 120, 10)} - {total})
    assert found == wanted


@examples(200)
@given(total=st.integers(1, 400), epochs=st.integers(1, 400), start=st.integers(0, 400), every=st.integers(1, 60))
def test_no_time_is_forgotten_and_none_comes_twice(total: int, epochs: int, start: int, every: int) -> None:
    found = {epoch for epoch in range(total) if due(epoch, epochs / total, start, every)}
    first = {-(-at * total // epochs) for at in range(start, epochs, every)}
    assert found == {epoch for epoch in first if epoch < total}


def _prune(built: Training, epoch: int) -> torch.Tensor:
    built.begin_epoch(epoch)
    return built.learner.state["weights"][0]


@pytest.fixture(params=[2000, 60])
def _several_batches_of_a_pass(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass over the training set in one batch, and in many, the last one short."""
    monkeypatch.setattr("lnl.engine.data.EVALUATION_BATCH", request.param)


@pytest.mark.usefixtures("_several_batches_of_a_pass")
def test_the_best_network_on_held_out_examples_prunes() -> None:
    built = build(**TRUNCATED)
    built.run(until=3)
    accuracies = built.curves[0]["validation_accuracy"][0]
    best = max(range(3), key=lambda e: (accuracies[e], -e))
    at_best = build(**TRUNCATED)
    at_best.run(until=best + 1)
    posteriors = {}
    for places, logits in at_best.learner.training_pass():
        chosen = torch.softmax(logits[0], -1).gather(1, at_best.learner.given[places][:, None])[:, 0]
        posteriors |= dict(zip(places.tolist(), chosen.tolist(), strict=True))
    before = built.learner.population.flat.clone()
    weights = _prune(built, 3)
    assert torch.equal(built.learner.population.flat, before)  # the network that trains is as it was
    assert {0.0, 1.0} == set(weights[built.learner.train_index].tolist())
    for place, posterior in posteriors.items():
        assert bool(weights[place]) == (posterior > TRUNCATED["k"])


def test_the_present_network_needs_no_examples_that_validate() -> None:
    built = build(**{**TRUNCATED, "hold_out": None, "pruned_by": "present"})
    built.run(until=2)
    wanted = torch.zeros(len(built.data.true))
    for places, logits in built.learner.training_pass():
        wanted[places] = (torch.softmax(logits[0], -1)[range(len(places)), built.learner.given[places]] > 0.2).float()
    assert torch.equal(_prune(built, 2), wanted)


def test_augmented_images_are_pruned_otherwise_and_alike_at_every_time_it_is_asked() -> None:
    plain, first, again = (
        build(**{**TRUNCATED, "pruned_on": kind, "k": 0.12}) for kind in ("images", "augmented", "augmented")
    )
    found = []
    for built in (plain, first, again):
        built.run(until=2)
        found.append(_prune(built, 2).clone())
    assert not torch.equal(found[0], found[1]) and torch.equal(found[1], found[2])


def test_without_examples_that_validate_a_line_says_what_to_do() -> None:
    with pytest.raises(UserError, match=r"set hold_out: 0\.1, or pruned_by: present"):
        build(**{**TRUNCATED, "hold_out": None}).begin()


def test_as_released_a_pruning_epoch_only_coasts() -> None:
    built = build(**TRUNCATED, pruning_epoch="coasts")
    built.run(until=1)
    learner = built.learner
    theta, buffer = learner.vector().clone(), learner.slots["momentum_buffer"][0].clone()
    statistics = {name: tensor.clone() for name, tensor in learner.population.buffers.items()}
    moment = built.begin_epoch(1)
    for number in range(3):
        batch = built.batches.batch(number)
        seen = torch.nn.functional.cross_entropy(
            learner.call(0, theta, batch.x, "batch"), batch.labels[0], reduction="none"
        )
        built.step(number, moment)
        assert built._buffers is not None  # what is told of the epoch is what a step of training sees
        torch.testing.assert_close(built._buffers.losses[0, built.batches.place(number)], seen, atol=1e-5, rtol=1e-5)
        buffer = SGD["momentum"] * buffer + SGD["weight_decay"] * theta
        theta = theta - SGD["lr"] * buffer
    torch.testing.assert_close(learner.vector(), theta, atol=1e-6, rtol=0)
    assert all(torch.equal(tensor, statistics[name]) for name, tensor in learner.population.buffers.items())


# ---- the run -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameters", [{}, TRUNCATED, AS_PORTED])
@pytest.mark.parametrize("steps", [5, 12, 18])
def test_a_resumed_training_has_the_same_bits(parameters: dict[str, Any], steps: int) -> None:
    whole, part, rest = (build(**parameters) for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= steps, lambda: torch.save(part.snapshot(), kept))
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert torch.equal(rest.learner.population.flat, whole.learner.population.flat)
    for name, tensor in whole.learner.state.items():
        assert torch.equal(tensor, rest.learner.state[name]), name


@pytest.mark.parametrize("parameters", [{}, TRUNCATED])
def test_a_replayed_training_is_bit_equal(parameters: dict[str, Any], tapes: list[Tape]) -> None:
    usual, replayed = build(**parameters), build(**parameters)
    replayed.replay = replay.Replay(replayed)
    assert_replayed_equal(usual, replayed)
    assert len(tapes) == 4 and replayed.curves == usual.curves


def test_truncated_it_is_no_method_for_a_stack() -> None:
    with pytest.raises(UserError, match="single mode only"):
        helpers.build("gce", helpers.spec(), [1, 2], mode="stacked")


@pytest.fixture(scope="module")
def on_digits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Curves on digits at 60% symmetric noise, 42 short epochs."""
    data = load("digits", None, tmp_path_factory.mktemp("cache"))
    steps = {**SGD, "lr": 0.1, "weight_decay": 1e-4, "schedule": "steps", "milestones": [14, 28]}
    found = {}
    for method, own in (("standard", {}), ("gce", {}), ("truncated", {"truncated": True, "hold_out": 0.1})):
        key = "standard" if method == "standard" else "gce"
        held = {"hold_out": {"share": 0.1}} if own else {}
        size = {"epochs": 42, "paper_epochs": 42, "batch": {"size": 64, "steps_cap": None}}
        described = helpers.spec(optimiser=steps, untrained_epoch=False, **size, **held)
        values = [helpers.method_parameters(key, **own)]
        built = helpers.build(key, described, parameters=values, data=data, noise="symmetric-60")
        built.run()
        found[method] = built.curves[0]
    return found


def test_on_digits_both_forms_beat_plain_training(on_digits: dict[str, dict[str, Any]]) -> None:
    final = {method: sum(curves["test_accuracy"][0][-5:]) / 5 for method, curves in on_digits.items()}
    assert min(final["gce"], final["truncated"]) > final["standard"] + 4


def test_on_digits_what_is_kept_is_right(on_digits: dict[str, dict[str, Any]]) -> None:
    precision, kept = (on_digits["truncated"][name][0] for name in ("label_precision", "kept_fraction"))
    assert kept[13] == 1 and precision[13] == pytest.approx(40, abs=4)  # pruning begins after a third
    assert precision[-1] > 90 and 0.3 < kept[-1] < 0.5
    changes = [epoch for epoch, (a, b) in enumerate(pairwise(kept), 1) if abs(a - b) > 0.02]
    assert changes == [14]
