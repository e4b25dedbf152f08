"""The work of a training, counted on a miniature of it: floating-point operations, operations started, memory.

A step's work grows linearly with its batch and with those of its further streams, so that small ones tell it; and with
that of its network, so that a small one tells it of a large one (`large`). What a method does before and after an epoch
grows with the training examples. A method that has a step of its own, or does something there, may do more after a
warm-up: its epochs are counted at several places (`phases`), and all figures are means over the training.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lnl.data.set_sizes import TRAIN
from lnl.data.sets import draw_sets
from lnl.declared import lengths
from lnl.declared.searched import tried
from lnl.engine.build import training
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.engine.method import Learner, Method, Moment, Setting, Stream
from lnl.errors import UserError
from lnl.networks.registry import NETWORKS
from lnl.run.price import large, phases
from lnl.run.price.kept import KeptForBackward
from lnl.run.price.large import Operations

Shape = tuple[int, int, int]

FEW, MANY = 4, 8  # batches on which a step is counted
OF_STEP = ("step_flops", "step_operations")  # a mean over epochs


@dataclass(frozen=True)
class Work:
    """Counts of one run: of a step at its own batch, of evaluating one image, and of what is done before and after an
    epoch for each training example; all networks together, and a mean over the trained epochs."""

    step_flops: float
    step_operations: float  # started, views left out
    image_flops: float
    parameters: int
    saved_bytes: float  # the most that a step keeps for its backward passes at one time
    example_flops: float  # of `epoch_begin` and `epoch_end`

    def __add__(self, other: Work) -> Work:
        return Work(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __mul__(self, factor: float) -> Work:
        return Work(*(factor * value for value in vars(self).values()))


def counted_parameters(spec: dict[str, Any]) -> dict[str, Any]:
    """Parameters of a method with which its work is counted: a schedule R costs nothing whichever it is, and of a
    searched value any that may be found will do."""
    return {name: value for name, value in tried(spec["method"]["parameters"]).items() if name != "R"}


def count(spec: dict[str, Any], method: type[Method], shape: Shape, classes: int, examples: int) -> Work:
    """Work of a run of `method` under `spec` on `examples` training images of `shape`."""
    name, options = spec["network"]["name"], spec["network"]["options"]
    whole = None if NETWORKS[name].linear else large.if_large(name, options, shape, classes)
    if whole is None:
        return _counted(spec, method, shape, classes, examples)
    small = (shape[0], large.SIDE, large.SIDE)
    other = spec | {"network": {"name": large.COUNTED_ON, "options": {}}}
    try:
        found = _counted(other, method, small, large.CLASSES, examples)
    except (UserError, AttributeError, KeyError, RuntimeError, TypeError, ValueError):  # it wants this very network
        return _counted(spec, method, shape, classes, examples)
    unit = large.plain(large.COUNTED_ON, {}, small, large.CLASSES)
    return Work(
        found.step_flops * whole.training / unit.training,
        found.step_operations * whole.operations / unit.operations,
        found.image_flops * whole.forward / unit.forward,
        found.parameters * whole.parameters // unit.parameters,
        found.saved_bytes * whole.saved / unit.saved,
        found.example_flops * whole.forward / unit.forward,
    )


def _counted(spec: dict[str, Any], method: type[Method], shape: Shape, classes: int, examples: int) -> Work:
    """The same, of the network itself, from steps that are made."""
    first, last = min(1, spec["epochs"] - 1), spec["epochs"] - 1  # 0 may be that of the untrained network
    small = _Miniature(spec, method, shape, classes, examples)

    def over(shares: Mapping[int, float], around: Sequence[int]) -> Work:
        works = [small.at_full_batch(epoch) for epoch in shares]
        mean = {k: sum(getattr(w, k) * share for w, share in zip(works, shares.values(), strict=True)) for k in OF_STEP}
        passes = sum(small.work(epoch).example_flops for epoch in around) / len(around)
        most = max(work.saved_bytes for work in works)
        return replace(works[0], saved_bytes=most, example_flops=passes, **mean)

    def own(*names: str) -> bool:
        return any(getattr(method, name) is not getattr(Method, name) for name in names)

    around = phases.spread(first, last) if own("epoch_begin", "epoch_end") else [first]
    try:
        if own("step", "epoch_begin", "epoch_end"):
            return over(phases.shares(first, last, lambda epoch: small.work(epoch).step_flops), around)
    except Exception:  # a method's own code, which need not bear it that epochs are left out
        around = [first]
    return over({first: 1.0}, around)


@dataclass
class _Miniature:
    """Trainings with few images, small batches and otherwise as specified, each begun at the epoch that is counted."""

    spec: dict[str, Any]
    method: type[Method]
    shape: Shape
    classes: int
    examples: int  # of the run itself

    def __post_init__(self) -> None:
        self._made: dict[tuple[int, int, str], Work] = {}

    def at_full_batch(self, epoch: int) -> Work:
        """Work of an epoch with the batches that are specified."""
        few, many = self.work(epoch), self.work(epoch, MANY)
        found = few + (many + few * -1.0) * ((self.spec["batch"]["size"] - FEW) / (MANY - FEW))
        for name, size in self._streams().items():
            longer = self.work(epoch, longer=name)
            found += (longer + few * -1.0) * ((size - FEW) / (MANY - FEW))
        exact = {k: getattr(many, k) for k in ("step_operations", "image_flops", "parameters", "example_flops")}
        return replace(found, **exact)

    def _streams(self) -> dict[str, int]:
        """Batches of the method's further streams, by name."""
        parameters, classes = counted_parameters(self.spec), self.classes
        setting = Setting(classes, 0.5, _transition(classes), self.spec["batch"]["size"], 1, 1, torch.device("cpu"))
        return {name: stream.batch for name, stream in self.method(parameters, setting).streams().items()}

    def _steps_before(self, epoch: int) -> int:
        """Steps of the run itself before an epoch: a warm-up may be counted in them."""
        if "length" in self.spec:
            return int(epoch * self.spec["length"]["period"])
        trained = max(0, epoch - bool(self.spec["untrained_epoch"]))
        return lengths.steps_of_epoch(self.spec, self.examples) * trained

    def work(self, epoch: int, batch: int = FEW, longer: str = "") -> Work:
        """Work of the first step of an epoch, and around it. longer: the stream of which a batch is MANY, not FEW."""
        key = epoch, batch, longer
        if key not in self._made:
            self._made[key] = self._count(*key)
        return self._made[key]

    def _count(self, epoch: int, batch: int, longer: str) -> Work:
        around: list[int] = []

        class Small(self.method):  # type: ignore[name-defined]
            def streams(self) -> dict[str, Stream]:
                return {n: replace(s, batch=MANY if n == longer else FEW) for n, s in super().streams().items()}

            def initial_state(self, learner: Learner) -> dict[str, Tensor]:
                learner.seen = replace(
                    learner.seen,
                    handovers=defaultdict(learner.networks),  # its own stand for those that other runs hand over
                    train_index=learner.train_index[: FEW * self.setting.classes],  # over which it may go
                )
                state: dict[str, Tensor] = super().initial_state(learner)
                return state

            def epoch_begin(self, learner: Learner, now: Moment) -> None:
                with FlopCounterMode(display=False) as counted:
                    super().epoch_begin(learner, now)
                around.append(counted.get_total_flops())

            def epoch_end(self, learner: Learner, now: Moment) -> None:
                with FlopCounterMode(display=False) as counted:
                    super().epoch_end(learner, now)
                around.append(counted.get_total_flops())

        running = _training(self.spec, Small, self.shape, self.classes, batch)
        running.begin()
        running.runs[0].train_index = running.learner.train_index
        running.position.total = self._steps_before(epoch)
        moment = running.begin_epoch(epoch)
        weights = running.learner.population.flat
        with FlopCounterMode(display=False) as step, Operations() as started, KeptForBackward([weights]) as kept:
            running.step(0, moment)
        with FlopCounterMode(display=False) as evaluation:
            running.evaluation.accuracies("test", epoch)
        running.methods[0].epoch_end(running.learner, moment)
        return Work(
            step.get_total_flops(),
            started.count,
            evaluation.get_total_flops() / len(running.data.parts["test"][1]),
            weights.numel(),
            kept.most,
            sum(around) / len(running.learner.train_index),
        )


def _training(spec: dict[str, Any], method: type[Method], shape: Shape, classes: int, batch: int) -> Training:
    """The run with a few images and a small batch."""
    examples = max(40 * classes, 4000)  # enough for a stream of trusted examples
    labels = np.arange(examples) % classes
    # windows of one strip of noise: large images would fill the memory, and equal ones would have equal losses
    strip = torch.randint(0, 256, (math.prod(shape) + examples,), generator=torch.Generator().manual_seed(1))
    apart = (1, shape[1] * shape[2], shape[2], 1)
    images = strip.to(torch.uint8).as_strided((examples, *shape), apart)
    true = torch.from_numpy(labels)
    data = DeviceData(images, true, dict.fromkeys(("test", "validation"), (images[:2], true[:2])), shape)
    small = spec | {"batch": spec["batch"] | {"size": batch, "steps_cap": 1}, "limits": {}}
    small["method"] = spec["method"] | {"parameters": counted_parameters(spec)}
    small["sets"] = {name: {"count": 2 * classes} for name in spec.get("sets", {}) if name != TRAIN}
    sets = draw_sets(small["sets"], labels, classes, spec["dataset"], 1)
    small.pop("stage", None)
    return training(small, method, data, [labels], 0.5, _transition(classes), [1], sets=[sets])


def _transition(classes: int) -> Tensor:
    """Any transition matrix that can be inverted."""
    return 0.5 * torch.eye(classes) + 0.5 / classes
