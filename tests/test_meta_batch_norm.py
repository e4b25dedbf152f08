"""L2R's and IEG's steps on the networks of images: batch norm by each batch in the passes that weigh, or frozen."""

from __future__ import annotations

from typing import Any

import helpers
import ieg_restated
import pytest
import torch
import torch.nn.functional as F

from lnl.engine.loop import Training
from lnl.learning.selection import cross_entropy
from lnl.networks.layers import BatchNorm
from lnl.networks.registry import NETWORKS, NetworkInfo

DECAY = 0.001
SGD = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": DECAY, "schedule": "constant"}
SETS: dict[str, Any] = {"clean": {"count": 30, "balanced": True, "held_out": "readers", "labels": "true"}}
SHAPES = {"narrow_preact": (3, 8, 8), "narrow_resnet50_v2": (3, 32, 32)}


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks with few channels, and one unit a stage."""
    of_preact: dict[str, Any] = {"stem_norm": 1, "width": 4}
    of_resnet: dict[str, Any] = {"width": 8, "units": (1, 1, 1, 1)}
    modules = "lnl.networks.preact_resnet18", "lnl.networks.timm_networks"
    monkeypatch.setitem(NETWORKS, "narrow_preact", NetworkInfo(modules[0], "PreActResNet18", "", fixed=of_preact))
    monkeypatch.setitem(NETWORKS, "narrow_resnet50_v2", NetworkInfo(modules[1], "ResNet50V2", "", fixed=of_resnet))


def l2r(network: str, **parameters: Any) -> Training:
    described = helpers.spec(network, sets=SETS, batch={"size": 8, "steps_cap": None}, optimiser=SGD)
    values = helpers.method_parameters("l2r", **{"clean_batch": 20, **parameters})
    data = helpers.arrays(examples=96, shape=SHAPES[network])
    return helpers.build("l2r", described, [1], parameters=[values], data=data)


def weights_by_hand(built: Training, batch: Any) -> torch.Tensor:
    """Algorithm 1 at eps = 0 with running statistics throughout: the inner product of each example's own gradient,
    taken from that image alone, with the clean one."""
    learner = built.learner
    theta = learner.vector().clone().requires_grad_()
    x, labels = batch.streams["clean"]
    clean = F.cross_entropy(learner.call(0, theta, x, "frozen"), labels) + DECAY / 2 * theta.square().sum()
    (direction,) = torch.autograd.grad(clean, theta)
    raw = []
    for image, label in zip(batch.x, batch.labels[0], strict=True):
        loss = F.cross_entropy(learner.call(0, theta, image[None], "frozen"), label[None])
        raw.append((torch.autograd.grad(loss, theta)[0] * direction).sum().clamp(min=0))
    return torch.stack(raw) / sum(raw)


@pytest.mark.parametrize("network", SHAPES)
def test_frozen_weights_of_an_example_are_those_of_its_own_gradient(network: str) -> None:
    built = l2r(network, meta_batch_norm="frozen")
    moment = built.begin_epoch(0)
    for step in range(3):  # so that running statistics are not those of the beginning
        built.step(step, moment)
    drawn = built.batches.batch(3)
    wanted = weights_by_hand(built, drawn)
    found, _ = built.methods[0].weighted(built.learner, drawn)  # type: ignore[attr-defined]
    assert (found[0] - wanted).abs().max() <= 1e-4 * wanted.max()
    by_batch, _ = l2r(network).methods[0].weighted(built.learner, drawn)  # type: ignore[attr-defined]
    assert not torch.allclose(by_batch, found, rtol=1e-2)


@pytest.mark.parametrize("network", SHAPES)
@pytest.mark.parametrize("mode", [None, "frozen"])
def test_l2rs_step_learns_from_the_batch_as_it_was_and_moves_statistics_once(network: str, mode: str | None) -> None:
    built, plain = l2r(network, meta_batch_norm=mode), l2r(network)
    for run in (built, plain):
        run.begin_epoch(0)
    drawn, theta = built.batches.batch(0), built.learner.vector().clone()
    weights = built.methods[0].weigh(built.learner, drawn)
    losses = cross_entropy(plain.learner.forward(drawn.x, drawn.uniform), drawn.labels)
    gradient = plain.learner.gradient((weights * losses).sum())[0]
    built.learner.take({"lr": 0.05})
    built.methods[0].step(built.learner, drawn, built._moment(0, {}))
    wanted = theta - 0.05 * (gradient + DECAY * theta)
    torch.testing.assert_close(built.learner.vector(), wanted, rtol=1e-4, atol=1e-6)
    for name, statistic in plain.learner.population.buffers.items():
        torch.testing.assert_close(built.learner.population.buffers[name], statistic)


@pytest.mark.parametrize("network", SHAPES)
@pytest.mark.parametrize("mode", [None, "frozen"])
def test_iegs_step_is_the_restated_one(network: str, mode: str | None) -> None:
    built = ieg_restated.build(network, batch=6, shape=SHAPES[network], meta_batch_norm=mode)
    moment = built.begin_epoch(0)
    for number in range(2):
        built.step(number, moment)
    batch = built.batches.batch(2)
    built.learner.take({"lr": 0.05})
    wanted = ieg_restated.restated(built, batch)
    outcome = built.methods[0].step(built.learner, batch, built._moment(0, {}))
    found = outcome.marks["weight"][0] / 6
    assert (found - wanted["weights"]).abs().max() <= 1e-3 * wanted["weights"].max()
    after, before = built.learner.vector(), wanted["theta"]
    assert (after - before).abs().max() <= 1e-4 * before.abs().max()


def test_an_example_is_weighed_by_the_units_that_it_is_trained_with() -> None:
    """With batch norm frozen for judging there are two passes, and one dropout."""
    network = {"name": "cnn9", "options": {"dropout": "proper"}}
    described = helpers.spec(optimiser=SGD) | {"network": network}
    built = helpers.build("standard", described, data=helpers.arrays(examples=64, shape=(3, 32, 32)))
    built.begin_epoch(0)
    batch, learner = built.batches.batch(0), built.learner
    x, uniform = batch.x[:3], batch.uniform[:, :3]  # type: ignore[index]
    for module in learner.population.modules[0].modules():
        if isinstance(module, BatchNorm):
            module.momentum = 1.0  # running statistics at once, or all images are alike to it
    with torch.no_grad():
        learner.forward(x, None)
    direction = 1e-3 * torch.randn(learner.population.flat.shape, generator=torch.Generator().manual_seed(2))
    learned, judged, slopes = learner.weighing_pass(x, direction, uniform, "batch", frozen=True)
    at = learner.vector()
    with torch.no_grad():
        torch.testing.assert_close(learned.detach(), learner.forward(x, uniform, "batch"))
        wanted = learner.call(0, at, x, "frozen", uniform[0])
        torch.testing.assert_close(judged[0], wanted, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(wanted, learner.call(0, at, x, "frozen"), atol=1e-2)
    flat = at.clone().requires_grad_()
    (slope,) = torch.autograd.grad(learner.call(0, flat, x, "frozen", uniform[0])[0, 3], flat)
    torch.testing.assert_close(slopes[0, 0, 3], slope @ direction[0], rtol=1e-3, atol=1e-5)
