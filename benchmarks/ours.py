"""The suite's own training, set up by the engine as `lnl train` does it, on the numbers that the restatement reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import mnist_files
from lnl.data.prepare import load
from lnl.data.sets import draw_sets
from lnl.declared.reading import read_methods
from lnl.declared.suite import Suite
from lnl.engine import build
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.run import hardware

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 10
EPOCH = 20  # after the ramp: Co-teaching drops 45% of every batch
STEPS = 401  # of an epoch, as the Co-teaching and S2E codes stop there


@dataclass
class Problem:
    """MNIST, or its synthetic twin, as both sides see it: the folder of idx files, and the same numbers as arrays."""

    folder: Path
    source: str
    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    given: np.ndarray

    @property
    def is_clean(self) -> np.ndarray:
        return self.given == self.labels

    @classmethod
    def lay_out(cls, folder: Path) -> Problem:
        source = mnist_files.lay_out(folder)
        images, labels = mnist_files.read_idx(folder, "train")
        test_images, test_labels = mnist_files.read_idx(folder, "t10k")
        return cls(folder, source, images, labels, test_images, test_labels, mnist_files.pair_flipped(labels))


@cache
def matmul() -> str:
    """The precision setting, and with it the kernels of matrix products, that `lnl train` chooses on this CPU."""
    with usual_settings():
        hardware.torch_device("cpu", deterministic=False)
        return torch.get_float32_matmul_precision()


@contextmanager
def usual_settings() -> Iterator[None]:
    """torch as it is when nobody sets anything, once the block ends."""
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_float32_matmul_precision("highest")


@contextmanager
def as_trained(precision: str | None = None) -> Iterator[None]:
    """torch as `lnl train` sets it; the released loop, which shares the process, keeps the usual settings.

    `precision`: another setting for matrix products than the one that this CPU gets.
    """
    precision = precision or matmul()
    with usual_settings():
        torch.set_flush_denormal(True)
        torch.set_float32_matmul_precision(precision)
        yield


def specification(method: str, cell: str | None = None) -> dict[str, Any]:
    """Resolved specification of a cell at paper scale; by default of a method on MNIST under S2E's protocol
    (784-256-10, Adam, batch 128)."""
    suite = Suite.load(ROOT, {"scale": "paper"}, validate=False)
    return suite.spec(suite.parse(cell or f"s2e/mnist/pair-45/{method}"))


def training(
    problem: Problem,
    method: str,
    /,
    *,
    test: bool,
    runs: int = 0,
    parameters: dict[str, Any] | None = None,
    cell: str | None = None,
    device: str = "cpu",
    **changes: Any,
) -> Training:
    """A training of one run in single mode, or of `runs` runs (seeds 1, 2, …) as one stack.

    test: whether the 10,000 test images are evaluated after an epoch. cell, changes: another cell's specification, and
    values of it to replace.
    """
    spec = specification(method, cell) | changes
    spec["method"]["parameters"] |= parameters or {}

    def images(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.reshape(-1, 1, 28, 28).copy()).to(device)

    def labels(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.int64)).to(device)

    tested = (images(problem.test_images), labels(problem.test_labels))
    data = DeviceData(images(problem.images), labels(problem.labels), {"test": tested} if test else {}, (1, 28, 28))
    return built(spec, data, problem.given, runs)


def digits(method: str, cache: Path, runs: int = 0) -> Training:
    """The same on scikit-learn's digits at scale demo (64-256-10, batches of 64), evaluation included."""
    suite = Suite.load(ROOT, {"scale": "demo"}, validate=False)
    spec = suite.spec(suite.parse(f"s2e/digits/pair-45/{method}"))
    arrays = load(suite.dataset("digits"), None, cache)
    data = DeviceData.load(arrays, spec["split"], torch.device("cpu"), None)
    return built(spec, data, mnist_files.pair_flipped(np.array(arrays.train_labels)), runs)


def built(spec: dict[str, Any], data: DeviceData, given: np.ndarray, runs: int = 0) -> Training:
    """A training by a resolved specification, on given labels that are pair-flipped."""
    rate, seeds = mnist_files.NOISE_RATE, list(range(1, max(1, runs) + 1))
    transition = (1 - rate) * torch.eye(CLASSES) + rate * torch.eye(CLASSES).roll(1, 1)
    kind = build.load_method(Path(read_methods(ROOT / "methods")[spec["method"]["key"]]["file"]))
    mode = "stacked" if runs else "single"
    true = data.true.cpu().numpy()
    sets = [draw_sets(spec.get("sets", {}), true, CLASSES, spec["dataset"], seed) for seed in seeds]
    return build.training(spec, kind, data, [given] * len(seeds), rate, transition, seeds, mode=mode, sets=sets)


def epoch(running: Training, precision: str | None = None) -> int:
    """One epoch as the loop runs it: order, steps, figures (and evaluation, if there are test images)."""
    with as_trained(precision):
        moment = running.begin_epoch(EPOCH)
        for step in range(running.steps):
            running.step(step, moment)
        running.end_epoch(moment)
    return running.steps * running.batches.size
