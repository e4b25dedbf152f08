"""A training of every declared kind takes two steps at its paper's scale, on a device that computes nothing.

What stand-ins cannot show before a GPU's hours are spent: that its own network takes its images, classes, batches and
views, and that all of it lies on one device. Not here: methods that count labels first, R(t) that is searched, how
images in files are read, and what a stage begins with. `pytest -m large`: six minutes on a core; `-k PROTOCOL`.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import helpers
import pytest
import torch
from elsewhere import COUNT_FIRST, ELSEWHERE, Crossings, as_on_a_gpu, build_there, known

from lnl.data.registry import DatasetInfo
from lnl.data.sets import draw_sets
from lnl.data.splits import noisy_hold_out
from lnl.declared.cells import Cell
from lnl.declared.suite import Suite
from lnl.engine.build import load_method, training
from lnl.engine.data import DeviceData

pytestmark = [
    pytest.mark.large,
    pytest.mark.usefixtures(as_on_a_gpu.__name__),
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:FutureWarning"),
]

PROTOCOLS = sorted(file.stem for file in (helpers.ROOT / "config/protocols").glob("*.yaml"))

#: In place of another cell's network, and of what a search finds.
GIVEN: dict[str, Any] = {"transition": "true", "initial": "identity", "gamma": 0.1}


@functools.cache
def _suite() -> Suite:
    return Suite.load(helpers.ROOT, {"scale": "paper"}, validate=False)


def _kinds(protocol: str) -> dict[str, Cell]:
    """Its cells that differ in more than numbers, labels and length, the first of each kind."""
    found: dict[str, Cell] = {}
    for cell in [cell for cell in _suite().cells if cell.protocol == protocol]:
        spec = _suite().spec(cell)
        method, data = spec["method"], _suite().dataset(spec["dataset"])
        values = {k: v if isinstance(v, str | bool) else bool(v) for k, v in method["parameters"].items()}
        of_training = [spec.get(key) for key in ("network", "augment", "sets", "batch", "hold_out")]
        found.setdefault(str((method["key"], values, data.shape, data.classes, of_training)), cell)
    return found


def _data(info: DatasetInfo, spec: dict[str, Any], labels: torch.Tensor) -> DeviceData:
    def images(count: int) -> torch.Tensor:
        kind = torch.float32 if info.dtype == "float32" else torch.uint8
        return torch.empty((count, *info.shape), dtype=kind, device=ELSEWHERE)

    test = images(info.test), torch.empty(info.test, dtype=torch.int64, device=ELSEWHERE)
    data = DeviceData(images(info.train), known(labels), {"test": test, "validation": test}, info.shape)
    if "hold_out" not in spec:
        return data
    held = noisy_hold_out(info.train, spec["hold_out"]["share"], info.key, 1)
    return data.hold_out(known(torch.from_numpy(held)), labels.to(ELSEWHERE), None)


def _steps(cell: Cell) -> list[str]:
    """What the second step of a cell's training moves between host and device."""
    spec = _suite().spec(cell)
    method, info = spec["method"], _suite().dataset(spec["dataset"])
    labels = torch.arange(info.train) % info.classes
    given = labels.numpy()
    built = training(
        {key: value for key, value in spec.items() if key != "stage"},  # which begins with another cell's network
        load_method(Path(_suite().methods[method["key"]]["file"])),
        _data(info, spec, labels),
        [given],
        0.4,
        torch.eye(info.classes),
        [1],
        parameters=[{k: GIVEN.get(k, v) if isinstance(v, dict | str) else v for k, v in method["parameters"].items()}],
        sets=[draw_sets(spec.get("sets", {}), given, info.classes, info.key, 1, info.clean)],
    )
    begun, size = built.begin_epoch(0), built.batches.size
    for step in range(min(2, built.steps)):
        place = torch.arange(step * size, (step + 1) * size, device=ELSEWHERE)
        with Crossings() as found:
            built.compute(place, built.batches.draws(step), replace(begun, step=step, in_epoch=step))
    scores = built.methods[0].predict(built.learner, built.data.gather(place[:4]), None)
    assert scores.shape == (built.lead[-1], 4, info.classes)
    return found.seen


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_training_takes_its_steps(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build_there(monkeypatch)
    found = {}
    for cell in _kinds(protocol).values():
        method = _suite().spec(cell)["method"]
        if method["key"] in COUNT_FIRST or isinstance(method["parameters"].get("R"), dict):
            continue
        try:
            found[cell.id] = "; ".join(_steps(cell))
        except Exception as error:
            found[cell.id] = repr(error)
    if not found:
        pytest.skip(f"{protocol}: no artefact asks for it, or it has searched R(t) alone")  # nothing was looked at
    assert {cell: wrong for cell, wrong in found.items() if wrong} == {}
