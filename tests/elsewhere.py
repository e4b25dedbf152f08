"""A training as it would be on a device whose memory the host cannot read, for machines that have none.

Every tensor of a copy stands on torch's `meta` device: operations check their devices, types and shapes as everywhere,
and compute nothing. What would make the host wait for a GPU, and what a GPU cannot record, is an error there: a value
that the host reads, a shape that depends on values, tensors of two devices in one operation.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lnl.data.arrays import Arrays
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.streams import Streams

T = TypeVar("T")

#: Methods that count the given labels before their first step.
COUNT_FIRST = {"hard-mining", "proportion", "resample"}
ELSEWHERE = torch.device("meta")


class Crossings(TorchDispatchMode):
    """Sees operations that move something between the host and the device: it takes a moment, and no recording has it.

    `torch.tensor(values, device=there)` is such a one, but would make nothing on the host for this device: inside it is
    made there and moved.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._patched = pytest.MonkeyPatch()

    def __enter__(self) -> Crossings:
        for name in ("tensor", "as_tensor", "asarray"):
            self._patched.setattr(torch, name, _on_the_host_first(getattr(torch, name)))
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)
        self._patched.undo()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        out = func(*args, **(kwargs or {}))
        # a derivative that is zero has no memory, wherever it says that it is
        stored = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor) and not t._is_zerotensor()]
        if len({tensor.device for tensor in stored}) > 1:
            self.seen.append(str(func))
        return out


def _on_the_host_first(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def made(data: Any, *args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        out = make(data, *args, **kwargs)
        return out if device is None else out.to(device)

    return made


@pytest.fixture
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine does otherwise on a GPU: products of several linear networks in one operation."""
    monkeypatch.setattr("lnl.engine.dense.batched", lambda flat: True)


def _moved(tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    with torch.no_grad():
        there = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=ELSEWHERE)
    learns = tensor.requires_grad and tensor.is_leaf
    memo[id(tensor)] = nn.Parameter(there) if isinstance(tensor, nn.Parameter) else there.requires_grad_(learns)
    return memo[id(tensor)]


def moved(thing: T, monkeypatch: pytest.MonkeyPatch) -> T:
    """A copy with all of its tensors there."""
    with monkeypatch.context() as patched:
        for kind in (Tensor, nn.Parameter):
            patched.setattr(kind, "__deepcopy__", _moved)
        return copy.deepcopy(thing)


def known(tensor: Tensor) -> Tensor:
    """A tensor there that the host knows, because it has put it there."""
    there = torch.empty_like(tensor, device=ELSEWHERE)
    there.cpu = lambda *_: tensor  # type: ignore[method-assign]
    return there


def build_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trainings be built for that device: it has no generator, and the host knows what it has loaded."""
    load, generator = DeviceData.load, Streams.generator

    def loaded(arrays: Arrays, split: str, device: torch.device, *limits: Any) -> DeviceData:
        here = load(arrays, split, torch.device("cpu"), *limits)
        if device != ELSEWHERE:
            return here
        return replace(moved(here, monkeypatch), true=known(here.true))

    monkeypatch.setattr(DeviceData, "load", loaded)
    monkeypatch.setattr(Streams, "generator", lambda self, *name, device=None: generator(self, *name))


def crossings(training: Training, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a step of a training moves between the host and the device; the ones before it may prepare what stays. A
    training that was built on the host goes there before, with all that it has."""
    begun = training.begin_epoch(0)
    training.step(0, begun)
    there, drawn, moment = training, training.batches.draws(1), begun
    place = torch.arange(training.batches.size, 2 * training.batches.size, device=ELSEWHERE)
    if training.device != ELSEWHERE:
        there, drawn, moment = moved((there, drawn, moment), monkeypatch)
        there.compute(place, drawn, moment)
    with Crossings() as found:
        there.compute(place, drawn, moment)
    return found.seen
