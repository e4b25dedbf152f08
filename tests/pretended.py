"""A GPU that is only pretended: tensors that say they are on one, and take torch's ways for one, with no memory.

Beside torch's device `meta` (elsewhere.py) this is what a GPU's own branches are seen by: batched products of linear
networks, cuDNN's batch norm, mixed precision as torch has it there, devices with and without a number. What it cannot
do without a GPU's driver is a backward pass: gradients are zero here, and `elsewhere` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import _disable_current_modes

from lnl.data.arrays import Arrays
from lnl.engine.data import DeviceData
from lnl.engine.streams import Streams

GPU = "cuda"


def _to(self: nn.Module, device: torch.device | str) -> nn.Module:
    """nn.Module.to, which does not know how to swap such parameters."""
    for module in self.modules():
        for name, held in module.named_parameters(recurse=False):
            setattr(module, name, nn.Parameter(held.detach().to(device)))
        for name, held in module.named_buffers(recurse=False):
            setattr(module, name, held.to(device))
    return self


def _zeros(outputs: Tensor, inputs: Tensor | Sequence[Tensor], **_: Any) -> tuple[Tensor, ...]:
    assert outputs.requires_grad and outputs.dim() == 0
    return tuple(torch.zeros_like(each) for each in ([inputs] if isinstance(inputs, Tensor) else inputs))


@contextmanager
def _mixed_precision(kind: str, dtype: torch.dtype) -> Iterator[None]:
    """torch.autocast, which switches itself off where there is no GPU."""
    before = torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)
    torch.set_autocast_enabled(kind, True)
    torch.set_autocast_dtype(kind, dtype)
    try:
        yield
    finally:
        torch.set_autocast_enabled(kind, before[0])
        torch.set_autocast_dtype(kind, before[1])
        torch.clear_autocast_cache()


@contextmanager
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside, what is made on `cuda` is there; a value that the host reads is an error."""
    load, generator = DeviceData.load, Streams.generator

    def loaded(arrays: Arrays, split: str, device: torch.device, *limits: Any) -> DeviceData:
        with _disable_current_modes():  # the host knows what it has loaded
            here = load(arrays, split, torch.device("cpu"), *limits)
            values = SimpleNamespace(numpy=partial(np.array, arrays.train_labels))
        true = here.true.to(device)
        true.cpu = lambda *_: values  # type: ignore[method-assign]
        parts = {name: (x.to(device), y.to(device)) for name, (x, y) in here.parts.items()}
        return replace(here, images=here.images.to(device), true=true, parts=parts)

    monkeypatch.setattr(DeviceData, "load", loaded)
    monkeypatch.setattr(Streams, "generator", lambda self, *name, device=None: generator(self, *name))
    monkeypatch.setattr(nn.Module, "to", _to)
    monkeypatch.setattr(torch.autograd, "grad", _zeros)
    monkeypatch.setattr(torch, "autocast", _mixed_precision)
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield
