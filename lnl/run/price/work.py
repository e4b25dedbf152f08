"""The work of a training step, counted on a miniature of it: floating-point operations, operations started, memory.

A step's work grows linearly with its batch and with those of its further streams, so that small ones tell it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from lnl.data.set_sizes import TRAIN
from lnl.data.sets import draw_sets
from lnl.declared.searched import tried
from lnl.engine.build import training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Method, Setting, Stream

SMALL, LARGE = 4, 8  # batches on which a step is counted


@dataclass(frozen=True)
class Work:
    """Counts of one run: of a step at its own batch, and of evaluating one image, all networks together."""

    step_flops: float
    step_operations: float  # started, views left out
    image_flops: float
    parameters: int
    saved_bytes: float  # kept for the backward pass of a step

    def __add__(self, other: Work) -> Work:
        return Work(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __mul__(self, factor: float) -> Work:
        return Work(*(factor * value for value in vars(self).values()))


def count(spec: dict[str, Any], method: type[Method], shape: tuple[int, int, int], classes: int) -> Work:
    """Work of a run of `method` under `spec` on images of `shape`."""
    streams = _streams(spec, method, classes)
    small, large = (_miniature(spec, method, shape, classes, batch, {}) for batch in (SMALL, LARGE))
    at_batch = small + (large + small * -1.0) * ((spec["batch"]["size"] - SMALL) / (LARGE - SMALL))
    for name, size in streams.items():
        longer = _miniature(spec, method, shape, classes, SMALL, {name: LARGE})
        at_batch += (longer + small * -1.0) * ((size - SMALL) / (LARGE - SMALL))
    return Work(at_batch.step_flops, large.step_operations, large.image_flops, large.parameters, at_batch.saved_bytes)


class Operations(TorchDispatchMode):
    """Operations that a device would have to start."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.count += not func.is_view and not name.startswith(("empty", "_unsafe_view"))
        return func(*args, **(kwargs or {}))


def _streams(spec: dict[str, Any], method: type[Method], classes: int) -> dict[str, int]:
    """Batches of a method's further streams, by name."""
    parameters = tried(spec["method"]["parameters"])
    setting = Setting(classes, 0.5, _transition(classes), spec["batch"]["size"], 1, 1, torch.device("cpu"))
    return {name: stream.batch for name, stream in method(parameters, setting).streams().items()}


def _miniature(
    spec: dict[str, Any],
    method: type[Method],
    shape: tuple[int, int, int],
    classes: int,
    batch: int,
    streams: dict[str, int],
) -> Work:
    """streams: batches of further streams that are not SMALL."""

    class Small(method):  # type: ignore[misc, valid-type]
        def streams(self) -> dict[str, Stream]:
            return {n: replace(s, batch=streams.get(n, SMALL)) for n, s in super().streams().items()}

    running = _training(spec, Small, shape, classes, batch)
    moment = running.begin_epoch(1)
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        saved[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with FlopCounterMode(display=False) as step, Operations() as started, saved_tensors_hooks(keep, lambda t: t):
        running.step(0, moment)
    with FlopCounterMode(display=False) as evaluation:
        running.evaluate("test", 1)
    images = len(running.data.parts["test"][1])
    return Work(
        step.get_total_flops(),
        started.count,
        evaluation.get_total_flops() / images,
        running.learner.population.flat.numel(),
        sum(saved.values()),
    )


def _training(
    spec: dict[str, Any], method: type[Method], shape: tuple[int, int, int], classes: int, batch: int
) -> Training:
    """The run with few blank images and a small batch."""
    examples = max(40 * classes, 4000)  # enough for a stream of trusted examples
    labels = np.arange(examples) % classes
    images = torch.zeros(1, *shape, dtype=torch.uint8).expand(examples, *shape)  # large ones would fill the memory
    true = torch.from_numpy(labels)
    data = DeviceData(images, true, {"test": (images[:2], true[:2])}, shape)
    small = spec | {"batch": spec["batch"] | {"size": batch, "steps_cap": 1}, "limits": {}}
    # a searched schedule costs nothing; of a searched value, any that may be found
    parameters = {k: v for k, v in tried(spec["method"]["parameters"]).items() if k != "R"}
    small["method"] = spec["method"] | {"parameters": parameters}
    small["sets"] = {name: {"count": 2 * classes} for name in spec.get("sets", {}) if name != TRAIN}
    sets = draw_sets(small["sets"], labels, classes, spec["dataset"], 1)
    small.pop("stage", None)
    return training(small, method, data, [labels], 0.5, _transition(classes), [1], sets=[sets])


def _transition(classes: int) -> Tensor:
    """Any transition matrix that can be inverted."""
    return 0.5 * torch.eye(classes) + 0.5 / classes
