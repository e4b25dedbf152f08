"""Steps that one network of several takes, or leaves out: as if each had an optimiser of torch's own."""

from __future__ import annotations

import copy
import io

import helpers
import pytest
import torch
import torch.nn.functional as F
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lnl.engine import kept_state, optim
from lnl.engine.loop import Training
from lnl.engine.method import Method
from lnl.errors import UserError
from lnl.networks.layers import batch_norm_mode

OPTIMISERS = {
    "adam": {"name": "adam", "lr": 0.01, "weight_decay": 0.1},
    "sgd": {"name": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 0.1},
    "nesterov": {"name": "sgd", "lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
}


def torch_optimiser(name: str, *vectors: Tensor) -> torch.optim.Optimizer:
    spec = {key: value for key, value in OPTIMISERS[name].items() if key != "name"}
    if name == "adam":
        return torch.optim.Adam(vectors, fused=True, **spec)
    return torch.optim.SGD(vectors, foreach=True, **spec)


def training(name: str, network: str = "digits_mlp") -> Training:
    """Two networks that nothing has been done to."""
    two = type("Two", (Method,), {"networks": 2})
    built = helpers.build(two, helpers.spec(network, optimiser={**OPTIMISERS[name], "schedule": "constant"}))
    built.learner.take({"lr": 0.01})
    return built


@pytest.mark.parametrize("name", OPTIMISERS)
@examples(8)
@given(takes=st.lists(st.sampled_from(["both", "only 0", "only 1", "skip 0", "skip 1", "skip both"]), max_size=12))
@pytest.mark.parametrize("column", [True, False])
def test_networks_step_apart_as_by_optimisers_of_their_own(name: str, column: bool, takes: list[str]) -> None:
    learner = training(name).learner
    theirs = [vector.clone().requires_grad_() for vector in learner.population.flat.detach()]
    apart = [torch_optimiser(name, vector) for vector in theirs]
    generator = torch.Generator().manual_seed(1)
    for take in takes:
        gradient = torch.randn(learner.population.flat.shape, generator=generator)
        kind, _, which = take.partition(" ")
        due = {"both": [0, 1], "only 0": [0], "only 1": [1], "skip 0": [1], "skip 1": [0], "skip both": []}[take]
        for n in due:
            theirs[n].grad = gradient[n].clone()
            apart[n].step()
        skip = torch.tensor([0.0 if n in due else 1.0 for n in (0, 1)])
        if kind == "skip":
            learner.apply(gradient, skip=skip[:, None] if column else skip)
        else:
            learner.apply(gradient, only=int(which) if kind == "only" else None)
    for n in (0, 1):
        assert torch.equal(learner.population.flat[n], theirs[n])
        for slot, held in learner.slots.items():
            saved = apart[n].state[theirs[n]].get(slot)
            assert torch.equal(held[n], torch.zeros_like(theirs[n]) if saved is None else saved)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_gradient_of_one_network_alone_is_enough_for_its_step(name: str) -> None:
    whole, alone = training(name).learner, training(name).learner
    gradient = torch.linspace(-1, 1, whole.population.flat.shape[-1])
    for only in (1, 1, 0):
        whole.apply(gradient.expand_as(whole.population.flat).clone(), only=only)
        alone.apply(gradient, only=only)
    assert torch.equal(whole.population.flat, alone.population.flat)
    with pytest.raises(UserError, match=r"apply\(only=1\): gradient of shape \[3\], and \[\d+\] is needed"):
        alone.apply(gradient[:3], only=1)


@pytest.mark.parametrize("skip", [0.0, 1.0])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_what_one_network_alone_takes_may_be_left_out_too(name: str, skip: float) -> None:
    plain, skipping = training(name).learner, training(name).learner
    gradient = torch.ones_like(plain.population.flat)
    if not skip:
        plain.apply(gradient.clone(), only=1)
    skipping.apply(gradient.clone(), skip=torch.tensor([[1 - skip], [skip]]), only=1)
    for learner in (plain, skipping):
        learner.apply(gradient.clone())
    assert torch.equal(plain.population.flat, skipping.population.flat)


@pytest.mark.parametrize("as_handed_over", [True, False])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_checkpoint_and_a_hand_over_hold_every_network_s_own_count(name: str, as_handed_over: bool) -> None:
    first, second = training(name).learner, training(name).learner
    gradient = torch.linspace(-1, 1, first.population.flat.shape[-1]).expand_as(first.population.flat)
    for only in (None, 0, 0, 1, 0):
        first.apply(gradient.clone(), only=only)
    kept = io.BytesIO()
    torch.save(kept_state.tensors(first) if as_handed_over else kept_state.snapshot(first), kept)
    kept.seek(0)
    saved = torch.load(kept, weights_only=True)
    if as_handed_over:
        kept_state.begin_from(second, saved, with_optimiser=True)
    else:
        kept_state.restore(second, saved)
    for learner in (first, second):
        learner.apply(gradient.clone())
    assert torch.equal(first.population.flat, second.population.flat)


def test_steps_that_all_networks_took_are_one_number_as_before() -> None:
    flat = torch.zeros(2, 3)
    adam = optim.build({"name": "adam", "lr": 0.01}, flat)
    for _ in range(3):
        adam.step(flat, torch.ones(2, 3), 0.01)
    assert adam.steps == 3
    adam.step(flat, torch.ones(2, 3), 0.01, only=1)
    assert adam.steps == [3, 4]


def test_a_network_may_be_run_learn_and_decay_while_nothing_of_the_other_moves() -> None:
    """The documented way to train one network of two, against torch's own modules and optimiser."""
    learner = training("sgd", "digits_cnn").learner
    x, labels = torch.rand(16, 1, 8, 8), torch.arange(16) % 10
    module = copy.deepcopy(learner.population.modules[1])
    reference = torch_optimiser("sgd", *module.parameters())
    other = learner.vector(0).clone(), {k: v.clone() for k, v in learner.population.modules[0].named_buffers()}
    assert other[1]  # batch norm
    for _ in range(3):
        with batch_norm_mode("update"):
            F.cross_entropy(module(x, None), labels).backward()
        reference.step()
        reference.zero_grad()
        for parameter in module.parameters():
            if parameter.dim() > 1:
                parameter.data.mul_(1 - 0.5 * 0.01)
        vector = learner.vector(1).requires_grad_()
        loss = F.cross_entropy(learner.call(1, vector, x, "update"), labels)
        gradient = torch.zeros_like(learner.population.flat)
        (gradient[1],) = torch.autograd.grad(loss, vector)
        learner.apply(gradient, only=1)
        learner.shrink(0.5, only=1)
    theirs = torch.cat([parameter.detach().reshape(-1) for parameter in module.parameters()])
    torch.testing.assert_close(learner.vector(1), theirs, rtol=1e-5, atol=1e-6)
    for name, buffer in module.named_buffers():
        torch.testing.assert_close(dict(learner.population.modules[1].named_buffers())[name], buffer)
    assert torch.equal(learner.vector(0), other[0])
    for name, buffer in learner.population.modules[0].named_buffers():
        assert torch.equal(buffer, other[1][name])


def test_a_network_that_is_not_there_and_numbers_of_another_shape_are_one_line() -> None:
    learner = training("sgd").learner
    gradient = torch.zeros_like(learner.population.flat)
    with pytest.raises(UserError, match="only=2: no such network; there are 2, and the first is 0"):
        learner.apply(gradient, only=2)
    with pytest.raises(UserError, match="only=-1: no such network"):
        learner.shrink(0.1, only=-1)
    with pytest.raises(UserError, match=r"shape \[1, 2\], and one number is needed, or \[2\]"):
        learner.apply(gradient, skip=torch.zeros(1, 2))


@pytest.mark.parametrize("name", OPTIMISERS)
def test_a_rate_on_the_device_is_scaled_and_decays_as_one_on_the_host(name: str) -> None:
    """Where every step has its own rate, it is a tensor that recorded steps read."""
    generator = torch.Generator().manual_seed(3)
    moved = []
    for on_device in (False, True):
        learner = training(name).learner
        learner.rate = torch.zeros(()) if on_device else None
        for step, scale in enumerate((1.0, 0.25, 3.0)):
            learner.take({"lr": 0.01 * (step + 1)})
            gradient = torch.randn(learner.population.flat.shape, generator=generator.manual_seed(step))
            learner.apply(gradient, scale=scale)
            learner.shrink(0.1)
        moved.append(learner.population.flat)
    torch.testing.assert_close(*moved, rtol=1e-5, atol=1e-7)
