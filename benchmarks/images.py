"""Images that stay in their files: how long a training of ResNet-50 waits for them, and whether memory stays flat.

A tree of WebVision's layout is made, of images whose shorter side is 256 as in its resized version. Each number is of
wall clocks: whoever shares the cores is part of it, and the load stands in the note.
"""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision.models import resnet50

from benchmarks.harness import Result
from benchmarks.ours import as_trained
from lnl.data.prepare import load
from lnl.data.registry import DatasetInfo
from lnl.engine import build
from lnl.engine.loop import Training
from lnl.engine.streamed import StreamedData
from lnl.learning.augment import RESIZED
from lnl.networks.layers import BatchNorm2d
from lnl.networks.network import Network
from lnl.networks.registry import NETWORKS, NetworkInfo

ROOT = Path(__file__).resolve().parent.parent
IMAGES, TESTS, CLASSES, SIDE = 2000, 50, 50, 224
BATCH, STEPS, WORKERS = 8, 10, 2
WAIT = 5.0  # percent of the time, at most
GROWTH = 1.02  # resident memory after the third epoch over that after the first, at most
NETWORK = "bench_resnet50"


class ResNet50(Network):
    """torchvision's, with batch norm of the suite's, whose mode the engine sets."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.inner = resnet50(num_classes=classes, norm_layer=BatchNorm2d)

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        return self.inner(x)


def lay_out(root: Path, images: int = IMAGES) -> DatasetInfo:
    """Lists and JPEGs of landscape format; their declaration."""
    stream, rows = np.random.default_rng(0), {}
    coarse = stream.integers(0, 256, (16, 24, 32, 3)).astype(np.uint8)
    for part, folder, count in (("train", "google/q0001", images), ("val", "", TESTS)):
        below = root / "webvision" / ("val_images_256" if part == "val" else "")
        (below / folder).mkdir(parents=True, exist_ok=True)
        rows[part] = [f"{Path(folder) / f'{n:06}.jpg'} {n % CLASSES}" for n in range(count)]
        for n, row in enumerate(rows[part]):
            picture = Image.fromarray(np.roll(coarse[n % len(coarse)], n, axis=1))
            picture.resize((341, 256), Image.Resampling.BICUBIC).save(below / row.split()[0], quality=95)
    (root / "webvision/info").mkdir()
    for part in rows:
        (root / f"webvision/info/{part}.txt").write_text("\n".join(rows[part]) + "\n")
    told = {
        "title": "a tree of WebVision's layout",
        "classes": CLASSES,
        "shape": [3, SIDE, SIDE],
        "counts": {"train": images, "test": TESTS},
        "reader": "image-files",
        "options": {
            "train": {"lists": ["webvision/info/train.txt"], "images": "webvision"},
            "test": {"lists": ["webvision/info/val.txt"], "images": "webvision/val_images_256"},
        },
        "source": "made here",
        "licence": "none",
    }
    return DatasetInfo.of("tree", told, root / "tree.yaml")


def loader(scratch: Path, images: int = IMAGES, steps: int = STEPS) -> list[Result]:
    """Share of waiting in a training, resident memory over three epochs of reading, and images read in a second."""
    info = lay_out(scratch / "images", images)
    before = os.environ.get("LNL_LOADER_WORKERS")
    os.environ["LNL_LOADER_WORKERS"] = str(WORKERS)
    try:
        arrays = load(info, scratch / "images", scratch / "cache")
        data = StreamedData.load(arrays, "none", torch.device("cpu"), None)
        return [_waiting(data, steps), *_epochs(data)]
    finally:
        os.environ.pop("LNL_LOADER_WORKERS")
        if before is not None:
            os.environ["LNL_LOADER_WORKERS"] = before


def _training(data: StreamedData, network: str, batch: int) -> Training:
    spec: dict[str, Any] = {
        "protocol": "bench",
        "dataset": "tree",
        "network": {"name": network, "options": {}},
        "epochs": 4,
        "paper_epochs": 4,
        "untrained_epoch": False,
        "augment": RESIZED,
        "batch": {"size": batch, "steps_cap": None},
        "optimiser": {"name": "sgd", "lr": 0.01, "schedule": "constant", "momentum": 0.9},
        "limits": {},
        "method": {"key": "standard", "parameters": {}},
    }
    kind = build.load_method(ROOT / "methods" / "standard.py")
    labels = data.true.numpy()
    return build.training(spec, kind, data, [labels], 0.0, torch.eye(CLASSES), [1])


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _waiting(data: StreamedData, steps: int) -> Result:
    """In percent of the time of every step but the first, before which nothing can have been read."""
    NETWORKS[NETWORK] = NetworkInfo("benchmarks.images", "ResNet50", "ResNet-50 of the benchmark")
    try:
        running = _training(data, NETWORK, BATCH)
    finally:
        del NETWORKS[NETWORK]
    shares, seconds = [], []
    with as_trained():
        moment = running.begin_epoch(0)
        running.step(0, moment)
        for number in range(1, steps + 1):
            waited, began = data.loader.waited, time.perf_counter()
            running.step(number, moment)
            seconds.append(time.perf_counter() - began)
            shares.append(100 * (data.loader.waited - waited) / seconds[-1])
    note = f"batch {BATCH}, {WORKERS} readers; {statistics.median(seconds):.2g} s a step; {_load()}"
    title = f"ResNet-50 at {SIDE} px on one core: share of a step that waits for images"
    value = sum(share * s for share, s in zip(shares, seconds, strict=True)) / sum(seconds)
    return Result(
        "images_waiting", title, value, "%", "lower", WAIT, min(shares), max(shares), steps, ratio=False, note=note
    )


def _epochs(data: StreamedData) -> list[Result]:
    """Three epochs of reading without a network."""
    running = _training(data, "digits_mlp", 50)
    sizes, rates = [], []
    for epoch in range(3):
        began = time.perf_counter()
        running.batches.begin(epoch)
        for number in range(running.batches.steps):
            running.batches.ask(number)
            running.batches.batch(number)
        rates.append(running.batches.steps * running.batches.size / (time.perf_counter() - began))
        sizes.append(_resident())
    note = f"{', '.join(f'{size:.0f}' for size in sizes)} MB; {_load()}"
    growth = Result(
        "images_memory",
        f"resident memory after three epochs of reading {len(data.true):,} images over that after one",
        sizes[2] / sizes[0],
        "x",
        "lower",
        GROWTH,
        n=3,
        ratio=False,
        note=note,
    )
    title = f"images of 341 x 256 read, cropped and scaled by {WORKERS} readers"
    return [growth, Result.of_values("images_read", title, rates, "a second", "higher", note=_load())]


def _resident() -> float:
    """Resident memory of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
