"""Recorded steps give what steps give, and are left alone where they could not."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, ClassVar

import helpers
import pytest
import torch
from replaying import Tape, Tapes, assert_replayed_equal
from torch import Tensor

from lnl.data.arrays import Arrays
from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Batch, Learner, Method, Moment, Outcome, Stream
from lnl.learning.selection import cross_entropy

MOMENTUM = {"name": "sgd", "lr": 0.05, "momentum": 0.9, "schedule": "constant"}


def _build(
    method: str | type[Method],
    recorded: bool,
    seeds: list[int],
    network: str = "digits_mlp",
    data: Arrays | None = None,
    device: str = "cpu",
    **changes: Any,
) -> Training:
    mode = "single" if len(seeds) == 1 else "stacked"
    built = helpers.build(method, helpers.spec(network, **changes), seeds, mode=mode, data=data, device=device)
    built.replay = replay.Replay(built) if recorded else None
    return built


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("seeds", [[1], [1, 2]])
@pytest.mark.parametrize("method", ["standard", "mentornet", "coteaching"])
def test_a_replayed_training_is_bit_equal(method: str, seeds: list[int], network: str, tapes: list[Tape]) -> None:
    usual, replayed = (_build(method, recorded, seeds, network) for recorded in (False, True))
    usual.run()
    replayed.run()
    assert len(tapes) == 3  # one an epoch
    assert replayed.curves == usual.curves
    assert torch.equal(replayed.learner.population.flat, usual.learner.population.flat)


def test_a_rate_that_changes_within_a_period_is_not_replayed_as_it_was(tapes: list[Tape]) -> None:
    length = {"steps": 14, "period": 7, "paper_steps": 14, "paper_period": 7, "clock": "scaled"}
    rates = {**MOMENTUM, "schedule": "steps", "milestones": [4, 11], "factor": 0.1}
    changes: dict[str, Any] = {"length": length, "epochs": 2, "paper_epochs": 2, "untrained_epoch": False}
    changes["batch"] = {"size": 32, "steps_cap": None}
    usual, replayed = (_build("standard", recorded, [1], optimiser=rates, **changes) for recorded in (False, True))
    assert_replayed_equal(usual, replayed)
    assert replayed.curves == usual.curves and len(tapes) == 4  # before and after each milestone


def test_a_replayed_training_resumes_within_an_epoch(tapes: list[Tape]) -> None:
    usual, part, rest = (_build("coteaching", recorded, [1]) for recorded in (False, True, True))
    usual.run()
    kept = io.BytesIO()
    with pytest.raises(Stopped):
        part.run(lambda: part.position.total >= 12, lambda: torch.save(part.snapshot(), kept))
    kept.seek(0)
    rest.restore(torch.load(kept, weights_only=True))
    rest.run()
    assert rest.curves == usual.curves


class Warm(Method):
    """A loss that grows with the steps, and a figure of its own."""

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        loss = losses.mean(-1)
        return Outcome(loss=loss * min(1, now.step / 10), losses=losses, scalars={"own": loss})


class Counted(Warm):
    """The same without the growth."""

    def loss(self, logits: Tensor, labels: Tensor, now: Moment) -> Outcome:
        losses = cross_entropy(logits, labels)
        return Outcome(loss=losses.mean(-1), losses=losses, scalars={"own": losses.mean(-1)})


@pytest.mark.parametrize(("method", "recordings"), [(Warm, 0), (Counted, 3)])
def test_a_method_that_reads_the_step_is_not_recorded(method: type[Method], recordings: int, tapes: list[Tape]) -> None:
    usual, replayed = (_build(method, recorded, [1]) for recorded in (False, True))
    usual.run()
    replayed.run()
    assert len(tapes) == recordings
    assert replayed.curves == usual.curves


class Averaging(Method):
    """Keeps an average in its state: in one tensor, in a new one each time, or in one that the first step brings."""

    in_place: ClassVar[bool] = True
    at_first: ClassVar[bool] = True

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"mean": torch.zeros(1)} if self.at_first else {}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        loss, before = losses.mean(-1), learner.state.get("mean", torch.zeros(1))
        learner.apply(learner.gradient(loss))
        after = torch.lerp(before, loss.detach(), 0.1)
        if self.in_place and "mean" in learner.state:
            learner.state["mean"].copy_(after)
        else:
            learner.state["mean"] = after
        return Outcome(loss.detach(), losses.detach(), None, logits, {"mean": after})


class Replacing(Averaging):
    in_place = False


class Late(Averaging):
    at_first = False


class LateReplacing(Replacing):
    at_first = False


@pytest.mark.parametrize(("method", "recordings"), [(Averaging, 3), (Replacing, 0), (Late, 3), (LateReplacing, 0)])
def test_a_step_that_puts_other_tensors_into_its_state_is_not_recorded(
    method: type[Method], recordings: int, tapes: list[Tape]
) -> None:
    usual, replayed = (_build(method, recorded, [1]) for recorded in (False, True))
    usual.run()
    replayed.run()
    assert replayed.curves == usual.curves
    assert len(tapes) == recordings


class Refusing(Tapes):
    """A device that cannot record this."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        raise RuntimeError("operation not permitted when stream is capturing")


def test_what_a_device_cannot_record_runs_as_usual(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(replay, "Recorder", Refusing)
    usual, refused = (_build("coteaching", recorded, [1]) for recorded in (False, True))
    usual.run()
    refused.run()
    assert refused.curves == usual.curves
    assert refused.replay is not None and not refused.replay.possible
    assert capsys.readouterr().err.count("run as usual") == 1


class Everything(Method):
    """A step of its own that uses all that a step can be given, and keeps a tensor of its own."""

    views = 1

    def streams(self) -> dict[str, Stream]:
        return {"clean": Stream(count=20, batch=10)}

    def random(self) -> dict[str, tuple[int, ...]]:
        return {"weights": (self.setting.batch,)}

    def initial_state(self, learner: Learner) -> dict[str, Tensor]:
        return {"mean": torch.zeros((), device=self.setting.device)}

    def step(self, learner: Learner, batch: Batch, now: Moment) -> Outcome:
        logits = learner.forward(batch.x, batch.uniform)
        losses = cross_entropy(logits, batch.labels)
        x, labels = batch.streams["clean"]
        clean = cross_entropy(learner.forward(x, None, "batch"), labels).mean(-1)
        again = learner.forward(batch.views[0], batch.uniform, "batch")
        loss = (batch.random["weights"] * losses).mean(-1) + clean + (again - logits).square().mean((-1, -2))
        learner.apply(learner.gradient(loss))
        learner.state["mean"].lerp_(losses.detach().mean(), 0.1)
        loss = loss.detach() + learner.state["mean"]
        return Outcome(loss=loss, losses=losses, logits=logits, scalars={"own": loss})


def _small() -> tuple[Arrays, dict[str, Any]]:
    """A tape keeps all that its operations make: so many images as the nine-layer network is given in a few batches."""
    return helpers.arrays(examples=36, shape=(1, 28, 28)), {"batch": {"size": 4, "steps_cap": 3}, "epochs": 2}


EVERYTHING: dict[str, Any] = {"augment": "crop-flip", "optimiser": MOMENTUM}


@pytest.mark.parametrize("network", ["digits_cnn", "cnn9"])
def test_random_numbers_and_trusted_streams_are_new_in_every_replayed_step(network: str, tapes: list[Tape]) -> None:
    data, small = _small() if network == "cnn9" else (None, {})
    more = EVERYTHING | small
    usual, replayed = (_build(Everything, recorded, [1], network, data, **more) for recorded in (False, True))
    usual.run()
    replayed.run()
    assert len(tapes) == usual.spec["epochs"] - 1
    assert replayed.curves == usual.curves
    assert torch.equal(replayed.learner.population.flat, usual.learner.population.flat)


@pytest.mark.parametrize("method", ["bc", "pumpout-sl", "decoupling-buffered"])
def test_a_step_of_its_own_is_replayed_like_any_other(method: str, tapes: list[Tape]) -> None:
    usual, replayed = (_build(method, recorded, [1], "digits_cnn") for recorded in (False, True))
    usual.run()
    replayed.run()
    assert len(tapes) == (0 if method == "decoupling-buffered" else 3)  # which asks for the number of its step
    assert replayed.curves == usual.curves


@pytest.mark.gpu
@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize(
    ("method", "seeds"),
    [("standard", [1]), ("standard", [1, 2]), ("coteaching", [1]), ("coteaching", [1, 2]), ("bc", [1])],
)
def test_a_gpu_replays_what_it_would_have_done(
    method: str, seeds: list[int], network: str, one_order_of_sums: None
) -> None:
    usual, replayed = (_build(method, recorded, seeds, network, device="cuda") for recorded in (False, True))
    assert_replayed_equal(usual, replayed)


@pytest.mark.gpu
@pytest.mark.parametrize("network", ["digits_cnn", "cnn9"])
@pytest.mark.parametrize("arithmetic", ["faithful", "fast"])
def test_a_gpu_replays_steps_that_draw(network: str, arithmetic: str, one_order_of_sums: None) -> None:
    data, small = _small() if network == "cnn9" else (None, {})
    more = EVERYTHING | small | {"arithmetic": arithmetic, "device": "cuda"}
    usual, replayed = (_build(Everything, recorded, [1], network, data, **more) for recorded in (False, True))
    assert_replayed_equal(usual, replayed)
