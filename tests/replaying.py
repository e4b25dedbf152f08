"""Recordings on a CPU in place of a GPU's, and a GPU whose kernels sum in one order: for tests of replayed steps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

from lnl.engine import replay
from lnl.engine.loop import Training
from lnl.run.hardware import as_before, torch_device


class Dispatched(TorchDispatchMode):
    """Changes nothing. Batch norm under forward-mode derivatives takes another of torch's ways, and rounds otherwise,
    wherever such a mode is on: what a tape is compared with runs under one as well."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        return func(*args, **(kwargs or {}))


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


@pytest.fixture
def one_order_of_sums() -> Iterator[None]:
    """Kernels that sum in the same order whenever they run: only with them are two trainings on a GPU bit-equal."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with as_before():
        torch_device("cuda", deterministic=True)
        yield


def assert_replayed_equal(usual: Training, replayed: Training) -> None:
    """Both are run to their ends, the second one replayed, and have the same bits."""
    usual.run()
    replayed.run()
    assert replayed.replay is not None and replayed.replay.possible
    assert torch.equal(replayed.learner.population.flat, usual.learner.population.flat)
