"""Decoupling with buffered batches: the released loop, written with lists and branches, gives the same networks."""

from __future__ import annotations

import io
import os

import helpers
import pytest
import torch
from synchronisations import Synchronisations

from lnl.engine import optim
from lnl.engine.loop import Stopped, Training
from lnl.learning.selection import cross_entropy
from lnl.run.hardware import as_before, torch_device

SGD = {"name": "sgd", "lr": 0.01, "momentum": 0.9, "schedule": "constant"}
EPOCHS = 5


def _build(network: str = "digits_mlp", warm_up: int = 3, device: str = "cpu", **changes: object) -> Training:
    described = helpers.spec(network, epochs=EPOCHS, paper_epochs=EPOCHS, **changes)
    return helpers.build("decoupling-buffered", described, parameters=[{"warm_up": warm_up}], device=device)


def _released_loop(training: Training, warm_up: int) -> list[int]:
    """Trains with a list for a buffer and the host's decisions; returns the steps in which the networks moved."""
    learner, waiting, moved = training.learner, list[tuple[torch.Tensor, torch.Tensor]](), list[int]()
    for epoch in range(1, EPOCHS):
        training.begin_epoch(epoch)
        for step in range(training.steps):
            number, batch = (epoch - 1) * training.steps + step, training.batches.batch(step)
            if number < warm_up:
                loss = cross_entropy(learner.forward(batch.x), batch.labels).mean(-1)
            else:
                first, second = learner.forward(batch.x).detach().argmax(-1)
                differ = (first != second).nonzero().flatten().tolist()
                waiting += [(batch.x[i], batch.labels[0, i]) for i in differ]
                if len(waiting) < training.batches.size:
                    continue
                whole, waiting = waiting[: training.batches.size], waiting[training.batches.size :]
                x, labels = torch.stack([x for x, _ in whole]), torch.stack([y for _, y in whole])
                loss = cross_entropy(learner.forward(x, batch_norm="batch"), labels[None]).mean(-1)
            learner.apply(learner.gradient(loss))
            moved.append(number)
    return moved


@pytest.mark.parametrize("optimiser", [None, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
def test_it_learns_what_the_released_loop_learns(network: str, optimiser: dict[str, object] | None) -> None:
    changes = {} if optimiser is None else {"optimiser": optimiser}
    buffered, by_hand = _build(network, **changes), _build(network, **changes)
    moved = _released_loop(by_hand, 3)
    assert moved[:3] == [0, 1, 2]
    assert 3 < len(moved) < 25  # of 32: some buffers were filled, and most steps filled none
    buffered.run()
    assert torch.equal(buffered.learner.population.flat, by_hand.learner.population.flat)
    for name, slot in by_hand.learner.slots.items():
        assert torch.equal(buffered.learner.slots[name], slot)
    for name, buffer in by_hand.learner.population.buffers.items():
        assert torch.equal(buffered.learner.population.buffers[name], buffer)
    if optimiser is None:
        assert buffered.learner.optimiser.steps == len(moved)  # steps that were left out are not counted


def test_between_two_full_buffers_nothing_moves() -> None:
    built = _build(warm_up=0)
    learner, moment = built.learner, built.begin_epoch(1)
    size, waiting = built.batches.size, 0
    for step in range(built.steps):
        before = [held.clone() for held in (learner.population.flat, *learner.slots.values())]
        waiting += int(_disagreements(built, step))
        built.step(step, moment)
        after = (learner.population.flat, *learner.slots.values())
        assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True)) == (waiting < size)
        waiting -= size * (waiting >= size)
        assert learner.state["waiting"] == waiting


def _disagreements(built: Training, step: int) -> torch.Tensor:
    with torch.no_grad():
        first, second = built.learner.forward(built.batches.batch(step).x, None, "batch").argmax(-1)
    return (first != second).sum()


def test_a_run_stopped_with_a_half_filled_buffer_ends_the_same() -> None:
    whole = _build("digits_cnn")
    whole.run()
    for steps in (4, 6, 13):
        kept = io.BytesIO()
        part = _build("digits_cnn")
        with pytest.raises(Stopped):
            part.run(lambda: part.position.total >= steps, lambda: torch.save(part.snapshot(), kept))  # noqa: B023
        assert 0 < part.learner.state["waiting"] < 32
        kept.seek(0)
        rest = _build("digits_cnn")
        rest.restore(torch.load(kept, weights_only=True))
        rest.run()
        assert rest.curves == whole.curves
        assert torch.equal(rest.learner.population.flat, whole.learner.population.flat)


def test_no_step_waits_for_the_device() -> None:
    built = _build(warm_up=3)
    moment = built.begin_epoch(1)
    with Synchronisations() as counted:
        for step in range(built.steps):
            built.step(step, moment)
    assert counted.seen == []


@pytest.mark.gpu
def test_a_gpu_is_not_waited_for_and_learns_the_same() -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with as_before():
        torch_device("cuda", deterministic=True)
        _learns_the_same_on_a_gpu()


def _learns_the_same_on_a_gpu() -> None:
    built, by_hand = (_build("digits_cnn", device="cuda") for _ in range(2))
    moved = _released_loop(by_hand, 3)
    for epoch in range(1, EPOCHS):
        moment = built.begin_epoch(epoch)
        torch.cuda.set_sync_debug_mode("error")
        try:
            for step in range(built.steps):
                built.step(step, moment)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        built.end_epoch(moment)
    assert built.learner.optimiser.steps == len(moved)
    # A bias before batch norm has no gradient but rounding, which Adam makes a full step of: it walks at random and
    # changes no output. Everything else must be near.
    one, other = (run.learner.population for run in (built, by_hand))
    for name, mine in one.unflatten(one.flat).items():
        if not name.startswith("conv") or not name.endswith("bias"):
            torch.testing.assert_close(mine, other.unflatten(other.flat)[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("spec", [{"name": "adam", "lr": 0.01, "weight_decay": 0.1}, SGD | {"weight_decay": 0.1}])
def test_a_step_left_out_is_as_if_it_had_not_been_asked_for(spec: dict[str, object]) -> None:
    """Of three steps the second is left out, with a gradient that would spoil everything."""
    generator = torch.Generator().manual_seed(0)
    gradients = [torch.randn(2, 5, generator=generator) for _ in range(2)]
    flat = torch.randn(2, 5, generator=generator)
    one, two = flat.clone(), flat.clone()
    skipping, plain = optim.build(spec, one), optim.build(spec, two)
    spoilt = [gradients[0], torch.full((2, 5), float("nan")), gradients[1]]
    for gradient, skip in zip(spoilt, (0.0, 1.0, 0.0), strict=True):
        skipping.step(one, gradient.clone(), 0.01, torch.tensor(skip))
    for gradient in gradients:
        plain.step(two, gradient.clone(), 0.01)
    assert torch.equal(one, two)
    assert skipping.steps == plain.steps
    assert all(torch.equal(slot, plain.slots[name]) for name, slot in skipping.slots.items())
