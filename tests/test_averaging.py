"""Averaged weights: the plain loop's numbers, in a run that is stopped anywhere, and by which statistics they judge."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import helpers
import pytest
import torch
from drawn import examples
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import functional_call

from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome
from lnl.learning.averaging import begun, decay, follow
from lnl.learning.selection import cross_entropy
from lnl.networks.layers import batch_norm_mode


class Averaged(Method):
    """Plain training, judged by its averaged weights."""

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses)

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return begun(learner.population.flat)

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        outcome = super().step(learner, batch, now)
        follow(learner.state, learner.population.flat)
        return outcome

    def predict(self, learner: Learner, x: Tensor, uniform: Tensor | None) -> Tensor:
        return learner.call(0, learner.state["average"][0], x, "frozen", uniform)[None]


def built(rates: Mapping[str, Any] | None = None) -> Training:
    return helpers.build(Averaged, helpers.spec("digits_cnn", **({"optimiser": dict(rates)} if rates else {})))


@examples(25)
@given(
    values=st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=40),
    start=st.floats(-3, 3, width=32),
    most=st.sampled_from([0.0, 0.5, 0.9, 0.999]),
)
def test_it_is_the_plain_loops_average(values: list[float], start: float, most: float) -> None:
    state, plain = begun(torch.tensor([[start]])), start
    for n, value in enumerate(values, 1):
        follow(state, torch.tensor([[value]]), most)
        kept = min(most, (1 + n) / (10 + n))
        plain = kept * plain + (1 - kept) * value
        assert state["average"].item() == pytest.approx(plain, abs=1e-5)
    assert int(state["averaged"]) == len(values)


def test_it_keeps_little_of_itself_at_first_and_never_more_than_it_may() -> None:
    kept = decay(torch.tensor([1, 10, 8990, 8991, 200_000]))
    assert kept.tolist() == pytest.approx([2 / 11, 11 / 20, 8991 / 9000, 0.999, 0.999], rel=1e-6)


def test_the_host_need_not_know_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    state, weights = begun(torch.zeros(1, 7)), torch.ones(1, 7)
    with monkeypatch.context() as patched:
        for name in ("item", "tolist", "__bool__", "__int__", "__float__", "__index__"):
            patched.setattr(torch.Tensor, name, lambda *_: pytest.fail("the host asked for a number"))
        follow(state, weights)
    torch.testing.assert_close(state["average"], torch.full((1, 7), 9 / 11))


def test_an_average_is_judged_by_the_networks_own_running_statistics() -> None:
    training = built()
    training.run(until=2)
    learner, x = training.learner, torch.rand(5, 1, 8, 8)
    network, average = learner.population.modules[0], learner.state["average"][0]
    with batch_norm_mode("frozen"):
        wanted = functional_call(network, (learner.population.unflatten(average), dict(network.named_buffers())), (x,))
    torch.testing.assert_close(training.methods[0].predict(learner, x, None)[0], wanted)
    assert not torch.equal(average, learner.vector())
    assert all(torch.equal(b, learner.population.buffers[f"0.{name}"]) for name, b in network.named_buffers())


@pytest.mark.parametrize("steps", [1, 5])
def test_an_average_goes_on_where_it_was_stopped(steps: int) -> None:
    rates = {"name": "sgd", "lr": 0.1, "schedule": "constant", "momentum": 0.9}
    whole, part, rest = (built(rates) for _ in range(3))
    whole.run(until=2)
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= steps, lambda: (kept.seek(0), torch.save(part.snapshot(), kept))[0])  # type: ignore[arg-type,func-returns-value]
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run(until=2)
    assert torch.equal(rest.learner.state["average"], whole.learner.state["average"])
    assert torch.equal(rest.learner.state["averaged"], whole.learner.state["averaged"])
    assert rest.curves == whole.curves
