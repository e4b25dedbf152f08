"""The nine-layer CNN: its step over its own convolutions, bfloat16 over single precision; and batched augmentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import ours
from benchmarks.harness import PAIRS, Result, paired
from benchmarks.ours import Problem
from lnl.engine.data import to_float
from lnl.engine.loop import Training
from lnl.learning.augment import WIDTH, augment

BATCH = 128
CELL = "coteaching/mnist/pair-45/standard"
IMAGES = 2048
convolution, convolution_backward = torch.ops.aten.convolution, torch.ops.aten.convolution_backward


class Convolutions:
    """Every convolution of the network forward and backward, on tensors of the shapes that a step has."""

    def __init__(self, running: Training) -> None:
        network = running.learner.population.modules[0]
        self.calls: list[tuple[Tensor, Tensor, Tensor, int, bool]] = []
        hooks = [
            conv.register_forward_hook(lambda module, inputs, out: self._keep(module, inputs[0], out))
            for conv in network.convs  # type: ignore[union-attr]
        ]
        with torch.no_grad():
            network(torch.rand(BATCH, *running.data.shape), None)
        for hook in hooks:
            hook.remove()

    def _keep(self, module: Any, x: Tensor, out: Tensor) -> None:
        first = not self.calls  # nobody asks for the gradient of the images
        self.calls.append((x.clone(), module.weight.detach(), torch.rand_like(out), module.padding[0], not first))

    def step(self) -> int:
        for x, weight, upstream, padding, wanted in self.calls:
            how = ((1, 1), (padding, padding), (1, 1), False, (0, 0), 1)
            convolution(x, weight, None, *how)
            convolution_backward(upstream, x, weight, None, *how, (wanted, True, False))
        return 1


def _training(problem: Problem, arithmetic: str) -> Training:
    return ours.training(
        problem, "standard", test=False, cell=CELL, batch={"size": BATCH, "steps_cap": 50}, arithmetic=arithmetic
    )


def _steps(running: Training) -> Callable[[], int]:
    """One step of an epoch that has begun."""
    moment = running.begin_epoch(ours.EPOCH)

    def step() -> int:
        with ours.as_trained():
            running.step(0, moment)
        return 1

    return step


def cnn9(problem: Problem, pairs: int = PAIRS) -> list[Result]:
    """A step over its convolutions, and single precision over bfloat16."""
    training = _training(problem, "faithful")
    faithful, fast = _steps(training), _steps(_training(problem, "fast"))
    own = Convolutions(training)

    def multiply() -> int:
        with ours.as_trained():
            return own.step()

    bfloat16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return [
        Result.of_pairs(
            "cnn9_convolutions",
            "nine-layer CNN: a step over its own convolutions, same precision and layout",
            paired(faithful, multiply, pairs),
            "lower",
            1.25,
            note=f"a step, batch {BATCH}",
            scale="s",
        ),
        Result.of_pairs(
            "cnn9_bfloat16",
            "nine-layer CNN: single precision over bfloat16 and channels-last, time of a step",
            paired(faithful, fast, pairs),
            "higher",
            2 if bfloat16 else None,
            note=f"a step, batch {BATCH}" + ("" if bfloat16 else "; this CPU has no bfloat16"),
            scale="s",
        ),
    ]


def augmentation(pairs: int = PAIRS) -> Result:
    """Crop, flip and conversion of CIFAR-sized images, one by one through PIL over whole batches."""
    from PIL import Image
    from torchvision import transforms

    path = transforms.Compose(
        [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
    )
    rows = np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)
    images = torch.from_numpy(rows).permute(0, 3, 1, 2).contiguous()

    def one_by_one() -> int:
        torch.stack([path(Image.fromarray(row)) for row in rows])
        return IMAGES

    def batched() -> int:
        for part in images.split(128):
            augment("crop-flip", to_float(part), torch.rand(len(part), WIDTH))
        return IMAGES

    title = "crop and flip of CIFAR images: PIL one by one over batches"
    return Result.of_pairs(
        "augmentation", title, paired(one_by_one, batched, pairs), "higher", 3, note="an image", scale="µs"
    )
