"""Seconds and memory of a run on this device: counted work over measured speed, corrected by the records that exist.

step     = work / speed of its network + operations beyond the network's + Adam per parameter + gathering its batch
epoch    = steps + evaluation of every image + figures
run      = epochs, times the median of (measured / modelled) over the records of this device
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch

from lnl.data.registry import DATASETS
from lnl.declarations import syntax_digest
from lnl.engine.build import load_method
from lnl.files import write_json_atomic
from lnl.matrix import Suite
from lnl.price import speed
from lnl.price.speed import DeviceSpeed, NetworkSpeed
from lnl.price.work import Work, count
from lnl.provenance import device_name, versions
from lnl.resolve import digest

OPTIMISER_OPERATIONS = 8


class Model:
    """Prices of runs on one device. What it has counted and measured is kept in `file`."""

    def __init__(self, suite: Suite, device: torch.device, file: Path) -> None:
        self.suite, self.device, self.file = suite, device, file
        self._kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        self._machine = digest({"device": device_name(device), "versions": versions()})

    def seconds(self, spec: dict[str, Any]) -> float:
        """Seconds of one run under a resolved specification, as modelled."""
        info, batch = DATASETS[spec["dataset"]], spec["batch"]["size"]
        work, network, general = self._work(spec), self._network(spec), self._general()
        networks = self.suite.methods[spec["method"]["key"]]["networks"]
        limits = spec["limits"]
        caps = [c for c in (spec["batch"]["steps_cap"], limits.get("steps_per_epoch")) if c is not None]
        steps = min([info.train // batch, *caps])
        beyond = max(0.0, work.step_operations - networks * network.operations - OPTIMISER_OPERATIONS)
        step = (
            work.step_flops / network.training
            + beyond * general.operation
            + work.parameters * general.parameter
            + batch * _pixels(info.shape) * general.pixel
        )
        images = sum(min(n, limits.get("test_images", n)) for n in _evaluated(spec))
        evaluation = images * (work.image_flops / network.evaluation + _pixels(info.shape) * general.pixel)
        figures = steps * batch * networks * general.figures
        trained = spec["epochs"] - bool(spec["untrained_epoch"])
        return trained * (steps * step + figures) + spec["epochs"] * evaluation

    def memory_mb(self, spec: dict[str, Any]) -> float:
        """Memory of the device that a run holds at its peak: data, parameters with their slots, what backward needs."""
        info, work = DATASETS[spec["dataset"]], self._work(spec)
        images = info.train + sum(_evaluated(spec))
        return (images * _pixels(info.shape) + 4 * 5 * work.parameters + work.saved_bytes) / 2**20

    def flops(self, spec: dict[str, Any]) -> float:
        """Floating-point operations of a run: what it costs whatever the device."""
        info, work = DATASETS[spec["dataset"]], self._work(spec)
        caps = [c for c in (spec["batch"]["steps_cap"], spec["limits"].get("steps_per_epoch")) if c is not None]
        steps = min([info.train // spec["batch"]["size"], *caps])
        return float(spec["epochs"] * (steps * work.step_flops + sum(_evaluated(spec)) * work.image_flops))

    def _work(self, spec: dict[str, Any]) -> Work:
        info, file = DATASETS[spec["dataset"]], Path(self.suite.methods[spec["method"]["key"]]["file"])
        what = {k: spec[k] for k in ("network", "batch", "optimiser")} | {"shape": info.shape, "classes": info.classes}
        key = digest(what | {"method": syntax_digest(file), "parameters": str(spec["method"]["parameters"])})
        kept = self._once("work", key, lambda: vars(count(spec, load_method(file), info.shape, info.classes)))
        return Work(**kept)

    def _network(self, spec: dict[str, Any]) -> NetworkSpeed:
        info, batch = DATASETS[spec["dataset"]], spec["batch"]["size"]
        name, options = spec["network"]["name"], spec["network"]["options"]
        key = f"{self._machine}/{name}/{digest(options)}/{info.shape}/{info.classes}/{batch}"
        kept = self._once(
            "network", key, lambda: vars(speed.network(name, options, info.shape, info.classes, batch, self.device))
        )
        return NetworkSpeed(**kept)

    def _general(self) -> DeviceSpeed:
        return DeviceSpeed(**self._once("device", self._machine, lambda: vars(speed.general(self.device))))

    def _once(self, kind: str, key: str, find: Any) -> dict[str, Any]:
        known = self._kept.setdefault(kind, {})
        if key not in known:
            if kind == "network":
                print(f"lnl: measuring the speed of {key.split('/')[1]} on this device, once", file=sys.stderr)
            known[key] = dict(find())
            write_json_atomic(self.file, self._kept)
        found: dict[str, Any] = known[key]
        return found


def _pixels(shape: tuple[int, int, int]) -> int:
    channels, height, width = shape
    return channels * height * width


def _evaluated(spec: dict[str, Any]) -> tuple[int, ...]:
    """Images of the parts on which a run is evaluated after every epoch."""
    info = DATASETS[spec["dataset"]]
    if spec["split"] == "test-halves":
        return info.test // 2, info.test - info.test // 2
    return (info.test, info.validation) if spec["split"] == "own" else (info.test,)
