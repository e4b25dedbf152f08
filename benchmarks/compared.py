"""A step of IEG, and of each method that it is compared with, beside a plain one: ResNet-29 on 32 x 32 pixels."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import ours
from benchmarks.harness import PAIRS, Result, paired
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training

PROTOCOL = "ieg/cifar10/uniform-80"
RESNET = "ieg_resnet29"
IMAGES, BATCH = 2000, 20
LENGTH = {"steps": 10**6, "period": 1000, "paper_steps": 10**6, "paper_period": 1000, "clock": "cut"}

#: Over a plain step on as many images; a sketch of the algorithm by forward mode took 8.7.
IEG = 9.0
#: Over a plain step whose one forward pass has two views of each image.
COMPARED = ("supervised", "gce", "mixmatch", "dynamic-bootstrap", "ieg-l2r")
TWO_VIEWS = 2.2


def steps(pairs: int = PAIRS) -> list[Result]:
    """Ratios of one step, batches of 20 and as many trusted images."""
    plain, wide = (_steps(training("standard", batch)) for batch in (BATCH, 2 * BATCH))
    found = paired(_steps(training("ieg-small", BATCH)), plain, pairs)
    out = [Result.of_pairs("compared_ieg", "IEG, ResNet-29: a step over a plain one", found, "lower", IEG, scale="ms")]
    for method in COMPARED:
        found = paired(_steps(training(f"{method}-small", BATCH)), wide, pairs)
        title = f"{method}, ResNet-29: a step over a plain one of two views"
        out.append(Result.of_pairs(f"compared_{method}", title, found, "lower", TWO_VIEWS, scale="ms"))
    return out


def training(method: str, batch: int, network: str = RESNET, device: str = "cpu", **changes: Any) -> Training:
    """A cell of IEG's protocol on noise in place of photographs: a step takes as long."""
    spec = ours.specification(method, f"{PROTOCOL}/{method}")
    batches = spec["batch"] | {"size": batch}
    spec |= {"network": {"name": network, "options": {}}, "length": LENGTH, "batch": batches, **changes}
    if "probe_batch" in spec["method"]["parameters"]:
        spec["method"]["parameters"]["probe_batch"] = batch
    images = torch.randint(256, (IMAGES, 3, 32, 32), dtype=torch.uint8, device=device)
    true = torch.arange(IMAGES, device=device) % ours.CLASSES
    data = DeviceData(images, true, {"test": (images[:2], true[:2])}, (3, 32, 32))
    return ours.built(spec, data, true.cpu().numpy())


def _steps(running: Training) -> Callable[[], int]:
    moment, at = running.begin_epoch(1), itertools.cycle(range(running.steps))

    def work() -> int:
        with ours.as_trained():
            running.step(next(at), moment)
        return 1

    return work
