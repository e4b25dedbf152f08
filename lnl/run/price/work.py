"""The work of a training step, counted on a miniature of it: floating-point operations, operations started, memory.

A step's work grows linearly with its batch and with those of its further streams, so that small ones tell it; and with
that of its network, so that a small one tells it of a large one (`large`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lnl.data.set_sizes import TRAIN
from lnl.data.sets import draw_sets
from lnl.declared.searched import tried
from lnl.engine.build import training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Learner, Method, Setting, Stream
from lnl.errors import UserError
from lnl.networks.registry import NETWORKS
from lnl.run.price import large
from lnl.run.price.kept import KeptForBackward
from lnl.run.price.large import Operations

Shape = tuple[int, int, int]

FEW, MANY = 4, 8  # batches on which a step is counted


@dataclass(frozen=True)
class Work:
    """Counts of one run: of a step at its own batch, and of evaluating one image, all networks together."""

    step_flops: float
    step_operations: float  # started, views left out
    image_flops: float
    parameters: int
    saved_bytes: float  # the most that a step keeps for its backward passes at one time

    def __add__(self, other: Work) -> Work:
        return Work(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __mul__(self, factor: float) -> Work:
        return Work(*(factor * value for value in vars(self).values()))


def count(spec: dict[str, Any], method: type[Method], shape: Shape, classes: int) -> Work:
    """Work of a run of `method` under `spec` on images of `shape`."""
    name, options = spec["network"]["name"], spec["network"]["options"]
    whole = None if NETWORKS[name].linear else large.if_large(name, options, shape, classes)
    if whole is None:
        return _counted(spec, method, shape, classes)
    small = (shape[0], large.SIDE, large.SIDE)
    try:
        found = _counted(spec | {"network": {"name": large.COUNTED_ON, "options": {}}}, method, small, large.CLASSES)
    except (UserError, AttributeError, KeyError, RuntimeError, TypeError, ValueError):  # it wants this very network
        return _counted(spec, method, shape, classes)
    unit = large.plain(large.COUNTED_ON, {}, small, large.CLASSES)
    return Work(
        found.step_flops * whole.training / unit.training,
        found.step_operations * whole.operations / unit.operations,
        found.image_flops * whole.forward / unit.forward,
        found.parameters * whole.parameters // unit.parameters,
        found.saved_bytes * whole.saved / unit.saved,
    )


def _counted(spec: dict[str, Any], method: type[Method], shape: Shape, classes: int) -> Work:
    """The same, of the network itself, from steps that are made."""
    streams = _streams(spec, method, classes)
    few, many = (_miniature(spec, method, shape, classes, batch, {}) for batch in (FEW, MANY))
    at_batch = few + (many + few * -1.0) * ((spec["batch"]["size"] - FEW) / (MANY - FEW))
    for name, size in streams.items():
        longer = _miniature(spec, method, shape, classes, FEW, {name: MANY})
        at_batch += (longer + few * -1.0) * ((size - FEW) / (MANY - FEW))
    return Work(at_batch.step_flops, many.step_operations, many.image_flops, many.parameters, at_batch.saved_bytes)


def _streams(spec: dict[str, Any], method: type[Method], classes: int) -> dict[str, int]:
    """Batches of a method's further streams, by name."""
    parameters = tried(spec["method"]["parameters"])
    setting = Setting(classes, 0.5, _transition(classes), spec["batch"]["size"], 1, 1, torch.device("cpu"))
    return {name: stream.batch for name, stream in method(parameters, setting).streams().items()}


def _miniature(
    spec: dict[str, Any],
    method: type[Method],
    shape: Shape,
    classes: int,
    batch: int,
    streams: dict[str, int],
) -> Work:
    """streams: batches of further streams that are not FEW."""

    class Small(method):  # type: ignore[misc, valid-type]
        def streams(self) -> dict[str, Stream]:
            return {n: replace(s, batch=streams.get(n, FEW)) for n, s in super().streams().items()}

        def initial_state(self, learner: Learner) -> dict[str, Tensor]:
            trained = learner.train_index
            learner.handovers = defaultdict(learner.networks)  # its own stand for those that other runs hand over
            learner.train_index = trained[: FEW * classes]  # over which it may estimate something, before its steps
            state = super().initial_state(learner)
            learner.train_index = trained
            return state

    running = _training(spec, Small, shape, classes, batch)
    moment = running.begin_epoch(min(1, spec["epochs"] - 1))  # 0 may be that of the untrained network
    weights = running.learner.population.flat
    with FlopCounterMode(display=False) as step, Operations() as started, KeptForBackward([weights]) as kept:
        running.step(0, moment)
    with FlopCounterMode(display=False) as evaluation:
        running.evaluate("test", 1)
    images = len(running.data.parts["test"][1])
    return Work(
        step.get_total_flops(),
        started.count,
        evaluation.get_total_flops() / images,
        weights.numel(),
        kept.most,
    )


def _training(spec: dict[str, Any], method: type[Method], shape: Shape, classes: int, batch: int) -> Training:
    """The run with few blank images and a small batch."""
    examples = max(40 * classes, 4000)  # enough for a stream of trusted examples
    labels = np.arange(examples) % classes
    images = torch.zeros(1, *shape, dtype=torch.uint8).expand(examples, *shape)  # large ones would fill the memory
    true = torch.from_numpy(labels)
    data = DeviceData(images, true, dict.fromkeys(("test", "validation"), (images[:2], true[:2])), shape)
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
