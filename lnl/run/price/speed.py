"""The speed of this device: seconds of the parts that every step is made of, measured on the networks themselves.

Times are of this process on a CPU (a neighbour's turn does not count) and of the device on a GPU.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lnl.engine.arithmetic import computing
from lnl.engine.data import EVALUATION_BATCH, to_float
from lnl.engine.metrics import EpochBuffers
from lnl.engine.optim import Adam
from lnl.learning.augment import augment
from lnl.learning.augment import width as numbers_of
from lnl.learning.selection import cross_entropy
from lnl.networks import build
from lnl.networks.layers import batch_norm_mode
from lnl.run.price.large import Operations, if_large

TRIALS = 3
MOST_FLOPS = {"cpu": 1e11, "cuda": 3e12}  # of one trial: larger batches are cut, and the rate carried over
EVALUATING = 0.25  # part of them in evaluation, which is little of a run
TRIAL = 1.0  # seconds that one trial of a large network may take
LONG = 2.5  # seconds after which no further trial is made
PARAMETERS = 200_000
EXAMPLES = 20_000


@dataclass(frozen=True)
class NetworkSpeed:
    """Floating-point operations a second of one network at a batch, forward and backward, and in evaluation.

    operations: how many operations its forward and backward start.
    """

    training: float
    evaluation: float
    operations: float


@dataclass(frozen=True)
class DeviceSpeed:
    """Seconds of starting an operation, of an optimiser's step per parameter, of gathering a pixel, and of an epoch's
    figures per example."""

    operation: float
    parameter: float
    pixel: float
    figures: float


def network(
    name: str,
    options: dict[str, str],
    arithmetic: str,
    shape: tuple[int, int, int],
    classes: int,
    batch: int,
    augmentation: str,
    device: torch.device,
) -> NetworkSpeed:
    """Speed of a network at this batch, as far as a fraction of a second tells it; images to learn from are laid out as
    their augmentation leaves them, which a CPU's convolutions notice."""
    module = build(name, shape, classes, **options).to(device)
    width = int(getattr(module, "random_width", 0))

    def draw(size: int) -> tuple[Tensor, Tensor, Tensor | None]:
        uniform = torch.rand(size, width, device=device) if width else None
        return torch.rand(size, *shape, device=device), torch.zeros(size, dtype=torch.int64, device=device), uniform

    def train(size: int) -> Callable[[], None]:
        x, labels, uniform = draw(size)
        x = augment(augmentation, x, torch.rand(size, numbers_of(augmentation), device=device))

        def step() -> None:
            with batch_norm_mode("update"), computing(arithmetic, x) as images:
                loss = cross_entropy(module(images, uniform).float(), labels).mean()
            torch.autograd.grad(loss, list(module.parameters()))

        return step

    def evaluate(size: int) -> Callable[[], None]:
        x, _, uniform = draw(size)

        def step() -> None:
            with torch.no_grad(), batch_norm_mode("frozen"), computing(arithmetic, x) as images:
                module(images, uniform)

        return step

    rates: list[float] = []
    started, whole = 0.0, if_large(name, options, shape, classes)
    for make, most in ((train, batch), (evaluate, EVALUATION_BATCH)):
        if whole is not None:
            per_example, count = (whole.forward if rates else whole.training), whole.operations
        else:
            with FlopCounterMode(display=False) as counted, Operations() as operations:
                make(2)()
            per_example, count = counted.get_total_flops() / 2, operations.count
        part = EVALUATING if rates else 1.0
        size = max(1, min(most, int(part * MOST_FLOPS[device.type] / per_example)))
        if whole is not None:  # some, of many thin layers, are slower than others by far
            size = max(1, min(size, int(2 * part * TRIAL / _once(make(2), device))))
        rates.append(size * per_example / _seconds(make(size), device, TRIALS if whole is None else 1))
        started = started or count  # of the first kind: forward and backward
    return NetworkSpeed(rates[0], rates[1], started)


def general(device: torch.device) -> DeviceSpeed:
    """What does not depend on the network."""
    small = torch.zeros(64, device=device)

    def start() -> None:
        for _ in range(100):
            small.add_(1.0)

    flat, gradient = torch.rand(PARAMETERS, device=device), torch.rand(PARAMETERS, device=device)
    optimiser = Adam(flat, 0.9, 0.999, 1e-8, 0.0)
    steps = 100
    buffers = EpochBuffers((1,), steps, EXAMPLES // steps, device)
    images = torch.zeros(1000, 1, 28, 28, dtype=torch.uint8, device=device)
    places = torch.randint(0, 1000, (128,), device=device)
    labels = torch.arange(EXAMPLES, device=device)[None] % 10
    buffers.losses.copy_(torch.rand(1, EXAMPLES, device=device))
    buffers.selects = True
    started = _seconds(start, device) / 100
    return DeviceSpeed(
        operation=started,
        parameter=_seconds(lambda: optimiser.step(flat, gradient, 1e-3), device) / PARAMETERS,
        pixel=_seconds(lambda: to_float(images.index_select(0, places)), device) / (128 * 28 * 28),
        figures=_seconds(lambda: buffers.figures(labels, labels.roll(1), steps), device) / EXAMPLES,
    )


def _seconds(work: Callable[[], object], device: torch.device, trials: int = TRIALS) -> float:
    """Median seconds of a few trials after one that does not count; one that is long is not made again."""
    times = []
    for _ in range(1 + trials):
        times.append(_once(work, device))
        if sum(times) > LONG and len(times) > 1:
            break
    return statistics.median(times[1:])


def _once(work: Callable[[], object], device: torch.device) -> float:
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    begin = clock()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - begin
