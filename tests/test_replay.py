"""Recorded steps give what steps give, and are left alone where they could not."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import helpers
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

from lnl.engine import replay
from lnl.engine.loop import Stopped, Training
from lnl.engine.method import Method, Moment, Outcome
from lnl.learning.selection import cross_entropy


class Tape(TorchDispatchMode):
    """Operations on tensors as a GPU's graph keeps them: the same operations, Python's numbers as they were."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out

    def play(self) -> None:
        now: dict[int, Tensor] = {}  # what stands in the place of a recorded result
        for func, args, kwargs, out in self.calls:
            args, kwargs = tree_map_only(Tensor, lambda t: now.get(id(t), t), (args, kwargs))
            with torch.no_grad():
                again = func(*args, **kwargs)
            for old, new in zip(tree_flatten(out)[0], tree_flatten(again)[0], strict=True):
                if isinstance(old, Tensor):
                    now[id(old)] = new


class Tapes:
    """Recordings on a CPU, in place of a GPU's: the first start records what the others play."""

    made: ClassVar[list[Tape]]

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        tape = Tape()
        self.made.append(tape)

        def start() -> None:
            if tape.calls:
                tape.play()
                return
            with tape:
                work()

        return start


@pytest.fixture
def tapes(monkeypatch: pytest.MonkeyPatch) -> list[Tape]:
    """Every recording that a test makes."""
    Tapes.made = []
    monkeypatch.setattr(replay, "Recorder", Tapes)
    return Tapes.made


def _build(method: str | type[Method], recorded: bool, seeds: list[int], **more: Any) -> Training:
    spec = helpers.spec(more.pop("network", "digits_mlp"))
    built = helpers.build(method, spec, seeds, mode="single" if len(seeds) == 1 else "stacked", **more)
    assert replay.obstacle(built) is None
    built.replay = replay.Replay(built) if recorded else None
    return built


@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("seeds", [[1], [1, 2]])
@pytest.mark.parametrize("method", ["standard", "mentornet", "coteaching"])
def test_a_replayed_training_is_bit_equal(method: str, seeds: list[int], network: str, tapes: list[Tape]) -> None:
    usual, replayed = (_build(method, recorded, seeds, network=network) for recorded in (False, True))
    usual.run()
    replayed.run()
    assert len(tapes) == 3  # one an epoch
    assert replayed.curves == usual.curves
    assert torch.equal(replayed.learner.population.flat, usual.learner.population.flat)


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


class Own(Method):
    """A step of its own."""

    def step(self, learner, batch, now):  # type: ignore[no-untyped-def]
        raise AssertionError


def test_steps_that_draw_or_write_themselves_are_not_recorded() -> None:
    assert "step of its own" in (replay.obstacle(helpers.build(Own, helpers.spec())) or "")
    augmented = helpers.build("standard", helpers.spec(augment="crop-flip"))
    assert "augmented" in (replay.obstacle(augmented) or "")


@pytest.mark.gpu
@pytest.mark.parametrize("network", ["digits_mlp", "digits_cnn"])
@pytest.mark.parametrize("seeds", [[1], [1, 2]])
@pytest.mark.parametrize("method", ["standard", "coteaching"])
def test_a_gpu_replays_what_it_would_have_done(method: str, seeds: list[int], network: str) -> None:
    usual, replayed = (_build(method, recorded, seeds, network=network, device="cuda") for recorded in (False, True))
    usual.run()
    replayed.run()
    assert replayed.replay is not None and replayed.replay.possible
    torch.testing.assert_close(replayed.learner.population.flat, usual.learner.population.flat, rtol=1e-5, atol=1e-6)
