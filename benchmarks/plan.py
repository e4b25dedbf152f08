"""What `lnl plan` says a run will take, beside what it takes: without any record every price is the model's own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import ours
from benchmarks.harness import Result
from lnl.data.sets import draw_sets
from lnl.declared.suite import Suite
from lnl.engine import build
from lnl.engine.data import DeviceData
from lnl.engine.loop import Training
from lnl.run.price.model import Model

#: Cells of every network of the suite, with one network and with two, and the epochs, steps and test images of a trial.
CELLS = {
    "s2e/mnist/pair-45/standard": (4, 401, 10_000),
    "s2e/mnist/pair-45/mentornet": (4, 401, 10_000),
    "s2e/mnist/pair-45/coteaching": (3, 401, 10_000),
    "s2e/cifar10/pair-45/standard": (3, 100, 4000),
    "s2e/cifar10/pair-45/coteaching": (3, 60, 4000),
    "s2e/cifar100/pair-45/standard": (2, 4, 250),
    "coteaching/mnist/pair-45/standard": (2, 3, 50),
    "coteaching/cifar10/pair-45/standard": (2, 3, 50),
    "l2r-background/cifar10/background-40/standard": (1, 60, 500),
    "l2r-background/cifar10/background-40/l2r": (1, 60, 500),
    "ieg/cifar10/uniform-80/ieg-small": (1, 60, 4000),
    "ieg/cifar10/uniform-80/supervised-rn29": (1, 60, 500),
    "ieg/cifar10/uniform-80/ieg-rn29": (1, 12, 500),
}


def prices(cache: Path) -> Result:
    """Distance of every price from what the trial took, in CPU time; the value is the largest."""
    suite = Suite.load(ours.ROOT, {"scale": "paper", "device": "cpu"})
    with ours.as_trained():
        model = Model(suite, torch.device("cpu"), cache)
        found = {cell: _one(suite, model, cell, *CELLS[cell]) for cell in CELLS}
    errors = {cell: predicted / took - 1 for cell, (predicted, took) in found.items()}
    note = ", ".join(f"{cell.replace('/pair-45', '')} {100 * error:+.0f}%" for cell, error in errors.items())
    largest = 100 * max(map(abs, errors.values()))
    title = "`lnl plan`: largest distance of a price from the time a run takes, nothing calibrated"
    return Result("plan_error", title, largest, "%", "lower", 25, n=len(errors), ratio=False, note=note, details=found)


def _one(suite: Suite, model: Model, cell: str, epochs: int, steps: int, images: int) -> tuple[float, float]:
    """(predicted, measured) seconds of a trial."""
    spec: dict[str, Any] = suite.spec(suite.parse(cell)) | {"epochs": epochs}
    spec["limits"] = {"test_images": images}
    if "length" in spec:  # counted in steps: one period
        spec["length"] |= {"steps": steps, "period": steps, "paper_steps": steps, "paper_period": steps}
    else:
        spec["limits"]["steps_per_epoch"] = steps
    predicted = model.seconds(spec)
    running = _training(suite, spec, images)
    begin = time.process_time()
    running.run()
    return predicted, time.process_time() - begin


def _training(suite: Suite, spec: dict[str, Any], images: int) -> Training:
    """The run on random images of the data set's shape."""
    info, draw = suite.dataset(spec["dataset"]), np.random.default_rng(0)

    def part(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        drawn = draw.integers(0, 256, (count, *info.shape), dtype=np.uint8)
        return torch.from_numpy(drawn), torch.from_numpy(draw.integers(0, info.classes, count))

    x, true = part(min(info.train, 52_000))
    parts = {"test": part(images)} | ({"validation": part(images)} if spec["split"] != "none" else {})
    kind = build.load_method(Path(suite.methods[spec["method"]["key"]]["file"]))
    rate, transition = 0.45, 0.55 * torch.eye(info.classes) + 0.45 * torch.eye(info.classes).roll(1, 1)
    given = ((true.numpy() + (draw.random(len(true)) < rate)) % info.classes).astype(np.int64)
    data, sets = (
        DeviceData(x, true, parts, info.shape),
        [draw_sets(spec.get("sets", {}), true.numpy(), info.classes, info.key, 1)],
    )
    return build.training(spec, kind, data, [given], rate, transition, [1], sets=sets)
