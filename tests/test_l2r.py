"""Learning to Reweight: its weights against double backward, its baselines, its sets and its clock."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import helpers
import pytest
import torch
import torch.nn.functional as F
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from replaying import Dispatched, Tape, assert_replayed_equal

from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.engine.population import Single
from lnl.learning.meta_weights import rectified
from lnl.learning.selection import cross_entropy
from lnl.networks.registry import NETWORKS as NAMED

SETS: dict[str, Any] = {"clean": {"count": 30, "balanced": True, "held_out": "readers", "labels": "true"}}
SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 0.001, "schedule": "constant"}


def _build(network: str, shape: tuple[int, int, int], batch: int = 8, seed: int = 1, **parameters: Any) -> Training:
    described = helpers.spec(network, sets=SETS, batch={"size": batch, "steps_cap": None}, optimiser=SGD)
    values = helpers.method_parameters("l2r", **{"clean_batch": 20, **parameters})
    data = helpers.arrays(examples=96, shape=shape)
    return helpers.build("l2r", described, [seed], parameters=[values], data=data)


def oracle(built: Training, batch: Any, meta_rate: float = 1.0) -> torch.Tensor:
    """Algorithm 1 as printed: a look-ahead step by weights eps = 0, then the clean loss differentiated through it."""
    learner = built.learner
    theta = learner.vector().clone().requires_grad_()
    eps = torch.zeros(batch.labels.shape[-1], requires_grad=True, dtype=theta.dtype)
    uniform, of_clean = (None if u is None else u[0] for u in (batch.uniform, batch.dropout["clean"]))
    losses = cross_entropy(learner.call(0, theta, batch.x, uniform=uniform), batch.labels[0])
    (gradient,) = torch.autograd.grad((eps * losses).sum(), theta, create_graph=True)
    x, labels = batch.streams["clean"]
    at = theta - meta_rate * gradient
    judged = learner.call(0, at, x, uniform=of_clean)
    clean = F.cross_entropy(judged, labels) + SGD["weight_decay"] / 2 * at.square().sum()
    (slope,) = torch.autograd.grad(clean, eps)
    raw = (-slope).clamp(min=0)
    return raw / (raw.sum() if raw.sum() > 0 else 1)


NETWORKS = [
    ("digits_mlp", (1, 8, 8)),
    ("l2r_lenet", (1, 8, 8)),
    ("digits_cnn", (1, 8, 8)),
    ("resnet32", (3, 16, 16)),
    ("l2r_resnet32", (3, 8, 8)),
]


@pytest.mark.parametrize(("network", "shape"), NETWORKS)
@examples(5)
@given(seed=st.integers(1, 50), batch=st.sampled_from([2, 8, 24]), steps=st.integers(0, 2))
def test_weights_are_those_of_the_printed_algorithm(
    network: str, shape: tuple[int, int, int], seed: int, batch: int, steps: int
) -> None:
    """Algorithm 1 by double backward, after some steps with momentum and weight decay, batch norm included."""
    built = _build(network, shape, batch, seed)
    moment = built.begin_epoch(0)
    for step in range(steps):
        built.step(step, moment)
    drawn = built.batches.batch(0)
    wanted = oracle(built, drawn)
    found, _ = built.methods[0].weighted(built.learner, drawn)  # type: ignore[attr-defined]
    assert (found[0] - wanted).abs().max() <= 1e-5 * wanted.max() + 1e-12


@pytest.mark.parametrize(("network", "shape"), NETWORKS[1:])
def test_weights_in_double_precision(network: str, shape: tuple[int, int, int]) -> None:
    built = _build(network, shape)
    built.begin_epoch(0)
    drawn = built.batches.batch(0)
    drawn.x, (x, labels) = drawn.x.double(), drawn.streams["clean"]
    drawn.streams["clean"] = x.double(), labels
    learner = built.learner
    learner.population = Single([module.double() for module in learner.population.modules], [{}], torch.device("cpu"))
    found, _ = built.methods[0].weighted(learner, drawn)  # type: ignore[attr-defined]
    wanted = oracle(built, drawn)
    assert found.dtype == torch.float64
    assert (found[0] - wanted).abs().max() <= 1e-10 * wanted.max()


def test_weights_of_the_wide_network_with_its_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow and shallow here; each pass drops what its own numbers say."""
    narrow = replace(NAMED["l2r_wrn28_10"], fixed={"units": 1, "width": 32})
    monkeypatch.setitem(NAMED, "l2r_wrn28_10", narrow)
    built = _build("l2r_wrn28_10", (3, 8, 8))
    moment = built.begin_epoch(0)
    built.step(0, moment)
    drawn = built.batches.batch(1)
    assert drawn.uniform is not None and drawn.dropout["clean"] is not None, "it drops"
    found, logits = built.methods[0].weighted(built.learner, drawn)  # type: ignore[attr-defined]
    wanted = oracle(built, drawn)
    assert (found[0] - wanted).abs().max() <= 1e-5 * wanted.max() + 1e-12
    assert not torch.allclose(logits, built.learner.forward(drawn.x, None, batch_norm="batch"), atol=1e-3)


def test_only_the_training_pass_moves_the_running_statistics() -> None:
    """Once, by the batch: as one plain forward does."""
    built, plain = (_build("digits_cnn", (1, 8, 8)) for _ in range(2))
    for run in (built, plain):
        run.begin_epoch(0)
    built.step(0, built.begin_epoch(0))
    plain.learner.forward(plain.batches.batch(0).x)
    for name, tensor in plain.learner.population.buffers.items():
        torch.testing.assert_close(built.learner.population.buffers[name], tensor)


def test_a_batch_that_helps_nobody_has_no_weight_and_is_counted() -> None:
    assert rectified(torch.tensor([-1.0, -2.0])).tolist() == [0.0, 0.0]
    assert rectified(torch.tensor([3.0, -2.0, 1.0])).tolist() == [0.75, 0.0, 0.25]
    built = _build("digits_mlp", (1, 8, 8), normalise=False)
    built.run(until=2)
    assert built.curves[0]["no_weight"][0][-1] == 0.0


def test_without_any_weight_a_step_is_momentum_and_decay_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented rule for a batch that helps nobody; records count how often, and whom a batch gives weight."""
    built = _build("digits_mlp", (1, 8, 8))
    method, learner = built.methods[0], built.learner
    weighted, seen = method.weighted, []  # type: ignore[attr-defined]

    def every_third_is_zero(*arguments: Any) -> tuple[torch.Tensor, torch.Tensor]:
        weights, logits = weighted(*arguments)
        seen.append(weights.detach() * (len(seen) % 3 != 2))
        return seen[-1], logits

    monkeypatch.setattr(method, "weighted", every_third_is_zero)
    moment = built.begin_epoch(0)
    for step in range(built.steps):
        before, buffer = learner.vector().clone(), learner.slots["momentum_buffer"].clone()[0]
        built.step(step, moment)
        if step % 3 == 2:
            wanted = before - SGD["lr"] * (SGD["momentum"] * buffer + SGD["weight_decay"] * before)
            torch.testing.assert_close(learner.vector(), wanted)
    built.end_epoch(moment)
    curves = built.curves[0]
    assert built.steps >= 3
    assert curves["no_weight"][0][-1] == pytest.approx((built.steps // 3) / built.steps)
    assert curves["kept_fraction"][0][-1] == pytest.approx((torch.stack(seen) > 0).float().mean().item())
    assert 0 < curves["kept_fraction"][0][-1] < 0.9


def test_half_a_training_at_a_constant_rate_is_the_first_half_of_the_whole_one() -> None:
    def trained(steps: int, paper_steps: int) -> Training:
        length = {"steps": steps, "period": 6, "paper_steps": paper_steps, "paper_period": 6, "clock": "scaled"}
        periods = {"epochs": steps // 6, "paper_epochs": paper_steps // 6, "untrained_epoch": False}
        small = {"batch": {"size": 8, "steps_cap": None}, "optimiser": SGD}
        described = helpers.spec("digits_cnn", sets=SETS, length=length, **periods, **small)
        values = helpers.method_parameters("l2r", clean_batch=10)
        built = helpers.build("l2r", described, [1], parameters=[values], data=helpers.arrays(examples=96))
        built.run()
        return built

    half, whole = trained(12, 12), trained(24, 24)  # a column of figure 2, and the one beside it
    for name, values in half.curves[0].items():
        begun = whole.curves[0][name]
        of_networks = isinstance(values[0], list)
        assert values == ([each[:2] for each in begun] if of_networks else begun[:2]), name
    assert len(whole.curves[0]["test_accuracy"][0]) == 4


def test_the_meta_rate_is_cancelled_by_the_normalisation() -> None:
    """Section 3.1; without it the rate counts."""
    runs = [_build("digits_mlp", (1, 8, 8), meta_rate=rate, normalise=n) for n in (True, False) for rate in (1.0, 0.25)]
    for run in runs:
        run.run(until=2)
    first, second, third, fourth = (run.learner.vector() for run in runs)
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(third, fourth, rtol=1e-3)


@pytest.mark.parametrize("penalty", ["inside", "outside"])
def test_raw_weights_are_the_positive_slopes_times_the_meta_rate(penalty: str) -> None:
    """Algorithm 1 without its line 11, by the gradient of each example; outside, weight decay is no part of the clean
    loss."""
    built = _build("digits_mlp", (1, 8, 8), normalise=False, meta_rate=0.25, penalty=penalty)
    moment = built.begin_epoch(0)
    for step in range(2):
        built.step(step, moment)
    drawn, learner = built.batches.batch(2), built.learner
    theta = learner.vector().clone().requires_grad_()
    x, labels = drawn.streams["clean"]
    clean = F.cross_entropy(learner.call(0, theta, x), labels)
    if penalty == "inside":
        clean = clean + SGD["weight_decay"] / 2 * theta.square().sum()
    (direction,) = torch.autograd.grad(clean, theta)
    wanted = []
    for image, label in zip(drawn.x, drawn.labels[0], strict=True):
        loss = F.cross_entropy(learner.call(0, theta, image[None]), label[None])
        wanted.append(0.25 * max(0.0, (torch.autograd.grad(loss, theta)[0] @ direction).item()))
    assert 0 < wanted.count(0.0) < len(wanted)
    found, _ = built.methods[0].weighted(learner, drawn)  # type: ignore[attr-defined]
    assert found[0].tolist() == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_decay_of_kernels_leaves_biases_and_batch_norm_alone() -> None:
    """With a gradient of zero nothing moves but what decays."""
    built = _pair("l2r", False, "digits_cnn", rates={"decayed": "kernels", "weight_decay": 0.5})
    population = built.learner.population
    population.flat.fill_(1.0)
    built.learner.lr = 0.1
    built.learner.apply(torch.zeros_like(population.flat))
    for name, moved in population.unflatten(population.flat).items():
        wanted = 0.95 if name.startswith(("conv", "fc")) and name.endswith("weight") else 1.0
        torch.testing.assert_close(moved, torch.full_like(moved, wanted), msg=name)


REWEIGHTING = ["l2r", "random-weights", "proportion", "resample", "hard-mining"]


def _pair(method: str, recorded: bool, network: str, device: str = "cpu", **changes: Any) -> Training:
    """A training with a length in steps, of 28 in periods of ten, on 20 clean images and the rest."""
    length = {"steps": 28, "period": 10, "paper_steps": 56, "paper_period": 20, "clock": "scaled"}
    described = helpers.spec(
        network,
        sets=SETS,
        batch={"size": 16, "steps_cap": None},
        optimiser=SGD | changes.pop("rates", {}),
        length=length,
        epochs=3,
        paper_epochs=3,
        untrained_epoch=False,
        **changes,
    )
    values = helpers.method_parameters(method, **({"clean_batch": 12} if method == "l2r" else {}))
    built = helpers.build(method, described, parameters=[values], data=helpers.arrays(examples=96), device=device)
    built.replay = replay.Replay(built) if recorded else None
    return built


@pytest.mark.parametrize("network", ["digits_mlp", "l2r_lenet", "digits_cnn"])
@pytest.mark.parametrize("method", REWEIGHTING)
def test_it_is_replayed_bit_equal(method: str, network: str, tapes: list[Tape]) -> None:
    usual, replayed = (_pair(method, recorded, network) for recorded in (False, True))
    with Dispatched():
        usual.run()
        replayed.run()
    assert len(tapes) == 3
    assert replayed.curves == usual.curves
    assert torch.equal(replayed.learner.population.flat, usual.learner.population.flat)


@pytest.mark.parametrize(
    ("rates", "most"),
    [
        ({"schedule": "steps", "milestones": [30], "factor": 0.1}, 4),  # step 15, in the middle of the second period
        ({"schedule": "linear", "decay_start": 16}, 1),  # every step from the eighth on has a rate of its own
        # so has every one here, and it stands in a tensor
        ({"schedule": "cosine_restarts", "first": 5, "longer": 1.5, "lower": 0.9}, 3),
    ],
)
def test_a_rate_that_changes_within_a_period_is_not_the_recorded_one(
    rates: dict[str, Any], most: int, tapes: list[Tape]
) -> None:
    usual, replayed = (_pair("l2r", recorded, "digits_mlp", rates=rates) for recorded in (False, True))
    usual.run()
    replayed.run()
    assert replayed.curves == usual.curves
    assert torch.equal(replayed.learner.population.flat, usual.learner.population.flat)
    assert len(tapes) == most


@pytest.mark.parametrize("method", ["l2r", "resample", "hard-mining"])
def test_a_length_in_steps_resumes_anywhere(method: str) -> None:
    whole, part, rest = (_pair(method, False, "digits_cnn") for _ in range(3))
    whole.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= 23, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type,func-returns-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == whole.curves
    assert len(whole.curves[0]["epoch"]) == 3
    assert whole.position.total == 28  # the last period is short


@pytest.mark.gpu
@pytest.mark.parametrize("arithmetic", ["faithful", "channels-last"])
@pytest.mark.parametrize("network", ["digits_mlp", "l2r_lenet", "digits_cnn"])
@pytest.mark.parametrize("method", REWEIGHTING)
def test_a_gpu_replays_it(method: str, network: str, arithmetic: str, one_order_of_sums: None) -> None:
    usual, replayed = (_pair(method, r, network, "cuda", arithmetic=arithmetic) for r in (False, True))
    assert_replayed_equal(usual, replayed)


@pytest.mark.gpu
@pytest.mark.parametrize("network", ["l2r_lenet", "digits_cnn"])
@pytest.mark.parametrize("method", REWEIGHTING)
def test_a_gpu_is_not_waited_for(method: str, network: str) -> None:
    built = _pair(method, False, network, "cuda")
    moment = built.begin_epoch(0)
    built.step(0, moment)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(1, built.steps):
            built.step(step, moment)
    finally:
        torch.cuda.set_sync_debug_mode("default")
